"""The labelled products of an index that are nearest to an answer."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from catalog.evidence.found import Labeller, Neighbour
from catalog.index.filters import OneOf, Or
from catalog.index.query import IndexQuery
from catalog.product import Match, Verdict

NEAREST = 3
JUDGED: tuple[Verdict, ...] = ("accept", "correct")
# A rejection leaves no category, and so no label.
LABELLED = Or((OneOf("decision", ("auto",)), OneOf("verdict", JUDGED)))


def labelled_query(embedding: NDArray[np.float32], itself: str = "") -> IndexQuery:
    """The query of an index for `neighbours`. itself: the product's own id, which is left out."""
    others = frozenset({itself} if itself else ())
    return IndexQuery(embedding=embedding, filter=LABELLED, limit=NEAREST, exclude=others, collapse=True)


def neighbours(matches: Sequence[Match]) -> tuple[Neighbour, ...]:
    """matches: of `labelled_query`."""
    return tuple(
        Neighbour(one.stored.id, one.stored.product.title, category, _labeller(one), one.score)
        for one in matches
        if (category := one.stored.understanding.category)
    )


def _labeller(match: Match) -> Labeller:
    judgement = match.stored.judgement
    return "person" if judgement and judgement.verdict in JUDGED and not judgement.conflicting else "model"
