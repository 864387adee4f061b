"""How many reviews speak of which aspect of a product, and how: each count with the sentences that it counts."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from catalog.language.reviews.aspects import Aspects, Named, aspects_of
from catalog.language.reviews.opinions import opinions_in
from catalog.language.reviews.review import Review, Sentiment, sentiment_of
from catalog.language.reviews.sentences import Span, sentences


class Mention(NamedTuple):
    """A sentence of a review that names an aspect. review: its id; start, end: of the sentence in the review's text."""

    review: str
    sentence: str
    start: int
    end: int
    sentiment: Sentiment


@dataclass(frozen=True)
class Aspect:
    """reviews: how many name it; positive, negative: how many of these have a sentence that speaks so of it. One that
    has both counts in both.
    """

    name: str
    reviews: int
    positive: int
    negative: int
    mentions: tuple[Mention, ...]

    def with_fewer(self, mentions: int) -> "Aspect":
        left = Counter[Sentiment]()
        kept: list[Mention] = []
        for mention in reversed(self.mentions):
            left[mention.sentiment] += 1
            if left[mention.sentiment] <= mentions:
                kept.append(mention)
        return replace(self, mentions=tuple(kept))


@dataclass(frozen=True)
class Summary:
    """positive, negative: how many reviews are so as a whole; the others hold no opinion, or balanced ones. aspects:
    those that are named in the largest number of reviews first.
    """

    reviews: int
    positive: int
    negative: int
    aspects: tuple[Aspect, ...]

    def with_fewer(self, mentions: int) -> "Summary":
        """With at most so many mentions of each aspect for each sentiment, the last first; all counts stay."""
        return replace(self, aspects=tuple(one.with_fewer(mentions) for one in self.aspects))


def summarize(reviews: Sequence[Review], attributes: Iterable[str] = (), title: str = "") -> Summary:
    """What a product's reviews say. attributes: names of the product's own attributes; title: the product's."""
    lowered = [_lowered(review.text) for review in reviews]
    aspects = aspects_of(lowered, attributes, title)
    mentions: dict[str, list[Mention]] = {}
    for review, text in zip(reviews, lowered, strict=True):
        for name, mention in _mentions(review, text, aspects):
            mentions.setdefault(name, []).append(mention)
    found = sorted((_aspect(*row) for row in mentions.items()), key=lambda one: (-one.reviews, one.name))
    sentiments = [review.sentiment for review in reviews]
    return Summary(len(reviews), sentiments.count("positive"), sentiments.count("negative"), tuple(found))


def _mentions(review: Review, text: str, aspects: Aspects) -> Iterator[tuple[str, Mention]]:
    """Of each sentence, each aspect once for each sentiment."""
    named = list(aspects.find(text))
    for span in sentences(review.text) if named else ():
        inside = [one for one in named if span.start <= one.start < span.end]
        told = dict.fromkeys((one.aspect, sentiment_of(opinion_on(review, one, span))) for one in inside)
        for name, sentiment in told:
            if sentiment != "neutral" or not {(name, "positive"), (name, "negative")} & told.keys():
                yield name, Mention(review.id, span.of(review.text), *span, sentiment)


def opinion_on(review: Review, named: Named, sentence: Span) -> float:
    """The score of the passage that names the aspect, or else of the nearest one in its sentence; 0 without any, or
    where a word such as "but" stands between them.
    """
    near = [one for one in review.passages if one.start < sentence.end and one.end > sentence.start]
    if not near:
        return 0.0
    nearest = min(near, key=lambda one: max(one.start - named.start, named.end - one.end, 0))
    between = review.text[min(nearest.end, named.end) : max(nearest.start, named.start)]
    return 0.0 if opinions_in(review.text).contrasts.search(between) else nearest.score


def _aspect(name: str, mentions: Sequence[Mention]) -> Aspect:
    ids: dict[Sentiment, set[str]] = {"positive": set(), "negative": set(), "neutral": set()}
    for mention in mentions:
        ids[mention.sentiment].add(mention.review)
    everyone = set().union(*ids.values())
    return Aspect(name, len(everyone), len(ids["positive"]), len(ids["negative"]), tuple(mentions))


def _lowered(text: str) -> str:
    """In lower case, with every character in its place; some letters have two in lower case."""
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else "".join(letter.lower()[0] for letter in text)
