"""The understood catalogue as a file for others: Parquet and JSONL with everything, CSV with what a sheet can show.

Parquet files hold all that an index does, so `load` brings them into another one.
"""

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

import numpy as np

from catalog.errors import FeedDamaged, FeedEmpty, FeedFormatUnsupported, IndexOfOtherModel
from catalog.index.backend import IndexModel
from catalog.index.records import sides_fields, sides_of
from catalog.product import (
    NUMBERS,
    PRODUCT_FIELDS,
    CategoryScore,
    ContentHashes,
    ImageMeasures,
    Offer,
    Scored,
    StoredProduct,
    Understanding,
    each_value,
    from_fields,
    product_fields,
)
from catalog.storage.files import written_whole

if TYPE_CHECKING:
    import pyarrow as pa

Batches = Iterable[Sequence[StoredProduct]]
Extra = Mapping[str, Callable[[StoredProduct], str]]
NOTHING: Extra = {}
# A sheet would run a cell that starts like this (OWASP, "CSV Injection").
FORMULA = ("=", "+", "-", "@", "\t", "\r")
SHEET = (
    *(name for name in PRODUCT_FIELDS if name != "attributes"),
    "category_id", "category", "category_score", "decision", "tags", "attributes", "images", "model", "embedding",
)  # fmt: skip


def export(batches: Batches, path: Path, embeddings: bool = True, extra: Extra = NOTHING) -> None:
    """Write products as the suffix says: .parquet, .csv or .jsonl. The file appears whole or not at all.

    embeddings: whether to write them, too; `load` needs them. extra: columns of text that are written besides, or in
    place of those of the same name.

    Raises FeedFormatUnsupported for another suffix, DiskFull, FileNotReadable when the place cannot be written.
    """
    write = writer(path)
    with written_whole(path) as temporary:
        write(batches, temporary, embeddings, extra)


def with_embeddings(path: Path) -> bool:
    """Whether an export of this suffix holds the embeddings unless it is told otherwise: a sheet cannot show them."""
    return path.suffix.lower() != ".csv"


def writer(path: Path) -> Callable[[Batches, Path, bool, Extra], None]:
    """What writes a file of this suffix. Raises FeedFormatUnsupported."""
    writers = {".parquet": write_parquet, ".csv": _write_csv, ".jsonl": _write_jsonl}
    if path.suffix.lower() not in writers:
        raise FeedFormatUnsupported("An export ends in .parquet, .csv or .jsonl.")
    return writers[path.suffix.lower()]


def width(path: Path) -> int:
    """The length of the embeddings of a Parquet export, or a folder of them. Raises FeedEmpty and FeedDamaged."""
    for file in parquet_files(path):
        for products in read_parquet(file):
            return len(products[0].understanding.embedding)
    raise FeedEmpty


def models(path: Path) -> dict[str, int]:
    """How many products of a Parquet export, or a folder of them, each model's version has understood."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    found: Counter[str] = Counter()
    for file in parquet_files(path):
        try:
            found.update(pq.read_table(file, columns=["model"])["model"].to_pylist())
        except (pa.ArrowException, OSError, KeyError):
            raise _damaged(file) from None
    return dict(found)


class Loaded(Protocol):
    """What an export is brought into: a `ProductIndex`, or the way into one."""

    def claim(self, model: IndexModel) -> None: ...
    def upsert(self, products: Sequence[StoredProduct]) -> object: ...
    def flush(self) -> None: ...


def load(path: Path, index: Loaded, progress: Callable[[int], None] = lambda rows: None) -> None:
    """Bring a Parquet export, or a folder of them, into an index. Raises FeedDamaged, or IndexOfOtherModel before
    anything is stored.
    """
    versions = models(path)
    if len(versions) > 1:
        raise IndexOfOtherModel(
            f"The export holds products of {len(versions)} models. Embeddings of different models cannot be compared."
        )
    for version in versions:
        index.claim(IndexModel(version))
    for file in parquet_files(path):
        for products in read_parquet(file):
            index.upsert(products)
            progress(len(products))
    index.flush()


def parquet_files(path: Path) -> list[Path]:
    """Oldest first, so that what was written of a product last counts."""
    if not path.is_dir():
        return [path]
    return sorted(path.glob("*.parquet"), key=lambda file: (file.stat().st_mtime_ns, file.name))


class ParquetFolder:
    """Where an ingest can store instead of an index: one Parquet file for each chunk.

    A chunk is named after its products' ids, so one that a resumed run repeats replaces itself.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        marker = folder / "identity"
        if not marker.exists():
            with written_whole(marker) as temporary:
                temporary.write_text(uuid4().hex)
        self.identity = marker.read_text()

    def hashes(self, ids: Sequence[str]) -> list[None]:
        """Files do not know what is stored, so every row is understood."""
        return [None] * len(ids)

    def get(self, ids: Sequence[str]) -> list[None]:
        return [None] * len(ids)

    def claim(self, model: IndexModel) -> None:
        """As of a `ProductIndex`. Raises IndexOfOtherModel."""
        if versions := models(self.folder).keys() - {model.version}:
            raise IndexOfOtherModel(
                f"The folder holds products of the model {', '.join(versions)}, not of {model.version}. Use a new one."
            )

    def count(self) -> int:
        import pyarrow.parquet as pq

        return sum(pq.read_metadata(file).num_rows for file in parquet_files(self.folder))

    def upsert(self, products: Sequence[StoredProduct]) -> Sequence[StoredProduct]:
        if products:
            name = hashlib.sha256("\n".join(stored.id for stored in products).encode("utf-8", "replace")).hexdigest()
            export([products], self.folder / f"part-{name[:16]}.parquet")
        return products

    def update_offers(self, offers: Sequence[Offer]) -> int:
        assert not offers, "no row is only a new offer where none is known"
        return 0

    def flush(self) -> None:
        """Every file is whole as soon as it has its name."""


def write_parquet(batches: Batches, path: Path, embeddings: bool = True, extra: Extra = NOTHING) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = schema(embeddings)
    for name in extra.keys() - set(columns.names):
        columns = columns.append(pa.field(name, pa.string()))
    with pq.ParquetWriter(path, columns, compression="zstd") as writer:
        for products in batches:
            rows = [to_row(stored) | _extra(stored, extra) for stored in products]
            writer.write_table(pa.Table.from_pylist(rows, columns))


def _extra(stored: StoredProduct, extra: Extra) -> dict[str, str]:
    return {name: of(stored) for name, of in extra.items()}


def read_parquet(path: Path) -> Iterator[list[StoredProduct]]:
    """Raises FeedDamaged when the file is not such an export, or cut short."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            columns = file.schema_arrow.names
            if "hashes" in columns and "embedding" not in columns:
                raise FeedDamaged(f"{path.name} was exported without embeddings, so no index can be made of it.")
            for batch in file.iter_batches(256):
                yield [from_row(row) for row in batch.to_pylist()]
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError):
        raise _damaged(path) from None


def _damaged(path: Path) -> FeedDamaged:
    return FeedDamaged(f"{path.name} is not a Parquet export of Shelflens, or is damaged.")


def schema(embeddings: bool = True) -> "pa.Schema":
    import pyarrow as pa

    category = {
        "id": pa.string(),
        "path": pa.list_(pa.string()),
        "path_scores": pa.list_(pa.float64()),
        "path_ids": pa.list_(pa.string()),
    }
    scored = pa.struct({"name": pa.string(), "score": pa.float64()})
    attribute = pa.struct({"name": pa.string(), "value": pa.string(), "score": pa.float64()})
    texts = [name for name in PRODUCT_FIELDS if name not in (*NUMBERS, "attributes", "variants")]
    return pa.schema(
        {
            **{name: pa.string() for name in texts},
            **{name: pa.float64() for name in NUMBERS},
            "variants": pa.string(),  # JSON
            "given_attributes": pa.list_(pa.struct({"name": pa.string(), "value": pa.string()})),
            "images": pa.list_(pa.string()),
            "category": pa.struct(category),
            "alternatives": pa.list_(pa.struct(category)),
            "tags": pa.list_(scored),
            "attributes": pa.list_(attribute),
            "decision": pa.string(),
            "modalities": pa.list_(pa.string()),
            "notes": pa.list_(pa.string()),
            "contradictions": pa.list_(pa.string()),
            "was_auto": pa.bool_(),
            "sides": pa.string(),  # JSON
            "image_measures": pa.list_(pa.list_(pa.float64())),
            "model": pa.string(),
            "hashes": pa.list_(pa.string()),
            **({"embedding": pa.list_(pa.float32())} if embeddings else {}),
        }
    )


def to_row(stored: StoredProduct) -> dict[str, Any]:
    product, understanding = stored.product, stored.understanding
    fields = product_fields(product)
    return {
        **fields,
        "variants": json.dumps(fields["variants"], ensure_ascii=False) if fields["variants"] else "",
        "given_attributes": [
            {"name": name, "value": value}
            for name, values in product.attributes.items()
            for value in each_value(values)
        ],
        "images": list(stored.image_refs),
        "category": understanding.category and _category_row(understanding.category),
        "alternatives": [_category_row(category) for category in understanding.alternatives],
        "tags": [{"name": tag.name, "score": tag.score} for tag in understanding.tags],
        "attributes": [
            {"name": name, "value": found.name, "score": found.score}
            for name, found in understanding.attributes.items()
        ],
        "decision": understanding.decision,
        "modalities": list(understanding.modalities_used),
        "notes": list(understanding.notes),
        "contradictions": list(stored.contradictions),
        "was_auto": stored.was_auto,
        "sides": json.dumps(sides_fields(understanding.sides), ensure_ascii=False) if understanding.sides else None,
        "image_measures": [list(map(float, one)) for one in understanding.image_measures],
        "model": stored.model,
        "hashes": list(stored.hashes),
        "embedding": understanding.embedding.tolist(),
    }


def from_row(row: dict[str, Any]) -> StoredProduct:
    values: dict[str, list[str]] = {}
    for pair in row["given_attributes"]:
        values.setdefault(pair["name"], []).append(pair["value"])
    given = {name: tuple(found) if len(found) > 1 else found[0] for name, found in values.items()}
    variants = json.loads(row.get("variants") or "[]")
    # Earlier releases had no product_type.
    named = {"product_type": row.get("product_type") or "", "attributes": given, "variants": variants}
    product = from_fields(row | named)
    category, alternatives = _categories(row)
    understanding = Understanding(
        id=row["id"],
        category=category,
        alternatives=alternatives,
        tags=tuple(Scored(tag["name"], tag["score"]) for tag in row["tags"]),
        attributes={found["name"]: Scored(found["value"], found["score"]) for found in row["attributes"]},
        embedding=np.asarray(row["embedding"], np.float32),
        modalities_used=tuple(row["modalities"]),
        decision=row["decision"],
        notes=tuple(row.get("notes") or ()),
        sides=sides_of(json.loads(row["sides"])) if row.get("sides") else None,
        image_measures=tuple(
            ImageMeasures(int(one[0]), int(one[1]), *one[2:]) for one in row.get("image_measures") or ()
        ),
    )
    return StoredProduct(
        product,
        understanding,
        ContentHashes(*row["hashes"]),
        row["model"],
        tuple(row["images"]),
        contradictions=tuple(row.get("contradictions") or ()),
        was_auto=bool(row.get("was_auto")),
    )


def _categories(row: dict[str, Any]) -> tuple[CategoryScore | None, tuple[CategoryScore, ...]]:
    """The category and the alternatives. Earlier releases wrote one even where the model abstained."""
    category = _category(row["category"]) if row["category"] else None
    alternatives = tuple(_category(other) for other in row["alternatives"])
    if category and row["decision"] == "abstain":
        return None, (category, *alternatives)
    return category, alternatives


def _category_row(category: CategoryScore) -> dict[str, Any]:
    return {
        "id": category.id,
        "path": list(category.path),
        "path_scores": list(category.path_scores),
        "path_ids": list(category.path_ids),
    }


def _category(row: dict[str, Any]) -> CategoryScore:
    return CategoryScore(row["id"], tuple(row["path"]), tuple(row["path_scores"]), tuple(row["path_ids"]))


def _write_jsonl(batches: Batches, path: Path, embeddings: bool, extra: Extra) -> None:
    names = list(dict.fromkeys((*schema(embeddings).names, *extra)))
    with path.open("w", encoding="utf-8") as file:
        for row in (to_row(stored) | _extra(stored, extra) for products in batches for stored in products):
            file.write(json.dumps({name: row[name] for name in names}, ensure_ascii=False) + "\n")


def _write_csv(batches: Batches, path: Path, embeddings: bool, extra: Extra) -> None:
    names = list(dict.fromkeys((*(name for name in SHEET if embeddings or name != "embedding"), *extra)))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore")
        writer.writeheader()
        for stored in (stored for products in batches for stored in products):
            row = _sheet_row(stored) | _extra(stored, extra)
            writer.writerow({name: _cell(name, value) for name, value in row.items()})


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
