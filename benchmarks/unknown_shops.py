"""What a model does with the products of shops it was never taught: how often it promises what cannot be right.

    python benchmarks/unknown_shops.py --data-root DATA [--model FOLDER] [--json FILE]

Beside it stands the obvious way, the likeliest leaf accepted by its probability alone, at the bound with which as many
products of the fashion `val` are accepted. A promised category is right if it lies on the path of what the shop's own
category means in the tree, by the table below, or under it; what has no counterpart there is wrong in any category.
"""

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from catalog.arrays import MODALITIES
from catalog.errors import CatalogError
from catalog.model.folder import shipped_model
from catalog.product import Product, Understanding
from catalog.understand import Understander
from training.data.manifests import LabelledProduct, read_manifest

SHOPS = ("flipkart", "ikea", "tailwind", "furniture")
# A shop's category, on whatever level, and the node that says the same.
COUNTERPARTS = {
    "Laptop Bags": "accessories.bags.laptop-bag",
    "Diaper Bags": "accessories.bags",
    "Wrist Watches": "accessories.watches",
    "Fragrances": "personal-care.fragrance",
    "Baby Boys Clothes": "apparel",
    "Baby Girls Clothes": "apparel",
    "Infant Wear": "apparel",
}
WAYS = ("both", "text", "image")
BATCH = 32


@dataclass(frozen=True)
class Row:
    """Shares of all products of a shop, read in one way. plain: accepted wrongly by the likeliest leaf alone."""

    shop: str
    read: str
    products: int
    auto: float
    auto_wrong: float
    promised: float
    inner_wrong: float
    unfamiliar: float
    plain_wrong: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=shipped_model())
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    model = Understander.load(given.model)
    fashion = read_manifest(given.data_root / "fashion" / "products.jsonl", model.taxonomy, "val")
    bounds = {how: plain_bound(model, fashion, how) for how in WAYS}
    nodes: list[str | None] = [row.node for row in fashion]
    rows = [scored(model, "fashion val", fashion, nodes, how, bounds[how]) for how in WAYS]
    for shop in SHOPS:
        products = read_manifest(given.data_root / "othershops" / shop / "products.jsonl", model.taxonomy)
        nodes = counterparts(given.data_root / "othershops" / shop / "products.jsonl")
        ways = WAYS if products[0].title else ("image",)
        rows += [scored(model, shop, products, nodes, how, bounds[how]) for how in ways]
    print_table(rows)
    if given.json:
        given.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")


def counterparts(manifest: Path) -> list[str | None]:
    """For each product of a shop the node that its category means, None if there is none."""
    paths = [json.loads(line)["category"] for line in manifest.read_text(encoding="utf-8").splitlines()]
    return [next((COUNTERPARTS[name] for name in path if name in COUNTERPARTS), None) for path in paths]


def scored(
    model: Understander,
    shop: str,
    products: Sequence[LabelledProduct],
    nodes: Sequence[str | None],
    how: str,
    bound: float,
) -> Row:
    """bound: see `plain_bound`."""
    found = understood(model, products, how)
    wrong = [not right(model, result, node) for result, node in zip(found, nodes, strict=True)]
    auto = [result.decision == "auto" for result in found]
    inner = [result.decision == "review" for result in found]
    plain = likeliest(model, products, how)
    plain_wrong = [
        bool(result.category and result.category.score >= bound) and not right(model, result, node)
        for result, node in zip(plain, nodes, strict=True)
    ]
    return Row(
        shop=shop,
        read=how,
        products=len(found),
        auto=share(auto),
        auto_wrong=share(a and w for a, w in zip(auto, wrong, strict=True)),
        promised=share(result.category is not None for result in found),
        inner_wrong=share(i and w for i, w in zip(inner, wrong, strict=True)),
        unfamiliar=share("unfamiliar" in result.notes for result in found),
        plain_wrong=share(plain_wrong),
    )


def plain_bound(model: Understander, fashion: Sequence[LabelledProduct], how: str) -> float:
    """The probability of a leaf from which on as many are accepted as the model does."""
    accepted = np.mean([result.decision == "auto" for result in understood(model, fashion, how)])
    scores = [result.category.score for result in likeliest(model, fashion, how) if result.category]
    return float(np.quantile(scores, 1 - accepted))


def likeliest(model: Understander, products: Sequence[LabelledProduct], how: str) -> list[Understanding]:
    """With whatever leaf is the likeliest."""
    measured = model.calibration
    model.calibration = replace(measured, promise={each: {"*": [0.0]} for each in MODALITIES}, unfamiliar={})
    try:
        return understood(model, products, how)
    finally:
        model.calibration = measured


def understood(model: Understander, products: Sequence[LabelledProduct], how: str) -> list[Understanding]:
    """how: which of their image and text is read."""
    found: list[Understanding] = []
    for start in range(0, len(products), BATCH):
        batch = [shown(row.product(), how) for row in products[start : start + BATCH]]
        for result in model.understand(batch, 0, evidence=False):
            if isinstance(result, CatalogError):
                raise result
            found.append(result)
    return found


def shown(product: Product, how: str) -> Product:
    if how == "image":
        return replace(product, title="", description="")
    return replace(product, images=()) if how == "text" else product


def right(model: Understander, result: Understanding, node: str | None) -> bool:
    """Whether the promised category is the node, above it, or below it, of which the shop's category says nothing."""
    if result.category is None or node is None:
        return False
    return result.category.id in model.taxonomy.ancestors(node) or node in result.category.path_ids


def share(flags: Iterable[bool]) -> float:
    return round(float(np.mean(list(flags))), 4)


def print_table(rows: Sequence[Row]) -> None:
    names = ("shop", "read", "products", "auto", "auto_wrong", "promised", "inner_wrong", "unfamiliar", "plain_wrong")
    print("| " + " | ".join(names).replace("_", " ") + " |")
    print("|" + "---|" * len(names))
    for row in rows:
        cells = asdict(row).values()
        print("| " + " | ".join(f"{cell:.2%}" if isinstance(cell, float) else str(cell) for cell in cells) + " |")


if __name__ == "__main__":
    main()
