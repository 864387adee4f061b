"""Which products are held out of the fine-tuning, and whether the model with the tuned encoders files them better."""

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.arrays import Floats
from catalog.categories.paths import Path
from catalog.errors import TooFewProducts
from catalog.model.contract import is_right
from catalog.teaching.examples import Ints
from catalog.teaching.report import Answer
from training.pretrain.measure import Change, change, table_of

HELD_OUT, MIN_HELD_OUT = 0.25, 50  # share of each category's groups, and groups in all
LARGEST_GROUP = 0.05  # of all products; a larger one is trained on
RIGHT, ACCEPTED = "right category", "accepted without a person"


def held_out(groups_N: Ints, paths: Sequence[Path], seed: int) -> NDArray[np.bool_]:
    """(N,): of each category a quarter of its groups, drawn by the seed; of one with a single group none.

    Raises TooFewProducts if too few are left to tell a gain from chance.
    """
    members: dict[int, list[int]] = {}
    for number, group in enumerate(groups_N.tolist()):
        members.setdefault(group, []).append(number)
    by_path: dict[Path, list[int]] = {}
    for group, numbers in members.items():
        if len(numbers) <= max(1, LARGEST_GROUP * len(groups_N)):
            by_path.setdefault(paths[numbers[0]], []).append(group)
    draw, chosen = random.Random(f"{seed}/held out"), set[int]()
    for path in sorted(by_path):
        chosen.update(draw.sample(by_path[path], round(HELD_OUT * len(by_path[path]))))
    if len(chosen) < MIN_HELD_OUT:
        raise TooFewProducts(
            f"Fine-tuning needs {MIN_HELD_OUT} products that it is measured on, a quarter of each category; here are"
            f" {len(chosen)}. Teach without it."
        )
    return np.isin(groups_N, list(chosen))


@dataclass(frozen=True)
class Comparison:
    """Of the model that was taught as usual and the one with tuned encoders, on held-out products. changes: by figure,
    those that are nearly the same counting once. reasons: why the tuned one is refused; none if it is kept.
    """

    products: int
    trained: int
    steps: int
    changes: dict[str, Change]
    reasons: tuple[str, ...]

    @property
    def better(self) -> bool:
        return not self.reasons

    def table(self) -> str:
        return "\n".join(table_of(f"{self.products:,} held-out products", ("usual", "tuned"), self.changes))

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self) | {"kept": self.better}


def compare(usual: Sequence[Answer], tuned: Sequence[Answer], groups_N: Ints, trained: int, steps: int) -> Comparison:
    """Of the same held-out products, each unseen by both. trained, steps: of the fine-tuning.

    The tuned model is kept if it files more of them right, by more than noise (see `change`), and no figure fell by
    more than noise.
    """
    before, after = figures(usual), figures(tuned)
    changes = {
        name: change(by_group(figure_N, groups_N), by_group(after[name], groups_N)) for name, figure_N in before.items()
    }
    reasons = []
    if changes[RIGHT].low <= 0:
        reasons.append("it files no more products right, beyond chance")
    reasons += [f"{name!r} fell" for name, one in changes.items() if one.high < 0]
    return Comparison(len(usual), trained, steps, changes, tuple(reasons))


def figures(answers: Sequence[Answer]) -> dict[str, Floats]:
    """(N,) each, NaN where it does not apply."""
    found = {RIGHT: [float(is_right(one.likeliest, one.truth)) for one in answers]}
    deepest = max(len(one.truth) for one in answers)
    for level in range(1, deepest + 1) if deepest > 1 else ():
        found[f"right at level {level}"] = [
            float(one.likeliest[:level] == one.truth[:level]) if len(one.truth) >= level else np.nan for one in answers
        ]
    found[ACCEPTED] = [float(one.accepted is not None) for one in answers]
    return {name: np.array(values, np.float32) for name, values in found.items()}


def by_group(figure_N: Floats, groups_N: Ints) -> Floats:
    """(G,): the mean of each group, NaN where the figure applies to none of it."""
    _, place_N = np.unique(groups_N, return_inverse=True)
    applies_N = ~np.isnan(figure_N)
    count_G = np.bincount(place_N[applies_N], minlength=place_N.max() + 1)
    sum_G = np.bincount(place_N[applies_N], figure_N[applies_N], minlength=len(count_G))
    return np.where(count_G > 0, sum_G / np.maximum(count_G, 1), np.nan).astype(np.float32)
