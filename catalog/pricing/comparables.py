"""The priced products that are nearest to one: what its price is compared with."""

from collections.abc import Sequence
from typing import NamedTuple

from catalog.arrays import Floats
from catalog.index.filters import And, Filter, OneOf, Price
from catalog.index.query import IndexQuery
from catalog.product import CategoryScore, Match, StoredProduct, Understanding

NEAREST = 20
FEWEST = 5
LEAST_SIMILARITY = 0.4


class PriceQuestion(NamedTuple):
    """What is asked. embedding: (E,), empty where nothing could be read; currency: "" for prices without one; category,
    product_type: the model's and the merchant's own, where known; id: of a stored product, which is not compared with
    itself.
    """

    embedding: Floats
    currency: str
    category: CategoryScore | None = None
    product_type: str = ""
    id: str = ""


class Comparable(NamedTuple):
    """A stored product. similarity: the cosine of both embeddings, 0 to 1."""

    id: str
    title: str
    price: float
    similarity: float


def question_of(stored: StoredProduct) -> PriceQuestion:
    """stored: with its embedding."""
    return asking(stored.understanding, stored.product.currency, stored.product.product_type, stored.id)


def asking(read: Understanding, currency: str, product_type: str = "", id: str = "") -> PriceQuestion:
    """read: what the model made of a product, stored or not."""
    embedding = read.embedding if read.modalities_used else read.embedding[:0]
    return PriceQuestion(embedding, currency, read.category, product_type, id)


def priced_in(currency: str) -> Filter:
    """No engine knows a product without a currency: of that one `compared` makes sure."""
    priced = Price(gt=0)
    return And((priced, OneOf("currency", (currency,)))) if currency else priced


def query_of(asked: PriceQuestion) -> IndexQuery:
    others = frozenset({asked.id} if asked.id else ())
    return IndexQuery(embedding=asked.embedding, filter=priced_in(asked.currency), limit=NEAREST, exclude=others)


def compared(asked: PriceQuestion, matches: Sequence[Match]) -> list[Comparable]:
    """matches: of `query_of`, nearest first. Those of its kind if they are enough, else all that are near."""
    near = [one for one in matches if one.score >= LEAST_SIMILARITY and one.stored.product.currency == asked.currency]
    alike = [one for one in near if _of_one_kind(asked, one.stored)]
    return [
        Comparable(one.stored.id, one.stored.product.title, one.stored.product.price, min(one.score, 1.0))
        for one in (alike if len(alike) >= FEWEST else near)
        if one.stored.product.price
    ]


def _of_one_kind(asked: PriceQuestion, other: StoredProduct) -> bool:
    """By the merchant's category where there is one, else by the model's."""
    if asked.product_type:
        return other.product.product_type == asked.product_type
    category = other.understanding.category
    if asked.category is None or category is None:
        return asked.category is None
    return asked.category.lies_in(category) or category.lies_in(asked.category)
