"""What `teach` reaches on shops that the model never saw, beside what a user would write, and how long it takes.

    python benchmarks/teaching.py --data-root DATA [--vectors FOLDER] [--fashion]
    python benchmarks/teaching.py --data-root DATA [--vectors FOLDER] --attributes [--rows N] [--target SHARE]

Of each class so many labelled products teach, and the others are asked; the mean of seeds 0 to 3. Beside it in the same
run: logistic regression on the model's embeddings; on words alone, TF-IDF with logistic regression; and the categories'
names alone. What the model reads is kept in the folder --vectors, by `teach`'s own cache. Unknown kinds: each
department in its turn is left out of the teaching, and its products are asked; the share that is accepted unseen.
Attributes: those of fashion's train are taught, and its val is asked, by all that is read of a product.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

from catalog.feeds import open_feed
from catalog.filing import Categories
from catalog.images import ImageReader
from catalog.model.contract import Targets
from catalog.model.folder import shipped_model
from catalog.model.taught_attributes import with_taught
from catalog.product import Scored
from catalog.teaching.examples import Example, own_vectors
from catalog.teaching.gather import examples_of, gather
from catalog.teaching.learned import Names
from catalog.teaching.teach import Taught, name_vectors, teach
from catalog.teaching.vectors import VectorCache
from catalog.understand import Understander

SEEDS = range(4)
TASKS = (  # set, levels of the path, labelled products a class
    ("othershops/flipkart", 1, 5),
    ("othershops/flipkart", 1, 20),
    ("othershops/flipkart", 2, 5),
    ("othershops/flipkart", 2, 10),
    ("othershops/retail_demo", 1, 10),
)
TARGET = 0.98
ATTRIBUTES = ("colour", "gender", "season", "usage")


class Shop(NamedTuple):
    """texts: title and description, by id."""

    examples: list[Example]
    texts: dict[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--vectors", type=Path, default=Path())
    parser.add_argument("--model", type=Path, default=shipped_model())
    parser.add_argument("--fashion", action="store_true", help="also teach fashion's train and ask its val")
    parser.add_argument("--attributes", action="store_true", help="teach fashion's attributes, and nothing else")
    parser.add_argument("--rows", type=int, default=0, help="of fashion, drawn at random; 0: all")
    parser.add_argument("--target", type=float, default=TARGET, help="of attributes")
    asked = parser.parse_args()
    reader = Understander.load(asked.model)
    if asked.attributes:
        print(attributes(asked.data_root / "fashion", reader, asked.vectors, asked.rows, asked.target))
        return
    shops = {name: read(asked.data_root / name, reader, asked.vectors) for name in dict.fromkeys(t[0] for t in TASKS)}
    print("| set, level | classes | a class | teach | logistic regression | TF-IDF | names alone | seconds |")
    print("|---|---|---|---|---|---|---|---|")
    for name, level, count in TASKS:
        shop = shops[name]._replace(examples=cut(shops[name].examples, level))
        found = np.mean([accuracies(shop, count, seed, reader) for seed in SEEDS], 0)
        classes = len(large_classes(shop.examples, count))
        shown = " | ".join(f"{share:.3f}" for share in found[:-1])
        print(f"| {name}, {level} | {classes} | {count} | {shown} | {found[-1]:.1f} |", flush=True)
    print(unknown_kinds(cut(shops["othershops/flipkart"].examples, 2), reader))
    if asked.fashion:
        print(fashion(asked.data_root / "fashion", reader, asked.vectors))


def read(folder: Path, reader: Understander, vectors: Path, names: Sequence[str] = (), count: int = 0) -> Shop:
    """The set's products with a category, as `teach` reads them. names: of attributes; count: of rows, drawn at random
    from those with a category; 0: all.
    """
    path = folder / "products.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    filed = [str(row["id"]) for row in rows if row["category"]]
    drawn = np.random.default_rng(0).choice(len(filed), count or len(filed), replace=False)
    chosen = {filed[number] for number in drawn}
    source = [row for row in open_feed(path, {"product_type": "category"}) if row.id in chosen]
    with VectorCache(vectors / f"{folder.name}.vectors") as cache, tqdm(total=len(source), unit="row") as bar:
        gathered = gather(source, reader, ImageReader(folder), cache, bar.update, attributes=names)
    texts = {str(row["id"]): f"{row['title']} {row['description'] or ''}" for row in rows}
    return Shop(examples_of(gathered.filed, ">"), texts)


def cut(examples: Sequence[Example], level: int) -> list[Example]:
    return [replace(one, path=one.path[:level]) for one in examples if len(one.path) >= level]


def large_classes(examples: Sequence[Example], count: int) -> list[tuple[str, ...]]:
    counted = Counter(one.path for one in examples)
    return sorted(path for path, products in counted.items() if products > count)


def drawn(examples: Sequence[Example], count: int, seed: int) -> tuple[list[Example], list[Example]]:
    """Those that teach, `count` of each large class, and all others of these classes, which are asked."""
    draw = np.random.default_rng(seed)
    taught: list[Example] = []
    asked: list[Example] = []
    for path in large_classes(examples, count):
        mine = [one for one in examples if one.path == path]
        order = draw.permutation(len(mine))
        taught += [mine[n] for n in order[:count]]
        asked += [mine[n] for n in order[count:]]
    return taught, asked


def accuracies(shop: Shop, count: int, seed: int, reader: Understander) -> list[float]:
    """Of teach, logistic regression, TF-IDF, and the names alone; and the seconds that teach takes."""
    taught, asked = drawn(shop.examples, count, seed)
    started = time.perf_counter()
    found = teach(taught, Names(reader.embed), reader.calibration, targets=Targets(TARGET))
    seconds = time.perf_counter() - started
    paths = [found.tree.path(leaf.id) for leaf in found.tree.leaves]
    asked_NE = own_vectors(asked)
    names_EC = name_vectors(found.tree, Names(reader.embed)).T
    by_vectors = LogisticRegression(C=10, max_iter=1000, class_weight="balanced")
    by_words = LogisticRegression(C=100, max_iter=1000, class_weight="balanced")
    words = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2))
    labels = [" > ".join(one.path) for one in taught]
    truth = [" > ".join(one.path) for one in asked]
    by_vectors.fit(own_vectors(taught), labels)
    by_words.fit(words.fit_transform([shop.texts[one.id] for one in taught]), labels)
    answers: list[Sequence[str]] = [
        [" > ".join(paths[best]) for best in found.head.logits(asked_NE).argmax(1)],
        by_vectors.predict(asked_NE),
        by_words.predict(words.transform([shop.texts[one.id] for one in asked])),
        [" > ".join(paths[best]) for best in (asked_NE @ names_EC).argmax(1)],
    ]
    return [float(np.mean([a == b for a, b in zip(truth, given, strict=True)])) for given in answers] + [seconds]


def unknown_kinds(examples: Sequence[Example], reader: Understander) -> str:
    """Each department left out in its turn: the share of its products that is accepted unseen."""
    accepted = asked = known = all_known = 0
    for department in sorted({one.path[0] for one in examples}):
        rest = [one for one in examples if one.path[0] != department]
        taught = teach(rest, Names(reader.embed), reader.calibration, targets=Targets(TARGET))
        left = [one for one in examples if one.path[0] == department]
        accepted, asked = accepted + sum(decided(taught, left)), asked + len(left)
        known, all_known = known + round(taught.report.auto * len(rest)), all_known + len(rest)
    return (
        f"unknown kinds: {accepted} of {asked} accepted unseen ({accepted / asked:.1%}); of the known, each unseen,"
        f" {known / all_known:.1%}"
    )


def decided(taught: Taught, examples: Sequence[Example]) -> list[bool]:
    """Whether each is accepted unseen."""
    categories = Categories(taught.tree, taught.calibration, taught.contract)
    vector_NE = own_vectors(examples)
    logits_NC = taught.head.logits(vector_NE)
    odds_N = taught.head.log_odds(vector_NE, logits_NC)
    return [
        categories.file(logits_C, float(odds), one.used, 0).decision == "auto"
        for one, logits_C, odds in zip(examples, logits_NC, odds_N, strict=True)
    ]


def fashion(folder: Path, reader: Understander, vectors: Path) -> str:
    """The types of fashion's `val`, by image and words, after teaching its `train`."""
    splits = {row["id"]: row["split"] for row in map(json.loads, (folder / "products.jsonl").open(encoding="utf-8"))}
    examples = read(folder, reader, vectors).examples
    taught_rows = [one for one in examples if splits[one.id] == "train"]
    asked = [one for one in examples if splits[one.id] == "val" and one.used == "both"]
    started = time.perf_counter()
    taught = teach(taught_rows, Names(reader.embed), reader.calibration, targets=Targets(TARGET))
    seconds = time.perf_counter() - started
    best_N = taught.head.logits(own_vectors(asked)).argmax(1)
    paths = [taught.tree.path(leaf.id) for leaf in taught.tree.leaves]
    right = np.mean([paths[best] == one.path for best, one in zip(best_N, asked, strict=True)])
    labels = np.unique([" > ".join(one.path) for one in taught_rows], return_inverse=True)
    regression = LogisticRegression(C=10, max_iter=400).fit(own_vectors(taught_rows), labels[1])
    said_N = labels[0][regression.predict(own_vectors(asked))]
    by_regression = np.mean([said == " > ".join(one.path) for said, one in zip(said_N, asked, strict=True)])
    return (
        f"fashion: {right:.4f} of {len(asked)} of val, taught with {len(taught_rows)} in {seconds:.0f} s from vectors;"
        f" logistic regression {by_regression:.4f}"
    )


def attributes(folder: Path, reader: Understander, vectors: Path, count: int, target: float) -> str:
    """A table of fashion's attributes: the share of its `val` that is right by the likeliest value, beside logistic
    regression, and the share that is given a value, with how many of these are right.
    """
    splits = {row["id"]: row["split"] for row in map(json.loads, (folder / "products.jsonl").open(encoding="utf-8"))}
    examples = read(folder, reader, vectors, ATTRIBUTES, count).examples
    taught_rows = [one for one in examples if splits[one.id] == "train"]
    started = time.perf_counter()
    taught = teach(taught_rows, Names(reader.embed), reader.calibration, targets=Targets(target), attributes=ATTRIBUTES)
    asked = [one for one in examples if splits[one.id] == "val"]
    lines = [
        f"fashion: {len(taught_rows)} of train taught in {time.perf_counter() - started:.0f} s from vectors,"
        f" {len(asked)} of val asked, target {target}",
        "| attribute | values | teach | logistic regression | given | right of these | held out | given | right |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *(attribute_row(name, taught, taught_rows, asked) for name in ATTRIBUTES)])


def attribute_row(name: str, taught: Taught, taught_rows: Sequence[Example], asked: Sequence[Example]) -> str:
    labelled = [one for one in taught_rows if one.attributes[name]]
    asked = [one for one in asked if one.attributes[name]]
    truth = [one.attributes[name][0] for one in asked]
    logistic = LogisticRegression(C=10, max_iter=1000)
    logistic.fit(own_vectors(labelled), [one.attributes[name][0] for one in labelled])
    by_logistic = np.mean(logistic.predict(own_vectors(asked)) == truth)
    report = next(one for one in taught.report.attributes if one.name == name)
    held_out = f"{report.right:.3f} | {report.given:.3f} | {report.given_right:.3f}"
    own = next((one for one in taught.attributes if one.rule.name == name), None)
    if not own:
        return f"| {name} | {len(report.values)} | | {by_logistic:.3f} | 0 | | {held_out} |"
    best = own.head.logits(own_vectors(asked)).argmax(1)
    right = np.mean([own.rule.values[number] == value for number, value in zip(best, truth, strict=True)])
    given = [values.get(name) for values in given_values(taught, asked)]
    good = [one.name == value for one, value in zip(given, truth, strict=True) if one]
    share = f"{len(good) / len(asked):.3f} | {np.mean(good) if good else 0:.3f}"
    return f"| {name} | {len(report.values)} | {right:.3f} | {by_logistic:.3f} | {share} | {held_out} |"


def given_values(taught: Taught, examples: Sequence[Example]) -> list[dict[str, Scored]]:
    """The values of attributes that the taught model gives each."""
    categories = Categories(taught.tree, taught.calibration, taught.contract)
    vector_NE = own_vectors(examples)
    logits_NC = taught.head.logits(vector_NE)
    odds_N = taught.head.log_odds(vector_NE, logits_NC).tolist()
    filed = [
        categories.file(logits_C, odds, one.used, 0).category
        for one, logits_C, odds in zip(examples, logits_NC, odds_N, strict=True)
    ]
    return [
        with_taught({}, taught.attributes, category, vector_E, one.used)
        for one, category, vector_E in zip(examples, filed, vector_NE, strict=True)
    ]


if __name__ == "__main__":
    main()
