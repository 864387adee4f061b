"""Products whose titles are exchanged for those of others: of the same leaf, of a sibling, of another branch."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from catalog.product import Product, Sides
from catalog.understand import Understander

Swap = Literal["leaf", "sibling", "branch"]
SWAPS: tuple[Swap, ...] = get_args(Swap)
CHUNK = 32
TRIES = 60


@dataclass(frozen=True)
class Labelled:
    """A product of a data set. path: its category there; image: the file."""

    id: str
    title: str
    path: tuple[str, ...]
    attributes: Mapping[str, str]
    image: Path


@dataclass(frozen=True)
class Read:
    """own: both sides as they belong together; swapped: with the title of another product, where there is one."""

    product: Labelled
    own: Sides
    swapped: Mapping[Swap, tuple[Labelled, Sides]]


def labelled(folder: Path, split: str | None, count: int = 0, seed: int = 0) -> list[Labelled]:
    """Those with an image and a title. split: None for all; count: drawn at random, 0 for all."""
    rows = [json.loads(line) for line in (folder / "products.jsonl").read_text(encoding="utf-8").splitlines()]
    kept = [row for row in rows if row.get("image") and row["title"] and split in (None, row["split"])]
    drawn = np.random.default_rng(seed).permutation(len(kept))[: count or len(kept)]
    return [_labelled(folder, kept[number]) for number in sorted(drawn)]


def _labelled(folder: Path, row: Mapping[str, object]) -> Labelled:
    path, attributes = row["category"], row.get("attributes") or {}
    assert isinstance(path, list)
    assert isinstance(attributes, dict)
    return Labelled(str(row["id"]), str(row["title"]), tuple(path), attributes, folder / str(row["image"]))


def partner(products: Sequence[Labelled], number: int, swap: Swap, draw: np.random.Generator) -> Labelled | None:
    """Another product with another title; None where chance finds none."""
    mine = products[number]
    for _ in range(TRIES * (1 if swap == "branch" else 10)):
        other = products[int(draw.integers(len(products)))]
        if other.title != mine.title and _fits(mine.path, other.path, swap):
            return other
    return None


def _fits(mine: Sequence[str], other: Sequence[str], swap: Swap) -> bool:
    if swap == "leaf":
        return mine == other
    if swap == "sibling":
        return mine != other and mine[:-1] == other[:-1]
    return mine[0] != other[0]


def read(
    products: Sequence[Labelled],
    model: Understander,
    seed: int = 0,
    progress: Callable[[int], object] = lambda products: None,
) -> Iterator[Read]:
    """Each product once, and once with each kind of exchanged title. The model keeps what it read of a picture."""
    draw = np.random.default_rng(seed)
    for start in range(0, len(products), CHUNK):
        some = products[start : start + CHUNK]
        prepared = [model.prepare(Product(one.id, one.title, images=(one.image.read_bytes(),))) for one in some]
        own = [found.sides for found in model.understand_prepared(prepared)]
        swapped: list[dict[Swap, tuple[Labelled, Sides]]] = [{} for _ in some]
        for swap in SWAPS:
            others = [partner(products, start + number, swap, draw) for number in range(len(some))]
            pairs = [(number, other) for number, other in enumerate(others) if other]
            texts = [model.prepare(Product(title=other.title)).text for _, other in pairs]
            mixed = [prepared[number]._replace(text=text) for (number, _), text in zip(pairs, texts, strict=True)]
            for (number, other), found in zip(pairs, model.understand_prepared(mixed), strict=True):
                if found.sides:
                    swapped[number][swap] = (other, found.sides)
        yield from (
            Read(one, sides, mixed_in) for one, sides, mixed_in in zip(some, own, swapped, strict=True) if sides
        )
        progress(len(some))
