"""Verdicts that it takes until a share of unfiled products is filed right, by the order in which they are asked for.

    python benchmarks/review_order.py --data-root DATA [--vectors FOLDER]

Nothing is filed at first but by the names of the categories. A person files products one by one, in the order of the
queue; after every 10 verdicts the model is taught with all of them, and files the rest. A product counts as right
if it was judged or is filed as it should be. With --alike, a verdict also holds for the products of its category that
are as near as `POST /v1/feedback/alike` takes for the same. The mean of seeds 0 and 1.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.teaching import cut, read
from catalog.arrays import Floats, softmax
from catalog.model.folder import shipped_model
from catalog.teaching.examples import Example, Ints, Views, groups_of, own_vectors
from catalog.teaching.head.fit import USUAL, Lesson, fit
from catalog.teaching.learned import Names
from catalog.teaching.teach import name_vectors
from catalog.teaching.tree import nodes_of, tree_of
from catalog.understand import Understander
from serving.api.schemas.judging.feedback import NEAR
from serving.storage.review.informative import by_information

SEEDS = (0, 1)
TASKS = (  # set, levels of the path, products
    ("othershops/flipkart", 1, 400),
    ("othershops/flipkart", 2, 400),
    ("othershops/retail_demo", 1, 1_000),
    ("othershops/retail_demo", 2, 1_000),
)
ENOUGH = 0.95
BETWEEN = 10  # verdicts from one teaching to the next
TEMPERATURE = 0.1  # about that of taught models

Order = Callable[[Floats, Floats, np.random.Generator], "list[int] | Ints"]
ORDERS: dict[str, Order] = {
    "random": lambda vector_NE, unsure_N, draw: draw.permutation(len(unsure_N)),
    "least sure": lambda vector_NE, unsure_N, draw: np.argsort(-unsure_N, kind="stable"),
    "informative": lambda vector_NE, unsure_N, draw: by_information(vector_NE, unsure_N, 2 * BETWEEN),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--vectors", type=Path, default=Path())
    parser.add_argument("--alike", action="store_true", help="one verdict for all that are nearly the same")
    asked = parser.parse_args()
    reader = Understander.load(shipped_model())
    print(f"| set, level | products | categories | {' | '.join(ORDERS)} | informative / random |")
    print("|---|---|---|" + "---|" * (len(ORDERS) + 1))
    for name, level, count in TASKS:
        examples = cut(read(asked.data_root / name, reader, asked.vectors).examples, level)
        means = {order: mean_verdicts(examples, count, order, reader, asked.alike) for order in ORDERS}
        shown = " | ".join(f"{mean:.0f}" for mean in means.values())
        categories = len({one.path for one in examples})
        share = means["informative"] / means["random"]
        print(f"| {name}, {level} | {count} | {categories} | {shown} | {share:.2f} |", flush=True)


def mean_verdicts(examples: list[Example], count: int, order: str, reader: Understander, alike: bool) -> float:
    tree = tree_of((one.path for one in examples), "1")
    node_of = nodes_of(tree, (one.path for one in examples))
    leaf_of = {leaf.id: number for number, leaf in enumerate(tree.leaves)}
    names_CE = name_vectors(tree, Names(reader.embed))
    found = []
    for seed in SEEDS:
        draw = np.random.default_rng(seed)
        some = [examples[number] for number in np.sort(draw.permutation(len(examples))[:count])]
        leaf_N = np.array([leaf_of[node_of[one.path]] for one in some])
        found.append(verdicts(own_vectors(some), leaf_N, groups_of(some), names_CE, ORDERS[order], draw, alike))
    return float(np.mean(found))


def verdicts(
    vector_NE: Floats,
    leaf_N: Ints,
    groups_N: Ints,
    names_CE: Floats,
    order: Order,
    draw: np.random.Generator,
    alike: bool,
) -> int:
    """How many until enough products are right."""
    judged_N = np.zeros(len(leaf_N), np.bool_)
    count = 0
    while True:
        logits_NC = taught(vector_NE, leaf_N, groups_N, names_CE, judged_N)
        if np.mean(judged_N | (logits_NC.argmax(1) == leaf_N)) >= ENOUGH:
            return count
        waiting = np.flatnonzero(~judged_N)
        unsure_N = 1 - softmax(logits_NC[waiting] / TEMPERATURE).max(1)
        for row in waiting[order(vector_NE[waiting], unsure_N, draw)][:BETWEEN]:
            count += not judged_N[row]
            same_N = (vector_NE @ vector_NE[row] >= NEAR) & (leaf_N == leaf_N[row]) if alike else np.False_
            judged_N |= same_N
            judged_N[row] = True


def taught(vector_NE: Floats, leaf_N: Ints, groups_N: Ints, names_CE: Floats, judged_N: NDArray[np.bool_]) -> Floats:
    """Scores of all products by what was judged; at first by the names alone."""
    rows = np.flatnonzero(judged_N)
    if len(rows) < 2:
        return np.asarray(vector_NE @ names_CE.T, np.float32)
    every = np.ones(len(rows), np.bool_)
    views = Views(vector_NE[rows], np.arange(len(rows)), np.full(len(rows), "both"), every, every)
    leaves_NC = np.eye(len(names_CE), dtype=np.float32)[leaf_N[rows]]
    return fit(Lesson(views, leaves_NC, groups_N[rows], names_CE), USUAL).head.logits(vector_NE)


if __name__ == "__main__":
    main()
