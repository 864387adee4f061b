"""The score of a pair: the log-odds that both are one product, as a sum of one piecewise linear curve a feature.

No curve turns: more of what speaks for one product never lowers the score. So the parts of the sum are reasons.
"""

import json
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

from catalog.quality.groups.features import AXES, FEATURES, TOPICS

SHIPPED = Path(__file__).with_name("weights.json")
KNOTS = {feature.name: feature.knots for feature in FEATURES}
# Parts of the sum are multiples of it: binary fractions add up exactly, in any order.
GRAIN = 1024


class Score(NamedTuple):
    """total: log-odds. contradictions: for each axis, what its contradiction has taken from the total, 0 or less."""

    total: float
    contradictions: dict[str, float]


@dataclass(frozen=True)
class Scorer:
    """start: the log-odds of two products of which nothing is known but that they were compared. curves: the value of a
    feature's curve at each of its knots; a feature without a curve counts for nothing.
    """

    start: float
    curves: Mapping[str, tuple[float, ...]]

    @classmethod
    def shipped(cls) -> Self:
        return cls.from_dict(json.loads(SHIPPED.read_text(encoding="utf-8")))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        return cls(values["start"], {name: tuple(curve) for name, curve in values["curves"].items()})

    def to_dict(self) -> dict[str, object]:
        return {"start": self.start, "curves": {name: list(curve) for name, curve in self.curves.items()}}

    def part(self, feature: str, value: float) -> float:
        """What the value of a feature adds to the score."""
        curve, knots = self.curves.get(feature), KNOTS[feature]
        if curve is None or value <= knots[0]:
            return 0.0
        if value >= knots[-1]:
            return in_grains(curve[-1])
        n = bisect_right(knots, value)
        share = (value - knots[n - 1]) / (knots[n] - knots[n - 1])
        return in_grains(curve[n - 1] + share * (curve[n] - curve[n - 1]))

    def score(self, values: Mapping[str, float]) -> Score:
        total = in_grains(self.start)
        contradictions: dict[str, float] = {}
        for feature, value in values.items():
            part = self.part(feature, value)
            total += part
            if part < 0 and TOPICS[feature] in AXES:
                contradictions[TOPICS[feature]] = contradictions.get(TOPICS[feature], 0.0) + part
        return Score(total, contradictions)


def in_grains(value: float) -> float:
    return round(value * GRAIN) / GRAIN
