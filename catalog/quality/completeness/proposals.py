"""What a missing property could be: by the words, the merchant's own values in them, the model; each with its proof.

How often each of these is right, the merchant's own filled products say.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from catalog.language.attributes import FoundAttribute, find_attributes
from catalog.language.attributes.expected import names_for
from catalog.model.contract.binomial import is_at_least
from catalog.model.preprocess import MAX_CHARACTERS
from catalog.product import StoredProduct
from catalog.quality.completeness.given import key_of
from catalog.quality.completeness.vocabulary import Token, Vocabulary, tokens_of
from catalog.quality.finding import Evidence
from catalog.synonyms import same

TARGET = 0.9
LEAST_SHARE = 0.5  # what is wrong more often is not worth a look
FEW = 20  # with fewer filled products nothing is known of a way
READ_AS = {"audience": "age group"}
Way = Literal["title", "description", "title values", "description values", "image or words"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A value for a property that is missing.

    decision: "auto" where the way by which it was found is right in at least TARGET of the merchant's filled products,
    by the lower 95 % bound, else "review". right, of: how many of these it was right for.
    """

    key: str
    value: str
    decision: Literal["auto", "review"]
    right: int
    of: int
    evidence: tuple[Evidence, ...]


class Candidate(NamedTuple):
    """A value, the ways that say it, whether other ways say another, and the words of each."""

    value: str
    ways: tuple[Way, ...]
    contradicted: bool
    evidence: tuple[Evidence, ...]


class Words:
    """A product's texts, read when first asked for."""

    def __init__(self, stored: StoredProduct) -> None:
        product = stored.product
        self.title, self.description = product.title[:MAX_CHARACTERS], product.description[:MAX_CHARACTERS]
        self._path = stored.understanding.path

    @cached_property
    def found(self) -> Sequence[FoundAttribute]:
        return find_attributes(self.title, self.description, self._path)

    @cached_property
    def tokens(self) -> tuple[list[Token], list[Token]]:
        """Of the title, of the description."""
        return tokens_of(self.title), tokens_of(self.description)


class Record:
    """How often each way was right, for each property: (key, ways, contradicted) -> right, of."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, tuple[Way, ...], bool], tuple[int, int]] = defaultdict(lambda: (0, 0))

    def add(self, key: str, found: Iterable[Candidate], true: Sequence[str]) -> None:
        for one in found:
            right, of = self._counts[key, one.ways, one.contradicted]
            hit = any(same(one.value, value) for value in true)
            self._counts[key, one.ways, one.contradicted] = (right + hit, of + 1)

    def of(self, key: str, one: Candidate) -> tuple[int, int]:
        return self._counts.get((key, one.ways, one.contradicted), (0, 0))

    def best(self, key: str, found: Sequence[Candidate]) -> Proposal | None:
        """The likeliest candidate, unless it is known to be wrong more often than right."""
        if not found:
            return None
        counted = [(one, *self.of(key, one)) for one in found]
        one, right, of = max(counted, key=lambda each: ((each[1] + 1) / (each[2] + 2), len(each[0].ways)))
        if of >= FEW and right < LEAST_SHARE * of:
            return None
        sure = is_at_least(TARGET, of, of - right)
        return Proposal(key, one.value, "auto" if sure else "review", right, of, one.evidence)


def candidates(
    key: str,
    name: str,
    stored: StoredProduct,
    words: Words,
    vocabulary: Vocabulary | None,
    without: Sequence[str] = (),
) -> list[Candidate]:
    """name: how the property is called; without: the product's own values, where they are not to be known."""
    said = list(_said(key, name, stored, words, vocabulary, without))
    found: list[Candidate] = []
    for value in dict.fromkeys(value for _, value, _ in said):
        if any(same(value, other.value) for other in found):
            continue
        agreeing = [(way, proof) for way, other, proof in said if same(value, other)]
        ways = tuple(sorted({way for way, _ in agreeing}))
        contradicted = len(agreeing) < len(said)
        found.append(Candidate(value, ways, contradicted, tuple(proof for _, proof in agreeing)))
    return found


def _said(
    key: str, name: str, stored: StoredProduct, words: Words, vocabulary: Vocabulary | None, without: Sequence[str]
) -> Iterator[tuple[Way, str, Evidence]]:
    """Way, value, proof."""
    if vocabulary:
        in_title, in_description = words.tokens
        if place := vocabulary.found_in(words.title, in_title, without):
            said = words.title[place.start : place.end]
            yield "title values", place.value, Evidence("title", said, place.start, place.end)
        if place := vocabulary.found_in(words.description, in_description, without):
            said = words.description[place.start : place.end]
            yield "description values", place.value, Evidence("description", said, place.start, place.end)
    for one in _read(name, key, words.found):
        written = one.normalised if isinstance(one.normalised, str) else one.value
        value = (vocabulary.spelt(written) if vocabulary else "") or written
        yield one.source, value, Evidence(one.source, one.value, one.start, one.end, one.confidence)
    for attribute, scored in stored.understanding.attributes.items():
        if key_of(attribute) == key:
            value = (vocabulary.spelt(scored.name) if vocabulary else "") or scored.name
            yield "image or words", value, Evidence("model", scored.name, score=scored.score)


def _read(name: str, key: str, found: Sequence[FoundAttribute]) -> Iterator[FoundAttribute]:
    """The surest of the title and of the description."""
    names = names_for(READ_AS.get(key, name))
    for source in ("title", "description"):
        fitting = [one for one in found if one.source == source and one.name in names]
        if fitting:
            yield min(fitting, key=lambda one: (names.index(one.name), -one.confidence, one.start))
