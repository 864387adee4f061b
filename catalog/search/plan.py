"""Search in the user's terms: words, images and stored products, with weights -> matches and facets.

An example with an image and words is one product to the model: its learned fusion reads them together.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from catalog.arrays import Floats, Modalities
from catalog.errors import CatalogError, ProductNotFound, SearchEmpty, SearchInvalid
from catalog.index.filters import Filter
from catalog.index.listing import Sort
from catalog.index.names import of_taxonomy, unknown, used
from catalog.index.product_index import ProductIndex
from catalog.index.query import Finding, IndexQuery
from catalog.model.calibration import Bounds
from catalog.product import Product, StoredProduct, Understanding
from catalog.search.floor import Wanted, floor_of
from catalog.search.wording import Wording, worded
from catalog.taxonomy.tree import Taxonomy

if TYPE_CHECKING:  # the schemas of requests need this module, and not torch
    from catalog.understand import Understander

MAX_EXAMPLES = 16


@dataclass(frozen=True, slots=True)
class Example:
    """What the matches should be like: words, images or both, or a stored product. weight: below 0, unlike it."""

    text: str = ""
    images: tuple[bytes, ...] = ()
    product_id: str = ""
    weight: float = 1.0


@dataclass(frozen=True)
class Search:
    """examples: at least one with a weight above 0. facets: names as in `ProductIndex.facets`; collapse: leave out
    near-duplicates of better matches; sort: another order for the 1,000 best, None for the best first; floor: whether
    what is not like the examples is left out, as far as the model was measured for it.
    """

    examples: tuple[Example, ...]
    filter: Filter | None = None
    limit: int = 10
    offset: int = 0
    facets: tuple[str, ...] = ()
    collapse: bool = False
    sort: Sort | None = None
    floor: bool = True


class Knowledge(NamedTuple):
    """What of a model a search needs, beside its answers. scripts: those that it can read; bounds: see `Bounds`."""

    taxonomy: Taxonomy
    scripts: Collection[str]
    bounds: Mapping[Modalities, Bounds]


def search(query: Search, index: ProductIndex, understander: "Understander") -> Finding:
    """Raises SearchInvalid, ProductNotFound, or ProductInvalid or ImageInvalid for an example that cannot be read."""
    check(query.examples)
    check_names(query, index, understander.taxonomy)
    scripts, bounds = understander.config.text.scripts, understander.calibration.floor
    knowledge = Knowledge(understander.taxonomy, scripts, bounds)
    read = understander.understand(to_read(query.examples, knowledge), 0, evidence=False)
    stored = index.get(to_look_up(query.examples))
    return index.find(index_query(query, understood(query.examples, read, stored), stored, knowledge), query.facets)


def check_names(query: Search, index: ProductIndex, taxonomy: Taxonomy) -> None:
    """Raises FilterInvalid or SearchInvalid for a category or attribute that neither taxonomy nor index knows."""
    new = used(query.filter, query.facets) - of_taxonomy(taxonomy)
    if any(new):
        held = index.names()
        if any(new - held):
            raise unknown(new - held, query.facets, held, taxonomy)


def to_read(examples: Sequence[Example], knowledge: Knowledge) -> list[Product]:
    """What the model must read, in the order of the examples: those that are not stored products."""
    return [Product("", wording(e, knowledge).read, "", e.images) for e in examples if not e.product_id]


def wording(example: Example, knowledge: Knowledge) -> Wording:
    found = worded(example.text, knowledge.taxonomy, knowledge.scripts)
    return found._replace(kinds=()) if example.images else found


def to_look_up(examples: Sequence[Example]) -> list[str]:
    """The ids of the stored products among the examples, in their order."""
    return [example.product_id for example in examples if example.product_id]


def check(examples: Sequence[Example]) -> None:
    if not examples or not all(e.text.strip() or e.images or e.product_id for e in examples):
        raise SearchEmpty
    if len(examples) > MAX_EXAMPLES:
        raise SearchInvalid(f"The search has {len(examples)} examples; the limit is {MAX_EXAMPLES}.")
    if any(e.product_id and (e.text or e.images) for e in examples):
        raise SearchInvalid("A stored product is an example of its own; give words and pictures as another.")
    if not all(np.isfinite(e.weight) and e.weight != 0 for e in examples):
        raise SearchInvalid("Each weight must be a number other than 0.")
    if not any(e.weight > 0 for e in examples):
        raise SearchInvalid("At least one example must have a weight above 0.")


def understood(
    examples: Sequence[Example],
    read: Sequence[Understanding | CatalogError],
    stored: Sequence[StoredProduct | None],
) -> list[Understanding]:
    """What the model makes of each example. read, stored: what `to_read` and `to_look_up` asked for.

    Raises ProductNotFound or an error in `read`.
    """
    reading, looking = iter(read), iter(stored)
    return [_looked_up(e, next(looking)) if e.product_id else _understood(next(reading)) for e in examples]


def combined(examples: Sequence[Example], understood: Sequence[Understanding]) -> Floats | None:
    """-> (E,), of unit length: the weighted sum of the examples' embeddings; None if the model could read none of them.

    Raises SearchInvalid.
    """
    weighted = [e.weight * u.embedding for e, u in zip(examples, understood, strict=True) if u.modalities_used]
    if not weighted:
        return None
    total_E = np.sum(weighted, axis=0)
    length = float(np.linalg.norm(total_E))
    if length < 1e-6:
        raise SearchInvalid("The examples cancel each other out.")
    return (total_E / length).astype(np.float32)


def _understood(found: Understanding | CatalogError) -> Understanding:
    if isinstance(found, CatalogError):
        raise found
    return found


def _looked_up(example: Example, found: StoredProduct | None) -> Understanding:
    if found is None:
        raise ProductNotFound(f"No product with the id {example.product_id!r} is stored.")
    return found.understanding


def index_query(
    query: Search,
    understood: Sequence[Understanding],
    stored: Sequence[StoredProduct | None],
    knowledge: Knowledge,
) -> IndexQuery:
    """understood: of each example; stored: what `to_look_up` asked for. Products of which the model could read nothing
    are looked for by title. Raises SearchInvalid.
    """
    titles = {one.id: one.product.title for one in stored if one and not one.understanding.modalities_used}
    wanted = [
        Wanted(_wording(example, titles, knowledge), found)
        for example, found in zip(query.examples, understood, strict=True)
        if example.weight > 0
    ]
    texts = [text for one in wanted for text in dict.fromkeys((one.wording.given, one.wording.read)) if text]
    return IndexQuery(
        embedding=combined(query.examples, understood),
        keywords=" ".join(texts),
        filter=query.filter,
        limit=query.limit,
        offset=query.offset,
        collapse=query.collapse,
        exclude=frozenset(to_look_up(query.examples)),
        sort=query.sort,
        floor=floor_of(wanted, knowledge.taxonomy, knowledge.bounds) if query.floor else None,
    )


def _wording(example: Example, titles: Mapping[str, str], knowledge: Knowledge) -> Wording:
    """titles: by id, of the stored products that are to be found by their words."""
    if example.product_id:
        return Wording(titles.get(example.product_id, ""))
    return wording(example, knowledge)
