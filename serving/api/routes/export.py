"""The understood catalogue as a file, sent while it is read from the index."""

from collections.abc import AsyncIterator, Sequence
from typing import IO, Annotated, cast

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse

from catalog.index.exports import Format, Writer, with_embeddings, writer
from catalog.product import StoredProduct
from serving.api import examples
from serving.api.context import Context
from serving.api.openapi import INDEX, LINES, lines, operation
from serving.api.outgoing import Outgoing
from serving.errors import RequestInvalid
from serving.storage.store_api import StoreApi

PARQUET, CSV = "application/vnd.apache.parquet", "text/csv"
KINDS: dict[Format, str] = {"parquet": PARQUET, "jsonl": LINES, "csv": CSV}

router = APIRouter(tags=["search"])


@router.get(
    "/v1/export",
    response_class=Response,
    **operation(
        "The catalogue as a file",
        kind=PARQUET,
        also={LINES: lines(examples.EXPORTED), CSV: examples.EXPORTED_SHEET},
        raises=(RequestInvalid, *INDEX),
    ),
)
async def export_products(
    context: Context,
    format: Annotated[
        Format, Query(description="`parquet` and `jsonl`: everything, for `shelflens index load`; `csv`: for a sheet.")
    ] = "parquet",
    embeddings: Annotated[
        bool | None, Query(description="Whether to give the embeddings. If not given: not in `csv`.")
    ] = None,
) -> Response:
    """All stored products with what the model made of them, in an order that means nothing. It is sent as it is read,
    so it may be of any size. Of what is stored meanwhile, some may be missing. What goes wrong in the middle breaks the
    connection.
    """
    first = await context.store.products()
    sink = Outgoing()
    out = writer(format, cast(IO[bytes], sink), with_embeddings(format) if embeddings is None else embeddings)
    headers = {"Content-Disposition": f'attachment; filename="catalogue.{format}"'}
    return StreamingResponse(written(context.store, first, out, sink), media_type=KINDS[format], headers=headers)


async def written(
    store: StoreApi, first: tuple[Sequence[StoredProduct], str], out: Writer, sink: Outgoing
) -> AsyncIterator[bytes]:
    """The file while it is written, no more than a group of its products in memory."""
    products, after = first
    with out:
        while True:
            await run_in_threadpool(out.write, products)
            if part := sink.taken():
                yield part
            if not after:
                break
            products, after = await store.products(after)
    yield sink.taken()
