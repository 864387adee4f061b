"""A feed that replaces the index: what it no longer has is taken out, once all of it has been read and stored."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from catalog.errors import ReplaceRefused, RowIdMissing, RowRagged
from catalog.feeds import BadRow, Row

AT_ONCE = 256


class Replaced(Protocol):
    """What a feed replaces: a `ProductIndex`, or the store of the service."""

    def count(self) -> int: ...
    def ids(self) -> Iterable[Sequence[str]]:
        """Of all products, page by page."""
        ...

    def delete(self, ids: Sequence[str]) -> object: ...


@dataclass(frozen=True)
class Gone:
    """ids: of stored products that a feed no longer has; share: of the products that were stored before the feed."""

    ids: tuple[str, ...]
    share: float

    def check(self, max_share: float) -> None:
        """Raises ReplaceRefused."""
        if self.share > max_share:
            raise ReplaceRefused(
                f"The feed no longer has {len(self.ids):,} products, {self.share:.0%} of those that were stored; the"
                f" limit is {max_share:.0%}. None was taken out."
            )

    def take_out(self, index: Replaced) -> Iterator[int]:
        """Tells after each step how many are out. What is left of it can be done another time."""
        for start in range(0, len(self.ids), AT_ONCE):
            index.delete(self.ids[start : start + AT_ONCE])
            yield min(start + AT_ONCE, len(self.ids))


def find_gone(feed: Iterable[Row | BadRow], index: Replaced, added: int) -> Gone:
    """Of a feed that was ingested, which added so many. A product whose row failed is not gone.

    Raises ReplaceRefused for a feed that may have been cut, or of which not every id is known, and what the feed does.
    """
    named = ids_of(feed)
    gone = [id for page in index.ids() for id in page if id not in named]
    return Gone(tuple(gone), len(gone) / max(index.count() - added, len(gone), 1))


def ids_of(feed: Iterable[Row | BadRow]) -> set[str]:
    """Raises ReplaceRefused."""
    named, unknown = set[str](), 0
    row: Row | BadRow | None = None
    for row in feed:
        named.add(row.id)
        unknown += isinstance(row, BadRow) and not row.id and not isinstance(row.error, RowIdMissing)
    if isinstance(row, BadRow) and isinstance(row.error, RowRagged):
        raise ReplaceRefused(
            "The feed's last row is not whole, so the feed may have been cut. No product was taken out."
        )
    if unknown:
        raise ReplaceRefused(
            f"The ids of {unknown:,} rows cannot be read, so it is not known whether their products are gone. None was"
            " taken out."
        )
    return named
