"""Why a pair has its score: one sentence a topic, each with its part of the score. The parts add up to it exactly."""

from collections.abc import Callable
from typing import NamedTuple

from catalog.quality.groups.facts import Facts
from catalog.quality.groups.features import AXES, TOPICS, Topic
from catalog.quality.groups.pairs import Comparison, Words
from catalog.quality.groups.rarity import Rarity
from catalog.quality.groups.scorer import Scorer, in_grains

SHOWN = 5  # words in a sentence


class Reason(NamedTuple):
    """weight: what it adds to the log-odds that both are one product."""

    about: Topic | str
    weight: float
    text: str


def reasons(
    found: Comparison, one: Facts, other: Facts, scorer: Scorer, rarity: Rarity, rival: str = ""
) -> tuple[Reason, ...]:
    """The strongest first. rival: the title of the product that is nearer to one of the two."""
    parts: dict[Topic, float] = {}
    for feature, value in found.values.items():
        if part := scorer.part(feature, value):
            parts[TOPICS[feature]] = parts.get(TOPICS[feature], 0.0) + part
    told = [Reason("start", in_grains(scorer.start), "Of products that are compared, most are not the same one.")]
    for topic, weight in parts.items():
        if weight:
            told.append(Reason(topic, weight, _sentence(topic, found, one, other, rarity, rival)))
    return tuple(sorted(told, key=lambda reason: -abs(reason.weight)))


def _sentence(topic: Topic, found: Comparison, one: Facts, other: Facts, rarity: Rarity, rival: str) -> str:
    if topic in AXES:
        return _of_axis(topic, found)
    if topic == "rival":
        return f"Another product is nearer to one of them: {rival}." if rival else "Another is nearer to one of them."
    if topic == "price":
        return (
            f"The prices are {'near' if 'near price' in found.values else 'far apart'}: {one.price} and {other.price}."
        )
    if topic == "unlike":
        return _own_words(found, rarity)
    if topic == "alike":
        words = listed(found.shared, rarity)
        return f"Both titles have: {words}." if words else "The titles are spelt alike."
    return TEXTS[topic](found)


def _own_words(found: Comparison, rarity: Rarity) -> str:
    left, right = (listed(words, rarity) for words in found.own)
    if left and right:
        return f"Only the one has: {left}; only the other has: {right}."
    return f"Only one of them has: {left or right}." if left or right else "The titles begin with different words."


def listed(words: Words, rarity: Rarity) -> str:
    """The rarest."""
    ranked = sorted(words, key=lambda word: (-rarity.of(word), word))
    return ", ".join(ranked[:SHOWN]) + (" \u2026" if len(ranked) > SHOWN else "")


def values(words: Words) -> str:
    return " or ".join(sorted(words))


def _of_axis(axis: str, found: Comparison) -> str:
    name = axis.capitalize()
    if axis in found.other:
        left, right = found.other[axis]
        return f"{name}: {values(left)} the one, {values(right)} the other."
    if axis in found.same:
        return f"{name}: both {values(found.same[axis])}."
    return f"{name}: only one of them says it."


def _model(found: Comparison) -> str:
    if found.codes:
        return f"Both have the model number {values(found.codes)}."
    if found.related:
        return f"The model numbers are nearly the same: {' and '.join(found.related)}."
    if found.other_codes[0]:
        return f"Other model numbers: {values(found.other_codes[0])} and {values(found.other_codes[1])}."
    if "model number in part" in found.values:
        return "A part of a model number is in both titles."
    return "Only one of them has a model number."


def _numbers(found: Comparison) -> str:
    if found.other_numbers[0]:
        left, right = found.other_numbers
        return f"Other numbers: {values(left)} the one, {values(right)} the other."
    if "numbers in common" in found.values:
        return "The same numbers are in both titles."
    return "A number or a short code is in one title only."


def _measures(found: Comparison) -> str:
    same = [values(words) for name, words in found.same.items() if name not in AXES]
    other = [f"{values(a)} and {values(b)}" for name, (a, b) in found.other.items() if name not in AXES]
    return " ".join([*([f"Both have {', '.join(same)}."] if same else []), *(f"Not the same: {one}." for one in other)])


def _brand(found: Comparison) -> str:
    if "other brand" in found.values:
        return "The brands differ."
    if "brand not named" in found.values:
        return "The brand of the one is not named by the other."
    return "The brand is the same." if "same brand" in found.values else "The titles begin with the same word."


def _vectors(found: Comparison) -> str:
    near = sum(value for name, value in found.values.items() if TOPICS[name] == "vectors" and name.startswith("near"))
    return "Pictures and words look alike to the model." if near else "Pictures and words look unlike to the model."


TEXTS: dict[Topic, Callable[[Comparison], str]] = {
    "common": lambda found: f"Some {found.wordings} titles have all the words that both share; no number is shared.",
    "description": lambda _: "Title and description have many words in common.",
    "model": _model,
    "numbers": _numbers,
    "measures": _measures,
    "brand": _brand,
    "gtin": lambda found: (
        "The GTIN is the same." if "same gtin" in found.values else "The GTINs differ: each article has its own."
    ),
    "vectors": _vectors,
}
