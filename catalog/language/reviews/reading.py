"""Reviews as they came -> reviews with what was read in them."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from catalog.language.reviews.review import Review
from catalog.language.reviews.sentiment import SentimentReader


def claimed(reviews: Sequence[Review], reader: SentimentReader) -> list[Review]:
    """The reviews as if this reader had read them, to ask a store which of them it has."""
    return [replace(review, read_by=reader.name) for review in reviews]


def read_new(reviews: Sequence[Review], known: Collection[str], reader: SentimentReader) -> list[Review]:
    """All of them, read where their ids are not among the known ones."""
    asked = claimed(reviews, reader)
    new = [review.text for review in asked if review.id not in known]
    passages = iter(reader.read(new))
    return [review if review.id in known else replace(review, passages=next(passages)) for review in asked]
