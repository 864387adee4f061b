"""A table of pandas, Polars or whatever else narwhals reads, with what the model makes of each row.

from shelflens.frames import understand
understood = understand(pandas.read_csv("products.csv"))
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import narwhals as nw
from tqdm import tqdm

from catalog.errors import CatalogError, ConfigInvalid
from catalog.images import ImageReader
from catalog.product import Product, Understanding
from catalog.understand import BATCH_SIZE, Understander

Frame = TypeVar("Frame")
TEXTS = ("title", "description")
COLUMNS = ("category", "category_id", "score", "decision", "tags", "attributes", "error", "embedding")


def understand(
    frame: Frame,
    model: Understander | None = None,
    *,
    title: str | None = None,
    description: str | None = None,
    image: str | None = None,
    images: Path | str = ".",
    prefix: str = "",
    embedding: bool = False,
) -> Frame:
    """The frame with columns for what each row is.

    title, description, image: names of its columns; by default these words themselves, where it has them. A cell of
    images is a path below the folder `images`, the bytes of a file, or a list of these. model: by default the shipped
    one.

    Columns, with `prefix` before each name: category ("Apparel & Accessories > Shoes"), category_id, score, decision,
    tags (a list), attributes (JSON), error (why a row was not understood, with the code; others are unharmed) and, if
    asked for, embedding (256 numbers). What is not known is missing.

    Raises ConfigInvalid if there is nothing to read, a column is missing, or one of these names is taken.
    """
    native: Any = frame
    table = nw.from_native(native, eager_only=True)
    columns = chosen(table.columns, {"title": title, "description": description, "image": image})
    names = COLUMNS if embedding else COLUMNS[:-1]
    check_free([prefix + name for name in names], table.columns)
    model = model or Understander.load()
    reader = ImageReader(Path(images))
    cells = {field: table[column].to_list() for field, column in columns.items()}
    rows: list[dict[str, Any]] = []
    for start in tqdm(range(0, len(table), BATCH_SIZE), "understand", unit="batch", disable=len(table) <= BATCH_SIZE):
        numbers = range(start, min(start + BATCH_SIZE, len(table)))
        rows += answered(model, [product({field: cells[field][n] for field in cells}, reader) for n in numbers])
    backend = table.implementation
    added = [nw.new_series(prefix + name, [row.get(name) for row in rows], backend=backend) for name in names]
    understood: Frame = table.with_columns(*added).to_native()
    return understood


def check_free(names: Iterable[str], columns: Iterable[str]) -> None:
    """Raises ConfigInvalid."""
    taken = set(names) & set(columns)
    if taken:
        raise ConfigInvalid(f"The frame has a column {min(taken)!r} already. Choose a prefix.")


def chosen(columns: Iterable[str], named: dict[str, str | None]) -> dict[str, str]:
    """The column of each field that is read. Raises ConfigInvalid."""
    there = set(columns)
    missing = [column for column in named.values() if column is not None and column not in there]
    if missing:
        raise ConfigInvalid(f"The frame has no column {missing[0]!r}.")
    found = {field: column or field for field, column in named.items() if (column or field) in there}
    if not found:
        raise ConfigInvalid("The frame has no column title, description or image. Name those that it has.")
    return found


def product(cells: dict[str, Any], reader: ImageReader) -> Product | CatalogError:
    title, description = (str(cells[field]) if known(cells.get(field)) else "" for field in TEXTS)
    image = cells.get("image")
    each = image if isinstance(image, Iterable) and not isinstance(image, str | bytes) else [image]
    try:
        return Product("", title, description, tuple(read(one, reader) for one in each if known(one)))
    except CatalogError as error:
        return error


def known(cell: object) -> bool:
    """Whether something stands in a cell: pandas has several ways to say that nothing does, of which none equals
    itself.
    """
    return cell is not None and cell != "" and not (isinstance(cell, float) and cell != cell)


def read(image: object, reader: ImageReader) -> bytes:
    return image if isinstance(image, bytes) else reader.read(str(image))


def answered(model: Understander, products: list[Product | CatalogError]) -> list[dict[str, Any]]:
    understood = iter(model.understand([one for one in products if isinstance(one, Product)], evidence=False))
    return [row(next(understood) if isinstance(one, Product) else one) for one in products]


def row(answer: Understanding | CatalogError) -> dict[str, Any]:
    """The columns of one answer by name; without those of which nothing is known."""
    if isinstance(answer, CatalogError):
        return {"error": f"{answer.message} [{answer.code}]"}
    attributes = {name: value.name for name, value in answer.attributes.items()}
    found = {
        "decision": answer.decision,
        "tags": [tag.name for tag in answer.tags],
        "attributes": json.dumps(attributes, ensure_ascii=False),
        "embedding": answer.embedding.tolist(),
    }
    if answer.category:
        path = " > ".join(answer.path)
        found |= {"category": path, "category_id": answer.category.id, "score": answer.category.score}
    return found
