"""A product's attributes, with one value or several each, from columns of their own, pairs of columns, and objects."""

import json
import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from catalog import synonyms
from catalog.errors import RowInvalid
from catalog.feeds.cells import LEFT_OUT, brief
from catalog.feeds.columns import Columns
from catalog.feeds.systems import plainly
from catalog.feeds.texts.words import words
from catalog.product import Values

PLACEHOLDER = ("title", "defaulttitle")  # Shopify's one option of a product that has none
MODEL_NAMES = ("colour", "gender", "season", "usage")
# What merchants call an attribute's name, and its value, where each attribute is an object.
NAMES, VALUES = ("name", "key", "label", "attribute"), ("value", "values", "option", "options")
# Magento's "color=Red,size=42": a comma parts two only before another name.
ASSIGNED = re.compile(r"\s*,\s*(?=[^,=]{1,64}=)")


def read_attributes(cells: Mapping[str, Any], columns: Columns) -> dict[str, Values]:
    """Attributes that have a value. That of a column of its own wins over one of the same name from elsewhere."""
    found: dict[str, tuple[str, Values]] = {}
    for name, values in every(cells, columns):
        if plainly(name) in PLACEHOLDER and plainly(values[0]) in PLACEHOLDER:
            continue
        own = attribute_name(name)
        known, _ = found.get(plainly(own), (own, ""))
        found[plainly(own)] = (known, values[0] if len(values) == 1 else values)
    return dict(found.values())


def every(cells: Mapping[str, Any], columns: Columns) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield from read_pairs(cells, columns)
    for column in columns.objects:
        for key, items in objects(cells.get(column), column).items():
            if values := each_text(items, column, columns.split.get("pairs", "")):
                yield words(key, column), values
    for name, own in columns.attributes.items():
        for column in own:
            if values := each_text(cells.get(column), column, columns.split.get(name, "")):
                yield name, values
                break


def read_pairs(cells: Mapping[str, Any], columns: Columns) -> Iterator[tuple[str, tuple[str, ...]]]:
    """From columns that hold a name and a value."""
    for name_column, value_column in columns.pairs:
        names = each_text(cells.get(name_column), name_column)
        values = each_text(cells.get(value_column), value_column, columns.split.get("pairs", ""))
        if names and values:
            yield names[0], values


@lru_cache(maxsize=4096)
def attribute_name(name: str) -> str:
    """By the model's name, where it has one: "Color" -> "colour"."""
    plain = synonyms.attribute_name(name)
    return plain if plain in MODEL_NAMES else name


def each_text(value: Any, column: str, signs: str = "") -> tuple[str, ...]:
    """The texts of a cell, once each: of a list all that it holds. signs: each of them parts two values."""
    if value is None or value == "":
        return ()
    if isinstance(value, str) and not signs:
        found = words(value, column)
        return (found,) if found else ()
    if isinstance(value, bool):
        return (str(value).lower(),)
    texts = [words(item, column) for item in value] if isinstance(value, list | tuple) else [words(value, column)]
    parts = (part.strip() for one in texts for part in (re.split(f"[{re.escape(signs)}]", one) if signs else [one]))
    return tuple(dict.fromkeys(filter(None, parts)))


def objects(value: Any, column: str) -> dict[Any, list[Any]]:
    """Name -> values, of an object, or of the objects of several rows."""
    found: dict[Any, list[Any]] = {}
    rows = value if isinstance(value, list) and value and all(isinstance(one, str) for one in value) else [value]
    for row in rows:
        for key, item in several_attributes(row, column).items():
            found.setdefault(key, []).extend(item if isinstance(item, list | tuple) else [item])
    return found


def several_attributes(value: Any, column: str) -> Mapping[Any, Any]:
    """{"colour": "Red"}, or the same as a text of JSON, as pairs, which is how Parquet gives a map, as a list of
    {"name", "value"}, as "colour=Red,size=42", or as "Colour:Red:1, Size:42:2". Raises RowInvalid.
    """
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        value = parsed(value)
    if isinstance(value, list) and all(map(is_pair, value)):
        value = dict(value)
    if isinstance(value, list) and all(isinstance(item, Mapping) for item in value):
        named = [(first(item, NAMES), first(item, VALUES)) for item in value]
        if all(isinstance(name, str | int | float | None) for name, _ in named):
            value = {name: found for name, found in named if name is not None}
    if not isinstance(value, Mapping) or LEFT_OUT in value:
        raise RowInvalid(f'The column "{brief(column)}" does not hold attributes, such as {{"colour": "Red"}}.')
    return value


def parsed(value: str) -> Any:
    """A text of JSON, of assignments, or of names and values with a colon between."""
    if value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return None
    for part_of, sign in ((ASSIGNED.split, "="), (re.compile(r"\s*[,;|]\s*").split, ":")):
        parts = [part.split(sign) for part in part_of(value) if part.strip()]
        if parts and all(len(part) > 1 and part[0].strip() for part in parts):
            values: dict[str, list[str]] = {}
            for name, found, *_ in parts:
                values.setdefault(name.strip(), []).append(found.strip())
            return values
    return None


def first(item: Mapping[Any, Any], names: Sequence[str]) -> Any:
    return next((item[name] for name in names if item.get(name) not in (None, "")), None)


def is_pair(item: Any) -> bool:
    """Whether this is a key that a dictionary can have, and its value."""
    return isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], Hashable)
