"""Completeness: known attributes deleted, and whether the gap is found and the proposal right; faults made, and whether
they are found.

    python benchmarks/completeness.py --data-root DATA [--only gaps|images|titles|time] [--answers FOLDER] [--seed 0]

DATA has fashion (its `val`) and othershops. Nothing is learned beforehand: what is usual, and which proposals are right
often enough, the rest of each catalogue says. --answers: where the model's answers are kept between runs.

- gaps: 1,000 products of two catalogues lose one attribute each. `found`: the gap is reported. `auto`, `offered`: the
  share with a proposal of that decision, and how many of these are right. A value is right if it means the same
  (`catalog.synonyms.same`); `equal`: spelt the same, too. Baselines: the category's commonest value; the longest known
  value of the attribute that stands in the title.
- images: blurred, scaled up, pasted on other images' backgrounds. `caught`, and `false` of the clean ones.
- titles: one fault each, made of clean titles.
- time: of learning what is usual and of checking, for 100,000 products made of the catalogues' own.
"""

import argparse
import io
import json
import random
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFilter

from catalog.images.measures import measured
from catalog.index.exports.rows import from_row, to_row
from catalog.model.contract.binomial import lower_bound
from catalog.model.preprocess import to_pixels
from catalog.product import ImageMeasures, Product, StoredProduct, content_hashes
from catalog.quality.completeness import Completeness, Expectations, completeness
from catalog.quality.completeness.given import key_of
from catalog.quality.completeness.images import BLURRED, is_plain
from catalog.quality.completeness.titles import title_faults
from catalog.quality.completeness.vocabulary import Vocabulary, tokens_of
from catalog.synonyms import same
from catalog.taxonomy.tree import Taxonomy
from catalog.understand import Understander

SHOPS = {"fashion": "val", "othershops/flipkart": ""}
TITLES = {**SHOPS, "othershops/retail_demo": ""}
IMAGES = {"fashion": "val", "othershops/flipkart": "", "othershops/ikea": ""}
DELETED = 1_000
MAX_PRODUCTS = 1_000  # products of a shop
BATCH = 64
SIDE = 224
LEAST = 20


class Said(NamedTuple):
    """A proposal for a deleted value. decision: "auto", "review", or "" for a baseline."""

    value: str
    decision: str


class Gap(NamedTuple):
    shop: str
    key: str
    true: str
    found: bool
    said: Mapping[str, Said | None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--only", choices=("gaps", "images", "titles", "time"))
    parser.add_argument("--answers", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    parts: dict[str, Callable[[], None]] = {
        "titles": lambda: titles(asked.data_root, asked.seed),
        "images": lambda: images(asked.data_root, asked.seed),
        "gaps": lambda: gaps(shops(asked.data_root, asked.answers), asked.seed),
        "time": lambda: timed(shops(asked.data_root, asked.answers), asked.seed),
    }
    for name in [asked.only] if asked.only else parts:
        parts[name]()


def rows(folder: Path, split: str) -> list[dict[str, object]]:
    found = [json.loads(line) for line in (folder / "products.jsonl").open(encoding="utf-8")]
    return [row for row in found if not split or row["split"] == split]


# --- gaps ---


def shops(root: Path, answers: Path | None) -> dict[str, list[StoredProduct]]:
    reader: list[Understander] = []
    found = {}
    for name, split in SHOPS.items():
        kept = answers / f"{Path(name).name}.jsonl" if answers else None
        if kept and kept.is_file():
            found[name] = [from_row(json.loads(line)) for line in kept.open(encoding="utf-8")]
            continue
        reader = reader or [Understander.load()]
        chosen = rows(root / name, split)
        random.Random(0).shuffle(chosen)
        found[name] = list(understood(reader[0], root / name, chosen[:MAX_PRODUCTS]))
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text("".join(json.dumps(to_row(stored)) + "\n" for stored in found[name]))
    return found


def understood(reader: Understander, folder: Path, given: Sequence[Mapping[str, object]]) -> Iterator[StoredProduct]:
    for start in range(0, len(given), BATCH):
        products = [product_of(folder, row) for row in given[start : start + BATCH]]
        for product, found in zip(products, reader.understand(products, evidence=False), strict=True):
            if isinstance(found, Exception):
                raise found
            sent = ("sent",) * len(product.images)
            hashes = content_hashes(product, product.images, sent)
            yield StoredProduct(replace(product, images=()), found, hashes, reader.version, sent)


def product_of(folder: Path, row: Mapping[str, object]) -> Product:
    attributes = {name: str(value) for name, value in dict(row["attributes"]).items() if value}  # type: ignore[call-overload]
    return Product(
        id=str(row["id"]),
        title=str(row["title"] or ""),
        description=str(row.get("description") or ""),
        images=((folder / str(row["image"])).read_bytes(),) if row.get("image") else (),
        brand=attributes.pop("brand", ""),
        attributes=attributes,
        product_type=" > ".join(row["category"]),  # type: ignore[arg-type]
    )


def gaps(found: Mapping[str, Sequence[StoredProduct]], seed: int) -> None:
    known = [
        (shop, at, name)
        for shop, products in found.items()
        for at, stored in enumerate(products)
        for name in (*stored.product.attributes, *(("brand",) if stored.product.brand else ()))
    ]
    random.Random(seed).shuffle(known)
    chosen: dict[str, dict[int, str]] = defaultdict(dict)
    for shop, at, name in known:
        if sum(map(len, chosen.values())) < DELETED:
            chosen[shop].setdefault(at, name)
    judged = [gap for shop, deleted in chosen.items() for gap in of_shop(shop, found[shop], deleted)]
    print(f"{len(judged)} deleted; found {sum(gap.found for gap in judged) / len(judged):.4f}")
    for shop in chosen:
        own = [gap for gap in judged if gap.shop == shop]
        print(f"  {shop}: {len(own)} deleted; found {sum(gap.found for gap in own) / len(own):.4f}")
    for way in ("proposal", "commonest value", "known value in the title"):
        told(way, judged, way)
    for key in sorted({gap.key for gap in judged}):
        told(f"  proposal: {key}", [gap for gap in judged if gap.key == key], "proposal")


def of_shop(shop: str, products: Sequence[StoredProduct], deleted: Mapping[int, str]) -> Iterator[Gap]:
    catalogue = [without(stored, deleted[at]) if at in deleted else stored for at, stored in enumerate(products)]
    expectations = Expectations.of(catalogue, Taxonomy.load("assets/model/taxonomy.json"))
    commonest = commonest_values(catalogue)
    for at, name in deleted.items():
        key = key_of(name)
        true = products[at].product.brand if name == "brand" else str(products[at].product.attributes[name])
        answer = completeness(catalogue[at], expectations)
        proposal = answer.proposals.get(key)
        vocabulary = expectations.vocabulary(key) or Vocabulary()
        title = catalogue[at].product.title
        place = vocabulary.found_in(title, tokens_of(title))
        common = commonest(catalogue[at], key)
        yield Gap(
            shop,
            key,
            true,
            reports(answer, key),
            {
                "proposal": Said(proposal.value, proposal.decision) if proposal else None,
                "commonest value": Said(common, "") if common else None,
                "known value in the title": Said(place.value, "") if place else None,
            },
        )


def without(stored: StoredProduct, name: str) -> StoredProduct:
    product = stored.product
    if name == "brand":
        return replace(stored, product=replace(product, brand=""))
    kept = {other: value for other, value in product.attributes.items() if other != name}
    return replace(stored, product=replace(product, attributes=kept))


def reports(answer: Completeness, key: str) -> bool:
    codes = ("attribute_missing", "field_required", "field_recommended")
    return any(one.code in codes and key_of(one.field) == key for one in answer.findings)


def commonest_values(products: Sequence[StoredProduct]) -> Callable[[StoredProduct, str], str]:
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for stored in products:
        fields = {**stored.product.attributes, **({"brand": stored.product.brand} if stored.product.brand else {})}
        for node in ("", *(stored.understanding.category.path_ids if stored.understanding.category else ())):
            for name, value in fields.items():
                counts[node, key_of(name)][str(value)] += 1

    def commonest(stored: StoredProduct, key: str) -> str:
        nodes = ("", *(stored.understanding.category.path_ids if stored.understanding.category else ()))
        for node in reversed(nodes):
            if counts[node, key].total() >= LEAST or not node:
                return next((value for value, _ in counts[node, key].most_common(1)), "")
        return ""

    return commonest


def told(label: str, judged: Sequence[Gap], way: str) -> None:
    for decision in ("auto", "review", ""):
        said = [(gap, one) for gap in judged if (one := gap.said[way]) and one.decision == decision]
        if not said:
            continue
        right = sum(same(one.value, gap.true) for gap, one in said)
        equal = sum(one.value.casefold() == gap.true.casefold() for gap, one in said)
        print(
            f"{label:32} {decision or 'all':6} said {len(said) / len(judged):.3f}  right {right / len(said):.3f} "
            f"({right} of {len(said)}, at least {lower_bound(len(said), len(said) - right):.3f})  "
            f"equal {equal / len(said):.3f}"
        )


# --- images ---


def images(root: Path, seed: int) -> None:
    draw = random.Random(seed)
    for name, split in IMAGES.items():
        given = rows(root / name, split)
        draw.shuffle(given)
        images = [opened(root / name / str(row["image"]), name == "fashion") for row in given[:400]]
        clean = [measure(image) for image in images]
        plain = sum(map(is_plain, clean)) / len(clean)
        print(f"{name}: {len(clean)} images, {plain:.3f} with a plain background")
        faults: dict[str, Callable[[Image.Image], Image.Image]] = {
            "blurred, 1.5 px": lambda image: image.filter(ImageFilter.GaussianBlur(1.5)),
            "blurred, 3 px": lambda image: image.filter(ImageFilter.GaussianBlur(3)),
            "from 64 px": lambda image: scaled_up(image, 64),
            "from 96 px": lambda image: scaled_up(image, 96),
        }
        raw = np.quantile([power_of(image) for image in images], 0.01)
        for fault, make in faults.items():
            made = [saved(make(image)) for image in images]
            caught = sum(measure(image).detail < BLURRED for image in made) / len(made)
            baseline = sum(power_of(image) < raw for image in made) / len(made)
            wrong = sum(one.detail < BLURRED for one in clean) / len(clean)
            print(f"  {fault:18} {precision(caught, wrong)}; variance of the Laplacian at 0.010 false: {baseline:.3f}")
        others = [
            opened(path, False) for path in draw.sample(sorted((root / "grocery" / "images").rglob("*.jpg")), 100)
        ]
        made = [saved(pasted(image, draw.choice(others))) for image in images]
        caught = sum(not is_plain(measure(image)) for image in made) / len(made)
        print(f"  {'other background':18} {precision(caught, 1 - plain)}; told only where 0.95 are plain")


def precision(caught: float, wrong: float) -> str:
    one_in_ten = caught * 0.1 / max(caught * 0.1 + wrong * 0.9, 1e-9)
    return f"caught {caught:.3f}  false {wrong:.4f}  precision with one of ten faulty {one_in_ten:.3f}"


def opened(path: Path, squashed: bool) -> Image.Image:
    image = Image.open(path).convert("RGB")
    return image.resize((168, 224), Image.Resampling.BICUBIC) if squashed else image


def saved(image: Image.Image) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=85)
    return Image.open(file).convert("RGB")


def scaled_up(image: Image.Image, side: int) -> Image.Image:
    small = image.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    return small.resize((small.width * 4, small.height * 4), Image.Resampling.BICUBIC)


def pasted(image: Image.Image, other: Image.Image) -> Image.Image:
    """The product, cut from its white background."""
    background = other.resize(image.size)
    shown_HW = (np.asarray(image).min(-1) < 238).astype(np.uint8) * 255
    background.paste(image, mask=Image.fromarray(shown_HW).filter(ImageFilter.GaussianBlur(1)))
    return background


def measure(image: Image.Image) -> ImageMeasures:
    return measured(to_pixels(image, SIDE), image.size)


def power_of(image: Image.Image) -> float:
    grey_HW = np.asarray(image.convert("L").resize((SIDE, SIDE)), np.float32)
    around_HW = grey_HW[1:-1, :-2] + grey_HW[1:-1, 2:] + grey_HW[:-2, 1:-1] + grey_HW[2:, 1:-1]
    return float((around_HW - 4 * grey_HW[1:-1, 1:-1]).var())


# --- titles ---


def titles(root: Path, seed: int) -> None:
    draw = random.Random(seed)
    made: dict[str, Callable[[str], str]] = {
        "title_capitals": str.upper,
        "title_repeats": lambda title: f"{title} {title.split()[-1]} {title.split()[-1]}",
        "title_promotion": lambda title: (
            f"{title} - {draw.choice(('Free Shipping', 'Best price', 'SALE!', '20% off'))}"
        ),
        "title_markup": lambda title: draw.choice((f"<b>{title}</b>", title.replace(" ", "&nbsp;", 1), f"{title}<br>")),
        "title_too_short": lambda title: title.split()[0][:12],
    }
    for name, split in TITLES.items():
        clean = [title for row in rows(root / name, split) if len((title := str(row["title"] or "")).split()) > 2]
        wrong = Counter(code for title in clean for code, _ in title_faults(title))
        print(f"{name}: {len(clean):,} titles")
        for code, make in made.items():
            caught = sum(code in dict(title_faults(make(title))) for title in clean) / len(clean)
            print(f"  {code:18} {precision(caught, wrong[code] / len(clean))}")


# --- time ---


def timed(found: Mapping[str, Sequence[StoredProduct]], seed: int) -> None:
    own = [stored for products in found.values() for stored in products]
    draw = random.Random(seed)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    many = (replace(draw.choice(own), hashes=own[0].hashes._replace(images=str(n))) for n in range(100_000))
    expectations = Expectations.of(many, Taxonomy.load("assets/model/taxonomy.json"))
    learned = time.process_time() - start
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    start = time.process_time()
    checked = draw.sample(own, 1_000)
    for stored in checked:
        completeness(stored, expectations)
    each = 1_000 * (time.process_time() - start) / len(checked)
    print(f"learned from 100,000 products in {learned:.1f} s of CPU, {memory:.0f} MB more; {each:.2f} ms a check")


if __name__ == "__main__":
    main()
