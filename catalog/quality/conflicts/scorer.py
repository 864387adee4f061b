"""How probable it is that a picture and words contradict each other: logistic regression on a few features."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, Self

from catalog.product import Sides

Kind = Literal["category", "colour", "gender"]
SHIPPED = Path(__file__).with_name("weights.json")
LEAST = {"category": 1e-6, "attribute": 1e-3}  # of a probability whose logarithm is taken


@dataclass(frozen=True)
class Scorer:
    """weights: by kind, that of 1 and that of each feature. They hold for a catalogue in which 2 % of the products
    contradict themselves so.
    """

    weights: Mapping[Kind, Sequence[float]]

    @classmethod
    @cache
    def shipped(cls) -> Self:
        return cls(json.loads(SHIPPED.read_text(encoding="utf-8")))

    def probability(self, kind: Kind, features: Sequence[float]) -> float:
        start, *weights = self.weights[kind]
        total = start + sum(weight * value for weight, value in zip(weights, features, strict=True))
        return 0.5 * (1 + math.tanh(0.5 * total))


def category_features(sides: Sides) -> list[float]:
    """Of two sides that both promise a category."""
    assert sides.image
    assert sides.text
    common = sum(one == other for one, other in zip(sides.image.path_ids, sides.text.path_ids, strict=False))
    apart = min(len(sides.image.path_ids), len(sides.text.path_ids)) - common
    least = LEAST["category"]
    chances = [math.log(max(chance, least)) for chance in (sides.image_of_text, sides.text_of_image)]
    return [sides.cosine, *chances, float(apart)]


def attribute_features(shown: float) -> list[float]:
    """shown: the probability that the picture has what is said."""
    return [math.log(max(shown, LEAST["attribute"]))]
