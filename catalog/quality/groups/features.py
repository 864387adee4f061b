"""The features that a pair of products is scored by: what each is about, its direction and its knots.

Each is 0 where nothing is known, so that what is not said counts for nothing.
"""

from typing import Literal, NamedTuple

Topic = Literal[
    "alike", "common", "unlike", "description", "model", "numbers", "colour", "size", "capacity", "weight", "pack",
    "measures", "brand", "price", "gtin", "vectors", "rival",
]  # fmt: skip
# Along these variants of one product differ.
Axis = Literal["colour", "size", "capacity", "weight", "pack"]
AXES: tuple[Axis, ...] = ("colour", "size", "capacity", "weight", "pack")
# Of which axis a measure tells; the others are facts of the product itself.
AXIS_OF: dict[str, Axis] = {
    "memory": "capacity",
    "volume": "capacity",
    "weight": "weight",
    "length": "size",
    "pack": "pack",
}


class Feature(NamedTuple):
    """sign: 1 if more of it can only speak for one product, -1 if only against. knots: between them it is linear."""

    name: str
    topic: Topic
    sign: Literal[1, -1]
    knots: tuple[float, ...] = (0, 1)


FEATURES = (
    Feature("words contained", "alike", 1, (0, 0.2, 0.4, 0.6, 0.75, 0.9, 1)),
    Feature("words in common", "alike", 1, (0, 0.15, 0.3, 0.5, 0.7, 0.85, 1)),
    Feature("rarest word in common", "alike", 1, (0, 0.2, 0.4, 0.6, 0.8, 0.95)),
    Feature("spelling alike", "alike", 1, (0, 0.3, 0.5, 0.65, 0.8, 0.9, 1)),
    Feature("spelling contained", "alike", 1, (0, 0.4, 0.6, 0.75, 0.9, 1)),
    Feature("own words of both", "unlike", -1, (0, 0.3, 0.8, 1.5, 2.5, 4)),
    Feature("own words of either", "unlike", -1, (0, 0.5, 1, 2, 3.5, 6)),
    Feature("rarest own word of both", "unlike", -1, (0, 0.2, 0.4, 0.6, 0.8, 0.95)),
    Feature("rarest own word of either", "unlike", -1, (0, 0.2, 0.4, 0.6, 0.8, 0.95)),
    Feature("other first word", "unlike", -1),
    Feature("common words only", "common", -1, (0, 1, 2, 3, 4, 6, 8)),
    Feature("edition of one", "unlike", -1),
    Feature("texts alike", "description", 1, (0, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)),
    Feature("text contained", "description", 1, (0, 0.2, 0.4, 0.6, 0.8, 1)),
    Feature("model number", "model", 1, (0, 0.4, 0.6, 0.8, 0.95)),
    Feature("model number in part", "model", 1, (0, 0.4, 0.6, 0.8, 0.95)),
    Feature("related model number", "model", 1, (0, 0.5, 0.7, 0.85, 1)),
    Feature("other model number", "model", -1, (0, 0.3, 0.6, 0.8, 0.95)),
    Feature("model number of one", "model", -1),
    Feature("numbers in common", "numbers", 1, (0, 1, 2, 3)),
    Feature("other numbers", "numbers", -1, (0, 1, 2, 3)),
    Feature("numbers of one", "numbers", -1, (0, 1, 2, 3)),
    Feature("other short codes", "numbers", -1, (0, 1, 2, 3)),
    Feature("short codes of one", "numbers", -1, (0, 1, 2, 3)),
    *(Feature(f"same {axis}", axis, 1) for axis in AXES),
    *(Feature(f"other {axis}", axis, -1) for axis in AXES),
    *(Feature(f"{axis} of one", axis, -1) for axis in AXES),
    Feature("same measures", "measures", 1, (0, 1, 2, 3)),
    Feature("other measures", "measures", -1, (0, 1, 2)),
    Feature("same brand", "brand", 1),
    Feature("other brand", "brand", -1),
    Feature("brand not named", "brand", -1),
    Feature("same first word", "brand", 1),
    Feature("near price", "price", 1, (0, 0.5, 0.8, 0.95, 1)),
    Feature("far price", "price", -1, (0, 0.25, 0.5, 1, 2)),
    Feature("same gtin", "gtin", 1),
    Feature("other gtin", "gtin", -1),
    Feature("near vectors", "vectors", 1),
    Feature("far vectors", "vectors", -1),
    Feature("near images", "vectors", 1),
    Feature("far images", "vectors", -1),
    Feature("near texts", "vectors", 1),
    Feature("far texts", "vectors", -1),
    Feature("nearer rival", "rival", -1, (0, 0.05, 0.1, 0.2, 0.35, 0.6)),
)
TOPICS: dict[str, Topic] = {feature.name: feature.topic for feature in FEATURES}
