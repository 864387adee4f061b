"""Products written to a file, or to whatever is sent on while it is written."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, Protocol, Self, cast, get_args

from catalog.errors import FeedFormatUnsupported
from catalog.index.exports.rows import schema, to_row
from catalog.product import PRODUCT_FIELDS, StoredProduct
from catalog.storage.files import written_whole

if TYPE_CHECKING:
    pass

Format = Literal["parquet", "jsonl", "csv"]
Batches = Iterable[Sequence[StoredProduct]]
Extra = Mapping[str, Callable[[StoredProduct], str]]
NOTHING: Extra = {}
# Of one row group: enough for its columns to compress well, some megabytes in memory.
GROUP_ROWS = 4096
# A sheet would run a cell that starts like this (OWASP, "CSV Injection").
FORMULA = ("=", "+", "-", "@", "\t", "\r")
SHEET = (
    *(name for name in PRODUCT_FIELDS if name != "attributes"),
    "category_id", "category", "category_score", "decision", "tags", "attributes", "images", "model", "embedding",
)  # fmt: skip


class Writer(Protocol):
    """Writes products to a sink, in a `with` statement: at its end comes what closes the file."""

    def write(self, products: Sequence[StoredProduct]) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...


def export(batches: Batches, path: Path, embeddings: bool = True, extra: Extra = NOTHING) -> None:
    """Write products as the suffix says: .parquet, .csv or .jsonl. The file appears whole or not at all.

    embeddings: whether to write them, too; `load` needs them. extra: columns of text that are written besides, or in
    place of those of the same name.

    Raises FeedFormatUnsupported for another suffix, DiskFull or FileNotWritable.
    """
    form = format_of(path)
    with written_whole(path) as temporary, temporary.open("wb") as file, writer(form, file, embeddings, extra) as out:
        for products in batches:
            out.write(products)


def format_of(path: Path) -> Format:
    """By the suffix. Raises FeedFormatUnsupported."""
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in get_args(Format):
        raise FeedFormatUnsupported("An export ends in .parquet, .csv or .jsonl.")
    return cast(Format, suffix)


def with_embeddings(form: Format) -> bool:
    """Whether an export of this format holds the embeddings unless it is told otherwise: a sheet cannot show them."""
    return form != "csv"


def writer(form: Format, sink: IO[bytes], embeddings: bool = True, extra: Extra = NOTHING) -> Writer:
    """sink: stays open."""
    writers: dict[Format, Callable[[IO[bytes], bool, Extra], Writer]] = {
        "parquet": ParquetWriter,
        "jsonl": JsonLinesWriter,
        "csv": SheetWriter,
    }
    return writers[form](sink, embeddings, extra)


class ParquetWriter:
    def __init__(self, sink: IO[bytes], embeddings: bool, extra: Extra) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = schema(embeddings)
        for name in extra.keys() - set(columns.names):
            columns = columns.append(pa.field(name, pa.string()))
        self._columns, self._extra = columns, extra
        self._waiting = list[pa.Table]()
        self._file = pq.ParquetWriter(sink, columns, compression="zstd")

    def write(self, products: Sequence[StoredProduct]) -> None:
        import pyarrow as pa

        rows = [to_row(stored) | _extra(stored, self._extra) for stored in products]
        self._waiting.append(pa.Table.from_pylist(rows, self._columns))
        if sum(table.num_rows for table in self._waiting) >= GROUP_ROWS:
            self._write_group()

    def _write_group(self) -> None:
        import pyarrow as pa

        group = pa.concat_tables(self._waiting)
        self._waiting.clear()
        self._file.write_table(group, row_group_size=group.num_rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object = None, *_: object) -> None:
        if self._waiting and kind is None:
            self._write_group()
        self._file.close()


class JsonLinesWriter:
    def __init__(self, sink: IO[bytes], embeddings: bool, extra: Extra) -> None:
        self._sink, self._extra = sink, extra
        self._names = list(dict.fromkeys((*schema(embeddings).names, *extra)))

    def write(self, products: Sequence[StoredProduct]) -> None:
        rows = (to_row(stored) | _extra(stored, self._extra) for stored in products)
        lines = (json.dumps({name: row[name] for name in self._names}, ensure_ascii=False) + "\n" for row in rows)
        self._sink.write("".join(lines).encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Each line is whole."""


class SheetWriter:
    def __init__(self, sink: IO[bytes], embeddings: bool, extra: Extra) -> None:
        self._sink, self._extra = sink, extra
        names = list(dict.fromkeys((*(name for name in SHEET if embeddings or name != "embedding"), *extra)))
        self._text = io.StringIO(newline="")
        self._rows = csv.DictWriter(self._text, names, extrasaction="ignore")
        self._rows.writeheader()

    def write(self, products: Sequence[StoredProduct]) -> None:
        for stored in products:
            row = _sheet_row(stored) | _extra(stored, self._extra)
            self._rows.writerow({name: _cell(name, value) for name, value in row.items()})
        self._send()

    def _send(self) -> None:
        self._sink.write(self._text.getvalue().encode())
        self._text.seek(0)
        self._text.truncate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._send()


def _extra(stored: StoredProduct, extra: Extra) -> dict[str, str]:
    return {name: of(stored) for name, of in extra.items()}


def _sheet_row(stored: StoredProduct) -> dict[str, Any]:
    """Lists as one cell each; `attributes` with the merchant's own."""
    row, understanding = to_row(stored), stored.understanding
    category = understanding.category
    return {name: row[name] for name in SHEET if name in row} | {
        "category_id": category.id if category else "",
        "category": " > ".join(understanding.path),
        "category_score": round(category.score, 4) if category else "",
        "tags": ", ".join(tag.name for tag in understanding.tags),
        "attributes": ", ".join(f"{name}: {found.name}" for name, found in stored.attributes.items()),
        "images": ",".join(stored.image_refs),
        "embedding": " ".join(f"{number:.6g}" for number in understanding.embedding),
    }


def _cell(name: str, value: Any) -> Any:
    """Text that a sheet would run is made plain text by an apostrophe. Numbers are ours, so they stay as they are."""
    if name == "embedding" or not isinstance(value, str):
        return value
    return "'" + value if value.startswith(FORMULA) else value
