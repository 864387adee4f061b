"""A description in another's words: a writer is given the facts, and its text is taken only where each of its content
words is one of theirs.

It is a check of words, not of meaning, and a strict one: what it refuses is written by the template.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import groupby

from catalog.drafts.facts import Fact, Verified
from catalog.drafts.text import Span, Text
from catalog.drafts.write import Draft
from catalog.questions.rewording import NEGATION
from catalog.questions.words import HAN, content

WORD = rf"[{HAN}]+|[^\W{HAN}]+(?:[.'’-][^\W{HAN}]+)*"
PLAIN = re.compile(rf"[a-z0-9{HAN}.'’-]+")  # letters that `content` reads
EDGE = rf"[^\W{HAN}]"  # Han letters stand side by side, others end a word
ANSWERS = frozenset(("yes", "no", "true", "false", "是", "否", "有", "无"))  # values that only their name explains


def told(known: Verified) -> tuple[Fact, ...]:
    """What a writer is given: all but the merchant's description, which is a text already."""
    return (*known.named, *([known.brand] if known.brand else []), *known.attributes)


def prompt(facts: Iterable[Fact]) -> str:
    """What a writer reads: "title: Striped shirt; colour: red"."""
    return "; ".join(f"{fact.key}: {fact.value}" for fact in facts)


def styled(drafted: Draft, known: Verified, text: str) -> Draft | None:
    """The draft with a writer's text for its description; None where that says more than the facts, says nothing of
    them, or is too long for the channel.
    """
    spans = traced(text, told(known))
    limit = drafted.channel.description
    return replace(drafted, description=Text(spans, limit)) if spans and limit.holds(text.strip()) else None


def traced(text: str, facts: Sequence[Fact]) -> tuple[Span, ...]:
    """The text in spans: whole values, words of values and of names, and what joins them. () where a word is of no
    fact, or where no word is of any.

    Numbers, and words of a fact that negates something, count in whole values alone. A name counts where its value is
    in the text, too.
    """
    spans = list(_tracer(tuple(facts)).spans(text.strip()))
    if None in spans or not any(span and span.source for span in spans):
        return ()
    runs = groupby((span for span in spans if span and span.text), key=lambda span: span.source)
    return tuple(Span("".join(span.text for span in run), source) for source, run in runs)


class _Tracer:
    def __init__(self, facts: Sequence[Fact]) -> None:
        self.facts = facts
        self.whole = {
            value.casefold(): fact for fact in reversed(facts) for value in (fact.value, fact.chinese) if value
        }
        values = "|".join(map(_alone, sorted(self.whole, key=len, reverse=True)))
        values = values or "(?!)"
        han = rf"(?:(?!{values})[{HAN}])+"  # up to the next value, as nothing else ends a word there
        self.pieces = re.compile(f"{values}|{han}|{WORD}")

    def spans(self, text: str) -> Iterator[Span | None]:
        """None for what no fact has."""
        pieces = list(self.pieces.finditer(text))
        said = {self.whole[key] for piece in pieces if (key := piece[0].casefold()) in self.whole}
        end = 0
        for piece in pieces:
            yield _joint(text[end : piece.start()])
            fact = self.whole.get(piece[0].casefold())
            yield Span(piece[0], fact.source) if fact else self._word(piece[0], said)
            end = piece.end()
        yield _joint(text[end:])

    def _word(self, word: str, said: set[Fact]) -> Span | None:
        plain = word.casefold()
        for fact in self.facts:
            if not NEGATION.search(fact.value.casefold()) and _has(fact.value, plain):
                return Span(word, fact.source)
            if fact in said and plain not in ANSWERS and _has(f"{fact.name} {fact.key}", plain) and not _answers(fact):
                return Span(word, fact.source)
        return Span(word) if _joins(plain) else None


@lru_cache(maxsize=64)
def _tracer(facts: tuple[Fact, ...]) -> _Tracer:
    """Its pattern takes some milliseconds to make, and a text has several sentences."""
    return _Tracer(facts)


def _answers(fact: Fact) -> bool:
    """Whether its name alone would say something: "waterproof: no"."""
    return fact.value.casefold() in ANSWERS or bool(NEGATION.search(fact.value.casefold()))


def _alone(value: str) -> str:
    """A pattern for the value where it is not a part of a longer word."""
    before = rf"(?<!{EDGE})" if re.match(EDGE, value) else ""
    after = rf"(?!{EDGE})" if re.match(EDGE, value[-1]) else ""
    return f"{before}(?i:{re.escape(value)}){after}"  # not of the edges: sets of Han letters would take 50 ms


def _has(source: str, word: str) -> bool:
    """Whether a text has a word, whatever its ending. A number counts as a part of a whole value alone."""
    if any(letter.isdigit() for letter in word):
        return False
    words, stems = _words_of(source)
    said = content(word) if PLAIN.fullmatch(word) else []
    return word in words or (bool(said) and stems.issuperset(said))


@lru_cache(maxsize=4096)
def _words_of(source: str) -> tuple[frozenset[str], frozenset[str]]:
    """Its words, and the stems of those that say something."""
    return frozenset(re.findall(WORD, source.casefold())), frozenset(content(source))


def _joins(word: str) -> bool:
    """Whether a word says nothing of a product. A lone letter may be a unit, and a negation turns what it stands by."""
    is_unit = len(word) == 1 and word.isascii() and word != "a"
    return bool(PLAIN.fullmatch(word)) and not (content(word) or is_unit or NEGATION.search(word))


def _joint(text: str) -> Span | None:
    """Spaces and punctuation; a sign such as % or $ says something."""
    says = any(letter in "%‰#" or unicodedata.category(letter)[0] not in "ZPC" for letter in text)
    return None if says else Span(text)
