"""Whether what is said to move an answer does: how often the answer changes without it, and without as much at random.

    python benchmarks/evidence.py --data-root DATA [--sets fashion flipkart] [--products 200] [--images 60] [--seed 0]
        [--json FILE]

Products are drawn from fashion's `val` and from flipkart. Words alone: the three words that speak most for the answer
are left out, or three at random (the mean of five draws), or the three longest. Image alone: the hottest fifth of the
heat map is hidden, or a fifth of its cells at random (three draws), or the middle one. The answer changes if another
category is promised, or none. Three of six words are half of a title, so texts of 8 words and more have rows of their
own. Milliseconds are medians, of the explanation and of the answer alone, in one thread, on products that no cache has.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.other_shops import Row, print_table
from catalog.evidence import Explanation, Word
from catalog.evidence.explain import explain
from catalog.evidence.heat import CELLS, SIDE, hidden, hottest
from catalog.evidence.words import Spoken, without
from catalog.model.folder import shipped_model
from catalog.model.preprocess import Prepared
from catalog.model.runtime import set_thread_budget
from catalog.product import Product
from catalog.understand import Understander

SETS = {"fashion": ("fashion", ("val",)), "flipkart": ("othershops/flipkart", ("train", "val", "test"))}
REMOVED, LONG = 3, 8  # words
FIFTH = CELLS // 5
# The cell in the middle and its four neighbours.
MIDDLE = [CELLS // 2 + step for step in (0, 1, -1, SIDE, -SIDE)]

# By way: whether the answer changed, of each product; of the random draws the share.
Changed = dict[str, list[float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=shipped_model())
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--products", type=int, default=200)
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    set_thread_budget(1)
    model = Understander.load(given.model, cache_megabytes=0)
    rows: list[Row] = []
    for name in given.sets:
        draw = np.random.default_rng(given.seed)
        products = drawn(given.data_root, name, given.products, draw)
        for title, found in of_words(model, products, draw).items():
            rows.append(row(f"{name}, {title}", found))
        rows.append(row(f"{name}, image", of_images(model, products[: given.images], draw)))
    print_table(rows)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def drawn(data: Path, name: str, count: int, draw: np.random.Generator) -> list[Product]:
    folder, splits = data / SETS[name][0], SETS[name][1]
    lines = [json.loads(line) for line in (folder / "products.jsonl").read_text(encoding="utf-8").splitlines()]
    lines = [line for line in lines if line["image"] and line["split"] in splits]
    kept = [lines[number] for number in draw.permutation(len(lines))[:count]]
    return [
        Product(line["id"], line["title"], line["description"] or "", ((folder / line["image"]).read_bytes(),))
        for line in kept
    ]


def of_words(model: Understander, products: Sequence[Product], draw: np.random.Generator) -> dict[str, Changed]:
    every: Changed = {}
    long: Changed = {}
    for product in products:
        prepared = model.prepare(Product(product.id, product.title, product.description))
        explained = timed(model, prepared, every, long)
        words = explained.words if explained else ()
        if len(words) <= REMOVED:
            continue
        left_out = {
            "strongest": [sorted(words, key=lambda word: -word.score)[:REMOVED]],
            "at random": [[words[number] for number in draw.permutation(len(words))[:REMOVED]] for _ in range(5)],
            "plain": [sorted(words, key=lambda word: -len(word.text))[:REMOVED]],
        }
        ways = {way: [shorter(prepared, some) for some in several] for way, several in left_out.items()}
        for found in (every, long) if len(words) >= LONG else (every,):
            add(found, model, prepared, ways)
    return {"words": every, f"words, {LONG} or more": long}


def of_images(model: Understander, products: Sequence[Product], draw: np.random.Generator) -> Changed:
    found: Changed = {}
    for product in products:
        prepared = model.prepare(Product(product.id, images=product.images))._replace(digests=())
        explained = timed(model, prepared, found)
        if explained is None or explained.heat_map is None:
            continue
        cells = {
            "strongest": [hottest(explained.heat_map, FIFTH)],
            "at random": [[int(cell) for cell in draw.permutation(CELLS)[:FIFTH]] for _ in range(3)],
            "plain": [MIDDLE],
        }
        ways = {way: [masked(model, prepared, some) for some in several] for way, several in cells.items()}
        add(found, model, prepared, ways)
    return found


def shorter(prepared: Prepared, words: Sequence[Word]) -> Prepared:
    return prepared._replace(text=without(prepared.text, [Spoken(word.text, word.spans) for word in words]))


def masked(model: Understander, prepared: Prepared, cells: Sequence[int]) -> Prepared:
    [pixels_CHW] = prepared.pixels_NCHW
    return prepared._replace(pixels_NCHW=hidden(pixels_CHW, cells, model.config.image.crop)[None])


def timed(model: Understander, prepared: Prepared, *found: Changed) -> Explanation | None:
    """The explanation; how long it takes, and the answer alone, is added."""
    started = time.perf_counter()
    model.understand_prepared([prepared])
    answered = time.perf_counter()
    explained = explain(model, prepared)
    ended = time.perf_counter()
    for one in found:
        one.setdefault("ms of the answer", []).append(1e3 * (answered - started))
        one.setdefault("ms of the explanation", []).append(1e3 * (ended - answered))
    return explained


def add(found: Changed, model: Understander, prepared: Prepared, ways: dict[str, list[Prepared]]) -> None:
    """How often each way changes the answer."""
    [answer] = answers(model, [prepared])
    for way, several in ways.items():
        found.setdefault(way, []).append(float(np.mean([other != answer for other in answers(model, several)])))


def answers(model: Understander, products: Sequence[Prepared]) -> list[str | None]:
    found = model.understand_prepared(products, 1, evidence=False)
    return [one.category.id if one.category else None for one in found]


def row(name: str, found: Changed) -> Row:
    changed = {way: float(np.mean(found.get(way) or [np.nan])) for way in ("strongest", "at random", "plain")}
    times = {way: float(np.median(found[way])) for way in found if way.startswith("ms")}
    ratio = changed["strongest"] / max(changed["at random"], 1e-9)
    return {"set": name, "products": str(len(found.get("plain", []))), **changed, "times as often": ratio, **times}


if __name__ == "__main__":
    main()
