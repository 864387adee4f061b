"""How well a model carries over to shops that it never saw, beside the frozen encoders that it may have started from.

    python benchmarks/other_shops.py --data-root DATA [--model FOLDER] [--weights FOLDER] [--queries 800] [--json FILE]

Shops: the nearest other product has the same category (and second level); logistic regression on 5 and 20 labelled
products a class, the mean of seeds 0, 1 and 2; the image of a title among all images, in the first ten. Search: the
judged queries of Home Depot among all of its titles, by SQLite's BM25, by vectors, by reciprocal rank of both, and as
the service searches. The frozen pair is EfficientNet-Lite2 beside a text encoder of `shelflens weights`, set side by
side; it is left out without --weights.
"""

import argparse
import json
import random
import re
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from catalog.arrays import Floats, Modalities
from catalog.errors import CatalogError
from catalog.index.product_index import ProductIndex, open_index
from catalog.model.folder import shipped_model
from catalog.model.preprocess import collate, prepare
from catalog.product import ContentHashes, Product, StoredProduct, Understanding
from catalog.search import Example, Search, search
from catalog.understand import Understander

SHOPS = ("flipkart", "ikea")
WAYS: tuple[Modalities, ...] = ("image", "text", "both")
LEAST_OF_A_CLASS = 6
SEEDS = (0, 1, 2)
FOUND_AT = 10
DEPTH = 100
RRF_K = 60
GOOD = 2.5  # of a judgement from 1 to 3
BATCH = 32

Row = dict[str, str | float]
Embed = Callable[[Sequence[Product], str], Floats]
Order = list[int]


@dataclass(frozen=True)
class Shop:
    """top, second: each product's category and its path to the second level."""

    products: list[Product]
    top: NDArray[np.str_]
    second: NDArray[np.str_]


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--queries", type=int, default=800)
    given = parser.parse_args()
    understander = Understander.load(given.model, cache_megabytes=0)
    embedders: dict[str, Embed] = {"model": Model(understander).embed}
    if given.weights:
        embedders["frozen pair"] = Frozen(given.weights, given.text_weights).embed
    shops = [row for name in SHOPS for row in shop_rows(name, given.data_root / "othershops" / name, embedders)]
    print_table(shops)
    judged = Judged(given.data_root / "queries" / "home_depot.jsonl", given.queries)
    searches = search_rows(judged, embedders, understander)
    print_table(searches)
    if given.json:
        given.json.write_text(json.dumps({"shops": shops, "search": searches}, indent=1) + "\n", encoding="utf-8")


def argument_parser(description: str | None) -> argparse.ArgumentParser:
    """With what every measurement on other shops takes."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=shipped_model())
    parser.add_argument("--weights", type=Path, help="the folder that `shelflens weights` wrote")
    parser.add_argument("--text-weights", default="minilm", help="the frozen text encoder in it")
    parser.add_argument("--json", type=Path)
    return parser


class Model:
    def __init__(self, understander: Understander) -> None:
        self._understander = understander

    def embed(self, products: Sequence[Product], desc: str) -> Floats:
        """-> (N, E), of unit length."""
        return np.stack([found.embedding for found in understood(self._understander, products, desc)])


class Frozen:
    """ImageNet's and the sentence encoder's vectors, each of unit length, side by side; zeros for what is missing."""

    def __init__(self, weights: Path, text: str) -> None:
        import timm
        from safetensors.torch import load_file

        from catalog.model.encoders import TextEncoder
        from catalog.model.tokenizer import Tokenizer

        self._stem = timm.create_model("tf_efficientnet_lite2").eval()
        self._stem.load_state_dict(load_file(weights / "lite2.safetensors"))
        self._stem.reset_classifier(0)
        self._text = TextEncoder.from_pretrained(str(weights / text)).eval()
        config = self._text.config
        self._tokenizer = Tokenizer.from_pretrained(str(weights / text), config.max_tokens, config.prefix)

    def embed(self, products: Sequence[Product], desc: str) -> Floats:
        """-> (N, 1280 + D)."""
        import torch

        found = []
        with torch.inference_mode():
            for chunk in chunks(products, desc):
                batch = collate([prepare(product, 224) for product in chunk], self._tokenizer)
                image_N = self._stem(torch.from_numpy(batch.pixels_NCHW).float().sub(127.5).div(127.5)).numpy()
                groups = [self._text(*map(torch.from_numpy, group))[1].numpy() for group in batch.texts]
                text_N = np.concatenate(groups) if groups else np.zeros((0, self._text.widths.pooled), np.float32)
                parts = [placed(image_N, batch.images_BP), placed(text_N, batch.texts_BP)]
                found.append(np.concatenate(parts, 1))
        return np.concatenate(found)


def placed(rows_ND: Floats, index_BP: NDArray[np.int64]) -> Floats:
    """Each product's first vector, of unit length, (B, D); zeros without any."""
    with_none_ND = np.concatenate([unit(rows_ND), np.zeros((1, rows_ND.shape[1]), np.float32)])
    return np.asarray(with_none_ND[index_BP[:, 0]], np.float32)


def chunks(products: Sequence[Product], desc: str) -> Iterator[Sequence[Product]]:
    for start in tqdm(range(0, len(products), BATCH), desc=desc, unit="batch", leave=False):
        yield products[start : start + BATCH]


def understood(understander: Understander, products: Sequence[Product], desc: str) -> list[Understanding]:
    return [
        found
        for chunk in chunks(products, desc)
        for found in understander.understand(chunk, 1, evidence=False)
        if not isinstance(found, CatalogError)
    ]


def unit(rows_ND: Floats) -> Floats:
    return np.asarray(rows_ND / np.maximum(np.linalg.norm(rows_ND, axis=1, keepdims=True), 1e-9), np.float32)


# Shops


def read_shop(folder: Path) -> Shop:
    rows = [json.loads(line) for line in (folder / "products.jsonl").read_text(encoding="utf-8").splitlines()]
    products = [
        Product(row["id"], row["title"], row["description"], ((folder / row["image"]).read_bytes(),)) for row in rows
    ]
    top, second = ([" > ".join(row["category"][:depth]) for row in rows] for depth in (1, 2))
    return Shop(products, np.array(top), np.array(second))


def shop_rows(name: str, folder: Path, embedders: dict[str, Embed]) -> list[Row]:
    shop = read_shop(folder)
    rows = []
    for by, embed in embedders.items():
        read = {way: embed([only(p, way) for p in shop.products], f"{name}, {by}, {way}") for way in WAYS}
        for way, rows_NE in read.items():
            row: Row = {"shop": name, "by": by, "read": way, "1-NN": nearest(rows_NE, shop.top)}
            row["1-NN, 2nd level"] = nearest(rows_NE, shop.second) if len(set(shop.second)) > len(set(shop.top)) else ""
            row |= {f"{k} a class": few_labels(rows_NE, shop.top, k) for k in (5, 20)}
            one_space = by == "model" and way == "text"
            row["title → image, R@10"] = recall(read["text"], read["image"]) if one_space else ""
            rows.append(row)
    return rows


def only(product: Product, way: Modalities) -> Product:
    """What is read of the product."""
    text = ("", "") if way == "image" else (product.title, product.description)
    return Product(product.id, *text, () if way == "text" else product.images)


def nearest(rows_NE: Floats, label_N: NDArray[np.str_]) -> float:
    """The share of products whose nearest other one has their label."""
    cosine_NN = unit(rows_NE) @ unit(rows_NE).T
    np.fill_diagonal(cosine_NN, -2)
    return float((label_N[cosine_NN.argmax(1)] == label_N).mean())


def few_labels(rows_NE: Floats, label_N: NDArray[np.str_], count: int) -> float:
    """Accuracy of logistic regression on `count` products a class, at most half of it."""
    from sklearn.linear_model import LogisticRegression

    scaled_NE, scores = unit(rows_NE) * 4, []
    for seed in SEEDS:
        draw = np.random.default_rng(seed)
        train: list[int] = []
        test: list[int] = []
        for label in sorted(set(label_N)):
            members = draw.permutation(np.flatnonzero(label_N == label))
            if len(members) >= LEAST_OF_A_CLASS:
                labelled = min(count, len(members) // 2)
                train += list(members[:labelled])
                test += list(members[labelled:])
        fitted = LogisticRegression(max_iter=400, C=10).fit(scaled_NE[train], label_N[train])
        scores.append(fitted.score(scaled_NE[test], label_N[test]))
    return float(np.mean(scores))


def recall(queries_NE: Floats, candidates_NE: Floats) -> float:
    """The share of queries whose own candidate is among the first ten."""
    cosine_NN = unit(queries_NE) @ unit(candidates_NE).T
    return float(((cosine_NN > np.diag(cosine_NN)[:, None]).sum(1) < FOUND_AT).mean())


# Search


class Judged:
    """Home Depot's queries with at least one good product, drawn with seed 0, and all titles that anybody judged."""

    def __init__(self, path: Path, count: int) -> None:
        judgements: defaultdict[str, dict[str, float]] = defaultdict(dict)
        titles: dict[str, str] = {}
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            judgements[row["query"]][row["product_id"]] = row["relevance"]
            titles[row["product_id"]] = row["title"]
        self.products = [Product(id, titles[id]) for id in sorted(titles)]
        place = {product.id: number for number, product in enumerate(self.products)}
        drawn = [query for query in sorted(judgements) if max(judgements[query].values()) >= GOOD]
        random.Random(0).shuffle(drawn)
        self.queries = drawn[:count]
        self.judgements = [{place[id]: value for id, value in judgements[query].items()} for query in self.queries]

    def score(self, orders: Iterable[Order]) -> Row:
        """nDCG@10, what nobody judged counting nothing, and recall@10 of the good ones."""
        gains, recalls = [], []
        for order, judgement in zip(orders, self.judgements, strict=True):
            best = sorted((value - 1 for value in judgement.values()), reverse=True)
            gains.append(dcg([judgement.get(place, 1) - 1 for place in order]) / max(dcg(best), 1e-9))
            good = {place for place, value in judgement.items() if value >= GOOD}
            recalls.append(len(good & set(order[:FOUND_AT])) / len(good))
        return {"nDCG@10": float(np.mean(gains)), "recall@10": float(np.mean(recalls))}


def dcg(gains: Sequence[float]) -> float:
    return sum(gain / float(np.log2(rank + 2)) for rank, gain in enumerate(gains[:FOUND_AT]))


def search_rows(judged: Judged, embedders: dict[str, Embed], understander: Understander) -> list[Row]:
    keywords = by_keywords(judged)
    rows: list[Row] = [{"search by": "BM25 (SQLite)", **judged.score(keywords)}]
    found = understood(understander, judged.products, "titles, model")
    queries = [Product("", query) for query in judged.queries]
    for by, embed in embedders.items():
        known = by == "model"
        titles_NE = np.stack([one.embedding for one in found]) if known else embed(judged.products, f"titles, {by}")
        vectors = by_vectors(embed(queries, f"queries, {by}"), titles_NE)
        fused = [reciprocal_rank(pair) for pair in zip(keywords, vectors, strict=True)]
        rows += [
            {"search by": f"vectors of the {by}", **judged.score(vectors)},
            {"search by": f"reciprocal rank of BM25 and the {by}", **judged.score(fused)},
        ]
    width = understander.config.embedding_width
    with tempfile.TemporaryDirectory() as folder, open_index(Path(folder) / "index", width) as index:
        fill(index, judged.products, found, understander.version)
        place = {product.id: number for number, product in enumerate(judged.products)}
        orders = [as_served(query, index, understander, place) for query in tqdm(judged.queries, unit="query")]
    return [*rows, {"search by": "as the service searches", **judged.score(orders)}]


def by_keywords(judged: Judged) -> list[Order]:
    table = sqlite3.connect(":memory:")
    table.execute("create virtual table titles using fts5(title, tokenize = 'porter unicode61')")
    rows = [(number, product.title) for number, product in enumerate(judged.products)]
    table.executemany("insert into titles (rowid, title) values (?, ?)", rows)
    found = []
    for query in judged.queries:
        any_word = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", query.lower()))
        best = "select rowid from titles where titles match ? order by bm25(titles) limit ?"
        found.append([row for (row,) in table.execute(best, (any_word, DEPTH))])
    return found


def by_vectors(queries_QE: Floats, titles_NE: Floats) -> list[Order]:
    orders_QN = np.argsort(-(unit(queries_QE) @ unit(titles_NE).T), axis=1, kind="stable")
    return [list(map(int, order)) for order in orders_QN[:, :DEPTH]]


def reciprocal_rank(orders: Iterable[Order]) -> Order:
    sums: defaultdict[int, float] = defaultdict(float)
    for order in orders:
        for rank, place in enumerate(order):
            sums[place] += 1 / (RRF_K + rank)
    return sorted(sums, key=lambda place: -sums[place])


def fill(index: ProductIndex, products: Sequence[Product], found: Sequence[Understanding], model: str) -> None:
    stored = [
        StoredProduct(product, understanding, ContentHashes(product.id, "", ""), model)
        for product, understanding in zip(products, found, strict=True)
    ]
    for start in range(0, len(stored), 1000):
        index.upsert(stored[start : start + 1000])


def as_served(query: str, index: ProductIndex, understander: Understander, place: dict[str, int]) -> Order:
    found = search(Search((Example(query),), limit=FOUND_AT), index, understander)
    return [place[match.stored.id] for match in (found.matches or found.nearest)]


def print_table(rows: Sequence[Row]) -> None:
    names = list(rows[0])
    print("| " + " | ".join(names) + " |\n|" + "---|" * len(names))
    for row in rows:
        cells = (f"{value:.3f}" if isinstance(value, float) else str(value) for value in row.values())
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
