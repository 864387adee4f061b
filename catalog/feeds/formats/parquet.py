"""Parquet -> records, some rows at a time. Lists, structures and images as bytes come as they are."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from catalog.errors import CatalogError, FeedDamaged, FeedEmpty
from catalog.feeds.columns import Columns, recognise
from catalog.feeds.rows import Record

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

ROWS = 32  # at a time, so that images in the feed do not fill the memory
BUFFER = 1024 * 1024


def read_parquet(open_bytes: Callable[[], BinaryIO], mapping: Mapping[str, str]) -> Iterator[tuple[Record, Columns]]:
    """Raises FeedEmpty, FeedColumnsInvalid, FeedDamaged; the last also in the course of reading."""
    with open_bytes() as stream:
        names, records = open_parquet(stream)
        columns = recognise(names, mapping)
        for record in records:
            yield record, columns


def open_parquet(stream: BinaryIO) -> tuple[Sequence[str], Iterator[Record]]:
    """-> the columns' names, and the records, whatever the columns mean. Raises FeedEmpty and FeedDamaged."""
    file = opened(stream)
    if not file.metadata.num_rows:
        raise FeedEmpty
    return file.schema_arrow.names, read_records(file)


def read_records(file: "pq.ParquetFile") -> Iterator[Record]:
    """Raises FeedDamaged."""
    number = 0
    with file:
        batches = file.iter_batches(ROWS, use_threads=False)
        while True:
            try:
                batch = next(batches, None)
                rows = to_rows(batch) if batch is not None else None
            except (MemoryError, CatalogError):
                raise
            except Exception:
                raise FeedDamaged(f"The Parquet file is corrupt: no row can be read after row {number:,}.") from None
            if rows is None:
                return
            for cells in rows:
                number += 1
                yield Record(number, cells)


def count_rows(open_bytes: Callable[[], BinaryIO]) -> int:
    """Raises FeedDamaged."""
    with open_bytes() as stream, opened(stream) as file:
        return int(file.metadata.num_rows)


def opened(stream: BinaryIO) -> "pq.ParquetFile":
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(stream, buffer_size=BUFFER, pre_buffer=False)
        _ = file.schema_arrow
    except MemoryError:
        raise
    except Exception:
        raise FeedDamaged("The Parquet file is corrupt or truncated.") from None
    return file


def to_rows(batch: "pa.RecordBatch") -> list[dict[str, Any]]:
    names = batch.schema.names
    cells = [values(column) for column in batch.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]


def values(column: "pa.Array") -> list[Any]:
    """As Python has them; what Python has no type for (a time in nanoseconds, say) as text, or as nothing."""
    import pyarrow as pa

    try:
        return list(column.to_pylist())
    except (ValueError, OverflowError, UnicodeDecodeError):
        pass
    try:
        return list(column.cast(pa.binary() if pa.types.is_string(column.type) else pa.string()).to_pylist())
    except pa.ArrowException:
        return [None] * len(column)
