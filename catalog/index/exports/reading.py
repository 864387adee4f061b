"""Exports brought back into an index."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from catalog.errors import FeedDamaged, FeedEmpty, FeedFormatUnsupported, FileNotReadable, IndexOfOtherModel
from catalog.index.backend import IndexModel
from catalog.index.exports.rows import from_row
from catalog.product import StoredProduct

LINES, SHEET = ".jsonl", ".csv"
TOGETHER = 256


class Loaded(Protocol):
    """What an export is brought into: a `ProductIndex`, or the way into one."""

    def claim(self, model: IndexModel) -> None: ...
    def upsert(self, products: Sequence[StoredProduct]) -> object: ...
    def flush(self) -> None: ...


def load(path: Path, index: Loaded, progress: Callable[[int], None] = lambda rows: None) -> None:
    """Bring an export in Parquet or JSON Lines, or a folder of the former, into an index. Raises FeedDamaged or
    FileNotReadable, or IndexOfOtherModel before anything is stored.
    """
    versions = models(path)
    if len(versions) > 1:
        raise IndexOfOtherModel(
            f"The export holds products of {len(versions)} models. Embeddings of different models cannot be compared."
        )
    for version in versions:
        index.claim(IndexModel(version))
    for products in read(path):
        index.upsert(products)
        progress(len(products))
    index.flush()


def read(path: Path) -> Iterator[list[StoredProduct]]:
    """Raises FeedDamaged, FeedFormatUnsupported or FileNotReadable."""
    if holds_lines(path):
        yield from read_json_lines(path)
        return
    for file in parquet_files(path):
        yield from read_parquet(file)


def holds_lines(path: Path) -> bool:
    """Whether it is JSON Lines, by the suffix. Raises FeedFormatUnsupported for a sheet."""
    if path.suffix.lower() == SHEET:
        raise FeedFormatUnsupported("A CSV export cannot be loaded. Export to .parquet or .jsonl.")
    return path.suffix.lower() == LINES


def width(path: Path) -> int:
    """The length of the embeddings of an export, or a folder of them. Raises FeedEmpty, and what `read` does."""
    for products in read(path):
        return len(products[0].understanding.embedding)
    raise FeedEmpty


def models(path: Path) -> dict[str, int]:
    """How many products of an export, or a folder of them, each model's version has understood."""
    found: Counter[str] = Counter()
    if holds_lines(path):
        for number, row in _json_rows(path):
            if not isinstance(row.get("model"), str):
                raise _damaged(path, number)
            found[row["model"]] += 1
    else:
        for file in parquet_files(path):
            found.update(_parquet_models(file))
    return dict(found)


def _parquet_models(path: Path) -> Counter[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    found: Counter[str] = Counter()
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(columns=["model"]):
                found.update(batch["model"].to_pylist())
    except (pa.ArrowException, OSError, KeyError):
        raise _damaged(path) from None
    return found


def parquet_files(path: Path) -> list[Path]:
    """Oldest first, so that what was written of a product last counts."""
    if not path.is_dir():
        return [path]
    return sorted(path.glob("*.parquet"), key=lambda file: (file.stat().st_mtime_ns, file.name))


def read_parquet(path: Path) -> Iterator[list[StoredProduct]]:
    """Raises FeedDamaged when the file is not such an export, or cut short."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            columns = file.schema_arrow.names
            if "hashes" in columns and "embedding" not in columns:
                raise _without_embeddings(path)
            for batch in file.iter_batches(TOGETHER):
                yield [from_row(row) for row in batch.to_pylist()]
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError):
        raise _damaged(path) from None


def read_json_lines(path: Path) -> Iterator[list[StoredProduct]]:
    """Raises FeedDamaged for a line that is none of such an export, FileNotReadable."""
    some = list[StoredProduct]()
    for number, row in _json_rows(path):
        if "hashes" in row and "embedding" not in row:
            raise _without_embeddings(path)
        try:
            some.append(from_row(row))
        except (AttributeError, KeyError, TypeError, ValueError):
            raise _damaged(path, number) from None
        if len(some) == TOGETHER:
            yield some
            some = []
    if some:
        yield some


def _json_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each row with the number of its line."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    row = json.loads(line)
                except (ValueError, RecursionError):
                    raise _damaged(path, number) from None
                if not isinstance(row, dict):
                    raise _damaged(path, number)
                yield number, row
    except OSError:
        raise FileNotReadable(f"{path.name} cannot be read.") from None


def _damaged(path: Path, line: int = 0) -> FeedDamaged:
    if line:
        return FeedDamaged(f"Line {line:,} of {path.name} is not one of a JSON Lines export of Shelflens.")
    return FeedDamaged(f"{path.name} is not a Parquet export of Shelflens, or is damaged.")


def _without_embeddings(path: Path) -> FeedDamaged:
    return FeedDamaged(f"{path.name} was exported without embeddings, so no index can be made of it.")
