"""Search in the user's terms: words, pictures and stored products, with weights -> matches and facets.

An example with a picture and words is one product to the model: its learned fusion reads them together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from catalog.calibration import Floats
from catalog.errors import CatalogError, InvalidSearch, ProductNotFound, SearchEmpty
from catalog.filters import Filter
from catalog.index import IndexQuery, ProductIndex
from catalog.product import Match, Product
from catalog.understand import Understander

MOST_EXAMPLES = 16


@dataclass(frozen=True, slots=True)
class Example:
    """What the matches should be like: words, pictures or both, or a stored product. weight: below 0, unlike it."""

    text: str = ""
    images: tuple[bytes, ...] = ()
    product_id: str = ""
    weight: float = 1.0


@dataclass(frozen=True)
class Search:
    """examples: at least one with a weight above 0. facets: names as in `ProductIndex.facets`; collapse: leave out
    near-duplicates of better matches.
    """

    examples: tuple[Example, ...]
    filter: Filter | None = None
    limit: int = 10
    offset: int = 0
    facets: tuple[str, ...] = ()
    collapse: bool = False


@dataclass(frozen=True)
class Found:
    """facets: name -> (value, how many products the filter leaves with it), most first."""

    matches: list[Match]
    facets: Mapping[str, Sequence[tuple[str, int]]] = field(default_factory=dict)


def search(query: Search, index: ProductIndex, understander: Understander) -> Found:
    """Raises InvalidSearch, ProductNotFound, or InvalidProduct or InvalidImage for an example that cannot be read."""
    check(query.examples)
    wanted = [example for example in query.examples if example.weight > 0]
    matches = index.search(
        IndexQuery(
            embedding=embed(query.examples, index, understander),
            keywords=" ".join(example.text for example in wanted if example.text),
            filter=query.filter,
            limit=query.limit,
            offset=query.offset,
            collapse=query.collapse,
            exclude=frozenset(example.product_id for example in query.examples if example.product_id),
        )
    )
    return Found(matches, index.facets(query.facets, query.filter) if query.facets else {})


def check(examples: Sequence[Example]) -> None:
    if not examples or not all(e.text.strip() or e.images or e.product_id for e in examples):
        raise SearchEmpty
    if len(examples) > MOST_EXAMPLES:
        raise InvalidSearch(f"The search has {len(examples)} examples; the limit is {MOST_EXAMPLES}.")
    if any(e.product_id and (e.text or e.images) for e in examples):
        raise InvalidSearch("A stored product is an example of its own; give words and pictures as another.")
    if not all(np.isfinite(e.weight) and e.weight != 0 for e in examples):
        raise InvalidSearch("Each weight must be a number other than 0.")
    if not any(e.weight > 0 for e in examples):
        raise InvalidSearch("At least one example must have a weight above 0.")


def embed(examples: Sequence[Example], index: ProductIndex, understander: Understander) -> Floats:
    """-> (E,), of unit length: the weighted sum of what the model makes of each example."""
    read = [example for example in examples if not example.product_id]
    understood = iter(understander.understand([Product("", e.text, "", e.images) for e in read], 0, evidence=False))
    stored = dict(zip(ids := [e.product_id for e in examples if e.product_id], index.get(ids), strict=True))
    total_E = np.zeros(understander.config.embedding_width, np.float32)
    for example in examples:
        found = stored[example.product_id] if example.product_id else next(understood)
        if found is None:
            raise ProductNotFound(f"No product with the id {example.product_id!r} is stored.")
        if isinstance(found, CatalogError):
            raise found
        understanding = found.understanding if hasattr(found, "understanding") else found
        total_E += example.weight * understanding.embedding
    length = float(np.linalg.norm(total_E))
    if length < 1e-6:
        raise InvalidSearch("The examples cancel each other out.")
    return total_E / length
