"""Verdicts -> products as people filed them, from which a taught model learns."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from catalog.arrays import choice
from catalog.categories.edits import steps_of
from catalog.index.product_index import ProductIndex
from catalog.product import StoredProduct
from catalog.teaching.examples import Filing
from serving.storage.review.feedback import FeedbackLog, FeedbackQuery
from serving.storage.review.verdicts import Feedback

VERDICTS_AT_ONCE = 200


class FilingsPart(NamedTuple):
    """after: where the next part starts, None behind the last."""

    filings: list[Filing]
    after: int | None


def filings(feedback: FeedbackLog, index: ProductIndex, after: int) -> FilingsPart:
    """Of the verdicts behind a number. Those that say nothing of a product as it is now are left out."""
    verdicts = feedback.page(FeedbackQuery(after=after, limit=VERDICTS_AT_ONCE))
    products = [stored for stored in index.get([verdict.product_id for verdict in verdicts]) if stored]
    return FilingsPart(
        list(_filed(verdicts, feedback.latest(products), products)), verdicts[-1].id if verdicts else None
    )


def _filed(
    verdicts: Sequence[Feedback], valid: dict[str, Feedback], products: Sequence[StoredProduct]
) -> Iterator[Filing]:
    stored = {one.id: one for one in products}
    for verdict in verdicts:
        product, counts = stored.get(verdict.product_id), valid.get(verdict.product_id)
        if product is None or counts is None or counts.id != verdict.id:
            continue
        if verdict.verdict == "reject" or counts.conflicting:
            continue
        found, proposed = product.understanding, verdict.correction.proposed_category
        path = tuple(steps_of(proposed)) if proposed else found.category.path if found.category else ()
        if path and found.modalities_used:
            used = choice(found.modalities_used)
            yield Filing(verdict.id, path, used, found.embedding, bool(proposed))
