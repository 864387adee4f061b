"""Stored products made up from a seed, and what a filter means, in plain Python."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.index.filters import And, AttributeIs, CategoryUnder, Filter, Not, OneOf, Or, Price
from catalog.product import CategoryScore, ContentHashes, Decision, Product, Scored, StoredProduct, Understanding

WIDTH = 16
TREE = {
    "clothes.shirt": ("Clothes", "Shirt"),
    "clothes.shoe": ("Clothes", "Shoe"),
    "clothes.shoe.boot": ("Clothes", "Shoe", "Boot"),
    "food.apple": ("Food", "Apple"),
    "food.pear": ("Food", "Pear"),
}
DECISIONS: tuple[Decision, ...] = ("auto", "review", "abstain")
WORDS = ("red", "blue", "green", "fresh", "plain", "running", "shirt", "shoe", "boot", "apple", "pear", "old", "new")
BRANDS = ("", "Nike", "On", "Ünïcode & Söhne", "安踏")
PRODUCT_TYPES = ("", "Boots", "Boots > Red, high")
CURRENCIES = ("", "EUR", "CNY")


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder in memory where there is one: an index waits for the disk at every flush, which is not tested here."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="shelflens-", dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


def category(node: str, score: float = 0.8) -> CategoryScore:
    path = TREE[node]
    parts = node.split(".")
    ids = tuple(".".join(parts[: end + 1]) for end in range(len(parts)))
    return CategoryScore(node, path, tuple(0.95 - (0.95 - score) * n / len(path) for n in range(len(path))), ids)


def unit(vector: NDArray[Any]) -> NDArray[np.float32]:
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def embedding(seed: int, width: int = WIDTH) -> NDArray[np.float32]:
    return unit(np.random.default_rng(seed).normal(size=width))


def stored_product(
    id: str = "1",
    title: str = "Red shoe",
    vector: NDArray[np.float32] | None = None,
    node: str = "clothes.shoe",
    tags: Sequence[str] = ("plain",),
    found: Mapping[str, str] | None = None,
    decision: Decision = "auto",
    **offer: Any,
) -> StoredProduct:
    """One product; `found` is what the model found, `offer` goes to `Product`."""
    understanding = Understanding(
        id=id,
        category=category(node),
        alternatives=(category("food.pear", 0.1), category("clothes.shirt", 0.05)),
        tags=tuple(Scored(tag, 0.75) for tag in tags),
        attributes={name: Scored(value, 0.625) for name, value in (found or {}).items()},
        embedding=embedding(abs(hash(id)) % 1000) if vector is None else vector,
        modalities_used=("image", "text"),
        decision=decision,
    )
    hashes = ContentHashes(f"text of {id}", f"images of {id}", f"offer of {id}")
    return StoredProduct(Product(id=id, title=title, **offer), understanding, hashes, "model-1", (f"{id}.jpg",))


def random_products(count: int, seed: int = 0, width: int = WIDTH) -> list[StoredProduct]:
    random = np.random.default_rng(seed)

    def one_of(choices: Sequence[Any]) -> Any:
        return choices[random.integers(len(choices))]

    return [
        stored_product(
            id=f"p{position}",
            title=" ".join(random.choice(WORDS, size=random.integers(1, 7))),
            vector=unit(random.normal(size=width)),
            node=one_of(tuple(TREE)),
            tags=[tag for tag in ("plain", "striped", "solid, blue") if random.random() < 0.4],
            found={name: one_of(("red", "blue", "a=b")) for name in ("colour", "si=ze") if random.random() < 0.7},
            decision=one_of(DECISIONS),
            brand=one_of(BRANDS),
            product_type=PRODUCT_TYPES[position % len(PRODUCT_TYPES)],
            currency=one_of(CURRENCIES),
            price=one_of((None, 0.0, float(random.integers(0, 20)), float(random.random() * 20))),
            attributes={"colour": one_of(("red", "green"))} if random.random() < 0.3 else {},
        )
        for position in range(count)
    ]


def random_filter(random: np.random.Generator, depth: int = 3) -> Filter:
    def one_of(choices: Sequence[Any]) -> Any:
        return choices[random.integers(len(choices))]

    def some(choices: Sequence[str]) -> tuple[str, ...]:
        return tuple(random.choice(choices, size=random.integers(1, 3)).tolist())

    kind = random.integers(9 if depth else 5)
    match kind:
        case 0:
            return CategoryUnder(some(("clothes", "clothes.shoe", "food", "food.apple", "nowhere")))
        case 1:
            low, high = sorted(random.integers(-2, 22, size=2).tolist())
            return one_of((Price(gte=low, lte=high), Price(gt=low), Price(lt=high), Price(gte=0, lt=0), Price(lte=0)))
        case 2:
            return one_of(
                (
                    OneOf("brand", some(BRANDS[1:])),
                    OneOf("currency", some(CURRENCIES[1:])),
                    OneOf("product_type", some(PRODUCT_TYPES[1:])),
                )
            )
        case 3:
            return (
                OneOf("tags", some(("plain", "striped", "solid, blue")))
                if random.random() < 0.5
                else OneOf("decision", some(DECISIONS))
            )
        case 4:
            return AttributeIs(one_of(("colour", "si=ze", "si", "none")), some(("red", "blue", "a=b", "ze=red")))
        case 5 | 6:
            parts = tuple(random_filter(random, depth - 1) for _ in range(random.integers(1, 4)))
            return And(parts) if kind == 5 else Or(parts)
        case _:
            return Not(random_filter(random, depth - 1))


def passes(filter: Filter | None, stored: StoredProduct) -> bool:
    match filter:
        case None:
            return True
        case And(parts):
            return all(passes(part, stored) for part in parts)
        case Or(parts):
            return any(passes(part, stored) for part in parts)
        case Not(part):
            return not passes(part, stored)
        case Price():
            return stored.product.price is not None and within(filter, stored.product.price)
        case CategoryUnder(ids):
            return bool(set(ids) & set(stored.understanding.category.path_ids))
        case AttributeIs(name, values):
            return name in stored.attributes and stored.attributes[name].name in values
        case OneOf("tags", values):
            return bool(set(values) & {tag.name for tag in stored.understanding.tags})
        case OneOf(field, values):
            own = getattr(stored.understanding if field == "decision" else stored.product, field)
            return own in values or (field == "product_type" and own.split(" > ")[0] in values)


def within(bounds: Price, price: float) -> bool:
    return (
        (bounds.gte is None or price >= bounds.gte)
        and (bounds.lte is None or price <= bounds.lte)
        and (bounds.gt is None or price > bounds.gt)
        and (bounds.lt is None or price < bounds.lt)
    )


def same(left: StoredProduct | None, right: StoredProduct | None) -> bool:
    """Equal in everything but when they were stored, the embedding bit for bit; dataclasses cannot compare arrays."""
    if left is None or right is None:
        return left is right
    nothing = np.empty(0, dtype=np.float32)

    def without(stored: StoredProduct) -> StoredProduct:
        return replace(stored, understanding=replace(stored.understanding, embedding=nothing), added_at=None)

    return left.understanding.embedding.tobytes() == right.understanding.embedding.tobytes() and repr(
        without(left)
    ) == repr(without(right))
