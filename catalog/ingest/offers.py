"""Rows that have a part of the offer alone, such as an id and a price: merged into the products that are stored."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from catalog.errors import ProductNotFound, RecordDamaged
from catalog.feeds import Row
from catalog.ingest.load import Result
from catalog.product import Offer, Product, StoredProduct, content_hashes

NOT_STORED = "The row has no title, description or image, and no product of this id is stored whose offer it could be."


class Stored(Protocol):
    def get(self, ids: Sequence[str]) -> Sequence[StoredProduct | None]:
        """Raises RecordDamaged."""
        ...


def merged(results: Sequence[Result], index: Stored) -> tuple[list[Result], list[Offer]]:
    """The results with what such rows come to, and the new offers of all rows."""
    ids = [item.row.id for item in results if is_partial(item)]
    known = dict(zip(ids, stored_products(index, ids), strict=True)) if ids else {}
    told, offers = list[Result](), list[Offer]()
    for item in results:
        offer = new_offer(item, known.get(item.row.id))
        stored = known.get(item.row.id)
        if is_partial(item) and stored is None:
            item = Result(item.row, "failed", error=ProductNotFound(NOT_STORED))
        elif is_partial(item) and stored and offer and offer.hashes == stored.hashes:
            item = replace(item, outcome="unchanged")
        elif offer:
            offers.append(offer)
        told.append(item)
    return told, offers


def is_partial(item: Result) -> bool:
    return isinstance(item.row, Row) and item.row.offer_fields is not None and item.outcome == "offer_updated"


def new_offer(item: Result, stored: StoredProduct | None) -> Offer | None:
    if item.outcome != "offer_updated" or not isinstance(item.row, Row):
        return None
    if item.row.offer_fields is None:
        return Offer(item.row.product, item.hashes, item.references) if item.hashes else None
    if stored is None:
        return None
    product = with_fields(stored.product, item.row.product, item.row.offer_fields)
    hashes = content_hashes(product, (), stored.image_refs)
    kept = hashes._replace(text=stored.hashes.text, images=stored.hashes.images)
    return Offer(product, kept, stored.image_refs)


def with_fields(before: Product, given: Product, names: frozenset[str]) -> Product:
    """Of the attributes, those that are not given stay."""
    fields: dict[str, Any] = {name: getattr(given, name) for name in names}
    if "attributes" in fields:
        fields["attributes"] = {**before.attributes, **given.attributes}
    return replace(before, **fields)


def stored_products(index: Stored, ids: Sequence[str]) -> Sequence[StoredProduct | None]:
    """None also for one that is damaged."""
    try:
        return index.get(ids)
    except RecordDamaged:
        return [stored_products(index, [id])[0] for id in ids] if len(ids) > 1 else [None]
