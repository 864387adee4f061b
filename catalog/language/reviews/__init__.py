"""What a product's reviews say: of which aspects, in what mood, and in which of their sentences."""

from catalog.language.reviews.review import MAX_ID, MAX_TEXT, Passage, Review, Sentiment
from catalog.language.reviews.sentiment import LexiconReader, SentimentReader
from catalog.language.reviews.summary import Aspect, Mention, Summary, summarize

__all__ = [
    "MAX_ID",
    "MAX_TEXT",
    "Aspect",
    "LexiconReader",
    "Mention",
    "Passage",
    "Review",
    "Sentiment",
    "SentimentReader",
    "Summary",
    "summarize",
]
