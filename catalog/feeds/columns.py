"""The meaning of a feed's columns, by the shop system that it comes from (`catalog.feeds.systems`).

Names are compared without case, spaces and punctuation: "Image Link", "image_link" and "g:image_link" are equal.
"""

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from catalog.errors import FeedColumnsInvalid
from catalog.feeds.cells import brief
from catalog.feeds.systems import OTHER, RowKinds, System, plainly, recognised, systems
from catalog.feeds.systems import known as known_plainly

MAX_COLUMNS = 1_000
# What a column may give, besides "attributes.NAME". Every field but those of SEVERAL has one value, from the first of
# its columns that has one in the row.
SINGLE = (
    *("id", "title", "description", "brand", "price", "list_price", "sale_price", "sale_dates", "sale_starts"),
    *("sale_ends", "currency", "unit_price", "unit_measure", "link", "product_type", "google_product_category"),
    *("availability", "stock", "status", "sku", "gtin", "mpn", "offers", "variants", "position"),
)
PRICES = ("price", "list_price", "sale_price", "unit_price")
SALE_DATES = ("sale_dates", "sale_starts", "sale_ends")
SEVERAL = ("images", "attributes")
FIELDS = (*SINGLE, *SEVERAL)
PREFIX = "attributes."
# Column's field -> the fields of the product that it may change.
OFFER = {
    **{name: ("price", name, "currency") for name in ("list_price", "sale_price")},
    **dict.fromkeys(("sale_dates", "sale_starts", "sale_ends"), ("price", "sale_dates")),
    "price": ("price", "list_price", "currency"),
    "stock": ("availability",),
    **{
        name: (name,)
        for name in ("brand", "currency", "link", "product_type", "google_product_category", "availability")
    },
    **{name: (name,) for name in ("status", "sku", "gtin", "mpn", "unit_price", "unit_measure")},
}
# Columns with several images in a cell, parted by commas.
IMAGES = re.compile(
    r"(?:additional|other).*|images.*|productimageurl|photos.*|image(?:link|url)s.*|pictures.*|bilder|im[áa]genes|fotos|.*图片.*|主图"
)
# Shopify's Option1 Name and Option1 Value; WooCommerce's Attribute 1 name and Attribute 1 value(s).
PAIR_NAME = re.compile(r"((?:option|attribute)[0-9]{1,3})name")


@dataclass(frozen=True, slots=True)
class Folding:
    """Which rows are no products of their own, by the feed's columns (see `catalog.feeds.systems.RowKinds`).

    keys: of each, the text around a column's value, such as ("id:", "ID", "").
    """

    neighbours: str | None = None
    part: tuple[tuple[str, frozenset[str]], ...] = ()
    parent: str | None = None
    keys: tuple[tuple[str, str, str], ...] = ()
    children: str | None = None
    aside: tuple[tuple[str, frozenset[str]], ...] = ()


@dataclass(frozen=True)
class Columns:
    """system: whose export it is; split: see `systems.toml`. fields: field of SINGLE -> its columns, the best first.

    images: the columns of images in order; attributes: attribute -> columns; objects: columns that hold several
    attributes, {"colour": "Red"}; pairs: columns that hold an attribute's name and its value.
    """

    system: str = OTHER
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    images: tuple[str, ...] = ()
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    objects: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    folding: Folding | None = None

    def __hash__(self) -> int:
        return hash((self.system, self.images, self.objects, self.pairs))

    @cached_property
    def split(self) -> Mapping[str, str]:
        return systems()[self.system].split

    @cached_property
    def id(self) -> str | None:
        """The one column of ids: of another, a row's id would be of another kind."""
        return next(iter(self.fields.get("id", ())), None)

    @cached_property
    def offer_fields(self) -> frozenset[str] | None:
        """The fields of a stored product that a feed of offers alone changes; None for a feed of whole products."""
        if self.images or self.fields.get("title") or self.fields.get("description"):
            return None
        found = frozenset(field for name in self.fields for field in OFFER.get(name, ()))
        return found | {"attributes"} if self.attributes or self.objects or self.pairs else found

    @cached_property
    def nested(self) -> bool:
        """Whether there is a column of objects that are offers or variants."""
        return "offers" in self.fields or "variants" in self.fields

    @cached_property
    def dated(self) -> bool:
        """Whether a sale may begin or end while the feed is read."""
        return not self.fields.keys().isdisjoint(SALE_DATES)

    @cached_property
    def of_attributes(self) -> tuple[str, ...]:
        """The columns that attributes are read from."""
        own = (column for columns in self.attributes.values() for column in columns)
        return tuple(dict.fromkeys((*self.objects, *(column for pair in self.pairs for column in pair), *own)))

    @cached_property
    def used(self) -> dict[str, str]:
        """Every column that is read, and what it is read as, as a mapping names it."""
        found: dict[str, str] = {}
        for name, columns in self.fields.items():
            for column in columns[: 1 if name == "id" else None]:
                found.setdefault(column, name)
        for name, columns in self.attributes.items():
            for column in columns:
                found.setdefault(column, PREFIX + name)
        found |= dict.fromkeys((*self.objects, *(column for pair in self.pairs for column in pair)), "attributes")
        return found | dict.fromkeys(self.images, "images")


def recognise(header: Sequence[str], mapping: Mapping[str, str], partial: bool = False, likely: str = OTHER) -> Columns:
    """mapping: field -> column, as {"title": "name"}, which wins over what is recognised. A field is one of FIELDS or
    an attribute, as "colour" or "attributes.heel height". Several columns, of which the first with a value counts, or
    for "images" all, are parted by commas. A field whose column is "" is not read from any.

    partial: the header is that of one row among others with further columns, so nothing need be there; likely: the
    system of all of them. Raises FeedColumnsInvalid.
    """
    if len(header) > MAX_COLUMNS:
        raise FeedColumnsInvalid(f"The feed has {len(header):,} columns; the limit is {MAX_COLUMNS:,}.")
    twice = [name for name, count in Counter(header).items() if count > 1 and not several(name)]
    if twice:
        raise FeedColumnsInvalid(f"The feed has more than one column named {listed(twice)}.")
    chosen = read_mapping(header, mapping, partial)
    columns = assemble(header, chosen, likely)
    if not partial:
        check(columns, header)
    return columns


def read_mapping(header: Sequence[str], mapping: Mapping[str, str], partial: bool = False) -> dict[str, list[str]]:
    """-> field or "attributes.NAME" -> the header's columns. Raises FeedColumnsInvalid."""
    chosen: dict[str, list[str]] = {}
    for name, column in mapping.items():
        plain = plainly(name)
        if name.lower().startswith(PREFIX) and name[len(PREFIX) :].strip():
            target = PREFIX + name[len(PREFIX) :].strip()
        elif plain in PLAIN_FIELDS:
            target = PLAIN_FIELDS[plain]
        elif attribute := attribute_of(plain):
            target = PREFIX + attribute
        else:
            raise FeedColumnsInvalid(f'There is no field "{brief(name)}".{suggestion(name, FIELDS)}')
        names = column.split(",") if not present(column, header) else [column]
        found = [match for part in names if column and (match := find(part.strip(), header, partial))]
        chosen[target] = chosen.get(target, []) + found
    return chosen


def attribute_of(plain: str) -> str | None:
    """The attribute that a column of this name gives in any feed: "farbe" -> "colour"."""
    for name, columns in systems()[OTHER].fields.items():
        if name.startswith(PREFIX) and plain in columns:
            return name.removeprefix(PREFIX)
    return None


def present(column: str, header: Sequence[str]) -> bool:
    return column in header or plainly(column) in map(plainly, header)


def find(column: str, header: Sequence[str], partial: bool) -> str | None:
    """The header's column of this name: exactly, else in any spelling."""
    for name in header:
        if name == column:
            return name
    for name in header:
        if plainly(name) == plainly(column):
            return name
    if partial:
        return None
    raise FeedColumnsInvalid(f'The feed has no column "{brief(column)}".{suggestion(column, header)}')


def assemble(header: Sequence[str], chosen: Mapping[str, list[str]], likely: str) -> Columns:
    """chosen: what the mapping names; its columns are not read as anything else."""
    every: dict[str, str] = {}
    for name in header:
        every.setdefault(plainly(name), name)
    system = recognised(every, likely)
    taken = {name for names in chosen.values() for name in names}
    free = {plain: name for plain, name in every.items() if name not in taken}
    found = {name: list(columns) for name, columns in chosen.items()}
    of_system = {column for name in system.fields for column in system.columns(name, free)}
    of_system |= {free[plain] for plain in system.unread if plain in free}
    other = systems()[OTHER]
    for name in dict.fromkeys((*system.fields, *other.fields)):
        if name not in found:
            further = [column for column in other.columns(name, free) if column not in of_system]
            found[name] = list(dict.fromkeys([*system.columns(name, free), *further]))
    found["images"] = found["images"] if "images" in chosen else [*found["images"], *doubled(header, found["images"])]
    attributes = {name: columns for name, columns in found.items() if name.startswith(PREFIX) and columns}
    return Columns(
        system=system.name,
        fields={name: tuple(found[name]) for name in SINGLE if found.get(name)},
        images=tuple(dict.fromkeys(found["images"])),
        attributes={name.removeprefix(PREFIX): tuple(columns) for name, columns in attributes.items()},
        objects=tuple(found.get("attributes", ())),
        pairs=tuple(pairs(free)),
        folding=None if "id" in chosen else folding(system, every),
    )


def doubled(header: Sequence[str], images: Sequence[str]) -> list[str]:
    """Columns of images that differ from another only in how they are written."""
    plain = set(map(plainly, images))
    return [name for name in dict.fromkeys(header) if plainly(name) in plain and name not in images]


def folding(system: System, header: Mapping[str, str]) -> Folding | None:
    """header: plain name -> column. None where no row can be a part of another."""
    kinds: RowKinds = system.kinds
    keys = [re.fullmatch(r"([^{]*)\{(.+)\}(.*)", key) or ("", "", key, "") for key in kinds.keys]
    named = [(key[1], header.get(plainly(key[2])), key[3]) for key in keys]
    found = Folding(
        neighbours=next((header[name] for name in kinds.neighbours if name in header), None),
        part=tuple((header[name], values) for name, values in (kinds.part or {}).items() if name in header),
        parent=header.get(kinds.parent),
        keys=tuple((before, column, after) for before, column, after in named if column),
        children=header.get(kinds.children),
        aside=tuple((header[name], values) for name, values in (kinds.aside or {}).items() if name in header),
    )
    return found if found.neighbours or found.part or found.aside else None


def pairs(by_plain: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    for plain, name in by_plain.items():
        found = PAIR_NAME.fullmatch(plain)
        value = found and (by_plain.get(f"{found[1]}value") or by_plain.get(f"{found[1]}values"))
        if value:
            yield name, value


def check(columns: Columns, header: Sequence[str]) -> None:
    """Raises FeedColumnsInvalid."""
    names = listed(header[:20]) + (", …" if len(header) > 20 else "")
    if columns.id is None:
        raise FeedColumnsInvalid(f"No column gives the id. The columns are {names}. Map a column to the field id.")
    if not (columns.offer_fields is None or columns.offer_fields & {"price", "availability", "status"}):
        raise FeedColumnsInvalid(
            "No column gives a title, a description, an image, a price or an availability. "
            f"The columns are {names}. Map a column to one of these fields."
        )


def several(name: str) -> bool:
    """Whether this is a column of images, of which there may be several with one name."""
    plain = plainly(name)
    return any(system.columns("images", {plain: name}) for system in systems().values())


def splits(name: str) -> bool:
    """Whether a cell of this column holds several images, parted by commas."""
    return IMAGES.fullmatch(plainly(name)) is not None


def known(name: str) -> bool:
    """Whether the name means something, in any feed."""
    return known_plainly(plainly(name))


PLAIN_FIELDS = {plainly(field): field for field in FIELDS} | {"image": "images"}


def suggestion(name: str, possible: Iterable[str]) -> str:
    """A sentence that goes behind the error, "" where nothing is near."""
    by_plain = {plainly(word)[:64]: word for word in possible if word}
    near = difflib.get_close_matches(plainly(name)[:64], by_plain, 1, 0.5)
    return f' Did you mean "{brief(by_plain[near[0]])}"?' if near else ""


def listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{brief(name)}"' for name in names)
