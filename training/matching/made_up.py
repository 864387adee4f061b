"""The weights of `catalog.quality.groups`, from made-up pairs: products of sets that may be trained on, listed again as
another shop might, and their near neighbours, which are other products.

    python -m training.matching.made_up --data-root DIR [--seed 0]

No pair of real shops is read: those are for measuring only (`benchmarks/matching.py`).
"""

import argparse
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from catalog.product import Product
from catalog.quality.groups import Grouping, Item, Scorer, fit
from catalog.quality.groups.colours import COLOURS
from catalog.quality.groups.features import FEATURES
from catalog.quality.groups.scorer import SHIPPED

ENGLISH = [name for name in COLOURS if name.isalpha()]
COLOUR = re.compile(rf"\b({'|'.join(ENGLISH)})\b", re.IGNORECASE)
MODEL = re.compile(r"\b(?=[A-Z0-9-]*\d)(?=[A-Z0-9-]*[A-Z])[A-Z0-9-]{4,}\b", re.IGNORECASE)
MEASURED = re.compile(
    r"(\d+(?:\.\d+)?)[ -]?(GB|TB|MB|inch|oz|ounce|ml|pack|count|ct|lb|W|V|mm|cm|kg|g)\b", re.IGNORECASE
)
NUMBER = re.compile(r"\b\d{1,2}\b")
NOISE = re.findall(
    r"\w+", "new original genuine free shipping sale 2024 edition with for retail official quality best buy online"
)
# What no made-up pair has: set by hand, in log-odds.
BY_HAND = {
    "same gtin": (0.0, 6.0),
    "other gtin": (0.0, -4.0),
    "near vectors": (0.0, 1.0),
    "far vectors": (0.0, -2.0),
    "near images": (0.0, 1.0),
    "far images": (0.0, -1.5),
    "near texts": (0.0, 0.5),
    "far texts": (0.0, -1.0),
}


def products(root: Path) -> Iterator[Product]:
    """Of train only, each title once."""
    seen = set[str]()
    for product in (*_oa_mine(root), *_fashion(root), *_retail(root)):
        if product.title.lower() not in seen:
            seen.add(product.title.lower())
            yield replace(product, id=f"p{len(seen)}")


def _rows(path: Path) -> Iterator[dict[str, object]]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def _oa_mine(root: Path) -> Iterator[Product]:
    for row in _rows(root / "attributes" / "oa_mine" / "train.jsonl"):
        brand = next(iter(row["target_scores"].get("Brand", {})), "")  # type: ignore[attr-defined]
        yield Product(title=str(row["input"]), brand=brand, price=random.lognormvariate(3.5, 1))


def _fashion(root: Path) -> Iterator[Product]:
    rows = [row for row in _rows(root / "fashion" / "products.jsonl") if row["split"] == "train"]
    for row in random.sample(rows, 500):
        yield Product(title=str(row["title"]), price=random.lognormvariate(3.5, 1))


def _retail(root: Path) -> Iterator[Product]:
    rows = [row for row in _rows(root / "othershops" / "retail_demo" / "products.jsonl")]
    for row in random.sample(rows, 400):
        yield Product(title=str(row["title"]), description=str(row["description"]), price=float(str(row["price"])))


def coded(product: Product) -> Product:
    """With a model number, as half of the products of shops have one."""
    if MODEL.search(product.title) or random.random() < 0.4:
        return product
    letters, more = ("".join(random.choices("ABCDEFGHKLMNPRSTUVWX", k=count)) for count in (random.randint(1, 4), 1))
    code = f"{letters}{random.choice(('', '-'))}{random.randint(10, 9999)}{more if random.random() < 0.4 else ''}"
    words = product.title.split()
    words.insert(random.choice((1, len(words))), code)
    return replace(product, title=" ".join(words))


def listed_again(product: Product, number: int, others: Sequence[Product]) -> Product:
    """The same product in another shop, which says much of it or little, and some things that others say."""
    kept = random.choice((1.0, 0.9, 0.7, 0.5))
    title = COLOUR.sub("", product.title) if random.random() < 0.35 else product.title
    title = MEASURED.sub("", title) if random.random() < 0.2 else title
    words = title.split()
    words = [word for n, word in enumerate(words) if n == 0 or MODEL.fullmatch(word) or random.random() < kept]
    words = [_rewritten(word) for word in words if not MODEL.fullmatch(word) or random.random() < 0.9]
    if random.random() < 0.5:
        words[len(words) // 2 :] += random.sample(NOISE, random.randint(1, 3))
    if random.random() < 0.6:
        borrowed = random.choice(others).title.split()[1:]
        words += random.sample(borrowed, min(len(borrowed), random.randint(1, 6)))
    if random.random() < 0.3:
        cut = random.randrange(len(words) or 1)
        words = words[cut:] + words[:cut]
    title = " ".join(words)
    if random.random() < 0.4:
        title = re.sub(r"(\d)(GB|TB|MB|ml|oz|mm|cm|kg|W|V)\b", r"\1 \2", title)
    return _as_offer(
        replace(product, id=f"{'v' if product.id[0] == 'v' else 'q'}{product.id[1:]} {number}", title=title),
        spread=0.35,
    )


def _as_offer(product: Product, spread: float) -> Product:
    price = (product.price or 1) * random.lognormvariate(0, spread)
    description = product.description
    if description and random.random() < 0.7:
        sentences = description.split(". ")
        description = ". ".join(random.sample(sentences, random.randint(0, len(sentences))))
    return replace(
        product,
        brand=product.brand if random.random() < 0.6 else "",
        price=round(price, 2) if random.random() < 0.7 else None,
        description=description,
    )


def _rewritten(word: str) -> str:
    if MODEL.fullmatch(word) and random.random() < 0.5:
        cut = random.randrange(2, len(word) - 1)
        return word.replace("-", "") if "-" in word else f"{word[:cut]}-{word[cut:]}"
    if len(word) > 5 and word.isalpha() and random.random() < 0.06:
        cut = random.randrange(2, len(word) - 2)
        return word[:cut] + random.choice(("", " ", word[cut] * 2)) + word[cut + 1 :]
    return word[: random.randint(3, 5)] if len(word) > 6 and random.random() < 0.03 else word


def changed(product: Product) -> Product | None:
    """Another product by one word: its colour, measure, number or model number; None if it has none of them."""
    ways = [(COLOUR, _other_colour), (MEASURED, _other_measure), (MODEL, _other_model), (NUMBER, _other_number)]
    for pattern, way in random.sample(ways, len(ways)):
        if found := pattern.search(product.title):
            title = product.title[: found.start()] + way(found[0]) + product.title[found.end() :]
            return replace(product, id=f"v{product.id[1:]} {random.random()}", title=title)
    return None


def _other_colour(text: str) -> str:
    return random.choice([name for name in ENGLISH if name != text.lower()])


def _other_measure(text: str) -> str:
    return re.sub(r"\d+(\.\d+)?", lambda one: f"{float(one[0]) * random.choice((0.5, 2, 3, 4)):g}", text, count=1)


def _other_model(text: str) -> str:
    spot = random.choice([n for n, letter in enumerate(text) if letter.isalnum()])
    other = random.choice("0123456789" if text[spot].isdigit() else "abcdefghkmnprstvwx")
    return text[:spot] + other + text[spot + 1 :]


def _other_number(text: str) -> str:
    return str(int(text) + random.choice((1, 2, 3)))


def pairs(originals: Sequence[Product]) -> tuple[Grouping, list[tuple[str, str]], list[bool]]:
    """The catalogue of both listings, its pairs, and whether each is one product."""
    copies = [listed_again(one, n, originals) for one in originals for n in range(random.choice((1, 1, 2, 3)))]
    variants = [other for one in originals for _ in range(2) if (other := changed(one))]
    variants = [listed_again(one, n, originals) if n % 2 else one for n, one in enumerate(variants)]
    catalogue = Grouping(Scorer(0.0, {}))
    everything = [*map(Item, originals), *map(Item, copies), *map(Item, variants)]
    catalogue.add_all(tqdm(everything, "products"))
    ordered = sorted(catalogue.candidates())
    return catalogue, ordered, [_is_one(one, other) for one, other in ordered]


def _is_one(one: str, other: str) -> bool:
    """Listings of one product; of one that was changed, only it and itself."""
    return "v" not in (one[0], other[0]) and one[1:].split()[0] == other[1:].split()[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    catalogue, ids, same = pairs([coded(one) for one in products(arguments.data_root)])
    values = [catalogue.comparison(*pair).values for pair in tqdm(ids, "pairs")]
    learned = fit(values, np.array(same))
    scorer = Scorer(learned.start, {**learned.curves, **BY_HAND})
    named = {feature.name for feature in FEATURES}
    assert named >= scorer.curves.keys()
    SHIPPED.write_text(json.dumps(scorer.to_dict(), indent=1) + "\n", encoding="utf-8")
    print(f"{len(ids)} pairs, {sum(same)} of one product; {len(scorer.curves)} curves in {SHIPPED}")


if __name__ == "__main__":
    main()
