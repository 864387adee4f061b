"""Attributes of a product from its title and its description."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path

from catalog.language.attributes.found import OPEN, FoundAttribute, without_overlaps
from catalog.language.attributes.grammar.read import by_grammar
from catalog.language.attributes.grammar.words import value_of
from catalog.language.attributes.tagging.kinds import kind_of
from catalog.language.attributes.tagging.tagger import Tagger

TAGGER = "attributes/tagger.safetensors"
FOOD = "Food"  # in the name of the topmost category
LEAST = 0.5  # a label less sure than its contrary is not given
# What the tagger calls measures and counts: the grammar reads them, with their units.
MEASURED = {
    "net_content",
    "volume",
    "pack_size",
    "dosage",
    "load_size",
    "supply_size",
    "protection_level",
    "specification",
}


def find_attributes(title: str, description: str = "", category: Sequence[str] = ()) -> list[FoundAttribute]:
    """What the words say, in the order of the title, then of the description.

    The grammar reads both texts. The tagger reads the title, where category or title name a kind of product that it
    has learned, and Chinese titles. category: path, top first.
    """
    found = _without_tastes(by_grammar(title), category)
    kind = kind_of(title, category)
    if kind:
        found = without_overlaps([*found, *_tagged(title, kind, found)])
    told = _without_tastes(by_grammar(description), category) if description else ()
    return [*found, *(replace(one, source="description") for one in told)]


def _without_tastes(found: Sequence[FoundAttribute], category: Sequence[str]) -> list[FoundAttribute]:
    """Of food an orange, olives or cream are no colours."""
    is_food = bool(category) and FOOD in category[0]
    return [one for one in found if not (is_food and one.name == "color" and one.confidence <= OPEN)]


def _tagged(title: str, kind: str, found: Sequence[FoundAttribute]) -> Iterator[FoundAttribute]:
    """Labels of words that the grammar has not read as a measure or a count."""
    measured = {place for one in found if one.unit for place in range(one.start, one.end)}
    for one in shipped_tagger().tag(title, kind, found):
        inside = not measured.isdisjoint(range(one.start, one.end))
        if one.confidence < LEAST or inside or one.label in MEASURED:
            continue
        value = title[one.start : one.end]
        normalised = value_of(one.label, value) or value
        yield FoundAttribute(one.label, value, one.start, one.end, normalised, "", round(one.confidence, 3))


@cache
def shipped_tagger() -> Tagger:
    """From the package's assets, or the repository's."""
    packaged = Path(str(files("catalog"))) / "assets" / TAGGER
    return Tagger.load(packaged if packaged.is_file() else Path(__file__).parents[3] / "assets" / TAGGER)
