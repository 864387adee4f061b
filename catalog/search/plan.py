"""Search in the user's terms: text, images and stored products, with weights -> matches and facets.

An example with an image and text is one product to the model: its learned fusion reads them together.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from catalog.arrays import Floats, Modalities
from catalog.errors import CatalogError, ProductNotFound, SearchEmpty, SearchInvalid
from catalog.index.filters import Filter, names_offer
from catalog.index.keys import sought_numbers
from catalog.index.listing import Sort
from catalog.index.names import of_taxonomy, resolved, unknown, used
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
    """What matches should be like: text, images or both, or a stored product; with a weight below 0, unlike."""

    text: str = ""
    images: tuple[bytes, ...] = ()
    product_id: str = ""
    weight: float = 1.0


@dataclass(frozen=True)
class Search:
    """examples: at most 16, at least one with a weight above 0; facets: names as in `ProductIndex.facets`; collapse:
    leave out near-duplicates of better matches; sort: another order for the 1,000 best, None for the best first;
    floor: leave out what is not like the examples, if the model was measured for it; include_unavailable: also find
    what is not for sale, as does a filter that names availability or status. What is out of stock or discontinued is
    found by its number always, a draft or what is archived never; reasons: say of each match why it was found.

    Raises SearchEmpty or SearchInvalid.
    """

    examples: tuple[Example, ...]
    filter: Filter | None = None
    limit: int = 10
    offset: int = 0
    facets: tuple[str, ...] = ()
    collapse: bool = False
    sort: Sort | None = None
    floor: bool = True
    include_unavailable: bool = False
    reasons: bool = False

    def __post_init__(self) -> None:
        check(self.examples)


def check(examples: Sequence[Example]) -> None:
    if not examples or not all(e.text.strip() or e.images or e.product_id for e in examples):
        raise SearchEmpty
    if len(examples) > MAX_EXAMPLES:
        raise SearchInvalid(f"The search has {len(examples)} examples; the limit is {MAX_EXAMPLES}.")
    if any(e.product_id and (e.text or e.images) for e in examples):
        raise SearchInvalid("An example is either a stored product or text and images. Send them as two examples.")
    if not all(np.isfinite(e.weight) and e.weight != 0 for e in examples):
        raise SearchInvalid("Each weight must be a number other than 0.")
    if not any(e.weight > 0 for e in examples):
        raise SearchInvalid("At least one example must have a weight above 0.")


class Knowledge(NamedTuple):
    """What a search needs of a model, beside its outputs. scripts: those that it can read; bounds: see `Bounds`."""

    taxonomy: Taxonomy
    scripts: Collection[str]
    bounds: Mapping[Modalities, Bounds]


class SearchPlan:
    """The steps of one search, for a caller that reaches model and index in its own way, be it over a network.

    products: what the model must understand; ids: the stored products to get. Their results, in the same order, make
    the index's query:

        plan = SearchPlan(search, knowledge)
        read = understander.understand(plan.products)
        stored = index.get(plan.ids)
        found = index.find(plan.query(read, stored), search.facets)
    """

    def __init__(self, search: Search, knowledge: Knowledge) -> None:
        self._search, self._knowledge = search, knowledge
        self._wordings = [_wording(example, knowledge) for example in search.examples]
        self.products = [
            Product(title=wording.read, images=example.images)
            for example, wording in zip(search.examples, self._wordings, strict=True)
            if not example.product_id
        ]
        self.ids = [example.product_id for example in search.examples if example.product_id]

    def query(self, read: Sequence[Understanding | CatalogError], stored: Sequence[StoredProduct | None]) -> IndexQuery:
        """Raises an error in `read`, ProductNotFound for a None in `stored`, or SearchInvalid."""
        search = self._search
        understood = self._understood(read, stored)
        wanted = self._wanted(understood, stored)
        texts = [text for one in wanted for text in dict.fromkeys((one.wording.given, one.wording.read)) if text]
        return IndexQuery(
            embedding=_weighted_sum(search.examples, understood),
            keywords=" ".join(texts),
            filter=search.filter,
            limit=search.limit,
            offset=search.offset,
            collapse=search.collapse,
            exclude=frozenset(self.ids),
            sort=search.sort,
            floor=floor_of(wanted, self._knowledge.taxonomy, self._knowledge.bounds) if search.floor else None,
            numbers=tuple(number for one in wanted for number in sought_numbers(one.wording.given)),
            for_sale=not search.include_unavailable and not names_offer(search.filter),
            reasons=search.reasons,
        )

    def _understood(
        self, read: Sequence[Understanding | CatalogError], stored: Sequence[StoredProduct | None]
    ) -> list[Understanding]:
        """The understanding of each example."""
        from_model, from_index = iter(read), iter(stored)
        return [
            _looked_up(example, next(from_index)) if example.product_id else _read(next(from_model))
            for example in self._search.examples
        ]

    def _wanted(self, understood: Sequence[Understanding], stored: Sequence[StoredProduct | None]) -> list[Wanted]:
        """The examples with a weight above 0. A stored product of which the model could read nothing is searched for
        by its title.
        """
        titles = {one.id: one.product.title for one in stored if one and not one.understanding.modalities_used}
        return [
            Wanted(Wording(titles.get(example.product_id, "")) if example.product_id else wording, found)
            for example, wording, found in zip(self._search.examples, self._wordings, understood, strict=True)
            if example.weight > 0
        ]


def search(query: Search, index: ProductIndex, understander: "Understander") -> Finding:
    """Raises SearchInvalid, ProductNotFound, or ProductInvalid or ImageInvalid for an example that cannot be read."""
    query = with_ids(query, index, understander.taxonomy)
    scripts, bounds = understander.config.text.scripts, understander.calibration.floor
    plan = SearchPlan(query, Knowledge(understander.taxonomy, scripts, bounds))
    read = understander.understand(plan.products, 0, evidence=False)
    return index.find(plan.query(read, index.get(plan.ids)), query.facets)


def with_ids(query: Search, index: ProductIndex, taxonomy: Taxonomy) -> Search:
    """The search with ids of categories in its filter. Raises FilterInvalid or SearchInvalid for a category or
    attribute that neither taxonomy nor index knows.
    """
    filter = resolved(query.filter, taxonomy) if query.filter else None
    new = used(filter, query.facets) - of_taxonomy(taxonomy)
    if any(new):
        held = index.names()
        if any(new - held):
            raise unknown(new - held, query.facets, held, taxonomy)
    return replace(query, filter=filter)


def _wording(example: Example, knowledge: Knowledge) -> Wording:
    found = worded(example.text, knowledge.taxonomy, knowledge.scripts)
    return found._replace(kinds=()) if example.images else found


def _read(found: Understanding | CatalogError) -> Understanding:
    if isinstance(found, CatalogError):
        raise found
    return found


def _looked_up(example: Example, found: StoredProduct | None) -> Understanding:
    if found is None:
        raise ProductNotFound(f"No product with the id {example.product_id!r} is stored.")
    return found.understanding


def _weighted_sum(examples: Sequence[Example], understood: Sequence[Understanding]) -> Floats | None:
    """-> (E,), of unit length: the weighted sum of the examples' embeddings; None if the model could read none of them.

    Raises SearchInvalid.
    """
    weighted = [e.weight * u.embedding for e, u in zip(examples, understood, strict=True) if u.modalities_used]
    if not weighted:
        return None
    total_E = np.sum(weighted, axis=0)
    length = float(np.linalg.norm(total_E))
    if length < 1e-6:
        raise SearchInvalid("The weighted examples cancel each other out. Change a weight.")
    return (total_E / length).astype(np.float32)
