"""Search in the user's terms: words, pictures and stored products, with weights -> matches and facets.

An example with a picture and words is one product to the model: its learned fusion reads them together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from catalog.calibration import Floats
from catalog.errors import CatalogError, InvalidSearch, ProductNotFound, SearchEmpty
from catalog.filters import Filter
from catalog.index import IndexQuery, ProductIndex
from catalog.listing import Sort
from catalog.names import of_taxonomy, unknown, used
from catalog.product import Match, Product, StoredProduct, Understanding
from catalog.taxonomy import Taxonomy

if TYPE_CHECKING:  # the schemas of requests need this module, and not torch
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
    near-duplicates of better matches; sort: another order for the 1,000 best, None for the best first.
    """

    examples: tuple[Example, ...]
    filter: Filter | None = None
    limit: int = 10
    offset: int = 0
    facets: tuple[str, ...] = ()
    collapse: bool = False
    sort: Sort | None = None


@dataclass(frozen=True)
class Found:
    """facets: name -> (value, how many of the 1,000 best matches have it), most first."""

    matches: list[Match]
    facets: Mapping[str, Sequence[tuple[str, int]]] = field(default_factory=dict)


def search(query: Search, index: ProductIndex, understander: "Understander") -> Found:
    """Raises InvalidSearch, ProductNotFound, or InvalidProduct or InvalidImage for an example that cannot be read."""
    check(query.examples)
    check_names(query, index, understander.taxonomy)
    read = understander.understand(to_read(query.examples), 0, evidence=False)
    stored = index.get(to_look_up(query.examples))
    asked = index_query(query, combined(query.examples, read, stored), stored)
    return Found(index.search(asked), index.facets_of(asked, query.facets) if query.facets else {})


def check_names(query: Search, index: ProductIndex, taxonomy: Taxonomy) -> None:
    """Raises FilterInvalid or InvalidSearch for a category or attribute that neither taxonomy nor index knows."""
    new = used(query.filter, query.facets) - of_taxonomy(taxonomy)
    if any(new):
        held = index.names()
        if any(new - held):
            raise unknown(new - held, query.facets, held, taxonomy)


def to_read(examples: Sequence[Example]) -> list[Product]:
    """What the model must read, in the order of the examples: those that are not stored products."""
    return [Product("", e.text, "", e.images) for e in examples if not e.product_id]


def to_look_up(examples: Sequence[Example]) -> list[str]:
    """The ids of the stored products among the examples, in their order."""
    return [example.product_id for example in examples if example.product_id]


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


def combined(
    examples: Sequence[Example],
    read: Sequence[Understanding | CatalogError],
    stored: Sequence[StoredProduct | None],
) -> Floats | None:
    """-> (E,), of unit length: the weighted sum of the examples' embeddings; None if the model could read none of them.

    read, stored: what `to_read` and `to_look_up` asked for. Raises InvalidSearch, ProductNotFound, or an error in
    `read`.
    """
    reading, looking = iter(read), iter(stored)
    understood = [_looked_up(e, next(looking)) if e.product_id else _understood(next(reading)) for e in examples]
    weighted = [e.weight * u.embedding for e, u in zip(examples, understood, strict=True) if u.modalities_used]
    if not weighted:
        return None
    total_E = np.sum(weighted, axis=0)
    length = float(np.linalg.norm(total_E))
    if length < 1e-6:
        raise InvalidSearch("The examples cancel each other out.")
    return (total_E / length).astype(np.float32)


def _understood(found: Understanding | CatalogError) -> Understanding:
    if isinstance(found, CatalogError):
        raise found
    return found


def _looked_up(example: Example, found: StoredProduct | None) -> Understanding:
    if found is None:
        raise ProductNotFound(f"No product with the id {example.product_id!r} is stored.")
    return found.understanding


def index_query(query: Search, embedding_E: Floats | None, stored: Sequence[StoredProduct | None]) -> IndexQuery:
    """stored: what `to_look_up` asked for. Products of which the model could read nothing are looked for by title."""
    wanted = [example for example in query.examples if example.weight > 0]
    unread = [one.product.title for one in stored if one and not one.understanding.modalities_used]
    return IndexQuery(
        embedding=embedding_E,
        keywords=" ".join([*(example.text for example in wanted if example.text), *unread]),
        filter=query.filter,
        limit=query.limit,
        offset=query.offset,
        collapse=query.collapse,
        exclude=frozenset(to_look_up(query.examples)),
        sort=query.sort,
    )
