"""The names that a search uses, of categories and of attributes, against those that there are.

A category is named by its id, or by what people call it (see `resolved`). An attribute's name is known by its meaning,
however it is spelt.

An attribute may be any that a merchant gives, so what the model's taxonomy does not name may still be in the index. A
name that neither knows cannot be meant: it is an error, where a known name without products is an empty result.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from catalog.errors import CatalogError, FilterInvalid, SearchInvalid
from catalog.index.filters import SHOWN, And, AttributeIs, CategoryUnder, Filter, Not, OneOf, Or, meant
from catalog.index.keys import STEP, folded
from catalog.index.records import KEYWORD_FIELDS
from catalog.synonyms import attribute_name
from catalog.taxonomy.tree import Node, Taxonomy

HIDDEN = ("facts", "keys", "numbers", "sale", "contradictions", "doubles")
FACETED = tuple(name for name in KEYWORD_FIELDS if name not in HIDDEN)


class Names(NamedTuple):
    """categories: ids of nodes; attributes: their names."""

    categories: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()

    def __sub__(self, other: "Names") -> "Names":
        known = {attribute_name(name) for name in other.attributes}
        attributes = frozenset(name for name in self.attributes if attribute_name(name) not in known)
        return Names(self.categories - other.categories, attributes)

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


def resolved(filter: Filter, taxonomy: Taxonomy) -> Filter:
    """The filter with ids in place of the other names of categories, and with tags in their own case. A name that is
    not known stays.
    """
    match filter:
        case CategoryUnder(names):
            return CategoryUnder(tuple(dict.fromkeys(id for name in names for id in _ids(name, taxonomy))))
        case OneOf("tags", names):
            own = {folded(tag.name): tag.name for tag in taxonomy.tags}
            return OneOf("tags", tuple(own.get(folded(name), name) for name in names))
        case And(parts) | Or(parts):
            return replace(filter, parts=tuple(resolved(part, taxonomy) for part in parts))
        case Not(part):
            return Not(resolved(part, taxonomy))
    return filter


def _ids(name: str, taxonomy: Taxonomy) -> list[str]:
    """The nodes that a name means: an id, else a label or a synonym or a path in English or Chinese, else Google's id.
    A label of several nodes means them all.
    """
    try:
        return [taxonomy.node(name).id]
    except KeyError:
        pass
    *above, last = [step.strip() for step in STEP.split(name)]
    called = [node for node in taxonomy.meanings(last) if _lies_below(node, above, taxonomy)] if last else []
    found = called or taxonomy.meanings(name)
    ids = [node.id for node in found] or [
        node.id for node in taxonomy.nodes if name in (node.google, *([node.id] if name == node.id.casefold() else []))
    ]
    return ids or [name]


def _lies_below(node: Node, above: Sequence[str], taxonomy: Taxonomy) -> bool:
    """Whether the nearest nodes above it are called so."""
    line = [taxonomy.node(id) for id in taxonomy.ancestors(node.id)[:-1]]
    if len(above) > len(line):
        return False
    nearest = line[len(line) - len(above) :]
    return all(
        folded(name) in {folded(one) for one in (node.label, node.label_zh, *node.synonyms)}
        for name, node in zip(above, nearest, strict=True)
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
