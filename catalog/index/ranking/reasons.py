"""Why a search has found a product: its place in each ranked list, and the words that it has of the query."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

from catalog.index.backend import Hit, IndexBackend, Terms
from catalog.index.keywords import matched
from catalog.index.records import point_id
from catalog.index.relevance import MAX_FOUND
from catalog.product import Listed, Match, MatchReasons


class Lists(NamedTuple):
    """The ranked lists of a query. names: "vectors" or "words" for each; scales: the score of each that counts as 1;
    to: the lists to a depth.
    """

    names: Sequence[str]
    scales: Sequence[float]
    to: Callable[[int], Sequence[Sequence[Hit]]]


def with_reasons(
    store: IndexBackend,
    matches: Sequence[Match],
    lists: Lists,
    text: str,
    rarity: Mapping[int, float],
    numbered: Collection[UUID],
) -> list[Match]:
    """text: the query's words; rarity: of its terms; numbered: the points that have its number."""
    points = [point_id(match.stored.id) for match in matches]
    found = store.fetch(points, (), keywords=True)
    ranks = [{hit.id: (place, hit.score) for place, hit in enumerate(hits, 1)} for hits in lists.to(MAX_FOUND)]
    explained = []
    for match, point in zip(matches, points, strict=True):
        having = found[point].keywords if point in found else None
        unlisted = {"vectors": match.score, "words": _score(rarity, having)}
        places = {
            name: _listed(of_list.get(point, (None, unlisted[name])), scale)
            for name, scale, of_list in zip(lists.names, lists.scales, ranks, strict=True)
        }
        words = matched(text, having) if having and text else ()
        reasons = MatchReasons(places.get("vectors"), places.get("words"), words, point in numbered)
        explained.append(replace(match, reasons=reasons))
    return explained


def _listed(place: tuple[int | None, float], scale: float) -> Listed:
    rank, score = place
    return Listed(rank, score, score / scale if scale else 0.0)


def _score(rarity: Mapping[int, float], terms: Terms | None) -> float:
    """Of the query's words in a product, as the engine adds them up."""
    having = zip(terms.indices, terms.weights, strict=True) if terms else ()
    return sum(weight * rarity[term] for term, weight in having if term in rarity)
