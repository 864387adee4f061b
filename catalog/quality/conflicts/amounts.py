"""Contents and counts of a title against those of a field, whatever can be meant: per piece or in all."""

import re
from collections.abc import Iterable, Sequence
from itertools import islice

from catalog.language.attributes.found import CERTAIN, LIKELY, FoundAttribute
from catalog.language.attributes.grammar.read import by_grammar
from catalog.lexicon.counts import NUMBER_WORDS

NEARLY = 0.03  # measures are rounded
MAX_NUMBERS = 10  # a text with more can mean any amount
# Fields of what is in it, by `attribute_name`. A plain "weight" may be that of the parcel.
CONTENTS = {
    *("volume", "net volume", "capacity", "content", "net content", "net weight", "net quantity", "quantity", "size"),
    *("unit pricing measure", "storage", "storage capacity", "memory", "ram", "净含量", "容量"),
}
COUNTS = {
    *("pack count", "pack size", "package quantity", "pack quantity", "multipack", "unit count", "number of item"),
    *("item package quantity", "number of piece", "piece", "count", "pack"),
}
UNITS = {"kilogram", "metre ** 3", "byte"}
WHOLE = re.compile(r"(?<![\d.,])\d{1,4}(?![\d.,]*\d)")
DIGITS = re.compile(r"\d+")
COUNT = re.compile(
    r"\s*(?:pack of\s*|set of\s*|x\s*)?(\d{1,4})\s*+(?:x|pcs?|pieces?|pack|-pack|count|ct|units?)?\s*", re.IGNORECASE
)
WORD = re.compile(r"[a-z]+|[一二两三四五六七八九十双对]", re.IGNORECASE)


def may_mean_any(text: str) -> bool:
    return sum(1 for _ in islice(DIGITS.finditer(text), MAX_NUMBERS + 1)) > MAX_NUMBERS


def contents_differ(title: Sequence[FoundAttribute], text: str, values: Iterable[str]) -> FoundAttribute | None:
    """The measure of the title that contradicts a field; None where both can be true. text: the title."""
    for value in values:
        given = [one for one in by_grammar(value) if _is_content(one)]
        said = [one for one in title if _is_content(one) and given and one.unit == given[0].unit]
        if not given or not said or len({one.unit for one in given}) > 1:
            return None
        counts = counts_in(_without(text, said)) | counts_in(_without(value, given))
        mine, theirs = _readings(said, counts), _readings(given, counts)
        if any(abs(a - b) <= NEARLY * max(a, b) for a in mine for b in theirs):
            return None
    return said[0] if values else None


def _is_content(one: FoundAttribute) -> bool:
    return one.unit in UNITS and isinstance(one.normalised, float) and one.confidence >= LIKELY


def _without(text: str, found: Sequence[FoundAttribute]) -> str:
    for one in found:
        text = text[: one.start] + " " * (one.end - one.start) + text[one.end :]
    return text


def _readings(measures: Sequence[FoundAttribute], counts: set[int]) -> set[float]:
    """What the measures can amount to: each, all together, and as many times as there are pieces."""
    each = {one.normalised for one in measures if isinstance(one.normalised, float)}
    each |= {other.normalised for one in measures for other in one.others if isinstance(other.normalised, float)}
    each.add(sum(each))
    return {one * count for one in each for count in counts}


def counts_in(text: str) -> set[int]:
    """The numbers of pieces that a text may mean, their products, and 1."""
    found = {int(number) for number in WHOLE.findall(text)} - {0}
    found |= {NUMBER_WORDS[word.lower()] for word in WORD.findall(text) if word.lower() in NUMBER_WORDS}
    return {1, *found, *(a * b for a in found for b in found)}


def count_differs(title: Sequence[FoundAttribute], text: str, value: str) -> FoundAttribute | None:
    """The count of the title that contradicts a field; None where both can be true. A 1 may be one pack of several."""
    given, said = (
        COUNT.fullmatch(value),
        [one for one in title if one.name == "pack_count" and one.confidence >= CERTAIN],
    )
    if not given or not said or int(given[1]) in counts_in(text):
        return None
    return said[0]
