"""The names that a search uses, of categories and of attributes, against those that there are.

An attribute may be any that a merchant gives, so what the model's taxonomy does not name may still be in the index. A
name that neither knows cannot be meant: it is an error, where a known name without products is an empty result.
"""

import difflib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from catalog.errors import CatalogError, FilterInvalid, SearchInvalid
from catalog.index.filters import And, AttributeIs, CategoryUnder, Filter, Not, Or
from catalog.index.records import KEYWORD_FIELDS
from catalog.taxonomy.tree import Taxonomy

FACETED = tuple(name for name in KEYWORD_FIELDS if name != "facts")
SHOWN = 64


class Names(NamedTuple):
    """categories: ids of nodes; attributes: their names."""

    categories: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()

    def __sub__(self, other: "Names") -> "Names":
        return Names(self.categories - other.categories, self.attributes - other.attributes)

    def __or__(self, other: "Names") -> "Names":
        return Names(self.categories | other.categories, self.attributes | other.attributes)


def used(filter: Filter | None, facets: Sequence[str] = ()) -> Names:
    """The names in a filter, and of the facets that are attributes."""
    match filter:
        case CategoryUnder(ids):
            found = Names(categories=frozenset(ids))
        case AttributeIs(name, _):
            found = Names(attributes=frozenset((name,)))
        case And(parts) | Or(parts):
            found = Names()
            for part in parts:
                found |= used(part)
        case Not(part):
            found = used(part)
        case _:
            found = Names()
    return found | Names(attributes=frozenset(facets) - frozenset(FACETED))


def of_taxonomy(taxonomy: Taxonomy) -> Names:
    return Names(
        frozenset(node.id for node in taxonomy.nodes), frozenset(attribute.name for attribute in taxonomy.attributes)
    )


def unknown(names: Names, facets: Sequence[str], held: Names, taxonomy: Taxonomy) -> CatalogError:
    """The error for names that are known neither to the taxonomy nor to the index, at least one. held: see
    `ProductIndex.names`.
    """
    if names.categories:
        name = min(names.categories)
        written = {label for node in taxonomy.nodes for label in (node.label, node.label_zh)}
        labels = {label: node.id for label in written if (node := taxonomy.named(label))}
        ids = labels | {id: id for id in held.categories} | {node.id: node.id for node in taxonomy.nodes}
        return FilterInvalid(f"There is no category {name[:SHOWN]!r}.{meant(name, ids)}")
    name = min(names.attributes)
    known = sorted(held.attributes | of_taxonomy(taxonomy).attributes)
    if name in facets:
        return SearchInvalid(
            f"There is no facet {name[:SHOWN]!r}.{meant(name, {one: one for one in (*FACETED, *known)})}"
        )
    return FilterInvalid(f"No product has an attribute {name[:SHOWN]!r}.{meant(name, {one: one for one in known})}")


def meant(name: str, possible: Mapping[str, str]) -> str:
    """A sentence with the nearest names, to stand behind the error; "" where none is near.

    possible: what may be written, in any case, and the name that it stands for.
    """
    folded = {written.casefold()[:SHOWN]: one for written, one in possible.items()}
    near = difflib.get_close_matches(name.casefold()[:SHOWN], folded, 3, 0.6)
    names = list(dict.fromkeys(folded[written] for written in near))
    return f" Did you mean {' or '.join(repr(one[:SHOWN]) for one in names)}?" if names else ""
