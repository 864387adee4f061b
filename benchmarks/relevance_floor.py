"""What a search finds with the relevance floor, without it, and by words alone (BM25).

    python benchmarks/relevance_floor.py --data-root DATA [--model FOLDER] [--products N] [--json FILE]

The catalogue is the `val` of fashion and grocery. Known queries are the names of the tree's nodes, as they are and with
another word before ("cheap handbags") or after them, with at least three products under the node: those are right.
Foreign queries are names of Google's product categories of whose path the catalogue has no kind; nothing is right for
them.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from catalog.categories.google import lines_in
from catalog.index.product_index import ProductIndex, open_index
from catalog.index.query import Finding, IndexQuery
from catalog.model.folder import shipped_model
from catalog.product import ContentHashes, Product, StoredProduct, Understanding
from catalog.search.plan import Example, Search, search
from catalog.taxonomy.tree import SEPARATOR, Taxonomy
from catalog.understand import Understander
from training.data.manifests import LabelledProduct, read_manifest

SETS = ("fashion", "grocery")
FOREIGN = 200
FEWEST, FIRST, PAGE = 3, 5, 24
ADJECTIVES = ("cheap", "new", "nice", "small")
BATCH = 32

Find = Callable[[str], Finding]


@dataclass(frozen=True)
class Row:
    """first_five: the share of what the first five places show that is right, over the queries that find something;
    right: of queries that show something right on the first page; found: products on average; nothing: the share of
    queries that find nothing.
    """

    way: str
    queries: str
    number: int
    first_five: float
    right: float
    found: float
    nothing: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=shipped_model())
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    model = Understander.load(given.model)
    rows = [
        row for name in SETS for row in read_manifest(given.data_root / name / "products.jsonl", model.taxonomy, "val")
    ]
    rows = rows[:: -(-len(rows) // given.products)]
    under = products_under(model.taxonomy, rows)
    queries = known(model.taxonomy, under) | {"foreign": foreign(given.data_root, model.taxonomy, set(under))}
    with tempfile.TemporaryDirectory() as folder, open_index(folder, model.config.embedding_width) as index:
        fill(index, model, rows)
        finds = ways(index, model)
        measured = [scored(way, kind, asked, find) for way, find in finds for kind, asked in queries.items()]
    print_table(measured)
    if given.json:
        given.json.write_text(json.dumps([asdict(row) for row in measured], indent=1) + "\n", encoding="utf-8")


def products_under(taxonomy: Taxonomy, rows: Sequence[LabelledProduct]) -> dict[str, set[str]]:
    """The ids of the products at or below each node that has any."""
    under: dict[str, set[str]] = {}
    for position, row in enumerate(rows):
        for node in taxonomy.ancestors(row.node) if row.node else ():
            under.setdefault(node, set()).add(str(position))
    return under


def known(taxonomy: Taxonomy, under: Mapping[str, set[str]]) -> dict[str, list[tuple[str, set[str]]]]:
    """By kind of query: its words, and the ids of the products that are right."""
    names = [
        (name, under[node.id])
        for node in taxonomy.nodes
        if len(under.get(node.id, ())) >= FEWEST
        for name in (node.label, *node.synonyms)
        if SEPARATOR not in name and name.isascii() and taxonomy.named(name) == node
    ]
    longer = [(f"{ADJECTIVES[n % len(ADJECTIVES)]} {name.lower()}", right) for n, (name, right) in enumerate(names)]
    after = [(f"{name.lower()} {ADJECTIVES[n % len(ADJECTIVES)]}", right) for n, (name, right) in enumerate(names)]
    return {"names": names, "longer": longer, "after": after}


def foreign(data_root: Path, taxonomy: Taxonomy, sold: Set[str]) -> list[tuple[str, set[str]]]:
    """Names of categories of which neither they nor what lies above them is a kind of the catalogue's, its departments
    aside. sold: nodes with products.
    """
    text = (data_root / "taxonomies/google/taxonomy-with-ids.en-US.txt").read_text(encoding="utf-8")
    paths = [line.path for line in lines_in(text)]
    names = [path[-1] for path in paths if not any(is_kind(name, taxonomy, sold) for name in path)]
    return [(name, set()) for name in names[:: -(-len(names) // FOREIGN)]]


def is_kind(name: str, taxonomy: Taxonomy, sold: Set[str]) -> bool:
    nodes = [node for part in (name, *name.split(" & ")) for node in taxonomy.meanings(part)]
    return any(node.parent and node.id in sold for node in nodes)


def fill(index: ProductIndex, model: Understander, rows: Sequence[LabelledProduct]) -> None:
    for start in range(0, len(rows), BATCH):
        products = [replace(row.product(), id=str(n)) for n, row in enumerate(rows[start : start + BATCH], start)]
        read = model.understand(products, 1, evidence=False)
        index.upsert([stored(*pair) for pair in zip(products, read, strict=True) if isinstance(pair[1], Understanding)])


def stored(product: Product, found: Understanding) -> StoredProduct:
    bare = Product(product.id, product.title, product.description)
    return StoredProduct(bare, found, ContentHashes(product.id, "", ""), "measured")


def ways(index: ProductIndex, model: Understander) -> list[tuple[str, Find]]:
    return [
        ("no floor", lambda text: search(Search((Example(text),), limit=PAGE, floor=False), index, model)),
        ("BM25 alone", lambda text: text_alone(index, text)),
        ("floor", lambda text: search(Search((Example(text),), limit=PAGE), index, model)),
    ]


def text_alone(index: ProductIndex, text: str) -> Finding:
    """The total is of one page: an engine does not tell how many products have a word."""
    matches = index.search(IndexQuery(keywords=text, limit=PAGE))
    return Finding(matches, total=len(matches))


def scored(way: str, kind: str, queries: Sequence[tuple[str, set[str]]], find: Find) -> Row:
    found = [(find(text), right) for text, right in queries]
    shown = [([match.stored.id in right for match in one.matches], one.total) for one, right in found]
    five = [float(np.mean(right[:FIRST])) for right, _ in shown if right]
    return Row(
        way=way,
        queries=kind,
        number=len(queries),
        first_five=float(np.mean(five)) if five else 0.0,
        right=float(np.mean([any(right) for right, _ in shown])),
        found=float(np.mean([total for _, total in shown])),
        nothing=float(np.mean([not right for right, _ in shown])),
    )


def print_table(rows: Sequence[Row]) -> None:
    print("| search | queries | number | right of the first five | something right | products found | find nothing |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        shares = f"{row.first_five:.3f} | {row.right:.3f} | {row.found:.0f} | {row.nothing:.1%}"
        print(f"| {row.way} | {row.queries} | {row.number} | {shares} |")


if __name__ == "__main__":
    main()
