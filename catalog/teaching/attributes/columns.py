"""Which column of a feed an attribute is read from, and its values in a product."""

from collections.abc import Iterable, Mapping

from catalog.errors import FeedColumnsInvalid
from catalog.feeds.attributes import attribute_name
from catalog.feeds.columns import PREFIX, attribute_of
from catalog.feeds.systems import plainly
from catalog.product import Product, each_value
from catalog.synonyms import attribute_name as meaning

EXAMPLE = "for example colour=base_colour"


def read_asked(pairs: Iterable[str]) -> dict[str, str]:
    """["colour=base_colour", "season"] -> {"colour": "base_colour", "season": ""}. Raises FeedColumnsInvalid."""
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, column = (part.strip() for part in pair.partition("="))
        if not name or (equals and not column):
            raise FeedColumnsInvalid(f"Give an attribute as NAME=COLUMN, {EXAMPLE}.")
        if name in found:
            raise FeedColumnsInvalid(f'The attribute "{name[:64]}" is asked for twice.')
        found[name] = column
    return found


def teaching_columns(columns: Mapping[str, str], category: str, attributes: Mapping[str, str]) -> dict[str, str]:
    """The mapping by which a feed is read that teaches: see `catalog.feeds.columns.recognise`.

    attributes: name -> column; "" for an attribute that the feed has by this name, wherever in it. Raises
    FeedColumnsInvalid.
    """
    meanings: dict[str, str] = {}
    shelves = {plainly(part) for part in (category, *category.split(","))}
    for name, column in attributes.items():
        if not meaning(name):
            raise FeedColumnsInvalid(f"An attribute has no name. Give it as NAME=COLUMN, {EXAMPLE}.")
        other = meanings.setdefault(meaning(name), name)
        if other != name:
            raise FeedColumnsInvalid(
                f'"{other[:64]}" and "{name[:64]}" are one attribute. Ask for it once; of several columns, parted by'
                " commas, the first with a value counts."
            )
        if column and shelves & {plainly(part) for part in (column, *column.split(","))}:
            raise FeedColumnsInvalid(f'The attribute "{name[:64]}" needs another column than the categories have.')
    own = {PREFIX + known_as(name): column for name, column in attributes.items() if column}
    return {**columns, "product_type": category, **own}


def known_as(name: str) -> str:
    """The attribute's name in the products of a feed: "Farbe" -> "colour"."""
    return attribute_of(plainly(name)) or attribute_name(name)


def values_in(product: Product, name: str) -> tuple[str, ...]:
    """The product's values of an attribute; none where the feed has none."""
    wanted = plainly(known_as(name))
    for other, values in product.attributes.items():
        if plainly(other) == wanted:
            return each_value(values)
    return (product.brand,) if wanted == "brand" and product.brand else ()
