"""Retrieval through the index against the exact figures: the fashion set's `val` products as a catalogue.

    python benchmarks/retrieval.py --data-root DATA [--json FILE]
    python benchmarks/retrieval.py --data-root DATA --spaces         which of the model's vectors to search by, exactly

title -> image: the catalogue knows each product by its image alone, a query is a title alone; to be found is the
product itself. image -> same type: catalogue and queries know the image alone; found is any other product of the
same type. "Exact" is a full scan in NumPy. The model has never seen these products.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from catalog.arrays import Floats, Modalities
from catalog.index.product_index import ProductIndex, open_index
from catalog.index.query import IndexQuery
from catalog.model.checkpoint import load_model
from catalog.model.folder import shipped_model
from catalog.product import CategoryScore, ContentHashes, Product, StoredProduct, Understanding
from training.data.manifests import LabelledProduct, read_manifest
from training.evaluation.metrics import recall_at, retrieval_ranks
from training.evaluation.predict import Predictions, encode_rows, has_modalities, predict

TOP = 10
Right = Callable[[int, Sequence[int]], list[bool]]


def read_products(data: Path) -> tuple[list[LabelledProduct], dict[Modalities, Predictions]]:
    """-> the products that have both an image and a title, and what the model makes of each modality and of both."""
    checkpoint = load_model(shipped_model())
    rows = [
        row
        for row in read_manifest(data / "fashion" / "products.jsonl", checkpoint.taxonomy)
        if row.split == "val" and has_modalities(row, "both")
    ]
    encoded = encode_rows(checkpoint.model, rows, checkpoint.tokenizer)
    return rows, predict(checkpoint.model, encoded, ("both", "image", "text"))


def stored(row: LabelledProduct, embedding: Floats) -> StoredProduct:
    category = CategoryScore(str(row.node), (row.label,), (1.0,))
    understanding = Understanding(row.product_id, category, (), (), {}, embedding, ("image",), "auto")
    return StoredProduct(Product(row.product_id), understanding, ContentHashes(row.product_id, "", ""), "benchmark")


def through_index(index: ProductIndex, rows: Sequence[LabelledProduct], queries_NE: Floats) -> list[list[int]]:
    """For each query the rows found, best first, itself among them."""
    position = {row.product_id: number for number, row in enumerate(rows)}
    found = []
    for query in tqdm(queries_NE, desc="through the index", unit="query"):
        matches = index.search(IndexQuery(embedding=query, limit=TOP + 1))
        found.append([position[match.stored.id] for match in matches])
    return found


def exact(catalogue_NE: Floats, queries_NE: Floats) -> list[list[int]]:
    scores_NN = queries_NE @ catalogue_NE.T
    return [list(order[: TOP + 1]) for order in np.argsort(-scores_NN, axis=1, kind="stable")]


def recall(found: Sequence[Sequence[int]], right: Right) -> dict[str, float]:
    hits = [right(query, rows) for query, rows in enumerate(found)]
    return {f"r_at_{k}": float(np.mean([any(hit[:k]) for hit in hits])) for k in (1, TOP)}


def measure(data: Path) -> dict[str, dict[str, dict[str, float]]]:
    rows, read = read_products(data)
    by_image_NE, by_title_NE = read["image"].fused_NE, read["text"].fused_NE

    def itself(query: int, found: Sequence[int]) -> list[bool]:
        return [row == query for row in found]

    def same_type(query: int, found: Sequence[int]) -> list[bool]:
        return [rows[row].label == rows[query].label for row in found if row != query]

    tasks: dict[str, tuple[Floats, Right]] = {
        "title -> picture": (by_title_NE, itself),
        "picture -> same type": (by_image_NE, same_type),
    }
    report = {}
    with tempfile.TemporaryDirectory() as folder, open_index(Path(folder) / "index", by_image_NE.shape[1]) as index:
        index.upsert([stored(row, embedding) for row, embedding in zip(rows, by_image_NE, strict=True)])
        for name, (queries_NE, right) in tasks.items():
            report[name] = {
                "index": recall(through_index(index, rows, queries_NE), right),
                "exact": recall(exact(by_image_NE, queries_NE), right),
            }
    return report


def spaces(data: Path) -> str:
    """A title finding its own product, by each pair of vectors that the model offers. -> a Markdown table."""
    _, read = read_products(data)
    queries = {"text projection": read["both"].text_NE, "fused, title alone": read["text"].fused_NE}
    catalogues = {"image projection": read["both"].image_NE, "fused, both": read["both"].fused_NE}
    lines = ["| query | catalogue | R@1 | R@10 |", "|---|---|---|---|"]
    for catalogue, candidate_NE in catalogues.items():
        for query, query_NE in queries.items():
            found = recall_at(retrieval_ranks(query_NE, candidate_NE), (1, TOP))
            lines.append(f"| {query} | {catalogue} | {found['r_at_1']:.3f} | {found['r_at_10']:.3f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Retrieval through the index against the exact figures.")
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--spaces", action="store_true")
    arguments = parser.parse_args()
    if arguments.spaces:
        print(spaces(arguments.data_root))
        return
    report = measure(arguments.data_root)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")
    print("| fashion `val` | R@1, index | R@1, exact | R@10, index | R@10, exact |\n|---|---|---|---|---|")
    for name, figures in report.items():
        cells = [figures[way][k] for k in ("r_at_1", "r_at_10") for way in ("index", "exact")]
        print(f"| {name} | " + " | ".join(f"{cell:.4f}" for cell in cells) + " |")


if __name__ == "__main__":
    main()
