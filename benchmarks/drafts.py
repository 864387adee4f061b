"""Drafts of 1,000 products: whether each word has its source, whether limits are kept, and how many say nothing.

    python -m benchmarks.drafts --data-root DATA [--sets retail_demo flipkart fashion] [--products 1000] [--read]

The products are drawn from all sets together (seed 0) and written for every channel in both languages. A word of a span
counts as traced if the field that the span names has it, as a whole word where it is of Latin letters, or if it is the
table's Chinese for the field's whole value; a word of a span without a source, if it stands in `templates.toml`. Both
are looked up here anew. --read: the shipped model reads the words of each product, so that what it is sure of is in the
drafts as well. `copied`: titles as they are, which is the simplest alternative: how many are too long.
"""

import argparse
import json
import re
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np

from catalog.drafts import Draft, Language, Span, channels, draft, verified
from catalog.drafts.facts import in_chinese
from catalog.errors import NothingVerified
from catalog.product import Product, Understanding, as_text, each_value
from catalog.understand import Understander, far_from_all

SETS = {"retail_demo": "othershops/retail_demo", "flipkart": "othershops/flipkart", "fashion": "fashion"}
LANGUAGES: tuple[Language, ...] = ("en", "zh")
WORD = re.compile(r"\w+")
Item = tuple[Product, Understanding]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--sets", nargs="*", choices=SETS, default=[*SETS])
    parser.add_argument("--products", type=int, default=1000)
    parser.add_argument("--read", action="store_true")
    given = parser.parse_args()
    products = [one for name in given.sets for one in products_of(given.data_root / SETS[name])]
    chosen = np.random.default_rng(0).permutation(len(products))[: given.products]
    items = understood([products[at] for at in chosen], given.read)
    counts = Counter[str]()
    start = time.process_time()
    drafts = [one for item in items for one in written(item, counts)]
    seconds = time.process_time() - start
    for item, found in drafts:
        check(item, found, counts)
    total = counts["drafts"]
    print(f"{len(items):,} products, {total:,} drafts, {1000 * seconds / total:.2f} ms each")
    print(f"words traced: {counts['traced']:,} of {counts['words']:,} ({counts['traced'] / counts['words']:.4%})")
    print(f"texts: {counts['texts']:,}, over the limit {counts['over']:,}, empty {counts['empty']:,}")
    print(f"products of which nothing is verified: {counts['nothing']:,}")
    for channel in channels().values():
        over = sum(not channel.title.holds(product.title) for product, _ in items)
        print(f"copied to {channel.name}: {over:,} titles over the limit of {channel.title.limit}")


def products_of(folder: Path) -> Iterator[Product]:
    for line in (folder / "products.jsonl").open(encoding="utf-8"):
        row = json.loads(line)
        yield Product(
            id=row["id"],
            title=row["title"],
            description=row.get("description") or "",
            product_type=" > ".join(row["category"]),
            attributes={name: str(value) for name, value in row["attributes"].items() if value},
        )


def understood(products: Sequence[Product], read: bool) -> list[Item]:
    if not read:
        return [(one, Understanding("", None, (), (), {}, far_from_all("", 8), (), "abstain")) for one in products]
    model = Understander.load()
    found = model.understand(products, evidence=False)
    return [(one, it) for one, it in zip(products, found, strict=True) if isinstance(it, Understanding)]


def written(item: Item, counts: Counter[str]) -> Iterator[tuple[Item, Draft]]:
    known = verified(*item)
    for channel in channels().values():
        for language in LANGUAGES:
            try:
                yield item, draft(known, channel, language)
            except NothingVerified:
                counts["nothing"] += 1


def check(item: Item, found: Draft, counts: Counter[str]) -> None:
    counts["drafts"] += 1
    words = template_words()
    for text in found.texts:
        counts["texts"] += 1
        counts["over"] += not text.limit.holds(str(text))
        counts["empty"] += not str(text).strip()
        for span in text.spans:
            known = says(item, span) if span.source else words
            whole = frozenset(WORD.findall(known))
            for word in WORD.findall(span.text):
                counts["words"] += 1
                counts["traced"] += word in whole if word.isascii() else word in known


def says(item: Item, span: Span) -> str:
    """All that the source of a span says: its name, its value, and the Chinese of that by the lexicon."""
    product, read = item
    origin, _, name = span.source.partition(".")
    if origin == "category":
        return " ".join(read.path)
    if origin in ("model", "verdict"):
        values: tuple[str, ...] = (read.attributes[name].name,)
    elif origin == "attributes":
        values = each_value(product.attributes[name])
    else:
        values = (getattr(product, origin),)
    return " ".join((name, as_text(values), *map(in_chinese, values)))


def template_words() -> str:
    table = tomllib.loads(files("catalog.drafts").joinpath("templates.toml").read_text(encoding="utf-8"))
    return " ".join(label for row in table.values() for label in row["labels"].values())


if __name__ == "__main__":
    main()
