"""What speaks for it that a passage answers a question, as a few numbers between -1 and 1."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from catalog.arrays import Floats
from catalog.questions.concepts import asked, measured, named
from catalog.questions.passages import Passage
from catalog.questions.words import content, has_number, tokens

YES_NO = re.compile(
    r"^(?:is|are|was|were|do|does|did|can|could|will|would|should|has|have|had|may)\b|吗[?？]?$|是否|是不是|有没有|能不能|可以.*吗"
)
HOW_MANY = re.compile(
    r"\bhow (?:many|much|long|tall|wide|deep|high|big|large|heavy|thick|old|far|fast)\b|几|多少|多[长宽高重大深厚久]"
)
BOOLEAN = frozenset(("true", "false", "yes", "no", "是", "否", "有", "无", "不"))
# The words of a title name the product, and so say little of what is asked.
OF_TITLE = 0.3
OF_WORDS = (
    "words in name",
    "words in text",
    "words in either",
    "name asked",
    "concept in name",
    "share of name's concepts",
    "concept in text",
    "other concept in name",
    "measured",
    "yes or no, and boolean",
    "boolean",
    "a number wanted, and none",
    "a number wanted, and one",
    "attribute",
    "length",
)
OF_VECTORS = (
    "cosine of name",
    "cosine of text",
    "cosine of name, less the best",
    "cosine of text, less the best",
)


class Question(NamedTuple):
    """What is read of a question. weights: of its words that say something."""

    text: str
    weights: dict[str, float]
    concepts: frozenset[str]
    yes_no: bool
    how_many: bool


def read(text: str, passages: Sequence[Passage], title: str = "") -> Question:
    """passages: among which it is asked: a word that few of them have weighs more."""
    found, of_title = content(text), frozenset(tokens(title))
    counts = Counter(word for passage in passages for word in words_of(passage) if word in found)
    weights = {
        word: math.log(1 + len(passages) / (1 + counts[word])) * (OF_TITLE if word in of_title else 1.0)
        for word in found
    }
    plain = text.strip().casefold()
    return Question(text, weights, asked(text), bool(YES_NO.search(plain)), bool(HOW_MANY.search(plain)))


def features(question: Question, passages: Sequence[Passage], cosine_P2: Floats | None = None) -> list[list[float]]:
    """Of each passage, in the order of OF_WORDS, and of OF_VECTORS where there are any.

    cosine_P2: of the embedding of the question with those of the passage's name and of its whole.
    """
    found = [of_words(question, passage) for passage in passages]
    if cosine_P2 is None:
        return found
    less_P2 = cosine_P2 - cosine_P2.max(axis=0, initial=-1.0)
    return [
        [*words, *map(float, cosine_2), *map(float, less_2)]
        for words, cosine_2, less_2 in zip(found, cosine_P2, less_P2, strict=True)
    ]


def can_answer(question: Question, passage: Passage) -> bool:
    """A title names what is asked about, so it answers only whether something is so, or a measure that is in it."""
    if passage.source != "title" or question.yes_no:
        return True
    return any(measured(passage.text, concept) for concept in question.concepts)


def of_words(question: Question, passage: Passage) -> list[float]:
    """The features that need no model."""
    name, text = frozenset(tokens(passage.name)), frozenset(tokens(passage.text))
    concepts = named(passage.name)
    wanted = bool(concepts & question.concepts)
    number, boolean = has_number(passage.text), passage.text.casefold() in BOOLEAN
    return [
        _share(question, name),
        _share(question, text),
        _share(question, name | text),
        len(name & question.weights.keys()) / len(name) if name else 0.0,
        float(wanted),
        len(concepts & question.concepts) / len(concepts) if concepts else 0.0,
        float(bool(named(passage.text) & question.concepts)),
        float(bool(concepts) and not wanted),
        float(any(measured(passage.text, concept) for concept in question.concepts)),
        float(question.yes_no and boolean),
        float(boolean),
        float(question.how_many and not number),
        float(question.how_many and number),
        float(passage.source == "attribute"),
        min(1.0, len(text) / 40),
    ]


def promise(question: Question, passage: Passage) -> float:
    """By words alone, which passages are worth an embedding."""
    wanted = question.concepts & (named(passage.name) | named(passage.text))
    return _share(question, words_of(passage)) + bool(wanted) + 0.1 * (passage.source == "attribute")


@lru_cache(maxsize=16384)
def _words(name: str, text: str) -> frozenset[str]:
    return frozenset(tokens(name)) | frozenset(tokens(text))


def words_of(passage: Passage) -> frozenset[str]:
    return _words(passage.name, passage.text)


def _share(question: Question, words: frozenset[str]) -> float:
    """Of the question's words, by their weight, those that are among others. 0 of a question without any."""
    total = sum(question.weights.values())
    return sum(weight for word, weight in question.weights.items() if word in words) / total if total else 0.0
