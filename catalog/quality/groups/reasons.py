"""Why a pair has its score: one reason a topic, each with its part of the score. The parts add up to it exactly.

A reason is a code with values, so that a page can tell it in its own language.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from catalog.quality.groups.facts import Facts
from catalog.quality.groups.features import AXES, TOPICS, Topic
from catalog.quality.groups.pairs import Comparison, Words
from catalog.quality.groups.rarity import Rarity
from catalog.quality.groups.scorer import Scorer, in_grains

SHOWN = 5  # words in a sentence

# By code, in English, with places for the values.
SENTENCES: Mapping[str, str] = {
    "start": "Of products that are compared, most are not the same one.",
    "alike": "Both titles have: {}.",
    "alike_spelling": "The titles are spelt alike.",
    "common": "Some {} titles have all the words that both share; no number is shared.",
    "own_words": "Only the one has: {}; only the other has: {}.",
    "own_words_of_one": "Only one of them has: {}.",
    "first_words_differ": "The titles begin with different words.",
    "description": "Title and description have many words in common.",
    "model_same": "Both have the model number {}.",
    "model_related": "The model numbers are nearly the same: {} and {}.",
    "model_differs": "Other model numbers: {} and {}.",
    "model_in_part": "A part of a model number is in both titles.",
    "model_of_one": "Only one of them has a model number.",
    "numbers_differ": "Other numbers: {} the one, {} the other.",
    "numbers_same": "The same numbers are in both titles.",
    "number_of_one": "A number or a short code is in one title only.",
    "axis_differs": "{}: {} the one, {} the other.",
    "axis_same": "{}: both {}.",
    "axis_of_one": "{}: only one of them says it.",
    "measures_same": "Both have {}.",
    "measures_differ": "Not the same: {}.",
    "measures_in_part": "Both have {}. Not the same: {}.",
    "brand_differs": "The brands differ.",
    "brand_of_one": "The brand of the one is not named by the other.",
    "brand_same": "The brand is the same.",
    "first_word": "The titles begin with the same word.",
    "price_near": "The prices are near: {} and {}.",
    "price_far": "The prices are far apart: {} and {}.",
    "gtin_same": "The GTIN is the same.",
    "gtin_differs": "The GTINs differ: each article has its own.",
    "vectors_near": "Pictures and words look alike to the model.",
    "vectors_far": "Pictures and words look unlike to the model.",
    "rival": "Another is nearer to one of them.",
    "rival_named": "Another product is nearer to one of them: {}.",
}


class Reason(NamedTuple):
    """weight: what it adds to the log-odds that both are one product. code: a key of SENTENCES; values: what stands in
    the sentence, in order.
    """

    about: Topic | str
    weight: float
    code: str
    values: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        told = SENTENCES[self.code].format(*self.values)
        return told[:1].upper() + told[1:]


class Said(NamedTuple):
    """What a reason says, without its weight."""

    code: str
    values: tuple[str, ...] = ()


def reasons(
    found: Comparison, one: Facts, other: Facts, scorer: Scorer, rarity: Rarity, rival: str = ""
) -> tuple[Reason, ...]:
    """The strongest first. rival: the title of the product that is nearer to one of the two."""
    parts: dict[Topic, float] = {}
    for feature, value in found.values.items():
        if part := scorer.part(feature, value):
            parts[TOPICS[feature]] = parts.get(TOPICS[feature], 0.0) + part
    told = [Reason("start", in_grains(scorer.start), "start")]
    for topic, weight in parts.items():
        if weight:
            told.append(Reason(topic, weight, *_said(topic, found, one, other, rarity, rival)))
    return tuple(sorted(told, key=lambda reason: -abs(reason.weight)))


def _said(topic: Topic, found: Comparison, one: Facts, other: Facts, rarity: Rarity, rival: str) -> Said:
    if topic in AXES:
        return _axis(topic, found)
    match topic:
        case "alike":
            return Said("alike", (_listed(found.shared, rarity),)) if found.shared else Said("alike_spelling")
        case "unlike":
            return _own_words(found, rarity)
        case "price":
            near = "near price" in found.values
            return Said("price_near" if near else "price_far", (str(one.price), str(other.price)))
        case "rival":
            return Said("rival_named", (rival,)) if rival else Said("rival")
    return BY_TOPIC[topic](found)


def _own_words(found: Comparison, rarity: Rarity) -> Said:
    left, right = (_listed(words, rarity) for words in found.own)
    if left and right:
        return Said("own_words", (left, right))
    return Said("own_words_of_one", (left or right,)) if left or right else Said("first_words_differ")


def _listed(words: Words, rarity: Rarity) -> str:
    """The rarest."""
    ranked = sorted(words, key=lambda word: (-rarity.of(word), word))
    return ", ".join(ranked[:SHOWN]) + (" \u2026" if len(ranked) > SHOWN else "")


def _any_of(words: Words) -> str:
    return " / ".join(sorted(words))


def _axis(axis: str, found: Comparison) -> Said:
    if pair := found.other.get(axis):
        return Said("axis_differs", (axis, *map(_any_of, pair)))
    if same := found.same.get(axis):
        return Said("axis_same", (axis, _any_of(same)))
    return Said("axis_of_one", (axis,))


def _model(found: Comparison) -> Said:
    if found.codes:
        return Said("model_same", (_any_of(found.codes),))
    if found.related:
        return Said("model_related", found.related)
    if found.other_codes[0]:
        return Said("model_differs", tuple(map(_any_of, found.other_codes)))
    return Said("model_in_part" if "model number in part" in found.values else "model_of_one")


def _numbers(found: Comparison) -> Said:
    if found.other_numbers[0]:
        return Said("numbers_differ", tuple(map(_any_of, found.other_numbers)))
    return Said("numbers_same" if "numbers in common" in found.values else "number_of_one")


def _measures(found: Comparison) -> Said:
    same = ", ".join(_any_of(words) for name, words in found.same.items() if name not in AXES)
    pairs = (pair for name, pair in found.other.items() if name not in AXES)
    other = ", ".join(f"{_any_of(left)} \u2013 {_any_of(right)}" for left, right in pairs)
    if same and other:
        return Said("measures_in_part", (same, other))
    return Said("measures_same", (same,)) if same else Said("measures_differ", (other,))


def _brand(found: Comparison) -> Said:
    if "other brand" in found.values:
        return Said("brand_differs")
    if "brand not named" in found.values:
        return Said("brand_of_one")
    return Said("brand_same" if "same brand" in found.values else "first_word")


def _vectors(found: Comparison) -> Said:
    near = any(TOPICS[name] == "vectors" and name.startswith("near") for name in found.values)
    return Said("vectors_near" if near else "vectors_far")


BY_TOPIC: Mapping[Topic, Callable[[Comparison], Said]] = {
    "common": lambda found: Said("common", (str(found.wordings),)),
    "description": lambda _: Said("description"),
    "model": _model,
    "numbers": _numbers,
    "measures": _measures,
    "brand": _brand,
    "gtin": lambda found: Said("gtin_same" if "same gtin" in found.values else "gtin_differs"),
    "vectors": _vectors,
}
