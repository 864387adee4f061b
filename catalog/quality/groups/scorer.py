"""The score of a pair: the log-odds that both are one product, as a sum of one piecewise linear curve a feature.

No curve turns: more of what speaks for one product never lowers the score. So the parts of the sum are reasons.
"""

import json
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self

from catalog.quality.groups.features import AXES, FEATURES, TOPICS

SHIPPED = Path(__file__).with_name("weights.json")
OF_AXES = frozenset(name for name, topic in TOPICS.items() if topic in AXES)
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

    @cached_property
    def _ends(self) -> dict[str, tuple[float, float]]:
        """The last knot of each curve, and what a value from there on adds."""
        return {name: (KNOTS[name][-1], in_grains(curve[-1])) for name, curve in self.curves.items()}

    def part(self, feature: str, value: float) -> float:
        """What the value of a feature adds to the score."""
        ends = self._ends.get(feature)
        if ends is None or value <= 0:
            return 0.0
        last, whole = ends
        if value >= last:
            return whole
        curve, knots = self.curves[feature], KNOTS[feature]
        n = bisect_right(knots, value)
        share = (value - knots[n - 1]) / (knots[n] - knots[n - 1])
        return in_grains(curve[n - 1] + share * (curve[n] - curve[n - 1]))

    def score(self, values: Mapping[str, float]) -> Score:
        total = in_grains(self.start)
        contradictions: dict[str, float] = {}
        for feature, value in values.items():
            part = self.part(feature, value)
            total += part
            if part < 0 and feature in OF_AXES:
                contradictions[TOPICS[feature]] = contradictions.get(TOPICS[feature], 0.0) + part
        return Score(total, contradictions)


def in_grains(value: float) -> float:
    return round(value * GRAIN) / GRAIN
