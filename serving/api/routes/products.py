"""Stored products: put, get, change, delete, and their kept images."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from catalog.errors import DiskFull, ImageTooManyBytes, IndexOfOtherModel, ProductNotFound, RecordDamaged
from catalog.product import Product, StoredProduct, content_hashes
from serving.api import examples
from serving.api.context import Context, RequestContext, respond
from serving.api.openapi import INDEX, MODEL, PRODUCT, WRITING, Errors, json_body, operation
from serving.api.parameters import ProductId
from serving.api.schemas.products import ProductChange, ProductIn, ProductOut, changed_product, to_product
from serving.errors import ImageNotKept, ImagesNeeded, IndexNotReady, ProductChanged, RequestInvalid
from serving.inference.models import Model

# A change that another request overtakes is made again on what that one left, this often.
ATTEMPTS = 5
SENT = "(sent)"
# A product stored under an id with one of these ends could not be read back.
TAKEN = ("/image", "/similar", "/bought-together", "/price", "/reviews", "/reviews/summary", "/knowledge")
READING: Errors = (ProductNotFound, RequestInvalid, *INDEX)
STORING: Errors = (IndexOfOtherModel, ImageTooManyBytes, *MODEL, *WRITING)

router = APIRouter(tags=["products"])


# Before the products themselves, whose ids may hold a slash.
@router.get(
    "/v1/products/{id:path}/image",
    response_class=Response,
    **operation("A kept image of a product", kind="image/webp", raises=(ImageNotKept, RequestInvalid, IndexNotReady)),
)
async def get_product_image(
    context: Context, id: ProductId, n: Annotated[int, Query(ge=0, le=64, description="Which, from 0.")] = 0
) -> Response:
    """A kept image of a product, at most 320 pixels on its longer side."""
    images = await context.store.images(id)
    if n >= len(images):
        raise ImageNotKept
    return Response(images[n], media_type="image/webp", headers={"Cache-Control": "private, max-age=60"})


@router.get("/v1/products/{id:path}", **operation("A stored product", examples.PRODUCT, raises=READING))
async def get_product(context: Context, id: ProductId, include: Literal["", "embedding"] = "") -> ProductOut:
    """A stored product and what the model made of it."""
    return await described(context, await stored_product(context, id), include == "embedding")


def created(documented: dict[str, Any]) -> dict[str, Any]:
    """The same answer with 201, for what is new."""
    good = documented["responses"][200]
    documented["responses"][201] = {**good, "model": ProductOut, "description": "It is new."}
    return documented


@router.put(
    "/v1/products/{id:path}",
    response_model=ProductOut,
    **created(
        operation(
            "Store a product",
            examples.PRODUCT,
            body=json_body(ProductIn, examples.PRODUCT_REQUEST),
            raises=(*PRODUCT, *STORING),
        )
    ),
)
async def put_product(context: Context, id: ProductId, request: Request) -> Response:
    """Store a product, or replace it. Equal words and images are not read by the model again."""
    if id.endswith(TAKEN):
        ends = ", ".join(TAKEN)
        raise RequestInvalid(f"A product id cannot end in one of {ends}, as its URL would be ambiguous.", "id")
    product = await context.in_thread((await context.json(request, ProductIn)).to_product, id)
    model = await context.index_model()
    known = await readable(context, id)
    stored = await read(context, product, product.images, known, model)
    images = await context.shrink(product.images)
    kept = await context.store.put(stored, images)
    return respond(to_product(kept, len(images)), 200 if known else 201)


@router.patch(
    "/v1/products/{id:path}",
    response_model=ProductOut,
    **operation(
        "Change a product",
        examples.PRODUCT | examples.CHANGE_REQUEST,
        body=json_body(ProductChange, examples.CHANGE_REQUEST),
        raises=(ProductNotFound, ProductChanged, ImagesNeeded, *PRODUCT, *STORING),
    ),
)
async def patch_product(context: Context, id: ProductId, request: Request) -> Response:
    """Change some fields. The model reads the product again only where its words or images change."""
    body = await context.json(request, ProductChange)
    changes = await context.in_thread(body.changes)
    for _ in range(ATTEMPTS):
        before = await stored_product(context, id)
        try:
            return respond(await changed(context, before, changes))
        except ProductChanged:
            continue
    raise ProductChanged


@router.delete("/v1/products/{id:path}", **operation("Forget a product", status=204, raises=(*READING, DiskFull)))
async def delete_product(
    context: Context,
    id: ProductId,
    erase: Annotated[bool, Query(description="Also leave nothing of it on disk, within minutes.")] = False,
) -> None:
    """Forget a product and its images."""
    await context.store.delete(id, erase)


async def stored_product(context: RequestContext, id: str) -> StoredProduct:
    """Raises ProductNotFound."""
    (stored,) = await context.store.get([id])
    if stored is None:
        raise ProductNotFound
    return stored


async def readable(context: RequestContext, id: str) -> StoredProduct | None:
    """What is stored under an id; None also for what is damaged, which is to be replaced."""
    try:
        (stored,) = await context.store.get([id])
    except RecordDamaged:
        return None
    return stored


async def described(context: RequestContext, stored: StoredProduct, embedding: bool) -> ProductOut:
    images = await context.store.image_counts([stored.id])
    return to_product(stored, images.get(stored.id, 0), embedding)


async def read(
    context: RequestContext, product: Product, images: Sequence[bytes], known: StoredProduct | None, model: Model
) -> StoredProduct:
    """The product as it is to be stored; the model reads it unless it has read the same before. `images` are those
    that tell whether it has. Raises what is wrong with the product.
    """
    references = (SENT,) * len(images)
    hashes = content_hashes(product, images, references)
    bare = replace(product, images=())
    if known and known.version.is_current(hashes, model.info.version):
        return replace(known, product=bare, hashes=hashes, image_refs=references)
    understanding = await context.understand(replace(product, images=tuple(images)), model)
    return StoredProduct(bare, understanding, hashes, model.info.version, references)


async def changed(context: RequestContext, before: StoredProduct, changes: dict[str, object]) -> ProductOut:
    """Raises ProductChanged if another request came first."""
    product = changed_product(before.product, changes)
    model = await context.index_model()
    if "images" in changes:
        stored = await read(context, product, product.images, before, model)
        images = await context.shrink(product.images)
        kept = await context.store.put(stored, images, before.hashes)
        return to_product(kept, len(images))
    hashes = content_hashes(product, (), before.image_refs)._replace(images=before.hashes.images)
    stored = replace(before, product=product, hashes=hashes)
    if not before.version.is_current(hashes, model.info.version):
        images = await context.store.images(before.id)
        if not images and "image" in before.understanding.modalities_used:
            raise ImagesNeeded
        understanding = await context.understand(replace(product, images=tuple(images)), model)
        if before.understanding.image_measures:  # thumbnails are not what was sent
            understanding = replace(understanding, image_measures=before.understanding.image_measures)
        stored = replace(stored, model=model.info.version, understanding=understanding, judgement=None, was_auto=False)
    return await described(context, await context.store.put(stored, None, before.hashes), False)
