"""A model for your own category tree: python examples/train_on_your_data.py FEED FOLDER [START]

FEED needs columns for a title, an image and a category such as "Food > Fruit > Apples". The encoders are those of the
model folder START, or of the shipped model, and stay frozen; the fusion and the heads are trained. FOLDER/model is then
a model folder like any other: `shelflens serve --model FOLDER/model`.

A few dozen products show the steps. They prove no score, so each decision is "abstain" and the best guess is printed.
A useful model wants a hundred products for each category.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from catalog.feeds import Row
from catalog.model.folder import shipped_model
from catalog.taxonomy.tree import Node
from shelflens import Product, Taxonomy, Understander, open_feed
from training.config import SetConfig, StartConfig, TrainConfig
from training.data.manifests import read_sets
from training.export.folder import export
from training.train import train

LEVELS = 2


def steps(category: str) -> list[str]:
    """Of "Food > Fruit > Apples" ["Food", "Fruit"]: in a small feed a third level would have a product or two each.

    A name means one node of a tree, so a step that repeats the one above is left out.
    """
    return list(dict.fromkeys(category.split(" > ")[:LEVELS]))


def taxonomy_of(categories: Iterable[str]) -> Taxonomy:
    """A tree with a node for every step of every category's path."""
    nodes: dict[str, Node] = {}
    for category in sorted(set(categories)):
        path = steps(category)
        for depth, label in enumerate(path):
            identity, parent = (".".join(path[:end]).lower().replace(" ", "-") for end in (depth + 1, depth))
            nodes[identity] = Node(identity, label, label, parent or None)
    return Taxonomy("my-shop-1", tuple(nodes.values()))


def manifest_line(number: int, product: Product, image: Path) -> dict[str, Any]:
    """Every third product is kept aside to measure on."""
    split = "val" if number % 3 == 2 else "train"
    text = {"title": product.title, "description": product.description}
    labels = {"category": steps(product.product_type), "split": split}
    return {"id": product.id, **text, **labels, "image": str(image.absolute())}


def main(feed_path: Path, folder: Path, start: Path) -> None:
    rows = [row for row in open_feed(feed_path) if isinstance(row, Row)]
    rows.sort(key=lambda row: row.product.product_type)
    manifest = folder / "my-shop" / "products.jsonl"
    manifest.parent.mkdir(parents=True)
    lines = (manifest_line(n, row.product, feed_path.parent / row.references[0]) for n, row in enumerate(rows))
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    taxonomy = taxonomy_of(row.product.product_type for row in rows)
    (folder / "taxonomy.json").write_text(taxonomy.to_json(), encoding="utf-8")

    config = TrainConfig(
        output=str(folder / "run"),
        sets=(SetConfig("my-shop/products.jsonl"),),
        start=StartConfig(model=str(start)),
        taxonomy=str(folder / "taxonomy.json"),
        frozen=(r"^image_encoder\.", r"^text_encoder\."),
        cache_views=1,  # each product is encoded once, and the fusion is trained on that
        width=128,
        heads=4,
        epochs=10,
        batch_size=16,
        average_decay=0.8,
        learning_rate=3e-3,
    )
    train(config, folder)
    train_rows, val_rows = (read_sets(config, folder, taxonomy, split) for split in ("train", "val"))
    export(folder / "run" / "model", folder / "model", train_rows, val_rows)

    products = [row.product() for row in val_rows]
    found = Understander.load(folder / "model").understand(products)
    for row, one in zip(val_rows, found, strict=True):
        best = one.alternatives[0].path if one.alternatives else one.path
        print(f"{row.title:<45} {row.label:<20} {one.decision:<8} {best[-1]}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else shipped_model())
