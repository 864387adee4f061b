"""The reasons of groups as codes with values, by which the page tells them in its languages.

What each says in English is told by `catalog.quality.groups.reasons`; a test holds the two together.
"""

from typing import NamedTuple

from catalog.quality.groups.features import AXES, TOPICS
from catalog.quality.groups.pairs import Comparison, Words
from catalog.quality.groups.reasons import Reason, values

SHOWN = 8  # words


class Coded(NamedTuple):
    """values: what stands in the sentence, in order."""

    code: str
    values: tuple[str, ...] = ()


# Every code, and those of reasons that completeness gives.
CODES = frozenset((
    "start", "alike", "alike_spelling", "common", "own_words", "own_words_of_one", "first_words_differ",
    "description", "model_same", "model_related", "model_differs", "model_in_part", "model_of_one",
    "numbers_differ", "numbers_same", "number_of_one", "axis_differs", "axis_same", "axis_of_one", "measures_same",
    "measures_differ", "brand_differs", "brand_of_one", "brand_same", "first_word", "price_near", "price_far",
    "gtin_same", "gtin_differs", "vectors_near", "vectors_far", "rival", "image_shared", "edge_uneven",
))  # fmt: skip
# Topic -> the codes of its sentences, each with the feature that it is told of, the first that the pair has.
BY_FEATURE: dict[str, tuple[tuple[str, str], ...]] = {
    "brand": (
        ("other brand", "brand_differs"),
        ("brand not named", "brand_of_one"),
        ("same brand", "brand_same"),
        ("", "first_word"),
    ),
    "price": (("near price", "price_near"), ("", "price_far")),
    "gtin": (("same gtin", "gtin_same"), ("", "gtin_differs")),
    "description": (("", "description"),),
    "start": (("", "start"),),
    "rival": (("", "rival"),),
}


def coded(reason: Reason, found: Comparison) -> Coded:
    """found: the comparison of which the reason tells."""
    about = str(reason.about)
    if about in AXES:
        return _axis(about, found)
    if about in BY_FEATURE:
        return Coded(next(code for feature, code in BY_FEATURE[about] if not feature or feature in found.values))
    match about:
        case "common":
            return Coded("common", (str(found.wordings),))
        case "alike":
            return Coded("alike", (_shown(found.shared),)) if found.shared else Coded("alike_spelling")
        case "unlike":
            return _unlike(found)
        case "model":
            return _model(found)
        case "numbers":
            return _numbers(found)
        case "vectors":
            near = (feature for feature in found.values if TOPICS[feature] == "vectors" and feature.startswith("near"))
            return Coded("vectors_near" if any(near) else "vectors_far")
    return Coded("measures_same" if "same measures" in found.values else "measures_differ", (_measures(found),))


def _axis(axis: str, found: Comparison) -> Coded:
    if pair := found.other.get(axis):
        return Coded("axis_differs", (axis, values(pair[0]), values(pair[1])))
    if same := found.same.get(axis):
        return Coded("axis_same", (axis, values(same)))
    return Coded("axis_of_one", (axis,))


def _unlike(found: Comparison) -> Coded:
    left, right = map(_shown, found.own)
    if left and right:
        return Coded("own_words", (left, right))
    return Coded("own_words_of_one", (left or right,)) if left or right else Coded("first_words_differ")


def _model(found: Comparison) -> Coded:
    if found.codes:
        return Coded("model_same", (values(found.codes),))
    if found.related:
        return Coded("model_related", (" / ".join(found.related),))
    if found.other_codes[0]:
        return Coded("model_differs", tuple(map(values, found.other_codes)))
    return Coded("model_in_part" if "model number in part" in found.values else "model_of_one")


def _numbers(found: Comparison) -> Coded:
    if found.other_numbers[0]:
        return Coded("numbers_differ", tuple(map(values, found.other_numbers)))
    return Coded("numbers_same" if "numbers in common" in found.values else "number_of_one")


def _measures(found: Comparison) -> str:
    same = [values(words) for name, words in found.same.items() if name not in AXES]
    other = [f"{values(one)} / {values(two)}" for name, (one, two) in found.other.items() if name not in AXES]
    return ", ".join(other or same)


def _shown(words: Words) -> str:
    return ", ".join(sorted(words)[:SHOWN]) + (" \u2026" if len(words) > SHOWN else "")
