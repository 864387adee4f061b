"""Which of the attributes that a category expects the found ones are: Shopify's names -> ours."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from catalog.language.attributes.found import FoundAttribute

# The first that fits an expected name, whole or by its last words.
RULES = tuple(
    (re.compile(pattern, re.IGNORECASE), names)
    for pattern, names in (
        (r"(?:.* )?colou?r", ("color",)),
        (r"(?:.*[ /])?(?:material|fabric|upholstery)", ("material",)),
        (r"(?:.* )?closure(?: type| style| design)?", ("closure",)),
        (r"(?:.* )?pattern", ("pattern",)),
        (r"(?:.* )?target gender|gender", ("gender",)),
        (r"(?:.* )?age group", ("age group", "age")),
        (r"age restrictions|recommended age.*", ("age", "age group")),
        (r"(?:.* )?(?:screen|display|monitor) size", ("screen_size",)),
        (r"(?:.* )?memory(?: size)?|ram", ("memory",)),
        (r"(?:.* )?storage capacity|drive capacity", ("storage", "capacity")),
        (r"(?:.* )?voltage(?: rating)?", ("voltage",)),
        (r"(?:.* )?wattage|power(?: rating)?|rated power", ("power",)),
        (r"(?:.* )?frequency", ("frequency",)),
        (r"(?:.* )?(?:package|pack|unit) (?:quantity|count)|number of .*", ("pack_count", "count")),
        (r"(?:.* )?(?:volume|capacity)", ("volume", "capacity", "weight")),
        (r"(?:.* )?weight", ("weight",)),
        (r"(?:.* )?(?:width|height|depth|length|diameter|thickness)", ()),
        (r"(?:.* )?flavou?r", ("flavor",)),
        (r"(?:.* )?(?:scent|fragrance)", ("scent",)),
        (r"(?:.* )?spf.*|sun protection.*", ("spf",)),
        (r"(?:.* )?size", ("size", "dimensions", "dimension")),
        (r"(?:.* )?shape", ("shape",)),
        (r"brand", ("brand",)),
        (r"country.*", ("country",)),
    )
)


def for_expected(found: Sequence[FoundAttribute], expected: Iterable[str]) -> Mapping[str, tuple[FoundAttribute, ...]]:
    """Each expected attribute, by its name in Shopify's tree -> what was found of it, the surest first; () if nothing.

    expected: as of Taxonomy.attributes_of.
    """
    return {name: _of(name, found) for name in expected}


@lru_cache(maxsize=4096)
def names_for(expected: str) -> tuple[str, ...]:
    """Our names of an attribute with this name in Shopify's tree, the best first."""
    for pattern, names in RULES:
        if pattern.fullmatch(expected):
            return names or (expected.split()[-1].lower(),)
    return (expected.lower(),)


def _of(expected: str, found: Sequence[FoundAttribute]) -> tuple[FoundAttribute, ...]:
    names = names_for(expected)
    fitting = [one for one in found if one.name in names]
    return tuple(sorted(fitting, key=lambda one: (names.index(one.name), -one.confidence)))
