"""The one place where products come into an index or a folder, each looked at once.

a product -> what contradicts itself in it -> stored -> what it doubles among all that is stored
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from typing import Protocol, Self

from catalog.errors import RecordDamaged
from catalog.index.exports import ParquetFolder
from catalog.index.product_index import ProductIndex
from catalog.product import Offer, StoredProduct, StoredVersion
from catalog.quality.arrivals.doubles import Doubles
from catalog.quality.arrivals.statistics import NAME as WORDS
from catalog.quality.audit import History
from catalog.quality.audit.history import NAME as AUDITS
from catalog.quality.conflicts import codes_of, conflicts, examined
from catalog.storage.database import State

Accept = Callable[[StoredProduct], StoredProduct]


class Sink(Protocol):
    """Where products are stored: a `ProductIndex`, a folder of Parquet files for one to load, or a way into these."""

    @property
    def identity(self) -> str: ...
    def hashes(self, ids: Sequence[str]) -> Sequence[StoredVersion | None]: ...
    def get(self, ids: Sequence[str]) -> Sequence[StoredProduct | None]: ...
    def count(self) -> int: ...
    def upsert(self, products: Sequence[StoredProduct]) -> Sequence[StoredProduct]: ...
    def update_offers(self, offers: Sequence[Offer]) -> int: ...
    def flush(self) -> None: ...


class Examined:
    """A sink in which every product is noted what contradicts itself in it. A product that was held and no longer has a
    cause is accepted as the model had it. accept: what else may keep such a one from being accepted.
    """

    def __init__(self, kept: Sink, accept: Accept = lambda stored: stored) -> None:
        self.identity, self.hashes, self.get, self.count = kept.identity, kept.hashes, kept.get, kept.count
        self._kept, self._accept = kept, accept

    def upsert(self, products: Sequence[StoredProduct]) -> list[StoredProduct]:
        """Insert or replace. -> the products as they are stored; see `ProductIndex.upsert` for what it raises."""
        return list(self._kept.upsert([self._settled(examined(stored)) for stored in products]))

    def update_offers(self, offers: Sequence[Offer]) -> int:
        """As of a `ProductIndex`."""
        noted = [offer._replace(contradictions=codes_of(conflicts(offer.product, None))) for offer in offers]
        return self._kept.update_offers(noted)

    def flush(self) -> None:
        self._kept.flush()

    def _settled(self, stored: StoredProduct) -> StoredProduct:
        """Held, if it has a cause, or as the model has it; the same object if it is so."""
        if stored.first_causes:
            return stored.held()
        free = stored.released()
        return stored if free is stored else self._accept(free)


class Arrivals(Examined):
    """The same for an index, with the doubles. Not for several threads at once."""

    def __init__(self, index: ProductIndex, doubles: Doubles, accept: Accept = lambda stored: stored) -> None:
        super().__init__(index, accept)
        self._index, self._doubles = index, doubles
        self.ids, self.claim = index.ids, index.claim

    @classmethod
    def beside(cls, index: ProductIndex, state: State) -> Self:
        """state: of the index, with what people said of doubles."""

        def told_apart(ids: Sequence[str]) -> Collection[frozenset[str]]:
            if not state.has(AUDITS):
                return ()
            with closing(History(state.place(AUDITS))) as history:
                return history.told_apart(ids)

        return cls(index, Doubles(index, state.folder / WORDS, told_apart))

    def upsert(self, products: Sequence[StoredProduct]) -> list[StoredProduct]:
        known = self._doubles.stored([stored.id for stored in products])
        kept = super().upsert(products)
        changed = self._note(self._doubles.renoted(kept, known))
        return [changed.get(stored.id, stored) for stored in kept]

    def update_offers(self, offers: Sequence[Offer]) -> int:
        ids = list(dict.fromkeys(offer.product.id for offer in offers))
        before = {stored.id: stored for stored in self._readable(ids)}
        count = super().update_offers(offers)
        after = [stored for stored in self._readable(ids) if stored.id in before]
        doubled = {double.other for one in self._index.doubled_by(ids) for double in one.doubles}
        again = [one for one in after if one.doubles or one.id in doubled or _facts(one) != _facts(before[one.id])]
        self._note(self._doubles.renoted(again, [one.id for one in again]), after)
        return count

    def delete(self, ids: Sequence[str]) -> int:
        """See `ProductIndex.delete`."""
        self._note(self._doubles.without(ids))
        return self._index.delete(ids)

    def erase(self, ids: Sequence[str]) -> int:
        """See `ProductIndex.erase`."""
        count = self.delete(ids)
        self.forget()
        self._index.erase(ids)
        return count

    def forget(self) -> None:
        """Leave nothing of what any product says beside the index."""
        self._doubles.forget()

    def look_again(self, ids: Sequence[str]) -> None:
        """After a person has said something else of what these double."""
        self._note(self._doubles.renoted(self._readable(ids), ids))

    def flush(self) -> None:
        super().flush()
        self._doubles.save()

    def _note(self, changed: Sequence[StoredProduct], others: Sequence[StoredProduct] = ()) -> dict[str, StoredProduct]:
        """Store what has changed in its doubles, and what of the others is not held as its causes have it. -> by id."""
        noted = {one.id: self._settled(one) for one in changed}
        for one in others:
            if one.id not in noted and (settled := self._settled(one)) is not one:
                noted[one.id] = settled
        self._index.amend(list(noted.values()))
        return noted

    def _readable(self, ids: Sequence[str]) -> list[StoredProduct]:
        """Those that are stored, without what is damaged."""
        try:
            return [one for one in self._index.get(ids) if one]
        except RecordDamaged:
            return [one for id in ids for one in self._readable([id])] if len(ids) > 1 else []


def way_into(kept: Sink, state: State) -> Sink:
    """What looks at each product on its way into an index or a folder; what looks at them already stays. state: as of
    `Arrivals.beside`.
    """
    if isinstance(kept, ProductIndex):
        return Arrivals.beside(kept, state)
    return Examined(kept) if isinstance(kept, ParquetFolder) else kept


def _facts(stored: StoredProduct) -> tuple[object, ...]:
    """What an offer may change that tells products apart, but for the price."""
    product = stored.product
    return product.brand, product.identifiers, product.attributes
