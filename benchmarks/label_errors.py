"""How many of the rows that are doubted first are in a wrong category, beside cleanlab on the same vectors.

    python benchmarks/label_errors.py --data-root DATA [--vectors FILE] [--model FOLDER] [--rows 100000] [--json FILE]

Of fashion's and grocery's `train` at most 2,500 products, and all of retail_demo, 5 % are put in another category: a
sibling (the nearest in the tree that there is), or any. Each row of the table is the precision among as many as were
moved, overall and among the products of categories with fewer than 10, the mean of seeds 0, 1 and 2. cleanlab ranks by
the self-confidence of logistic regressions of five folds, at two penalties, and by the probabilities that `teach` ranks
by. What the data set itself files wrongly counts as a mistake of all. Then the time for --rows made-up ones.

--vectors keeps what the model read, which takes minutes to compute, for another run. Takes the extra `bench`.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from cleanlab.rank import get_label_quality_scores
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from benchmarks.other_shops import Model, Row, print_table
from catalog.arrays import Floats, softmax
from catalog.categories.paths import Path as Category
from catalog.model.folder import shipped_model
from catalog.product import Product
from catalog.teaching.doubts import suspicion
from catalog.teaching.examples import Example, Views, groups_of
from catalog.teaching.head.calibrate import temperature_of
from catalog.teaching.head.fit import Lesson, fit, leaf_shares
from catalog.teaching.learned import Names
from catalog.teaching.teach import name_vectors
from catalog.teaching.tree import nodes_of, tree_of
from catalog.understand import Understander

SETS = {"fashion": "fashion", "grocery": "grocery", "retail_demo": "othershops/retail_demo"}
MAX, FLIPPED, RARE, SEEDS = 2_500, 0.05, 10, (0, 1, 2)
WIDTH, CATEGORIES = 256, 200

Flags = NDArray[np.bool_]
Suspicions = dict[str, Floats]


class Shop(NamedTuple):
    vector_NE: Floats
    paths: list[Category]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=shipped_model())
    parser.add_argument("--vectors", type=Path)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    reader = Understander.load(given.model, cache_megabytes=0)
    rows = [
        row
        for name, shop in shops(given.data_root, reader, given.vectors).items()
        for kind, others in (("sibling", siblings), ("at random", any_other))
        for row in measured(f"{name}, {kind}", shop, others, reader)
    ]
    print_table(rows)
    seconds = made_up_seconds(given.rows)
    print(f"\n{given.rows:,} rows: " + ", ".join(f"{step} {taken:.1f} s" for step, taken in seconds.items()))
    if given.json:
        given.json.write_text(json.dumps({"precision": rows, "seconds": seconds}, indent=1) + "\n", encoding="utf-8")


def shops(data: Path, reader: Understander, kept: Path | None) -> dict[str, Shop]:
    found = {name: rows_of(data / folder) for name, folder in SETS.items()}
    if kept and kept.exists():
        with np.load(kept) as vectors:
            read = {name: vectors[name] for name in SETS}
    else:
        read = {name: Model(reader).embed([product for product, _ in rows], name) for name, rows in found.items()}
        if kept:
            with kept.open("wb") as file:
                np.savez(file, **read)
    return {name: Shop(read[name], [path for _, path in rows]) for name, rows in found.items()}


def rows_of(folder: Path) -> list[tuple[Product, Category]]:
    lines = map(json.loads, (folder / "products.jsonl").read_text(encoding="utf-8").splitlines())
    rows = [line for line in lines if line["category"] and line["split"] in ("train", "test")]
    rows = [line for line in rows if line["split"] == "train"] or rows  # retail_demo has no `train`
    drawn = sorted(np.random.default_rng(0).permutation(len(rows))[:MAX])
    return [(product_of(rows[number], folder), tuple(rows[number]["category"])) for number in drawn]


def product_of(line: dict[str, str], folder: Path) -> Product:
    images = ((folder / line["image"]).read_bytes(),) if line["image"] else ()
    return Product(line["id"], line["title"], line["description"] or "", images)


def siblings(category: Category, categories: Sequence[Category]) -> list[Category]:
    """The others that share most of the path; none if that is nothing."""
    shared = {one: next((n for n in range(len(one), 0, -1) if one[:n] == category[:n]), 0) for one in categories}
    largest = max((count for one, count in shared.items() if one != category), default=0)
    return [one for one, count in shared.items() if one != category and count == largest and largest > 0]


def any_other(category: Category, categories: Sequence[Category]) -> list[Category]:
    return [one for one in categories if one != category]


def flipped(
    paths: Sequence[Category], others: Callable[[Category, Sequence[Category]], list[Category]], seed: int
) -> tuple[list[Category], Flags]:
    """-> the paths with FLIPPED of them wrong, and which are."""
    draw, categories, given = np.random.default_rng(seed), sorted(set(paths)), list(paths)
    choices = {one: others(one, categories) for one in categories}
    movable = [number for number, path in enumerate(paths) if choices[path]]
    moved = draw.permutation(movable)[: round(FLIPPED * len(paths))]
    for number in moved:
        given[number] = choices[paths[number]][draw.integers(len(choices[paths[number]]))]
    return given, np.isin(np.arange(len(paths)), moved)


def measured(
    name: str, shop: Shop, others: Callable[[Category, Sequence[Category]], list[Category]], reader: Understander
) -> list[Row]:
    found: dict[str, list[tuple[float, float]]] = {}
    for seed in SEEDS:
        given, wrong_N = flipped(shop.paths, others, seed)
        count_of = {path: given.count(path) for path in set(given)}
        rare_N = np.array([count_of[path] < RARE for path in given])
        for by, suspicion_N in suspicions(shop.vector_NE, given, reader, seed).items():
            rare = precision(suspicion_N[rare_N], wrong_N[rare_N])
            found.setdefault(by, []).append((precision(suspicion_N, wrong_N), rare))
    return [
        {"set": name, "by": by, "precision": float(np.mean([one for one, _ in both])), "rare": mean_of(both)}
        for by, both in found.items()
    ]


def mean_of(both: Sequence[tuple[float, float]]) -> float | str:
    rare = [rare for _, rare in both if not np.isnan(rare)]
    return float(np.mean(rare)) if rare else ""


def precision(suspicion_N: Floats, wrong_N: Flags) -> float:
    """Among as many as are wrong; not a number for none."""
    return float(wrong_N[np.argsort(-suspicion_N, kind="stable")][: wrong_N.sum()].mean()) if wrong_N.any() else np.nan


def suspicions(vector_NE: Floats, given: list[Category], reader: Understander, seed: int) -> Suspicions:
    lesson = lesson_of(vector_NE, given, reader)
    leaf_N = lesson.leaves_NC.argmax(1)
    logits_NC = calibrated(fit(lesson).held_out_VC, leaf_N)
    label_N = np.unique(leaf_N, return_inverse=True)[1]
    found = {
        "doubts": suspicion(lesson, vector_NE, logits_NC),
        "cleanlab, our probabilities": -get_label_quality_scores(leaf_N, softmax(logits_NC)),
    }
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    for penalty in (10, 160):
        regression = LogisticRegression(C=penalty, max_iter=400)
        odds_NC = cross_val_predict(regression, vector_NE, label_N, cv=folds, method="predict_proba")
        found[f"cleanlab, logistic regression, C = {penalty}"] = -get_label_quality_scores(label_N, odds_NC)
    return found


def lesson_of(vector_NE: Floats, given: list[Category], reader: Understander) -> Lesson:
    examples = examples_of(vector_NE, given)
    tree = tree_of(given, "given")
    node_of = nodes_of(tree, given)
    shares_NC = leaf_shares(tree, [node_of[path] for path in given])
    return Lesson(Views.of(examples), shares_NC, groups_of(examples), name_vectors(tree, Names(reader.embed)))


def examples_of(vector_NE: Floats, given: Sequence[Category]) -> list[Example]:
    return [
        Example(str(number), "", path, "both", {"both": vector_E})
        for number, (path, vector_E) in enumerate(zip(given, vector_NE, strict=True))
    ]


def calibrated(score_NC: Floats, leaf_N: NDArray[np.int64]) -> Floats:
    """The scores over the temperature by which the given categories have the greatest likelihood."""
    return score_NC / np.float32(temperature_of(score_NC, leaf_N[:, None] == np.arange(score_NC.shape[1])))


def made_up_seconds(rows: int) -> dict[str, float]:
    """How long each step takes of vectors around CATEGORIES centres."""
    draw = np.random.default_rng(0)
    centre_CE = draw.standard_normal((CATEGORIES, WIDTH)).astype(np.float32)
    leaf_N = draw.integers(0, CATEGORIES, rows)
    vector_NE = centre_CE[leaf_N] + draw.standard_normal((rows, WIDTH)).astype(np.float32)
    vector_NE /= np.linalg.norm(vector_NE, axis=1, keepdims=True)
    examples = examples_of(vector_NE, [(str(leaf),) for leaf in leaf_N])
    times = [time.perf_counter()]
    groups_N = groups_of(examples)
    times.append(time.perf_counter())
    shares_NC = (leaf_N[:, None] == np.arange(CATEGORIES)).astype(np.float32)
    held_out_VC = fit(Lesson(Views.of(examples), shares_NC, groups_N, centre_CE)).held_out_VC
    times.append(time.perf_counter())
    suspicion(Lesson(Views.of(examples), shares_NC, groups_N, centre_CE), vector_NE, calibrated(held_out_VC, leaf_N))
    times.append(time.perf_counter())
    steps = dict(zip(("groups", "fit", "doubts"), np.diff(times).tolist(), strict=True))
    return steps | {"all": times[-1] - times[0]}


if __name__ == "__main__":
    main()
