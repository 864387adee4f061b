"""What speaks for the answers of one request."""

import asyncio
from collections.abc import Sequence

from catalog.errors import CatalogError
from catalog.evidence import Neighbour, Why, labelled_query, neighbours
from catalog.model.preprocess import Prepared
from catalog.product import Product, Understanding
from serving.api.context import RequestContext
from serving.inference.backend import Answer
from serving.inference.models import READY_SECONDS, Model


async def why(
    context: RequestContext,
    items: Sequence[Product | CatalogError],
    prepared: Sequence[Prepared | CatalogError],
    answers: Sequence[Answer],
    model: Model,
) -> list[Why | None]:
    """For each item; None for an error, and where nothing can be read. Raises what the model's backend does."""
    answered = [
        answer if isinstance(answer, CatalogError) else item for item, answer in zip(prepared, answers, strict=True)
    ]
    explanations = await context.models.explain(answered, model)
    found: list[Why | None] = []
    for item, answer, explanation in zip(items, answers, explanations, strict=True):
        if explanation is None or not (isinstance(item, Product) and isinstance(answer, Understanding)):
            found.append(None)
        else:
            found.append(Why(item, explanation, await nearest(context, item.id, answer, model)))
    return found


async def nearest(
    context: RequestContext, id: str, answer: Understanding, model: Model
) -> tuple[Neighbour, ...] | None:
    """The index is a bonus: without one, or with one of another model, there are just none to show."""
    try:
        async with asyncio.timeout(READY_SECONDS):
            if (await context.store_info()).space not in ("", model.info.space):
                return None
            return neighbours((await context.store.search(labelled_query(answer.embedding, id))).found.matches)
    except (CatalogError, TimeoutError):
        return None
