"""The queue of products that wait for a person: those of which the model is not sure and nobody has said anything.

Those that contradict themselves or double another come first, in whatever order.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, get_args

from catalog.index.filters import And, Filter, Not, OneOf
from catalog.index.keys import sought_numbers
from catalog.index.product_index import ProductIndex
from catalog.index.query import IndexQuery
from catalog.product import Match, StoredProduct, Verdict
from catalog.quality.conflicts import CODES
from serving.storage.review.feedback import QueueOrder, Unsure
from serving.storage.review.informative import InformativeOrder

UNSURE = OneOf("decision", get_args(Unsure))
FIRST = OneOf("contradictions", (*CODES, "duplicate"))
REST = "-"  # begins the cursors behind those
UNJUDGED = Not(OneOf("verdict", get_args(Verdict)))
MAX_CATEGORIES = 500
MAX_GROUP, ALIKE_AT_ONCE = 1_000, 100


class QueueQuery(NamedTuple):
    """A part of the queue. guess: the likeliest leaf is this node of the tree or lies under it; text: words of which
    the products have some, the best first, whatever the order. An empty one restricts nothing.
    """

    limit: int = 20
    after: str = ""
    order: QueueOrder = "stored"
    decision: Unsure | None = None
    guess: str = ""
    text: str = ""


class Menu(NamedTuple):
    """How many products wait by decision, and by each node of the tree that is above their likeliest leaf or is it.
    Each counts what the other leaves.
    """

    decisions: Mapping[str, int]
    guesses: Sequence[tuple[str, int]]


def read(index: ProductIndex, informative: InformativeOrder, query: QueueQuery) -> tuple[list[StoredProduct], str]:
    """The products, and where the next page starts: "" at the end, and where words are looked for. Raises
    SearchInvalid for a bad `after`.
    """
    filter = restricted(query.decision, query.guess)
    if query.text:
        numbers = sought_numbers(query.text)
        matches = index.search(IndexQuery(keywords=query.text, numbers=numbers, filter=filter, limit=query.limit))
        return [match.stored for match in matches], ""
    rest = And((filter, Not(FIRST)))
    if query.after.startswith(REST):
        found, after = _page(index, informative, query._replace(after=query.after.removeprefix(REST)), rest)
        return found, after and REST + after
    found, after = _page(index, informative, query, And((filter, FIRST)))
    if after:
        return found, after
    if len(found) == query.limit:
        return found, REST if index.count(rest) else ""
    more, after = _page(index, informative, query._replace(after="", limit=query.limit - len(found)), rest)
    return found + more, after and REST + after


def _page(
    index: ProductIndex, informative: InformativeOrder, query: QueueQuery, filter: Filter
) -> tuple[list[StoredProduct], str]:
    if query.order == "informative":
        return informative.page(filter, query.after, query.limit)
    if query.order == "stored":
        return index.page(filter, query.after, query.limit)
    return index.sorted_page("sureness", query.order == "surest", filter, query.after, query.limit)


def count(index: ProductIndex, query: QueueQuery) -> int:
    """How many wait, whatever their words."""
    return index.count(restricted(query.decision, query.guess))


def menu(index: ProductIndex, query: QueueQuery) -> Menu:
    decisions = index.facets(["decision"], restricted(None, query.guess))["decision"]
    guesses = index.facets(["guess"], restricted(query.decision, ""), MAX_CATEGORIES)["guess"]
    return Menu(dict(decisions), guesses)


def alike(index: ProductIndex, id: str, above: float, limit: int) -> list[Match]:
    """The waiting products nearest to a stored one, none of a cosine similarity below `above`. Raises
    ProductNotFound.
    """
    return [match for match in index.similar(id, limit, restricted(None, "")) if match.score >= above]


def all_alike(index: ProductIndex, id: str, above: float) -> list[str]:
    """The ids of the waiting products that are as near to a stored one, at most MAX_GROUP. Raises ProductNotFound."""
    found: list[str] = []
    while len(found) < MAX_GROUP:
        matches = index.similar(id, ALIKE_AT_ONCE, restricted(None, ""), offset=len(found))
        near = [match.stored.id for match in matches if match.score >= above]
        found += near
        if len(near) < ALIKE_AT_ONCE:
            break
    return found


def restricted(decision: Unsure | None, guess: str) -> Filter:
    wanted: tuple[Filter, ...] = (OneOf("decision", (decision,)) if decision else UNSURE, UNJUDGED)
    return And((*wanted, OneOf("guess", (guess,))) if guess else wanted)
