"""What a shop sells by: events of shoppers, reviews, documents and prices, beside the products that they are about."""

from collections.abc import Sequence
from contextlib import AbstractContextManager

from catalog.behaviour.events import Event as Act
from catalog.behaviour.log import NAME as EVENTS
from catalog.behaviour.recommend import Recommendation, Wanted
from catalog.behaviour.shop import Behaviour
from catalog.errors import ProductNotFound, StateDamaged
from catalog.index.product_index import ProductIndex
from catalog.knowledge import Document, Kind, Piece, Tie
from catalog.knowledge.store import NAME as DOCUMENTS
from catalog.knowledge.store import DocumentStore
from catalog.language.reviews import Review, Summary
from catalog.language.reviews.store import NAME as REVIEWS
from catalog.language.reviews.store import Kept, ReviewPage, ReviewQuery, ReviewStore
from catalog.pricing import PriceQuestion, Pricer, Suggestion
from catalog.pricing.pricer import COVERAGE
from catalog.product import StoredProduct
from catalog.questions import Passage
from catalog.storage.database import State
from serving.errors import ReviewNotFound, UserNotFound
from serving.storage.selling.api import BoughtTogether, Recommended
from serving.storage.thumbnails import ThumbnailStore


class SellingStore:
    """The part of `serving.storage.store.CatalogStore` that verdicts, models and findings have nothing to do with. What
    a method may raise is said there.
    """

    def __init__(
        self, index: ProductIndex, state: State, thumbnails: ThumbnailStore, writing: AbstractContextManager[object]
    ) -> None:
        """state: where each of its files, or its tables, lies; writing: held by what reads and then writes."""
        self._index, self._thumbnails, self._writing = index, thumbnails, writing
        self._behaviour = Behaviour(state.place(EVENTS), index)
        self._reviews = ReviewStore(state.place(REVIEWS))
        self._documents = DocumentStore(state.place(DOCUMENTS))
        self._pricer = Pricer(index)

    def add_document(self, name: str, kind: Kind, tie: Tie, pieces: Sequence[Piece], given_by: str) -> Document:
        """In place of one of the same name about the same. Raises TooManyDocuments."""
        return self._documents.add(name, kind, tie, pieces, given_by)

    def documents(self, after: int, limit: int) -> list[Document]:
        return self._documents.page(after, limit)

    def documents_about(self, ties: Sequence[Sequence[Tie]]) -> list[list[Document]]:
        """For each product, of what a document about it may be tied to, the documents."""
        return [self._documents.tied(some) for some in ties]

    def document_passages(self, question: str, ties: Sequence[Tie]) -> list[Passage]:
        """See `catalog.knowledge.store.DocumentStore.passages`."""
        return self._documents.passages(question, ties)

    def delete_document(self, id: int) -> None:
        """Raises DocumentNotFound."""
        self._documents.delete(id)

    def suggest_price(self, asked: PriceQuestion, coverage: float = COVERAGE) -> Suggestion:
        """Without a currency in the one that the most products have."""
        return self._pricer.suggest(asked._replace(currency=asked.currency or self._pricer.currency()), coverage)

    def known_reviews(self, product: str, reviews: Sequence[Review]) -> set[str]:
        """The ids of those that are kept as they are. Raises ProductNotFound."""
        self._product(product)
        return self._reviews.known(product, reviews)

    def add_reviews(self, product: str, reviews: Sequence[Review]) -> Kept:
        """Insert or replace. Raises ProductNotFound."""
        with self._writing:
            self._product(product)
            return self._reviews.add(product, reviews)

    def reviews(self, query: ReviewQuery) -> ReviewPage:
        """Raises ProductNotFound."""
        stored = self._product(query.product)
        return self._reviews.page(query, stored.product.attributes, stored.product.title)

    def review_summary(self, product: str, sentences: int) -> Summary:
        """sentences: at most so many of each aspect, for each sentiment. Raises ProductNotFound."""
        stored = self._product(product)
        found = self._reviews.summary(product, stored.product.attributes, stored.product.title)
        return found.with_fewer(sentences)

    def remove_review(self, product: str, id: str) -> None:
        """Raises ReviewNotFound; the product need not be stored."""
        if not self._reviews.remove(product, id):
            raise ReviewNotFound

    def _product(self, id: str) -> StoredProduct:
        (stored,) = self._index.get([id])
        if stored is None:
            raise ProductNotFound
        return stored

    def add_events(self, events: Sequence[Act]) -> int:
        """-> how many are new. Raises EventInvalid."""
        return self._behaviour.add(events)

    def recommend(self, user: str, wanted: Wanted) -> Recommended:
        """See `Behaviour.recommend`."""
        return self._reasoned(self._behaviour.recommend(user, wanted))

    def recommend_after(self, events: Sequence[Act], wanted: Wanted) -> Recommended:
        """As `recommend`, of what is given alone."""
        return self._reasoned(self._behaviour.recommend_after(events, wanted))

    def _reasoned(self, found: list[Recommendation]) -> Recommended:
        titles = {one.stored.id: one.stored.product.title for one in found}
        missing = sorted({one.reason.product for one in found} - titles.keys() - {""})
        titles |= self._index.titles(missing)
        return Recommended(found, titles, self.image_counts([one.stored.id for one in found]))

    def bought_together(self, product: str, limit: int) -> BoughtTogether:
        """Raises ProductNotFound."""
        found = self._behaviour.bought_together(product, limit)
        return BoughtTogether(found, self.image_counts([one.stored.id for one in found]))

    def user_events(self, user: str, limit: int, after: str) -> list[Act]:
        """A page of what is known of a user, the newest first. Raises UserNotFound."""
        found = self._behaviour.events(user, limit, after)
        if not found and not after:
            raise UserNotFound
        return found

    def image_counts(self, ids: Sequence[str]) -> dict[str, int]:
        """Products are told of without their images where those cannot be read."""
        try:
            return self._thumbnails.counts(ids)
        except StateDamaged:
            return {}
