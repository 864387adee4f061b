"""What a model makes of Chinese, of which no labelled product is at hand.

    python benchmarks/chinese.py --data-root DATA [--model FOLDER] [--weights FOLDER] [--json FILE]

names: a category's Chinese name in Shopify's taxonomy finds its English one among all, R@1. queries: the Chinese name
of a fashion type finds English products of `val`, by image and text, of that type: precision of the first ten, over
types with at least ten. titles: Chinese titles put together with a seed of their own, whose likeliest leaf is the one
named.
"""

import json
import random
from collections.abc import Sequence

import numpy as np

from benchmarks.other_shops import FOUND_AT, Embed, Frozen, Model, Row, argument_parser, print_table, understood, unit
from catalog.product import CategoryScore, Product, Understanding
from catalog.understand import Understander
from training.data.manifests import read_manifest
from training.texts.corpus import tree_title
from training.texts.shopify import ShopifyTaxonomy

SEED = 1  # training draws with 0
TITLES = 1000


def main() -> None:
    given = argument_parser(__doc__).parse_args()
    understander = Understander.load(given.model, cache_megabytes=0)
    embedders: dict[str, Embed] = {"model": Model(understander).embed}
    if given.weights:
        embedders["frozen text encoder"] = Frozen(given.weights, given.text_weights).embed
    shopify = ShopifyTaxonomy.load(given.data_root / "taxonomies" / "shopify")
    rows: list[Row] = []
    for by, embed in embedders.items():
        rows.append({"what": "names", "by": by, "figure": names_found(shopify, embed)})
    manifest = given.data_root / "fashion" / "products.jsonl"
    products = [row for row in read_manifest(manifest, understander.taxonomy, "val") if row.node]
    queries = chinese_names(understander, [str(row.node) for row in products])
    found = precision(understander, [row.product() for row in products], [str(row.node) for row in products], queries)
    rows.append({"what": "queries", "by": "model", "figure": found})
    rows.append({"what": "titles", "by": "model", "figure": titles_right(understander, set(queries))})
    print_table(rows)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def names_found(shopify: ShopifyTaxonomy, embed: Embed) -> float:
    """A name that several categories have is right with any of them."""
    english = [path[-1] for path in shopify.names["en"].values()]
    chinese = [shopify.names["zh-CN"][id][-1] for id in shopify.names["en"]]
    english_NE, chinese_NE = (unit(embed([Product("", name) for name in all], "names")) for all in (english, chinese))
    best_N = (chinese_NE @ english_NE.T).argmax(1)
    return float(np.mean([english[best] == right for best, right in zip(best_N, english, strict=True)]))


def chinese_names(understander: Understander, nodes: Sequence[str]) -> dict[str, str]:
    """Node -> its Chinese label, of the leaves with at least ten products."""
    counted = {node: nodes.count(node) for node in set(nodes)}
    tree = understander.taxonomy
    return {node: tree.node(node).label_zh for node, count in sorted(counted.items()) if count >= FOUND_AT}


def precision(
    understander: Understander, products: Sequence[Product], nodes: Sequence[str], queries: dict[str, str]
) -> float:
    embed, label_N = Model(understander).embed, np.array(nodes)
    product_NE = embed(products, "fashion val")
    query_QE = embed([Product("", name) for name in queries.values()], "queries")
    best_QK = np.argsort(-(query_QE @ product_NE.T), axis=1)[:, :FOUND_AT]
    return float(np.mean([(label_N[best] == node).mean() for node, best in zip(queries, best_QK, strict=True)]))


def titles_right(understander: Understander, nodes: set[str]) -> float:
    """nodes: those of which titles are made."""
    draw, titles = random.Random(SEED), []
    while len(titles) < TITLES:
        text = tree_title(understander.taxonomy, draw)
        if text.node in nodes:
            titles.append((text.node, text.same[0]))
    found = understood(understander, [Product("", title) for _, title in titles], "titles")
    right = [node in likeliest(one).path_ids for (node, _), one in zip(titles, found, strict=True)]
    return float(np.mean(right))


def likeliest(found: Understanding) -> CategoryScore:
    """The leaf: alternatives lie below a promised category that is none."""
    below = [one for one in found.alternatives if found.category and found.category.id in one.path_ids]
    return found.category if found.category and not below else found.alternatives[0]


if __name__ == "__main__":
    main()
