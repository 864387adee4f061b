"""Tokens of a title and what is said of each to the tagger: itself, its neighbours, its shape, where it stands."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from catalog.language.attributes.found import FoundAttribute

TOKEN = re.compile(r"[A-Za-zÀ-ÿ]+(?:['’][a-z]+)?|\d+(?:[.,]\d+)*|\S")
BREAKS = frozenset(",()-–|;:[]/【】，、。！？")
EDGE = "<>"
LONGEST_PHRASE = 6  # tokens

Phrases = Mapping[str, Sequence[tuple[tuple[str, ...], str]]]  # first word -> phrases and their labels, longest first


class Token(NamedTuple):
    start: int
    end: int
    text: str


def tokens_of(text: str) -> list[Token]:
    return [Token(one.start(), one.end(), one[0]) for one in TOKEN.finditer(text)]


def shape_of(word: str) -> str:
    first = word[0]
    if first.isdigit():
        return f"d{min(len(word), 4)}" if word.isdigit() else "d.d"
    if not first.isalpha() or not first.isascii():
        return "c" if first.isalpha() else word
    if word.isupper():
        return "X" if len(word) == 1 else "XX"
    return ("Xx" if word[1:].islower() else "XxX") if first.isupper() else "x"


def features_of(
    tokens: Sequence[Token],
    kind: str,
    phrases: Phrases,
    found: Sequence[FoundAttribute] = (),
    own: frozenset[tuple[tuple[str, ...], str]] = frozenset(),
) -> list[list[str]]:
    """found: by the grammar. own: phrases that are not to be seen, of the title itself in training."""
    words = [token.text.lower() for token in tokens]
    features = _of_words(words, [shape_of(token.text) for token in tokens], kind)
    _add_phrases(features, words, kind, phrases, own)
    _add_found(features, tokens, found)
    return features


def _of_words(words: Sequence[str], shapes: Sequence[str], kind: str) -> list[list[str]]:
    around, forms = [EDGE, EDGE, *words, EDGE, EDGE], [EDGE, *shapes, EDGE]
    features: list[list[str]] = []
    segment = place = 0
    for at, word in enumerate(words):
        if word in BREAKS:
            segment, place = segment + 1, -1
        before, after, shape = around[at + 1], around[at + 3], shapes[at]
        features.append(
            [
                f"w{word}",
                f"-{before}",
                f"+{after}",
                f"={around[at]}",
                f"#{around[at + 4]}",
                f"b{before} {word}",
                f"a{word} {after}",
                f"s{shape}",
                f"t{forms[at]}{shape}{forms[at + 2]}",
                f"p{word[:3]}",
                f"x{word[-3:]}",
                f"y{word[-2:]}",
                f"i{min(at, 6)}",
                f"g{min(segment, 4)}",
                f"h{min(place, 3)}",
                f"j{min(at, 4)}{shape}",
                f"e{min(len(words) - 1 - at, 3)}",
                f"k{kind}",
                f"l{kind}{word}",
                f"m{kind}{min(at, 5)}",
                f"n{kind}{shape}",
                f"o{kind}{before}",
                f"q{kind}{after}",
            ]
        )
        place += 1
    return features


def _add_phrases(
    features: list[list[str]],
    words: Sequence[str],
    kind: str,
    phrases: Phrases,
    own: frozenset[tuple[tuple[str, ...], str]],
) -> None:
    """The longest phrase of each label that begins at a token."""
    for at, word in enumerate(words):
        seen: set[str] = set()
        after = words[at + 1] if at + 1 < len(words) else EDGE
        for phrase, label in phrases.get(word, ()):
            end = at + len(phrase)
            if len(phrase) > 1 and phrase[1] != after:
                continue
            if label in seen or tuple(words[at:end]) != phrase or (phrase, label) in own:
                continue
            seen.add(label)
            length = min(len(phrase), 3)
            for inside in range(at, end):
                place = "B" if inside == at else "I"
                features[inside] += (f"D{place}{label}{length}", f"E{place}{label}{kind}")
            if end < len(words):
                features[end].append(f"F{label}")


def _add_found(features: list[list[str]], tokens: Sequence[Token], found: Sequence[FoundAttribute]) -> None:
    at = 0
    for one in found:
        while at < len(tokens) and tokens[at].end <= one.start:
            at += 1
        inside = at
        while inside < len(tokens) and tokens[inside].start < one.end:
            features[inside].append(f"{'G' if inside == at else 'H'}{one.name}")
            inside += 1
