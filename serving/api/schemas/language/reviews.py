"""Reviews of a product, and what they say of it."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from catalog.language.reviews import MAX_ID, MAX_TEXT, Aspect, Mention, Review, Sentiment, Summary
from catalog.language.reviews.store import Kept, ReviewPage
from catalog.storage.seal import YEAR_10000
from serving.api.schemas.schema import PLAIN, NullsAsDefaults, Schema, written

MAX_REVIEWS = 500
ASPECT = "Such as `strap`: a name of the summary."


class ReviewIn(NullsAsDefaults, Schema):
    """One review. Its id is the shop's: a review that comes again under its id replaces itself."""

    id: Annotated[str, Field(min_length=1, max_length=MAX_ID, pattern=PLAIN)]
    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
    rating: Annotated[float | None, Field(ge=0, le=100, description="As the shop has it, of any scale.")] = None
    written_at: Annotated[AwareDatetime | None, Field(description="ISO 8601, with a time zone.")] = None

    def to_review(self) -> Review:
        moment = min(max(0.0, self.written_at.timestamp()), YEAR_10000 - 1) if self.written_at else None
        return Review(self.id, self.text, self.rating, moment)


class ReviewsRequest(Schema):
    reviews: Annotated[list[ReviewIn], Field(min_length=1, max_length=MAX_REVIEWS)]


class ReviewsKept(BaseModel):
    """How many were new, had another text, rating or time before, or were kept already."""

    added: int
    changed: int
    unchanged: int


class PassageOut(BaseModel):
    """A part of the text that holds an opinion, by its first character and the one after its last. score: -1 to 1."""

    start: int
    end: int
    sentiment: Sentiment
    score: float


class ReviewOut(BaseModel):
    """sentiment: of the passages together."""

    id: str
    text: str
    rating: float | None
    written_at: Annotated[str | None, Field(description="ISO 8601, UTC.")]
    sentiment: Sentiment
    passages: list[PassageOut]


class ReviewsResponse(BaseModel):
    """total: how many there are on all pages."""

    reviews: list[ReviewOut]
    total: int


class ReviewSentence(BaseModel):
    """A sentence of a review, by its first character in the review's text and the one after its last."""

    review: Annotated[str, Field(description="The review's id.")]
    text: str
    start: int
    end: int
    sentiment: Sentiment


class ReviewAspect(BaseModel):
    """reviews: how many name the aspect; positive, negative: how many of these have a sentence that speaks so of it.
    One that has both counts in both.
    """

    name: str
    reviews: int
    positive: int
    negative: int
    sentences: list[ReviewSentence]


class ReviewSummary(BaseModel):
    """positive, negative: how many reviews are so as a whole; the others hold no opinion, or balanced ones. aspects:
    those that are named in the largest number of reviews first.
    """

    reviews: int
    positive: int
    negative: int
    aspects: list[ReviewAspect]


def to_kept(kept: Kept) -> ReviewsKept:
    return ReviewsKept(**kept._asdict())


def to_reviews(page: ReviewPage) -> ReviewsResponse:
    return ReviewsResponse(reviews=[to_review(review) for review in page.reviews], total=page.total)


def to_review(review: Review) -> ReviewOut:
    passages = [
        PassageOut(start=one.start, end=one.end, sentiment=one.sentiment, score=one.score) for one in review.passages
    ]
    return ReviewOut(
        id=review.id,
        text=review.text,
        rating=review.rating,
        written_at=None if review.written is None else written(review.written),
        sentiment=review.sentiment,
        passages=passages,
    )


def to_summary(summary: Summary, aspects: int) -> ReviewSummary:
    """aspects: at most so many."""
    return ReviewSummary(
        reviews=summary.reviews,
        positive=summary.positive,
        negative=summary.negative,
        aspects=[_aspect(one) for one in summary.aspects[:aspects]],
    )


def _aspect(aspect: Aspect) -> ReviewAspect:
    sentences = [_sentence(mention) for mention in aspect.mentions]
    return ReviewAspect(
        name=aspect.name,
        reviews=aspect.reviews,
        positive=aspect.positive,
        negative=aspect.negative,
        sentences=sentences,
    )


def _sentence(mention: Mention) -> ReviewSentence:
    return ReviewSentence(
        review=mention.review,
        text=mention.sentence,
        start=mention.start,
        end=mention.end,
        sentiment=mention.sentiment,
    )
