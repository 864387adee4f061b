"""Writes a draft from what is verified: templates put the product's own words together and add none about it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from catalog.drafts.facts import Fact, Verified
from catalog.drafts.templates import Channel, Language, Template, template
from catalog.drafts.text import Span, Text, fitted
from catalog.errors import NothingVerified
from catalog.lexicon.people import IN_FIELDS, PEOPLE
from catalog.synonyms import letters_of, plain_words

BREAK = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")
LONGEST_IN_TITLE = 40  # characters of a value: longer ones are no words for a title


@dataclass(frozen=True, slots=True)
class Draft:
    channel: Channel
    language: Language
    title: Text
    description: Text
    bullets: tuple[Text, ...]
    ad: Text

    @property
    def texts(self) -> tuple[Text, ...]:
        return self.title, self.description, *self.bullets, self.ad


def draft(known: Verified, channel: Channel, language: Language = "en") -> Draft:
    """Raises NothingVerified."""
    if not known:
        raise NothingVerified
    writer = _Writer(known, template(language), language)
    return Draft(
        channel,
        language,
        fitted(writer.title(), channel.title, writer.template.comma),
        fitted(writer.description(), channel.description, writer.template.space),
        tuple(fitted([part], channel.bullet, "") for part in list(writer.bullets())[: channel.bullets]),
        fitted(writer.title(), channel.ad, writer.template.comma, writer.template.end),
    )


class _Writer:
    """Each method gives parts, which are lists of spans."""

    def __init__(self, known: Verified, template: Template, language: Language) -> None:
        self.known, self.template, self.language = known, template, language
        sentences = BREAK.split(known.description.value) if known.description else []
        self.sentences = [one.strip() for one in sentences if one.strip()]

    def title(self) -> Iterator[list[Span]]:
        """What it is called, with the brand before, then attributes that are not said yet."""
        called = [self._said(fact) for fact in self._called()]
        yield [part for one in called for part in (Span(self.template.space), one)][1:]
        said = " ".join(one.text for one in called)
        for key in self.template.in_title:
            for fact in self.known.attributes:
                value = self._said(fact)
                if fact.key == key and len(value.text) <= LONGEST_IN_TITLE and not mentions(said, fact):
                    said += f" {fact.value} {value.text}"
                    yield [value]

    def _called(self) -> list[Fact]:
        brand, described = self.known.brand, self.known.description
        named = self.known.named[0] if self.known.named else None
        if named and brand and not mentions(named.value, brand):
            return [brand, named]
        if named or brand:
            return [one for one in (named or brand,) if one]
        if self.known.attributes:
            return [self.known.attributes[0]]
        assert described
        return [described._replace(value=self.sentences[0] if self.sentences else described.value)]

    def description(self) -> Iterator[list[Span]]:
        """The merchant's own sentences, or the name, then the attributes that these do not say."""
        described = self.known.description
        if described:
            yield from ([Span(one, described.source)] for one in self.sentences or [described.value])
        else:
            yield [*next(self.title()), Span(self.template.end)]
        said = described.value if described else " ".join(fact.value for fact in self._called())
        for fact in self._labelled():
            if not mentions(said, fact):
                yield [*self._label(fact), self._said(fact), Span(self.template.end)]

    def bullets(self) -> Iterator[list[Span]]:
        """Attributes by name, then the merchant's sentences; without either the name."""
        facts = self._labelled()
        for fact in facts:
            yield [*self._label(fact), self._said(fact)]
        source = self.known.description.source if self.known.description else ""
        yield from ([Span(one, source)] for one in self.sentences)
        if not (facts or self.sentences):
            yield next(self.title())

    def _labelled(self) -> list[Fact]:
        return [*([self.known.brand] if self.known.brand else []), *self.known.attributes]

    def _label(self, fact: Fact) -> list[Span]:
        if label := self.template.labels.get(fact.key):
            return [Span(f"{label}{self.template.colon}")]
        return [Span(fact.name, fact.source), Span(self.template.colon)]

    def _said(self, fact: Fact) -> Span:
        text = fact.chinese if self.language == "zh" and fact.chinese else fact.value
        return Span(text, fact.source)


def mentions(text: str, fact: Fact) -> bool:
    """Whether a text says the value already: all its words, "Women's" for "female", or, as Chinese has no spaces, its
    letters in a row.
    """
    words, people = set(plain_words(fact.value)), IN_FIELDS.get(fact.value.casefold())
    if people and any(word in PEOPLE and {*people.same} & {*PEOPLE[word].same} for word in plain_words(text)):
        return True
    if words and words <= set(plain_words(text)):
        return True
    letters = [letters_of(one) for one in (fact.value, fact.chinese) if one]
    return any(one and not one.isascii() and one in letters_of(text) for one in letters)
