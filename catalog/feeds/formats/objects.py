"""Records of formats in which each may have columns of its own (JSON, XML) -> records with what their columns mean."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from itertools import islice

from catalog.errors import FeedColumnsInvalid, FeedDamaged, RowInvalid
from catalog.feeds.columns import Columns, read_mapping, recognise
from catalog.feeds.rows import MISSING, SURPLUS, UNREAD, Record
from catalog.feeds.systems import OTHER

MARKS = frozenset((UNREAD, SURPLUS, MISSING))
SAMPLE = 100


def with_columns(
    records: Callable[[], Iterator[Record]], mapping: Mapping[str, str]
) -> Iterator[tuple[Record, Columns]]:
    """What all lack is asked of the first hundred. Raises FeedColumnsInvalid, and whatever `records` does."""
    likely = check_columns(records(), mapping)

    @lru_cache(maxsize=2048)
    def columns_of(names: tuple[str, ...]) -> Columns:
        return recognise(names, mapping, partial=True, likely=likely)

    for record in records():
        try:
            yield record, columns_of(tuple(record.cells))
        except FeedColumnsInvalid as error:
            yield record._replace(error=RowInvalid(error.message)), Columns()


def check_columns(records: Iterator[Record], mapping: Mapping[str, str]) -> str:
    """The system that the first rows come from. Raises FeedColumnsInvalid when none of them has an id, or a column that
    the mapping names.

    Of dead letters, which may have come back for want of an id, only the latter is asked.
    """
    names: dict[str, None] = {}
    returned = True
    with suppress(FeedDamaged):  # which is told where it is reached
        for record in islice(records, SAMPLE):
            if not MARKS & record.cells.keys():
                names.update(dict.fromkeys(record.cells))
                returned &= record.returned
    if names and returned:
        read_mapping(list(names), mapping)
    elif names:
        return recognise(list(names), mapping).system
    return OTHER
