"""The part of `serving.storage.store_api` about selling."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from catalog.behaviour.companions import Companion
from catalog.behaviour.events import Event
from catalog.behaviour.recommend import Recommendation, Wanted
from catalog.knowledge import Document, Kind, Piece, Tie
from catalog.language.reviews import Review, Summary
from catalog.language.reviews.store import Kept, ReviewPage, ReviewQuery
from catalog.pricing import PriceQuestion, Suggestion
from catalog.pricing.pricer import COVERAGE
from catalog.questions import Passage
from serving.calls import Call


class Recommended(NamedTuple):
    """titles: of the products that speak for others; images: how many images are kept of each that is recommended."""

    found: list[Recommendation]
    titles: Mapping[str, str]
    images: Mapping[str, int]


class BoughtTogether(NamedTuple):
    """images: how many images are kept of each."""

    found: list[Companion]
    images: Mapping[str, int]


class SellingApi:
    """Each method of `SellingStore`, as `serving.storage.store_api.StoreApi` has them."""

    def __init__(self, call: Call) -> None:
        """call: reaches a `CatalogStore`, by `serving.calls.in_threads` or in another process."""
        self._call = call

    async def add_document(self, name: str, kind: Kind, tie: Tie, pieces: Sequence[Piece], given_by: str) -> Document:
        return await self._call("add_document", name, kind, tie, pieces, given_by)

    async def documents(self, after: int, limit: int) -> list[Document]:
        return await self._call("documents", after, limit)

    async def documents_about(self, ties: Sequence[Sequence[Tie]]) -> list[list[Document]]:
        return await self._call("documents_about", ties)

    async def document_passages(self, question: str, ties: Sequence[Tie]) -> list[Passage]:
        return await self._call("document_passages", question, ties)

    async def delete_document(self, id: int) -> None:
        await self._call("delete_document", id)

    async def suggest_price(self, asked: PriceQuestion, coverage: float = COVERAGE) -> Suggestion:
        return await self._call("suggest_price", asked, coverage)

    async def known_reviews(self, product: str, reviews: Sequence[Review]) -> set[str]:
        return await self._call("known_reviews", product, reviews)

    async def add_reviews(self, product: str, reviews: Sequence[Review]) -> Kept:
        return await self._call("add_reviews", product, reviews)

    async def reviews(self, query: ReviewQuery) -> ReviewPage:
        return await self._call("reviews", query)

    async def review_summary(self, product: str, sentences: int) -> Summary:
        return await self._call("review_summary", product, sentences)

    async def remove_review(self, product: str, id: str) -> None:
        await self._call("remove_review", product, id)

    async def add_events(self, events: Sequence[Event]) -> int:
        return await self._call("add_events", events)

    async def recommend(self, user: str, wanted: Wanted) -> Recommended:
        return await self._call("recommend", user, wanted)

    async def recommend_after(self, events: Sequence[Event], wanted: Wanted) -> Recommended:
        return await self._call("recommend_after", events, wanted)

    async def bought_together(self, product: str, limit: int) -> BoughtTogether:
        return await self._call("bought_together", product, limit)

    async def user_events(self, user: str, limit: int, after: str) -> list[Event]:
        return await self._call("user_events", user, limit, after)

    async def image_counts(self, ids: Sequence[str]) -> dict[str, int]:
        return await self._call("image_counts", ids)
