"""From what a model makes of a query to its relevance floor (see `catalog.index.relevance`).

A query may be near to nothing, or to much, so the bound is higher where nothing but the embedding says that the query
means something that the model knows. The numbers are measured on `val` (`training.export.floor`).
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from catalog.arrays import Modalities
from catalog.index.relevance import Floor
from catalog.model.calibration import Bounds
from catalog.product import Understanding
from catalog.search.wording import Wording
from catalog.taxonomy.tree import Taxonomy


class Wanted(NamedTuple):
    """An example that products should be like: its words, if any, and what the model made of it."""

    wording: Wording
    understanding: Understanding


def floor_of(wanted: Sequence[Wanted], taxonomy: Taxonomy, bounds: Mapping[Modalities, Bounds]) -> Floor | None:
    """The floor of a search by these examples, of which there is at least one; None for a model without bounds."""
    if not bounds:
        return None
    read = [one for one in wanted if one.understanding.modalities_used]
    measured = [bounds[way] for one in read if (way := _way(one.understanding)) in bounds] or list(bounds.values())
    roots = {_root(one, taxonomy) for one in read}
    known = [one for one in read if not _unfamiliar(one)]
    return Floor(
        cosine=min((_least(one, bounds) for one in known), default=math.inf),
        ratio=min(one.ratio for one in measured),
        share=min(one.share for one in measured),
        wordings=_wordings(wanted),
        kinds=tuple(node for one in wanted for node in one.wording.kinds) if len(wanted) == 1 else (),
        elsewhere=() if "" in roots or len(roots) != 1 else tuple(sorted(taxonomy.roots - roots)),
        guessed=_guessed(read) if all(_way(one.understanding) == "text" for one in read) else None,
    )


def _root(one: Wanted, taxonomy: Taxonomy) -> str:
    """The department that the example is promised to be of, or that all of its names are of, or ""."""
    if one.understanding.category:
        return one.understanding.category.path_ids[0]
    named = {taxonomy.ancestors(kind)[0] for kind in one.wording.kinds}
    return named.pop() if len(named) == 1 else ""


def _way(found: Understanding) -> Modalities:
    return found.modalities_used[0] if len(found.modalities_used) == 1 else "both"


def _unfamiliar(one: Wanted) -> bool:
    """Whether the model can make nothing of words alone, which are no category's name either."""
    found = one.understanding
    return _way(found) == "text" and "unfamiliar" in found.notes and not one.wording.named


def _least(one: Wanted, bounds: Mapping[Modalities, Bounds]) -> float:
    measured = bounds.get(_way(one.understanding))
    if measured is None:
        return 0.0
    return measured.least if one.understanding.category or one.wording.named else measured.unsure


def _guessed(wanted: Sequence[Wanted]) -> tuple[str, ...]:
    """The departments that words ask for, and the kinds that they name. To what it was never taught the model finds any
    words near; images may be alike.
    """
    promised = (one.understanding.category.path_ids[0] for one in wanted if one.understanding.category)
    named = (node for one in wanted for node in one.wording.kinds)
    return tuple(dict.fromkeys((*promised, *named)))


def _wordings(wanted: Sequence[Wanted]) -> tuple[str, ...]:
    """All the words as they were given, and as the model was given them."""
    given = " ".join(one.wording.given for one in wanted if one.wording.given)
    read = " ".join(one.wording.read for one in wanted if one.wording.read)
    return tuple(dict.fromkeys(text for text in (given, read) if text))
