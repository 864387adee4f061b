"""What a product may cost, by the prices of stored products like it."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from catalog.errors import CatalogError, IndexOfOtherModel, ProductNotFound
from catalog.pricing import question_of
from catalog.pricing.comparables import asking
from catalog.product import Product, Understanding
from serving.api import examples
from serving.api.context import Context, RequestContext, respond
from serving.api.openapi import INDEX, MODEL, PRODUCT, json_body, operation
from serving.api.parameters import ProductId
from serving.api.routes.products import stored_product
from serving.api.schemas.offers.pricing import PriceOut, to_price
from serving.api.schemas.offers.requests import PriceRequest
from serving.errors import RequestInvalid
from serving.inference.backend import Answer
from serving.inference.models import READY_SECONDS, Model

router = APIRouter(tags=["offers"])


@router.post(
    "/v1/price",
    response_model=PriceOut,
    **operation(
        "What a product may cost",
        examples.PRICE,
        body=json_body(PriceRequest, examples.PRICE_REQUEST),
        raises=(IndexOfOtherModel, *PRODUCT, *MODEL, *INDEX),
    ),
)
async def suggest_price(context: Context, request: Request) -> Response:
    """An interval from the prices of the stored products that are nearest, which it shows. Nothing is stored. The first
    question of a currency takes some seconds, as the coverage is measured on the stored prices.
    """
    asked = await context.json(request, PriceRequest)
    product = await context.in_thread(asked.to_product)
    read = await context.understand(product, await context.index_model())
    question = asking(read, asked.currency, asked.product_type, asked.id)
    return respond(to_price(await context.store.suggest_price(question, asked.coverage)))


@router.get(
    "/v1/products/{id:path}/price",
    **operation("What a stored product may cost", examples.PRICE, raises=(ProductNotFound, RequestInvalid, *INDEX)),
)
async def get_product_price(
    context: Context,
    id: ProductId,
    coverage: Annotated[float, Query(ge=0.5, le=0.99, description="As in /v1/price.")] = 0.9,
) -> PriceOut:
    """As /v1/price, in the currency of its own price, which does not count."""
    question = question_of(await stored_product(context, id))
    return to_price(await context.store.suggest_price(question, coverage))


async def suggested_prices(
    context: RequestContext,
    items: Sequence[Product | CatalogError],
    answers: Sequence[Answer],
    model: Model,
    currency: str,
) -> list[PriceOut | None]:
    """For each item; None for an error, and where the index cannot be asked or compared with."""
    found: list[PriceOut | None] = []
    for item, answer in zip(items, answers, strict=True):
        if isinstance(item, Product) and isinstance(answer, Understanding):
            found.append(await _suggested(context, item, answer, model, currency))
        else:
            found.append(None)
    return found


async def _suggested(
    context: RequestContext, item: Product, answer: Understanding, model: Model, currency: str
) -> PriceOut | None:
    try:
        async with asyncio.timeout(READY_SECONDS):
            info = await context.store_info()
        if info.space not in ("", model.info.space):
            return None
        return to_price(await context.store.suggest_price(asking(answer, currency, id=item.id)))
    except (CatalogError, TimeoutError):
        return None
