"""Which category of Google's each of the active model's is: proposed here, and confirmed by people."""

import tempfile
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as InPath
from fastapi.concurrency import run_in_threadpool

from catalog.categories import Mapped, as_sheet, read_source
from catalog.errors import DiskFull, FeedEncodingInvalid, TaxonomyInvalid
from catalog.taxonomy.tree import SEPARATOR, Taxonomy
from serving.api import examples
from serving.api.context import Context, RequestContext, respond
from serving.api.mapping import WAIT_SECONDS, ProposedMap
from serving.api.openapi import Errors, binary_body, json_body, operation
from serving.api.routes.judging.feedback import giver
from serving.api.routes.taxonomy.tree import packed
from serving.api.schemas.category_map import (
    CategoryList,
    CategoryMapResponse,
    ConfirmationRequest,
    ConfirmationsResponse,
    ConfirmedOut,
    to_confirmed,
    to_rows,
)
from serving.api.schemas.models import TaxonomyResponse
from serving.errors import (
    BodyTooLarge,
    CategoryListMissing,
    CategoryMapNotReady,
    CategoryUnknown,
    ConfirmationNotFound,
    IndexNotReady,
    ModelNotReady,
    RequestInvalid,
)
from serving.storage.category_map import Confirmed, Target

LARGEST_LIST = 4 * 1024 * 1024  # bytes; Google's has 0.5 MB
DEEPEST = 32  # levels of a path
SHEET_SECONDS = 20.0
CSV = "text/csv"
State = Literal["open", "confirmed", "all"]
ToParameter = Annotated[Target, Query(description="Whose categories they are mapped to.")]
READING: Errors = (ModelNotReady, IndexNotReady, RequestInvalid)
WRITING: Errors = (IndexNotReady, DiskFull)

router = APIRouter(tags=["models"])


class Asked(NamedTuple):
    """found: None while there is no list to map to; confirmed: by the categories of this tree."""

    tree: Taxonomy
    found: ProposedMap | None
    confirmed: Mapping[str, Confirmed]


@router.get("/v1/taxonomy/map", **operation("The map to Google's categories", examples.CATEGORY_MAP, raises=READING))
async def get_category_map(
    context: Context,
    to: ToParameter = "google",
    state: Annotated[
        State, Query(description="`open`: what nobody has confirmed and the tree itself does not name.")
    ] = "open",
    text: Annotated[str, Query(max_length=256, description="Words that the category's path must have.")] = "",
    after: Annotated[int, Query(ge=0, le=2**53, description="What the page before gave.")] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> CategoryMapResponse:
    """The active model's categories with the likeliest of Google's, the least sure first, and what was confirmed. They
    are compared once, in the background: until then `ready` is false.
    """
    tree, found, confirmed = await asked(context, to)
    ready = found is not None and await found.ready(WAIT_SECONDS)
    places = fitting(tree, found, confirmed, state, text) if found and ready else iter(())
    some = list(islice((place for place in places if place[0] > after), limit + 1))
    rows = to_rows([one for _, one in some[:limit]], tree, found.second, confirmed) if found else []
    return CategoryMapResponse(
        tree=to_list(found.second) if found else None,
        ready=ready,
        done=found.done if found else 0,
        unread=found.unread if found else 0,
        categories=len(tree.nodes),
        open=sum(not node.google and node.id not in confirmed for node in tree.nodes),
        confirmed=len(confirmed),
        results=rows,
        after=some[limit - 1][0] if len(some) > limit else None,
    )


@router.post(
    "/v1/taxonomy/map",
    response_model=ConfirmedOut,
    **operation(
        "Confirm a category's counterpart",
        examples.CONFIRMED,
        status=201,
        body=json_body(ConfirmationRequest, examples.CONFIRMATION_REQUEST),
        raises=(CategoryUnknown, CategoryListMissing, ModelNotReady, *WRITING),
    ),
)
async def confirm_category(context: Context, request: Request) -> Response:
    """Say which category of Google's one of the active model's is, or that it is none of them. A later one stands in
    place of an earlier one. It goes before what the tree itself says wherever `google_product_category` is filled, also
    for the categories below that have nothing of their own.
    """
    said = await context.json(request, ConfirmationRequest)
    if said.category not in {node.id for node in (await context.active_model()).taxonomy.nodes}:
        raise CategoryUnknown
    kept = await context.store.confirm_category(said.to, said.category, said.counterpart, giver(request))
    return respond(to_confirmed(kept), 201)


@router.get(
    "/v1/taxonomy/map/confirmed",
    **operation("What was confirmed", examples.CONFIRMATIONS, raises=(IndexNotReady, RequestInvalid)),
)
async def list_confirmed_categories(context: Context, to: ToParameter = "google") -> ConfirmationsResponse:
    """What people confirmed last of each category, newest first, of all models' trees."""
    found = await context.store.category_map(to)
    return ConfirmationsResponse(confirmed=[to_confirmed(one) for one in found.confirmed])


@router.delete(
    "/v1/taxonomy/map/confirmed/{id}",
    **operation("Take a confirmation back", status=204, raises=(ConfirmationNotFound, RequestInvalid, *WRITING)),
)
async def take_confirmation_back(
    context: Context, id: Annotated[int, InPath(ge=1, le=2**53, description="As it was given.")]
) -> None:
    """What was confirmed of the category before it then counts, if anything was."""
    await context.store.take_confirmation_back(id)


@router.get(
    "/v1/taxonomy/map/sheet",
    response_class=Response,
    **operation(
        "The map as a sheet", examples.SHEET, kind=CSV, raises=(CategoryListMissing, CategoryMapNotReady, *READING)
    ),
)
async def get_category_sheet(context: Context, to: ToParameter = "google") -> Response:
    """The whole map as `shelflens taxonomy map` writes it and `shelflens export --confirmed` reads it."""
    tree, found, confirmed = await asked(context, to)
    if found is None:
        raise CategoryListMissing
    if not await found.ready(SHEET_SECONDS):
        raise CategoryMapNotReady
    said = {id: one.counterpart for id, one in confirmed.items()}
    rows = {one.node.id: one for one in found.ranked}
    mapped = [rows[node.id] for node in tree.nodes]
    text = await run_in_threadpool(as_sheet, mapped, tree, found.second, said)
    headers = {"Content-Disposition": f'attachment; filename="map-{to}.csv"'}
    return Response(text, media_type=f"{CSV}; charset=utf-8", headers=headers)


@router.get(
    "/v1/taxonomy/map/tree",
    response_model=TaxonomyResponse,
    **operation("Google's list of categories", examples.GOOGLE, raises=(CategoryListMissing, *READING)),
)
async def get_category_list(context: Context, request: Request, to: ToParameter = "google") -> Response:
    """Google's categories as they were sent. Gzipped for those who accept it."""
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    return await run_in_threadpool(packed, await context.store.category_list(to), zipped)


@router.put(
    "/v1/taxonomy/map/tree",
    response_model=CategoryList,
    **operation(
        "Send Google's list",
        examples.CATEGORY_LIST,
        body=binary_body("The file as Google publishes it, such as taxonomy-with-ids.en-US.txt."),
        raises=(FeedEncodingInvalid, *WRITING),
    ),
)
async def put_category_list(context: Context, request: Request, to: ToParameter = "google") -> Response:
    """Keep Google's list of categories, which is to be saved from Google first, in place of the one before. What was
    confirmed stays.
    """
    body = await request.body()
    if len(body) > LARGEST_LIST:
        raise BodyTooLarge(f"The list has {len(body):,} bytes; the limit is {LARGEST_LIST:,}.")
    tree = await run_in_threadpool(read_list, body, to)
    await context.store.keep_category_list(to, tree)
    return respond(to_list(tree))


async def asked(context: RequestContext, to: Target) -> Asked:
    model, kept = await context.active_model(), await context.store.category_map(to)
    ids = {node.id for node in model.taxonomy.nodes}
    confirmed = {one.category: one for one in kept.confirmed if one.category in ids}
    if not kept.digest:
        return Asked(model.taxonomy, None, confirmed)
    found = context.maps.of(model, kept.digest)
    if found is None:
        found = context.maps.of(model, kept.digest, await context.store.category_list(to))
    return Asked(model.taxonomy, found, confirmed)


def fitting(
    tree: Taxonomy, found: ProposedMap, confirmed: Mapping[str, Confirmed], state: State, text: str
) -> Iterator[tuple[int, Mapped]]:
    """With their places, from 1 on, which stay while others are confirmed."""
    words = text.casefold().split()
    for place, one in enumerate(found.ranked, 1):
        is_confirmed = one.node.id in confirmed
        is_open = not is_confirmed and not one.node.google
        if state != "all" and not (is_confirmed if state == "confirmed" else is_open):
            continue
        names = names_of(tree, one) if words else ""
        if all(word in names for word in words):
            yield place, one


def names_of(tree: Taxonomy, one: Mapped) -> str:
    """The path in both languages, in lower case."""
    line = [tree.node(id) for id in tree.ancestors(one.node.id)]
    return SEPARATOR.join([*(node.label for node in line), *(node.label_zh for node in line)]).casefold()


def to_list(tree: Taxonomy) -> CategoryList:
    return CategoryList(version=tree.version, categories=len(tree.nodes))


def read_list(content: bytes, to: Target) -> Taxonomy:
    """Raises RequestInvalid or FeedEncodingInvalid."""
    if any(line.count(b">") > DEEPEST for line in content.splitlines()):
        raise RequestInvalid(f"A path of the list has more than {DEEPEST} levels.")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "list.txt"
        file.write_bytes(content)
        try:
            tree = read_source(to, file)
        except TaxonomyInvalid as error:
            raise RequestInvalid(error.message) from None
    if not any(node.parent for node in tree.nodes):
        raise RequestInvalid("No category of the list is below another. Send the file as Google publishes it.")
    return tree
