"""What a model promises of shops that it never saw, and whether it knows what it does not know.

    python benchmarks/unknown_shops.py --data-root DATA [--model FOLDER] [--json FILE]

Other shops: a category is right if it lies in a department that the shop's own category may belong to, by the table
below. "guess": the likeliest leaf, whatever its score; the calibration error is that of its department's probability,
beside the one that honest probabilities would have by chance.

Held out: without the departments of some products the tree names no kind for these. AUROC of the likeliest department's
probability, of those and of the other products of the shop.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.chinese import likeliest
from benchmarks.other_shops import Row, argument_parser, only, print_table, read_shop, understood
from catalog.arrays import Floats, Modalities
from catalog.model.calibration import leaf_roots
from catalog.model.folder import ModelFolder, open_model
from catalog.model.runtime import open_runtime
from catalog.product import Product
from catalog.understand import Understander
from training.data.manifests import LabelledProduct, read_manifest
from training.evaluation.metrics import calibration_error, chance_calibration_error
from training.export.readings import Reading, read

HOME = ("hg", "fr", "ha", "rc")
# By shop and category: the departments of the tree that such products may belong to. "" stands for all others.
DEPARTMENTS: dict[str, dict[str, tuple[str, ...]]] = {
    "flipkart": {
        "Baby Care": ("bt", "hg", "fr", "lb", "aa"),
        "Beauty and Personal Care": ("hb",),
        "Computers": ("el", "so", "lb", "os"),
        "Watches": ("aa", "hg"),
        "": HOME,
    },
    "ikea": {"": (*HOME, "bt", "tg", "os", "el")},
    "tailwind": {"DIY tools": ("ha",), "": ("hg", "ha", "el")},
    "furniture": {"": ("fr",)},
}
# By data set: departments that are left out of the tree together, so that nothing of theirs is named.
HELD_OUT: dict[str, tuple[tuple[str, ...], ...]] = {
    "flipkart": (HOME, ("hb",), ("el", "so", "os")),
    "retail_demo": (HOME, ("aa", "lb"), ("fb",), ("hb",), ("el", "so", "co"), ("ae",)),
    "fashion and groceries, val": (("aa", "lb"), ("fb",)),
}
RETAIL_DEMO: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("furniture", "housewares", "homedecor", "tools"), HOME),
    **dict.fromkeys(("apparel", "accessories", "footwear", "jewelry"), ("aa", "lb")),
    **dict.fromkeys(("groceries", "food service", "salty snacks", "cold dispensed", "hot dispensed"), ("fb",)),
    "instruments": ("ae",),
    "electronics": ("el", "so", "co"),
    "beauty": ("hb",),
}
WAYS: tuple[Modalities, ...] = ("both", "text", "image")


def main() -> None:
    given = argument_parser(__doc__).parse_args()
    model = Understander.load(given.model, cache_megabytes=0)
    shops = [row for shop in DEPARTMENTS for row in promised(model, shop, given.data_root / "othershops" / shop)]
    print_table(shops)
    held_out = [row for name in HELD_OUT for row in unnamed(open_model(given.model), name, given.data_root)]
    print_table(held_out)
    if given.json:
        given.json.write_text(json.dumps({"shops": shops, "held out": held_out}, indent=1) + "\n", encoding="utf-8")


# Other shops


def promised(model: Understander, shop: str, folder: Path) -> list[Row]:
    sold, table = read_shop(folder), DEPARTMENTS[shop]
    allowed = [table.get(top, table[""]) for top in sold.top]
    ways = WAYS if sold.products[0].title else WAYS[2:]
    return [promised_row(model, shop, [only(product, way) for product in sold.products], allowed, way) for way in ways]


def promised_row(
    model: Understander, shop: str, products: Sequence[Product], allowed: Sequence[tuple[str, ...]], way: Modalities
) -> Row:
    found = understood(model, products, f"{shop}, {way}")
    root = [one.category.path_ids[0] if one.category else "" for one in found]
    said = np.array([bool(one) for one in root])
    right = np.array([one in roots for one, roots in zip(root, allowed, strict=True)])
    best = [likeliest(one) for one in found]
    guess = np.array([one.path_ids[0] in roots for one, roots in zip(best, allowed, strict=True)])
    sure = np.array([one.path_scores[0] for one in best])
    auto = np.array([one.decision == "auto" for one in found])
    return {
        "shop": shop,
        "read": way,
        "products": str(len(found)),
        "guess right": float(guess.mean()),
        "calibration error": calibration_error(sure, guess),
        "by chance": chance_calibration_error(sure),
        "promised": float(said.mean()),
        "of these right": float(right[said].mean()) if said.any() else "",
        "auto": float(auto.mean()),
        "auto, wrong": float((auto & ~right).mean()),
        "unfamiliar": float(np.mean(["unfamiliar" in one.notes for one in found])),
    }


# Departments that the tree does not name


def unnamed(model: ModelFolder, name: str, data: Path) -> list[Row]:
    products, roots = labelled(model, name, data)
    ways = WAYS if all(product.image for product in products) else WAYS[1:2]
    readings = read(open_runtime(model), model, products)
    rows: list[Row] = []
    for way in ways:
        mine = [n for n, product in enumerate(products) if way == "image" or product.title]
        for left_out in HELD_OUT[name]:
            unknown = [set(roots[n]) <= set(left_out) for n in mine]
            certain = likeliest_root(model, readings.by_choice[way].only(mine), way, left_out)
            kept = [unknown[n] or not set(roots[m]) & set(left_out) for n, m in enumerate(mine)]
            if not any(unknown) or all(unknown):
                continue
            figures = roc_auc_score(np.array(unknown)[kept], -certain[kept])
            rows.append(
                {
                    "products": name,
                    "read": way,
                    "left out": ", ".join(left_out),
                    "unknown": str(sum(unknown)),
                    "AUROC": float(figures),
                }
            )
    return rows


def likeliest_root(model: ModelFolder, answers: Reading, way: Modalities, left_out: Sequence[str]) -> Floats:
    """The probability of the likeliest department among those that are left, (N,)."""
    roots = np.array(leaf_roots(model.taxonomy))
    leaf_NC = np.where(np.isin(roots, left_out), np.float32(-1e4), answers.leaf_NC)
    probability_NC = model.calibration.leaf_probability(leaf_NC, way, roots.tolist())
    return np.stack([probability_NC[:, roots == root].sum(1) for root in dict.fromkeys(roots.tolist())]).max(0)


def labelled(model: ModelFolder, name: str, data: Path) -> tuple[list[LabelledProduct], list[tuple[str, ...]]]:
    """The products, and the departments of each."""
    if name in DEPARTMENTS or name == "retail_demo":
        table = DEPARTMENTS.get(name, RETAIL_DEMO)
        manifest = data / "othershops" / name / "products.jsonl"
        paths = [json.loads(line)["category"] for line in manifest.read_text(encoding="utf-8").splitlines()]
        pairs = zip(read_manifest(manifest, model.taxonomy), paths, strict=True)
        known = [(row, table.get(path[0], table.get("", ()))) for row, path in pairs]
    else:
        rows = [
            row
            for part in ("fashion", "grocery")
            for row in read_manifest(data / part / "products.jsonl", model.taxonomy, "val")
        ]
        known = [(row, (model.taxonomy.ancestors(row.node)[0],)) for row in rows if row.node]
    return [row for row, roots in known if roots], [roots for _, roots in known if roots]


if __name__ == "__main__":
    main()
