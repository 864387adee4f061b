"""Why a search has found a product: its place in each ranked list, and the words that it has of the query."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import numpy as np

from catalog.index.backend import IndexBackend, Ranked, Terms
from catalog.index.keywords import matched
from catalog.index.ranking.lists import Lists
from catalog.index.relevance import MAX_FOUND
from catalog.product import Listed, MatchReasons

# An engine's score and the same one worked out here differ by less, in part.
ROUNDING = 1e-3


def reasons(
    store: IndexBackend,
    scores: Mapping[UUID, float],
    lists: Lists,
    text: str,
    rarity: Mapping[int, float],
    numbered: Collection[UUID],
) -> list[MatchReasons]:
    """scores: of the points to explain, their cosines, at least 0 and at most 1; text: the query's words; rarity: of
    its terms; numbered: the points that have its number.
    """
    found = store.fetch(list(scores), (), keywords=True)
    terms = {point: found[point].keywords if point in found else None for point in scores}
    own = {"vectors": scores, "words": {point: _score(rarity, terms[point]) for point in scores}}
    places = {
        name: (_places(hits, own[name], name == "vectors"), scale)
        for name, scale, hits in zip(lists.names, lists.scales, lists.to(MAX_FOUND), strict=True)
    }
    explained = []
    for point, having in terms.items():
        listed = {
            name: _listed(of_list.get(point, (None, own[name][point])), scale)
            for name, (of_list, scale) in places.items()
        }
        words = matched(text, having) if having and text else ()
        explained.append(MatchReasons(listed.get("vectors"), listed.get("words"), words, point in numbered))
    return explained


def _places(hits: Sequence[Ranked], own: Mapping[UUID, float], clamped: bool) -> dict[UUID, tuple[int, float]]:
    """Rank and score of these points, of those that the list has. Of its hits only those with such a score are looked
    at: reading an id takes long. clamped: whether a score of `own` is at least 0 and at most 1.
    """
    scores_H = np.array([hit.score for hit in hits], np.float64)
    compared_H = scores_H.clip(0, 1) if clamped else scores_H
    own_P = np.array(list(own.values()), np.float64)
    like_HP = np.abs(compared_H[:, None] - own_P) <= ROUNDING * np.maximum(np.abs(own_P), ROUNDING)
    ranked = ((place, hits[place].id) for place in np.flatnonzero(like_HP.any(1)).tolist())
    return {point: (place + 1, float(scores_H[place])) for place, point in ranked if point in own}


def _listed(place: tuple[int | None, float], scale: float) -> Listed:
    rank, score = place
    return Listed(rank, score, score / scale if scale else 0.0)


def _score(rarity: Mapping[int, float], terms: Terms | None) -> float:
    """Of the query's words in a product, as the engine adds them up."""
    having = zip(terms.indices, terms.weights, strict=True) if terms else ()
    return sum(weight * rarity[term] for term, weight in having if term in rarity)
