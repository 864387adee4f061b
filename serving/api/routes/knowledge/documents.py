"""Documents beside the products: care instructions, manuals, answers to frequent questions."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from catalog.errors import (
    DiskFull,
    DocumentDamaged,
    DocumentEmpty,
    DocumentFormatUnsupported,
    DocumentNotFound,
    DocumentTooLarge,
    TooManyDocuments,
)
from catalog.knowledge import Scope, Tie
from catalog.knowledge.reading import read_document
from serving.api import examples
from serving.api.context import Context, respond
from serving.api.openapi import Errors, binary_body, operation
from serving.api.routes.judging.feedback import giver
from serving.api.schemas.knowledge.graph import DocumentOut, DocumentsResponse, to_document, to_documents
from serving.api.schemas.schema import PLAIN
from serving.errors import IndexNotReady, RequestInvalid

UNREADABLE: Errors = (DocumentFormatUnsupported, DocumentTooLarge, DocumentDamaged, DocumentEmpty, TooManyDocuments)

router = APIRouter(tags=["knowledge"])


@router.post(
    "/v1/documents",
    response_model=DocumentOut,
    **operation(
        "Keep a document",
        examples.DOCUMENT,
        status=201,
        body=binary_body("The file: Markdown, HTML, plain text or PDF."),
        raises=(*UNREADABLE, RequestInvalid, IndexNotReady, DiskFull),
    ),
)
async def add_document(
    context: Context,
    request: Request,
    name: Annotated[str, Query(min_length=1, max_length=200, pattern=PLAIN, description="Of the file: care.md.")],
    scope: Annotated[Scope, Query(description="What it is about.")] = "shop",
    target: Annotated[
        str,
        Query(max_length=256, description="Which product, category (both by id) or brand. Of the whole shop: none."),
    ] = "",
) -> Response:
    """Keep a document whose sentences answer questions. It takes the place of one of the same name about the same."""
    if (scope == "shop") != (not target):
        raise RequestInvalid(
            "`target` says which product, category or brand; a document of the shop has none.", "target"
        )
    content = await request.body()
    kind, pieces = await run_in_threadpool(read_document, name, content)
    tie = Tie(scope, target.casefold() if scope == "brand" else target)
    return respond(to_document(await context.store.add_document(name, kind, tie, pieces, giver(request))), 201)


@router.get("/v1/documents", **operation("The documents", examples.DOCUMENTS, raises=(RequestInvalid, IndexNotReady)))
async def list_documents(
    context: Context,
    after: Annotated[int, Query(ge=0, le=2**53, description="What the page before gave.")] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> DocumentsResponse:
    """The documents that are kept, in the order in which they came."""
    return to_documents(await context.store.documents(after, limit + 1), limit)


@router.delete(
    "/v1/documents/{id}",
    **operation("Delete a document", status=204, raises=(DocumentNotFound, RequestInvalid, IndexNotReady, DiskFull)),
)
async def delete_document(
    context: Context, id: Annotated[int, Path(ge=1, le=2**53, description="As it was given.")]
) -> None:
    """Its sentences answer no question any more."""
    await context.store.delete_document(id)
