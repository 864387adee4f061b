"""Operations on reviews of products, and on messages of customers."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, TypedDict

from serving.api.schemas.language.intents import IntentsResponse
from serving.api.schemas.language.reviews import ReviewsKept, ReviewsResponse, ReviewSummary
from serving.client.asking import Asking
from serving.client.fields import given
from serving.client.operations.products import product
from serving.client.steps import Request, Steps, operation


class ReviewFields(TypedDict, total=False):
    """A review: its id and its text, and what else the shop knows. See `serving.api.schemas.language.reviews`."""

    id: str
    text: str
    rating: float | None
    written_at: datetime | str | None


class ReviewOperations(Asking):
    @operation
    def add_reviews(self, id: str, reviews: Iterable[ReviewFields]) -> Steps[ReviewsKept]:
        """Keep reviews of a stored product, at most 500 at once. One that comes again replaces itself."""
        rows = [{**review, "written_at": as_text(review.get("written_at"))} for review in reviews]
        return self._ask(ReviewsKept, "POST", f"{product(id)}/reviews", json={"reviews": rows})

    @operation
    def review_summary(
        self, id: str, *, sentences: int | None = None, limit: int | None = None
    ) -> Steps[ReviewSummary]:
        """What the reviews say of each aspect of a product. sentences: at most, of each aspect and sentiment; limit: of
        the aspects.
        """
        query = given(sentences=sentences, limit=limit)
        return self._ask(ReviewSummary, "GET", f"{product(id)}/reviews/summary", query=query)

    @operation
    def reviews(
        self,
        id: str,
        *,
        aspect: str | None = None,
        sentiment: Literal["positive", "negative", "neutral"] | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> Steps[ReviewsResponse]:
        """Reviews of a product, the last that came first."""
        query = given(aspect=aspect, sentiment=sentiment, limit=limit, offset=offset)
        return self._ask(ReviewsResponse, "GET", f"{product(id)}/reviews", query=query)

    @operation
    def delete_review(self, id: str, review: str) -> Steps[None]:
        """Forget one review of a product."""
        yield from self._send(Request("DELETE", f"{product(id)}/reviews", {"review": review}, repeatable=False))

    @operation
    def intents(self, texts: Sequence[str]) -> Steps[IntentsResponse]:
        """What each message is about, or "unknown"."""
        return self._ask(IntentsResponse, "POST", "/v1/intents", json={"texts": list(texts)})


def as_text(moment: datetime | str | None) -> str | None:
    return moment.isoformat() if isinstance(moment, datetime) else moment
