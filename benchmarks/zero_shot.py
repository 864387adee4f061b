"""Products of other shops told apart by the names of their categories alone, of which no example was seen.

    python benchmarks/zero_shot.py --data-root DATA [--model FOLDER] [--weights FOLDER] [--json FILE]

A category's vector is that of its name, read as a title; a product's category is the one with the highest cosine.
"and below": of a category with a second level, the highest cosine of its name and of the names below it.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.other_shops import Embed, Frozen, Model, Row, argument_parser, only, print_table, unit
from catalog.arrays import Floats, Modalities
from catalog.product import Product
from catalog.understand import Understander


@dataclass(frozen=True)
class Task:
    """level: of the category that is asked for, 0 for the top. ways: what is read. first: how many answers count."""

    shop: str
    level: int
    ways: tuple[Modalities, ...]
    first: int = 1


TASKS = (
    Task("flipkart", 0, ("image", "text", "both")),
    Task("retail_demo", 0, ("text",)),
    Task("retail_demo", 1, ("text",), 5),
    Task("pricerunner", 0, ("text",)),
    Task("tailwind", 0, ("image", "text", "both")),
    Task("furniture", 0, ("image",)),
)


def main() -> None:
    given = argument_parser(__doc__).parse_args()
    embedders: dict[str, Embed] = {"model": Model(Understander.load(given.model, cache_megabytes=0)).embed}
    if given.weights:
        embedders["frozen text encoder"] = Frozen(given.weights, given.text_weights).embed
    rows = [row for task in TASKS for row in task_rows(task, given.data_root, embedders)]
    print_table(rows)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def task_rows(task: Task, data: Path, embedders: dict[str, Embed]) -> list[Row]:
    products, paths = read_products(task.shop, data)
    names = sorted({path[task.level] for path in paths})
    below = defaultdict(set)
    for path in paths:
        below[path[task.level]] |= set(path[task.level :][:2])
    of_level = np.array([names.index(path[task.level]) for path in paths])
    rows = []
    for by, embed in embedders.items():
        # A frozen image and a frozen text have no common space.
        for way in task.ways if by == "model" else [way for way in task.ways if way == "text"]:
            rows_NE = embed([only(product, way) for product in products], f"{task.shop}, {by}, {way}")
            row: Row = {"shop": task.shop, "level": str(task.level + 1), "by": by, "read": way}
            row |= {"classes": str(len(names)), "answers": str(task.first)}
            row["names"] = accuracy(rows_NE, [[name] for name in names], of_level, task.first, embed)
            deeper = any(len(each) > 1 for each in below.values())
            every = [[name, *sorted(below[name] - {name})] for name in names]
            row["and below"] = accuracy(rows_NE, every, of_level, task.first, embed) if deeper else ""
            rows.append(row)
    return rows


def read_products(shop: str, data: Path) -> tuple[list[Product], list[tuple[str, ...]]]:
    """-> products with their images, and their category paths."""
    path = data / "othershops" / shop / "products.jsonl"
    if shop == "pricerunner":
        path = data / "matching" / shop / "offers.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    products = [
        Product(row["id"], row["title"], row.get("description", ""), images(row.get("image"), path.parent))
        for row in rows
    ]
    paths = [row["category"] if isinstance(row["category"], list) else [row["category"]] for row in rows]
    return products, [tuple(name.replace("_", " ") for name in each) for each in paths]


def images(name: str | None, folder: Path) -> tuple[bytes, ...]:
    return ((folder / name).read_bytes(),) if name else ()


def accuracy(rows_NE: Floats, names: Sequence[Sequence[str]], label_N: np.ndarray, first: int, embed: Embed) -> float:
    """The share of products whose category is among the `first` by the highest cosine of its names."""
    flat = [name for each in names for name in each]
    cosine_NF = unit(rows_NE) @ unit(embed([Product("", name) for name in flat], "names")).T
    starts = np.cumsum([0, *(len(each) for each in names[:-1])])
    score_NC = np.maximum.reduceat(cosine_NF, starts, axis=1)
    best_NK = np.argsort(-score_NC, axis=1, kind="stable")[:, :first]
    return float((best_NK == label_N[:, None]).any(1).mean())


if __name__ == "__main__":
    main()
