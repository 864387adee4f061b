"""How well contradictions of picture and words are found, beside the simplest rules, in the same run.

    python benchmarks/conflicts.py --data-root DATA [--rows N] [--seed 0]
    python benchmarks/conflicts.py --data-root DATA --unfamiliar
    python benchmarks/conflicts.py --data-root DATA --fields

Titles of fashion's `val` are exchanged for those of others: of the same leaf, of a sibling (same parent), of another
branch. Each product is read once as it is and once with each title; figures are for a catalogue in which 5 % of the
titles are exchanged, a third of them in each way. The probabilities were scaled on the same `val`, so that for "told"
one half of it has its scale from the other half. --unfamiliar: the same with products of shops that the model never
saw. --fields: what words say against the merchant's fields in our own data sets, the first 50.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.metrics import precision_recall_curve, roc_auc_score
from tqdm import tqdm

from catalog.feeds import Row, open_feed
from catalog.product import Product, Sides
from catalog.quality.conflicts.images import TOLD, image_against_words
from catalog.quality.conflicts.scorer import Scorer, category_features
from catalog.quality.conflicts.words import words_against_fields
from catalog.understand import Understander
from training.conflicts.learn import calibrated
from training.conflicts.swaps import SWAPS, Labelled, Read, Swap, labelled, read

PRECISION = 0.95
SHARE = 0.05  # of exchanged titles
SHOPS = ("othershops/flipkart", "othershops/tailwind", "othershops/ikea")
FIELDS = ("fashion", "othershops/retail_demo", "othershops/flipkart")
SHOWN = 50
Score = Callable[[Product, Sides], float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=0, help="of a set, drawn at random; 0: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--unfamiliar", action="store_true", help="shops that the model never saw")
    parser.add_argument("--fields", action="store_true", help="words against the merchant's fields")
    given = parser.parse_args()
    if given.fields:
        print("\n".join(fields(given.data_root)))
        return
    model = Understander.load()
    sets = SHOPS if given.unfamiliar else ("fashion",)
    for name in sets:
        some = labelled(given.data_root / name, None if given.unfamiliar else "val", given.rows, given.seed)
        with tqdm(total=len(some), unit="product") as bar:
            products = list(read(some, model, given.seed, bar.update))
        print(f"\n{name}: {len(products)} products\n")
        print("\n".join(report(products, given.seed)))


def report(products: Sequence[Read], seed: int) -> Iterator[str]:
    scorer = Scorer.shipped()
    ways: dict[str, Score] = {
        "promised categories differ": lambda _, sides: float(sides.differ),
        "cosine alone": lambda _, sides: -sides.cosine,
        "category": lambda _, sides: by_category(sides, scorer),
        "category, colour, gender": lambda product, sides: strongest(product, sides, scorer),
    }
    yield "| way | AUROC leaf | sibling | branch | recall at 0.95: branch | sibling and branch | all three |"
    yield "|---|---|---|---|---|---|---|"
    for name, score in ways.items():
        clean, swapped = scores(products, score)
        cells = [f"{auroc(clean, swapped[swap]):.3f}" for swap in SWAPS]
        some: tuple[tuple[Swap, ...], ...] = (("branch",), ("sibling", "branch"), SWAPS)
        cells += [f"{recall(clean, [swapped[swap] for swap in swaps]):.3f}" for swaps in some]
        yield f"| {name} | {' | '.join(cells)} |"
    yield from told(products, seed)


def by_category(sides: Sides, scorer: Scorer) -> float:
    """Where both promise one; the least otherwise: an unfamiliar product is no contradiction."""
    return scorer.probability("category", category_features(sides)) if sides.differ else 0.0


def strongest(product: Product, sides: Sides, scorer: Scorer) -> float:
    found = image_against_words(product, sides, scorer, least=0.0)
    return max((one.probability for one in found), default=0.0)


def as_product(product: Labelled, title: str) -> Product:
    return Product(product.id, title)


def scores(products: Sequence[Read], score: Score) -> tuple[np.ndarray, dict[Swap, np.ndarray]]:
    """Of the products as they are, and with each exchanged title."""
    clean = [score(as_product(one.product, one.product.title), one.own) for one in products]
    swapped = {
        swap: np.array(
            [
                score(as_product(one.product, one.swapped[swap][0].title), one.swapped[swap][1])
                for one in products
                if swap in one.swapped
            ]
        )
        for swap in SWAPS
    }
    return np.array(clean), swapped


def auroc(clean: np.ndarray, swapped: np.ndarray) -> float:
    return float(roc_auc_score([0] * len(clean) + [1] * len(swapped), [*clean, *swapped]))


def recall(clean: np.ndarray, swapped: Sequence[np.ndarray]) -> float:
    """The most that a threshold of this precision reaches, where SHARE of the titles are exchanged."""
    weights = [np.full(len(clean), (1 - SHARE) / len(clean))]
    weights += [np.full(len(some), SHARE / len(swapped) / len(some)) for some in swapped]
    truths = [0] * len(clean) + [1] * sum(map(len, swapped))
    precision, reached, _ = precision_recall_curve(
        truths, np.concatenate([clean, *swapped]), sample_weight=np.concatenate(weights)
    )
    return float(reached[precision >= PRECISION].max())


def told(products: Sequence[Read], seed: int) -> Iterator[str]:
    """Each half by a scorer whose scale is of the other half."""
    order = np.random.default_rng(seed).permutation(len(products))
    halves = [[products[n] for n in order[start::2]] for start in range(2)]
    clean: list[float] = []
    swapped: dict[Swap, list[float]] = {swap: [] for swap in SWAPS}
    took = time.perf_counter()
    for mine, other in (halves, halves[::-1]):
        found, exchanged = scores(mine, partial(strongest, scorer=rescaled(other, seed)))
        clean += found.tolist()
        for swap in SWAPS:
            swapped[swap] += exchanged[swap].tolist()
    each = (time.perf_counter() - took) / (len(clean) + sum(map(len, swapped.values())))
    alarms = float(np.mean(np.array(clean) >= TOLD))
    shares = {swap: float(np.mean(np.array(some) >= TOLD)) for swap, some in swapped.items()}
    right = SHARE * float(np.mean(list(shares.values())))
    yield f"\nTold (probability of at least {TOLD}): {alarms:.4f} of the clean; exchanged: " + ", ".join(
        f"{swap} {share:.3f}" for swap, share in shares.items()
    )
    yield f"precision {right / max(right + (1 - SHARE) * alarms, 1e-9):.3f}; {each * 1000:.2f} ms a product"
    yield from reliability(np.array(clean), swapped)


def rescaled(products: Sequence[Read], seed: int) -> Scorer:
    """The shipped one where there is nothing to scale it by."""
    try:
        return calibrated(Scorer.shipped(), products, seed)
    except (ValueError, IndexError):
        return Scorer.shipped()


def reliability(clean: np.ndarray, swapped: Mapping[Swap, Sequence[float]]) -> Iterator[str]:
    """What is said and what is so, where 5 % of the titles are exchanged."""
    wrong = np.concatenate([np.array(some) for some in swapped.values()])
    yield "\n| probability | said | so |"
    yield "|---|---|---|"
    for low, high in ((0.2, 0.5), (0.5, 0.8), (0.8, 0.9), (0.9, 1.01)):
        good, bad = clean[(clean >= low) & (clean < high)], wrong[(wrong >= low) & (wrong < high)]
        right, other = SHARE * len(bad) / len(wrong), (1 - SHARE) * len(good) / len(clean)
        if right + other:
            said = (right * float(bad.mean() if len(bad) else 0) + other * float(good.mean() if len(good) else 0)) / (
                right + other
            )
            yield f"| {low} to {min(high, 1)} | {said:.2f} | {right / (right + other):.2f} |"


def fields(data: Path) -> Iterator[str]:
    for name in FIELDS:
        feed = open_feed(data / name / "products.jsonl", {"product_type": "category"})
        products = [row.product for row in feed if isinstance(row, Row)]
        took = time.perf_counter()
        found = [(product, one) for product in products for one in words_against_fields(product)]
        each = (time.perf_counter() - took) / len(products)
        yield f"\n{name}: {len(found)} of {len(products)} products, {each * 1000:.2f} ms each"
        for product, one in found[:SHOWN]:
            yield f"- {product.id} {product.title[:70]}: {one.sentence}"


if __name__ == "__main__":
    main()
