"""Learn how probable it is that a picture and words contradict each other.

    python -m training.conflicts.learn --data-root DATA --output catalog/quality/conflicts/weights.json

Logistic regression on exchanged titles of `train` of fashion and eshop; what it says is made a probability on `val` of
fashion (Platt scaling), which the model has not seen. Contradictions of each kind weigh 2 % of all.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

from catalog.product import Product
from catalog.quality.conflicts.images import chance, colour_agrees, gender_agrees
from catalog.quality.conflicts.scorer import Kind, Scorer, attribute_features, category_features
from catalog.quality.conflicts.sexes import Sex, sex_in
from catalog.quality.conflicts.words import title_colours
from catalog.understand import Understander
from training.conflicts.swaps import Labelled, Read, labelled, read

ROWS = 2500  # of fashion's train
SHARE = 0.02  # of contradictions
OTHER: dict[Sex, Sex] = {"male": "female", "female": "male"}
KINDS: tuple[Kind, ...] = ("category", "colour", "gender")


class Cases(NamedTuple):
    """features_NF, and whether each is a contradiction."""

    features_NF: NDArray[np.float64]
    wrong_N: NDArray[np.bool_]

    @property
    def shares(self) -> NDArray[np.float64]:
        """So that the contradictions are SHARE of all; the mean is 1."""
        wrong = self.wrong_N.mean()
        return np.where(self.wrong_N, SHARE / wrong, (1 - SHARE) / (1 - wrong))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=ROWS, help="of fashion's train, drawn at random; 0: all")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    fashion = given.data_root / "fashion"
    sets = [
        labelled(fashion, "train", given.rows, given.seed),
        labelled(given.data_root / "eshop", "train"),
        labelled(fashion, "val"),
    ]
    model = Understander.load()
    with tqdm(total=sum(map(len, sets)), unit="product") as bar:
        taught, more, judged = (list(read(some, model, given.seed, bar.update)) for some in sets)
    write(calibrated(learned([*taught, *more], given.seed), judged, given.seed), given.output)


def write(scorer: Scorer, path: Path) -> None:
    rounded = {kind: [round(float(one), 4) for one in weights] for kind, weights in scorer.weights.items()}
    path.write_text(json.dumps(rounded, indent=2) + "\n", encoding="utf-8")


def cases(products: Sequence[Read], kind: Kind, seed: int) -> Cases:
    found = list(_categories(products) if kind == "category" else _attributes(products, kind, seed))
    return Cases(np.array([features for features, _ in found]), np.array([wrong for _, wrong in found]))


def learned(products: Sequence[Read], seed: int) -> Scorer:
    weights = {}
    for kind in KINDS:
        some = cases(products, kind, seed)
        fitted = LogisticRegression(C=1.0, max_iter=2000).fit(some.features_NF, some.wrong_N, some.shares)
        weights[kind] = [float(fitted.intercept_[0]), *map(float, fitted.coef_[0])]
    return Scorer(weights)


def calibrated(scorer: Scorer, products: Sequence[Read], seed: int) -> Scorer:
    """The same order with probabilities that hold for other products (Platt 1999)."""
    weights = {}
    for kind in KINDS:
        some = cases(products, kind, seed)
        start, *slopes = scorer.weights[kind]
        total_N1 = (start + some.features_NF @ np.array(slopes))[:, None]
        fitted = LogisticRegression(C=1e3, max_iter=2000).fit(total_N1, some.wrong_N, some.shares)
        slope, moved = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
        weights[kind] = [slope * start + moved, *(slope * one for one in slopes)]
    return Scorer(weights)


def _categories(products: Sequence[Read]) -> Iterator[tuple[list[float], bool]]:
    """Where both sides promise one. A title of the same leaf contradicts nothing."""
    for one in products:
        pairs = [
            (one.own, False),
            *((one.swapped[swap][1], True) for swap in ("sibling", "branch") if swap in one.swapped),
        ]
        yield from ((category_features(sides), wrong) for sides, wrong in pairs if sides.image and sides.text)


def _attributes(products: Sequence[Read], kind: Kind, seed: int) -> Iterator[tuple[list[float], bool]]:
    """What the title says, and what that of another product says that cannot be true of both."""
    draw = np.random.default_rng(seed)
    titles = [one.product for one in products]
    for one in products:
        shows = one.own.shows.get(kind)
        if not shows:
            continue
        if kind == "gender":
            said = sex_in(one.product.title)
            if said:
                yield attribute_features(chance(shows, gender_agrees(said.sex))), False
                yield attribute_features(chance(shows, gender_agrees(OTHER[said.sex]))), True
        elif colours := said_colours(one.product):
            yield attribute_features(chance(shows, colour_agrees(colours))), False
            others = (said_colours(titles[int(number)]) for number in draw.integers(len(titles), size=30))
            other = next((found for found in others if found and not found & colours), None)
            if other:
                yield attribute_features(chance(shows, colour_agrees(other))), True


def said_colours(product: Labelled) -> frozenset[str]:
    return frozenset().union(*(one.may_be for one in title_colours(Product(title=product.title))))


if __name__ == "__main__":
    main()
