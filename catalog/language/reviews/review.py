"""A review of a product, and the parts of it that hold one opinion each."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

MAX_ID, MAX_TEXT = 256, 20_000  # characters
CLEAR = 0.25  # of a score: nearer to zero no opinion is told

Sentiment = Literal["positive", "negative", "neutral"]


class Passage(NamedTuple):
    """A part of a review's text, by its first character and the one after its last. score: from -1 (negative) to 1."""

    start: int
    end: int
    score: float

    @property
    def sentiment(self) -> Sentiment:
        return sentiment_of(self.score)


@dataclass(frozen=True, slots=True)
class Review:
    """id: the shop's. rating: as the shop gives it, None where it has none. written: seconds since 1970, or None.
    passages: those with an opinion, as `read_by` found them.
    """

    id: str
    text: str
    rating: float | None = None
    written: float | None = None
    passages: tuple[Passage, ...] = ()
    read_by: str = ""

    @property
    def sentiment(self) -> Sentiment:
        """That of the passages together."""
        return sentiment_of(self.score)

    @property
    def score(self) -> float:
        """The mean of the passages that hold an opinion, 0 without any."""
        scores = [passage.score for passage in self.passages if passage.score]
        return sum(scores) / len(scores) if scores else 0.0


def sentiment_of(score: float) -> Sentiment:
    if abs(score) < CLEAR:
        return "neutral"
    return "positive" if score > 0 else "negative"
