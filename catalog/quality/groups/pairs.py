"""Two products compared: the value of every feature, and what it was read from."""

import math
import string
from collections.abc import Mapping
from dataclasses import dataclass, field

from catalog.arrays import Floats, Modalities
from catalog.quality.groups.facts import EDITIONS, NOTHING, Facts, Text, runs
from catalog.quality.groups.features import AXES, AXIS_OF, Axis
from catalog.quality.groups.rarity import Rarity

Words = frozenset[str]
LETTERS = string.ascii_lowercase
NEARLY = 0.03  # by which a measure may be rounded
LEAST_RELATED = 4  # letters of a model number that begins or ends another: "fz28" and "fz28k"
# Cosine of two products' vectors that speaks neither way, least that speaks fully against, and for.
NEUTRAL: dict[Modalities, tuple[float, float, float]] = {
    "both": (0.4, 0.8, 0.98),
    "image": (0.4, 0.8, 0.98),
    "text": (0.4, 0.85, 0.98),
}
VECTOR_NAMES: dict[Modalities, str] = {"both": "vectors", "image": "images", "text": "texts"}
# Prices differ by a third between shops as easily as not.
NEUTRAL_PRICE = math.log(4 / 3)
Vectors = Mapping[Modalities, Floats]


@dataclass(slots=True)
class Comparison:
    """values: of the features that are not 0. likeness: 0 to 1, a plain measure by which rivals are told. shared, own:
    words in common, and of each alone, which the other's description has not either. codes, related, other_codes: model
    numbers in common, nearly so, and of each. wordings: how many of the catalogue have all that is shared. same, other:
    values of each axis or dimension.
    """

    values: dict[str, float] = field(default_factory=dict)
    likeness: float = 0.0
    shared: Words = NOTHING
    own: tuple[Words, Words] = (NOTHING, NOTHING)
    codes: Words = NOTHING
    related: tuple[str, ...] = ()
    other_codes: tuple[Words, Words] = (NOTHING, NOTHING)
    wordings: int = 0
    other_numbers: tuple[Words, Words] = (NOTHING, NOTHING)
    same: dict[str, Words] = field(default_factory=dict)
    other: dict[str, tuple[Words, Words]] = field(default_factory=dict)

    def set(self, name: str, value: float) -> None:
        if value:
            self.values[name] = value

    @property
    def apart(self) -> frozenset[Axis]:
        """The axes along which the two contradict each other."""
        return frozenset(axis for axis in AXES if axis in self.other)


def compare(one: Facts, other: Facts, rarity: Rarity, vectors: tuple[Vectors, Vectors] = ({}, {})) -> Comparison:
    found = Comparison()
    alone = _words(found, one, other, rarity)
    texts = _texts(found, one, other, rarity)
    code = _codes(found, one, other, rarity)
    _numbers(found, one, other, alone)
    _measures(found, one, other)
    _options(found, one.title, other.title)
    _brands(found, one, other)
    _prices(found, one, other)
    if one.gtin and other.gtin:
        found.set("same gtin" if one.gtin == other.gtin else "other gtin", 1.0)
    for modality in vectors[0].keys() & vectors[1].keys():
        _cosine(found, modality, float(vectors[0][modality] @ vectors[1][modality]))
    in_common, spelling = found.values.get("words in common", 0.0), found.values.get("spelling alike", 0.0)
    found.likeness = (in_common + spelling + texts + code) / 4
    return found


def _words(found: Comparison, one: Facts, other: Facts, rarity: Rarity) -> tuple[Words, Words]:
    """Returns the words of each alone."""
    mine, theirs = one.title, other.title
    shared, left, right = mine.words & theirs.words, mine.words - theirs.words, theirs.words - mine.words
    if left and right:
        shared, left, right = _parted(shared, left, right, mine, theirs)
    own = _elsewhere(left, other), _elsewhere(right, one)
    of = rarity.of
    common = sum(map(of, shared))
    alone = sum(map(of, left)), sum(map(of, right))
    weights = [of(word) for word in own[0]], [of(word) for word in own[1]]
    sums, rarest = [sum(each) for each in weights], [max(each, default=0.0) for each in weights]
    found.set("words contained", common / (common + min(alone) + 1e-6))
    found.set("words in common", common / (common + sum(alone) + 1e-6))
    found.set("rarest word in common", max(map(of, shared), default=0.0))
    found.set("own words of both", min(sums))
    found.set("own words of either", max(sums))
    found.set("rarest own word of both", min(rarest))
    found.set("rarest own word of either", max(rarest))
    grams, lengths = (one.grams & other.grams).bit_count(), (one.grams.bit_count(), other.grams.bit_count())
    found.set("spelling alike", 2 * grams / max(sum(lengths), 1))
    found.set("spelling contained", grams / max(min(lengths), 1))
    if one.pieces.isdisjoint(other.pieces) and not any(map(has_digit, shared)):
        _common(found, one, other, rarity)
    if not (left | right).isdisjoint(EDITIONS):
        found.set("edition of one", 1.0)
    found.shared, found.own = shared, own
    return left, right


def _common(found: Comparison, one: Facts, other: Facts, rarity: Rarity) -> None:
    """How many others have what the two have in common, which is no number."""
    if marks := one.marks & other.marks:
        found.wordings = max(rarity.wordings_with(marks), 2)
        found.set("common words only", math.log2(found.wordings) - 1)


def _parted(shared: Words, left: Words, right: Words, mine: Text, theirs: Text) -> tuple[Words, Words, Words]:
    """What one writes as one word and the other as two is shared; so are model numbers of which one ends the other."""
    for word in (left & theirs.joined) | (right & mine.joined):
        shared |= {word}
        left, right = left - {word} - _halves(word, mine), right - {word} - _halves(word, theirs)
    for word in left:
        if len(word) >= LEAST_RELATED and not word.isalpha():
            for partner in right:
                if not partner.isalpha() and is_related(word, partner):
                    left, right = left - {word}, right - {partner}
                    left, right = _not_in(left, partner), _not_in(right, word)
    return shared, left, right


def _not_in(words: Words, code: str) -> Words:
    """Without those that are a part of the other's model number."""
    return frozenset(word for word in words if len(word) < 2 or word not in code)


def _halves(word: str, text: Text) -> Words:
    tokens = text.tokens
    if word not in text.joined:
        return NOTHING
    return frozenset(part for run in runs(tokens) if "".join(run) == word for part in run)


def _elsewhere(words: Words, other: Facts) -> Words:
    """Those that the other's description and brand have not either."""
    more = other.more
    return frozenset(
        word for word in words if word not in more.words and word not in more.joined and word not in other.brand
    )


def _texts(found: Comparison, one: Facts, other: Facts, rarity: Rarity) -> float:
    """The likeness of titles and descriptions together."""
    if not one.more.tokens and not other.more.tokens:
        return found.values.get("words in common", 0.0)
    of = rarity.in_texts
    common = sum(map(of, one.words & other.words))
    lengths = sum(map(of, one.words)) + 1e-6, sum(map(of, other.words)) + 1e-6
    found.set("texts alike", alike := common / math.sqrt(lengths[0] * lengths[1]))
    found.set("text contained", common / min(lengths))
    return alike


def _codes(found: Comparison, one: Facts, other: Facts, rarity: Rarity) -> float:
    """The rarity of the rarest model number in common."""
    mine, theirs = one.codes, other.codes
    shared = (mine & _written(other)) | (theirs & _written(one))
    rarest = max(map(rarity.of, shared), default=0.0)
    found.set("model number", rarest)
    found.codes = shared
    if bool(mine) != bool(theirs) and not shared:
        found.set("model number of one", 1.0)
    if shared or not (mine and theirs):
        _in_part(found, one, other, rarity)
        return rarest
    related = [(a, b) for a in mine for b in theirs if is_related(a, b)]
    if related:
        nearest = max(related, key=lambda pair: min(map(len, pair)) / max(map(len, pair)))
        found.set("related model number", min(map(len, nearest)) / max(map(len, nearest)))
        found.related = nearest
        _in_part(found, one, other, rarity)
        return 0.0
    found.set("other model number", min(max(map(rarity.of, mine)), max(map(rarity.of, theirs))))
    found.other_codes = mine, theirs
    return 0.0


def _in_part(found: Comparison, one: Facts, other: Facts, rarity: Rarity) -> None:
    found.set("model number in part", max(map(rarity.of_piece, one.pieces & other.pieces), default=0.0))


def _written(product: Facts) -> Words:
    title = product.title
    return product.codes | product.more.codes | title.joined | title.words


def is_related(one: str, other: str) -> bool:
    short, long = (one, other) if len(one) < len(other) else (other, one)
    if len(short) < LEAST_RELATED:
        return False
    start = long.find(short)
    if start >= 0 and (len(short) > LEAST_RELATED or start in (0, len(long) - len(short))):
        before, after = long[start - 1 : start], long[start + len(short) : start + len(short) + 1]
        return not ((before.isdigit() and short[0].isdigit()) or (after.isdigit() and short[-1].isdigit()))
    stem = len(short.rstrip(LETTERS)) + 1  # other letters at the end: "kd49xf7005bu", "kd49xf7005baep"
    return LEAST_RELATED < stem <= len(short) and short[:stem] == long[:stem] and long[stem:].isalpha()


def _numbers(found: Comparison, one: Facts, other: Facts, alone: tuple[Words, Words]) -> None:
    mine, theirs = alone[0] & one.title.numbers, alone[1] & other.title.numbers
    found.set("numbers in common", len(one.title.numbers & other.title.numbers))
    found.set("other numbers", min(len(mine), len(theirs)))
    found.set("numbers of one", abs(len(mine) - len(theirs)))
    short = frozenset(filter(has_digit, alone[0] - mine)), frozenset(filter(has_digit, alone[1] - theirs))
    found.set("other short codes", min(map(len, short)))
    found.set("short codes of one", abs(len(short[0]) - len(short[1])))
    if mine and theirs:
        found.other_numbers = mine, theirs


def has_digit(word: str) -> bool:
    return not word.isalpha() and any(map(str.isdigit, word))


def _measures(found: Comparison, one: Facts, other: Facts) -> None:
    mine, theirs = one.title.measures, other.title.measures
    same = differing = 0
    for dimension in mine.keys() | theirs.keys():
        axis = AXIS_OF.get(dimension)
        left = mine.get(dimension) or one.more.measures.get(dimension)
        right = theirs.get(dimension) or other.more.measures.get(dimension)
        if not left or not right:
            if axis:
                found.set(f"{axis} of one", 1.0)
            continue
        shown = _shown(dimension, left), _shown(dimension, right)
        if any(abs(a - b) <= NEARLY * max(a, b) for a in left for b in right):
            found.same[axis or dimension] = found.same.get(axis or dimension, NOTHING) | shown[0]
            same += not axis
        elif dimension in mine and dimension in theirs:
            found.other[axis or dimension] = shown
            differing += not axis
    found.set("same measures", same)
    found.set("other measures", differing)


def _shown(dimension: str, values: frozenset[float]) -> Words:
    return frozenset(f"{value:g} {BASE[dimension]}" for value in values)


# How a dimension's base unit is shown.
BASE = {
    **{"memory": "GB", "length": "m", "weight": "kg", "volume": "l", "power": "W", "voltage": "V", "charge": "mAh"},
    **{"frequency": "Hz", "resolution": "megapixels", "lines": "lines", "rotation": "rpm", "pack": "in a pack"},
}


def _options(found: Comparison, mine: Text, theirs: Text) -> None:
    """Colours and sizes, and what the measures say of the axes."""
    for axis, left, right in (("colour", mine.colours, theirs.colours), ("size", mine.sizes, theirs.sizes)):
        if left and right:
            if left - right and right - left:
                found.other[axis] = left, right
            else:
                found.same[axis] = left & right
        elif left or right:
            found.set(f"{axis} of one", 1.0)
    for axis in AXES:
        if axis in found.other:
            found.set(f"other {axis}", 1.0)
        elif axis in found.same:
            found.set(f"same {axis}", 1.0)


def _brands(found: Comparison, one: Facts, other: Facts) -> None:
    firsts = one.title.tokens[:1], other.title.tokens[:1]
    if firsts[0] and firsts[1]:
        in_both = firsts[0][0] in other.title.tokens, firsts[1][0] in one.title.tokens
        if all(in_both):
            found.set("same first word", 1.0)
        elif not any(in_both):
            found.set("other first word", 1.0)
    if one.brand and other.brand:
        same = one.brand == other.brand or bool({*one.brand.split()} & {*other.brand.split()})
        found.set("same brand" if same else "other brand", 1.0)
    elif one.brand or other.brand:
        named = any(word in (other if one.brand else one).title.tokens for word in (one.brand or other.brand).split())
        found.set("same brand" if named else "brand not named", 1.0)


def _prices(found: Comparison, one: Facts, other: Facts) -> None:
    if one.price and other.price:
        apart = abs(math.log(one.price / other.price))
        found.set("near price", max(1 - apart / NEUTRAL_PRICE, 0.0))
        found.set("far price", max(apart - NEUTRAL_PRICE, 0.0))


def _cosine(found: Comparison, modality: Modalities, cosine: float) -> None:
    far, neutral, near = NEUTRAL[modality]
    name = VECTOR_NAMES[modality]
    found.set(f"near {name}", min(max((cosine - neutral) / (near - neutral), 0.0), 1.0))
    found.set(f"far {name}", min(max((neutral - cosine) / (neutral - far), 0.0), 1.0))
