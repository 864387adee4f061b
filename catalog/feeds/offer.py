"""What a row says of the offer: prices, whether it is for sale, its numbers, its variants."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from functools import lru_cache
from typing import Any, NamedTuple

from catalog.errors import CatalogError, GtinInvalid, RowInvalid, RowOfferUnclear, RowPriceAmbiguous, RowPriceInvalid
from catalog.feeds.attributes import NAMES, attribute_name, each_text, first, read_attributes
from catalog.feeds.availability import WORST, availability_of, best_availability, status_of
from catalog.feeds.cells import LEFT_OUT, VARIANTS, brief, is_missing
from catalog.feeds.columns import SALE_DATES, Columns, recognise
from catalog.feeds.prices import Money, parse_price
from catalog.feeds.texts.identifiers import gtin_invalid, identifier_text
from catalog.feeds.texts.words import words
from catalog.product import Availability, Status, Values, Variant, as_text
from catalog.sales import lasts

DATES = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%m/%d/%Y", "%m/%d/%y", "%d.%m.%Y", "%m/%d/%Y, %I:%M %p", "%m/%d/%y, %I:%M %p"),
    *("%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M"),
)
NUMBERS = ("sku", "gtin", "mpn")
PRICES = ("price", "list_price", "sale_price")


class Reading(NamedTuple):
    """A row that is read. warnings: takes what could not be read of it."""

    cells: Mapping[str, Any]
    columns: Columns
    money: Money
    warnings: list[CatalogError]

    def first(self, field: str) -> str:
        """Of the field's columns in their order, the first text."""
        for column in self.columns.fields.get(field, ()):
            value = self.cells.get(column)
            if found := words(value, column) if isinstance(value, str) else self.text(column):
                return found
        return ""

    def texts(self, field: str) -> list[str]:
        """The texts of a field's columns that have one."""
        return [found for column in self.columns.fields.get(field, ()) if (found := self.text(column))]

    def text(self, column: str) -> str:
        value = self.cells.get(column)
        if isinstance(value, str):
            return words(value, column)
        if value is None:
            return ""
        if isinstance(value, Mapping) and LEFT_OUT not in value:
            value = first(value, NAMES) or value  # an object without a name is told of by each_text
        return ", ".join(each_text(value, column))

    def unclear(self, field: str, value: str, meaning: str) -> None:
        self.warnings.append(RowOfferUnclear(f'The {field} "{brief(value)}" {meaning}.'))


class Part(NamedTuple):
    """Fields of a feed that are read together, if it has a column of one. read: the product's fields from them.

    repeats: whether their cells are often the same as another row's.
    """

    fields: tuple[str, ...]
    read: Callable[[Reading], dict[str, Any]]
    repeats: bool = False


class Prices(NamedTuple):
    price: float | None
    currency: str
    list_price: float | None
    sale_price: float | None
    sale_dates: str


NO_PRICE = (None, "")
NO_PRICES = Prices(None, "", None, None, "")


def with_others(found: dict[str, Any], reading: Reading) -> dict[str, Any]:
    """found: the fields of the row itself. Those of its cheapest variant count where it has none."""
    prices = NO_PRICES._replace(**{name: found[name] for name in Prices._fields if name in found})
    availability: Availability = found.get("availability", "")
    for nested in nested_offers(reading):
        prices = prices if prices.price is not None else read_prices(nested)
        availability = availability or read_availability(nested)
    of_variants = [(one, read_prices(one)) for one in nested_variants(reading)]
    variants = [read_variant(one, reading, theirs.price) for one, theirs in of_variants]
    priced = [(theirs.price, theirs) for _, theirs in of_variants if theirs.price is not None]
    if priced:
        _, prices = min(priced, key=lambda each: each[0])
    if any(one.availability for one in variants):
        availability = best_availability(one.availability for one in variants)
    others = prices._asdict() | numbers_with({name: found.get(name, "") for name in NUMBERS}, variants)
    others["variants"] = differing(variants) if len(variants) > 1 else ()
    return found | others | {"availability": availability}


def numbers_with(own: dict[str, str], variants: Sequence[Variant]) -> dict[str, str]:
    """The product's own; those of its only variant are its own, too, and those of one among several are not."""
    found = dict(own)
    for name, number in own.items() if variants else ():
        theirs = [getattr(one, name) for one in variants]
        found[name] = number or theirs[0] if len(theirs) == 1 else "" if number in theirs else number
    return found


def read_number(reading: Reading, field: str) -> str:
    """A SKU, GTIN or MPN as the shop has it; what a spreadsheet has spoiled is left out and told of."""
    for column in reading.columns.fields.get(field, ()):
        try:
            found = identifier_text(reading.cells.get(column), column)
        except RowInvalid as error:
            reading.warnings.append(error)
            continue
        if found and field == "gtin" and gtin_invalid(found):
            reading.warnings.append(
                GtinInvalid(f'The GTIN "{brief(found)}" is not valid: its last digit or length is wrong.')
            )
        if found:
            return found
    return ""


def differing(variants: Sequence[Variant]) -> tuple[Variant, ...]:
    """The variants with the options in which they differ."""
    values: dict[str, set[str]] = {}
    for one in variants:
        for name, value in one.options.items():
            values.setdefault(name, set()).add(value)
    return tuple(
        replace(one, options={name: value for name, value in one.options.items() if len(values[name]) > 1})
        for one in variants
    )


def read_prices(reading: Reading, now: datetime | None = None) -> Prices:
    """What a shopper pays now, and what else the row says of it."""
    fields = reading.columns.fields
    named = reading.first("currency") if "currency" in fields else ""
    regular, currency = read_price(reading, "price", named) if "price" in fields else NO_PRICE
    listed, _ = read_price(reading, "list_price", named) if "list_price" in fields else NO_PRICE
    sale, of_sale = read_price(reading, "sale_price", named) if "sale_price" in fields else NO_PRICE
    if regular is not None and listed is sale is None and not reading.columns.dated:
        return Prices(regular, currency, None, None, "")
    dates, known = read_dates(reading)
    currency = currency or of_sale
    price = regular
    if sale is not None and (regular is None or sale < regular) and known and lasts(dates, now or datetime.now(UTC)):
        price, listed = sale, regular if regular is not None else listed
    if price is None:
        _, currency = told_price(reading, None, "", named)
    if listed is not None and price is not None and listed <= price:
        listed = None
    # A sale at the regular price changes nothing when it ends.
    return Prices(price, currency, listed, sale, dates if sale is not None and sale != regular else "")


def price_fields(prices: Prices) -> dict[str, Any]:
    """As `_asdict`, in half the time."""
    return dict(zip(Prices._fields, prices, strict=True))


def read_price(reading: Reading, field: str, named: str) -> tuple[float | None, str]:
    """The first of the field's columns that has a price; one that cannot be read is told of. named: the currency that
    the row names.
    """
    for column in reading.columns.fields.get(field, ()):
        value = reading.cells.get(column)
        if value is None or value == "":
            continue
        if not isinstance(value, str) and isinstance(value, Mapping) and LEFT_OUT not in value:
            within = inside(value, reading)
            price, currency = read_price(within, "price", within.first("currency"))
        else:
            price, currency = told_price(reading, value, column, named)
        if price is not None:
            return price, currency
    return NO_PRICE


def told_price(reading: Reading, value: Any, column: str, named: str) -> tuple[float | None, str]:
    try:
        return parse_price(None if is_missing(value) else value, reading.money, column, named)
    except (RowPriceInvalid, RowPriceAmbiguous) as error:
        reading.warnings.append(error)
        return None, ""


def read_dates(reading: Reading) -> tuple[str, bool]:
    """When a sale lasts, as "START/END", and whether that can be read."""
    if not reading.columns.dated:
        return "", True
    given = reading.first("sale_dates")
    ends = [part.strip() for part in given.split("/", 1)] if given.count("/") == 1 else [given, ""]
    ends = ends if given else [reading.first("sale_starts"), reading.first("sale_ends")]
    if not any(ends):
        return "", True
    found = [parse_time(end, last) if end else None for end, last in zip(ends, (False, True), strict=True)]
    if any(end and not time for end, time in zip(ends, found, strict=True)):
        reading.unclear("sale's dates", "/".join(ends), "cannot be read, so the sale is taken to be over")
        return "", False
    return "/".join(time.isoformat() if time else "" for time in found), True


def parse_time(text: str, end_of_day: bool) -> datetime | None:
    """A time of ISO 8601, or a day as shops write it; UTC where no zone is given."""
    found: datetime | None = None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        for form in DATES:
            try:
                found = datetime.strptime(text, form)
                break
            except ValueError:
                continue
    if found is None:
        return None
    if end_of_day and found.time() == time():
        found = datetime.combine(found.date(), time(23, 59, 59), found.tzinfo)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def read_availability(reading: Reading) -> Availability:
    for given in reading.texts("availability"):
        word = given.rpartition("/")[2] if "://" in given else given
        if found := availability_of(word):
            return found
        reading.unclear("availability", given, "is not known")
    stock = reading.first("stock")
    if stock:
        try:
            return "in_stock" if float(stock.replace(",", ".")) > 0 else "out_of_stock"
        except ValueError:
            reading.unclear("stock", stock, "is not a number")
    return ""


def read_status(reading: Reading) -> Status:
    """Of several columns the worst: a product that is archived, or not published, is not for sale."""
    found: list[Status] = []
    for given in reading.texts("status"):
        if status := status_of(given):
            found.append(status)
        else:
            reading.unclear("status", given, "is not known")
    return next((status for status in WORST if status in found), "") if found else ""


def read_numbers(reading: Reading) -> dict[str, Any]:
    return {name: read_number(reading, name) for name in NUMBERS if name in reading.columns.fields}


def read_unit_price(reading: Reading) -> dict[str, Any]:
    return {"unit_price": read_price(reading, "unit_price", reading.first("currency"))[0]}


def text_part(field: str) -> Part:
    return Part((field,), lambda reading: {field: reading.first(field)}, repeats=True)


OFFER_PARTS = (
    Part((*PRICES, *SALE_DATES, "currency"), lambda reading: price_fields(read_prices(reading)), repeats=True),
    Part(("availability", "stock"), lambda reading: {"availability": read_availability(reading)}, repeats=True),
    Part(("unit_price",), read_unit_price),
    text_part("unit_measure"),
    Part(("status",), lambda reading: {"status": read_status(reading)}, repeats=True),
    text_part("google_product_category"),
    Part(NUMBERS, read_numbers),
)


# Offers and variants that are objects of their own


AMOUNTS = {"amount": "price", "value": "price", "lowPrice": "price"}


@lru_cache(maxsize=256)
def columns_of(names: tuple[str, ...]) -> Columns:
    return recognise(names, {}, partial=True)


def inside(value: Mapping[Any, Any], outer: Reading) -> Reading:
    """An object within a row, whose keys are read as a feed's columns are."""
    cells = {AMOUNTS.get(str(name), str(name)): item for name, item in value.items()}
    return outer._replace(cells=cells, columns=columns_of(tuple(cells)))


def holds_others(reading: Reading) -> bool:
    return VARIANTS in reading.cells or reading.columns.nested


def objects(reading: Reading, field: str) -> Iterator[Mapping[Any, Any]]:
    for column in reading.columns.fields.get(field, ()):
        value = reading.cells.get(column)
        for item in value if isinstance(value, list | tuple) else [value]:
            if isinstance(item, Mapping):
                yield item


def nested_offers(reading: Reading) -> Iterator[Reading]:
    """schema.org's offers."""
    return (inside(item, reading) for item in objects(reading, "offers"))


def nested_variants(reading: Reading) -> Iterator[Reading]:
    """The rows that were folded into this one, and the variants of Shopify's products.json."""
    for cells in reading.cells.get(VARIANTS) or ():
        yield reading._replace(cells=cells)
    for item in objects(reading, "variants"):
        yield inside(item, reading)


def read_variant(found: Reading, product: Reading, price: float | None) -> Variant:
    return Variant(
        options=options(found, product),
        sku=read_number(found, "sku"),
        gtin=read_number(found, "gtin"),
        mpn=read_number(found, "mpn"),
        price=price,
        availability=read_availability(found),
    )


def options(found: Reading, product: Reading) -> dict[str, str]:
    """What the variant says of itself. Shopify names options in a product's first row only, or beside the variants."""
    given: dict[str, Values] = dict(read_attributes(found.cells, found.columns))
    for name_column, value_column in found.columns.pairs:
        names = each_text(product.cells.get(name_column), name_column)
        if names and (values := each_text(found.cells.get(value_column), value_column)):
            given[attribute_name(names[0])] = values[0]
    named = product.cells.get("options")
    for place, option in enumerate(named if isinstance(named, list) else (), 1):
        value = found.cells.get(f"option{place}")
        if isinstance(option, Mapping) and value and option.get("name"):
            given[attribute_name(words(option["name"], "options"))] = words(value, "options")
    return {name: as_text(values) for name, values in given.items()}
