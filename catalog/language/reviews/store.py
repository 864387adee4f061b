"""The reviews of products, kept with what was read in them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from catalog.cache import Cache
from catalog.index.backend import in_chunks
from catalog.language.reviews.review import Passage, Review, Sentiment
from catalog.language.reviews.summary import Summary, summarize
from catalog.storage.database import IDS_AT_ONCE, Statements, StorePlace, marks
from catalog.storage.later import LaterStore
from catalog.storage.seal import Unsealed, typed

NAME = "reviews.sqlite"  # in the state folder
SCHEMA = """
CREATE TABLE IF NOT EXISTS reviews (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    product TEXT NOT NULL,
    id TEXT NOT NULL,
    document TEXT NOT NULL,
    UNIQUE (product, id)
);
CREATE INDEX IF NOT EXISTS reviews_of_product ON reviews (product, number);
"""
INSERT = "INSERT INTO reviews (product, id, document) VALUES (?, ?, ?)"
CACHED = 50_000  # reviews whose summaries are kept in memory


class ReviewQuery(NamedTuple):
    """A part of a product's reviews, the newest first. aspect, sentiment: "" restricts nothing; with an aspect the
    sentiment is that of the sentences that name it, else that of the whole review.
    """

    product: str
    aspect: str = ""
    sentiment: Sentiment | str = ""
    limit: int = 20
    offset: int = 0


class ReviewPage(NamedTuple):
    """total: of all pages."""

    reviews: list[Review]
    total: int


class Kept(NamedTuple):
    """How many reviews were new, how many had another text before, and how many were kept already."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


class ReviewStore:
    """Threads may share one. A review is told by its product and its id: one that comes again replaces itself. Raises
    StateDamaged and DiskFull.
    """

    def __init__(self, place: StorePlace) -> None:
        self.file = LaterStore(place, SCHEMA, "reviews of products")
        self._summaries: Cache[tuple[Any, ...], Summary] = Cache(CACHED, size=lambda summary: 1 + summary.reviews)

    def known(self, product: str, reviews: Sequence[Review]) -> set[str]:
        """The ids of those that are kept as they are, `read_by` included, and so need no reading."""
        if not self.file.may_hold:
            return set()
        with self.file.use() as db:
            kept = _kept(db, product, [review.id for review in reviews])
        return {review.id for review in reviews if review.id in kept and _is_same(review, kept[review.id])}

    def add(self, product: str, reviews: Iterable[Review]) -> Kept:
        """Insert or replace; of equal ids the last counts."""
        given = {review.id: review for review in reviews}
        if not given:
            return Kept()
        with self.file.transaction() as db:
            kept = _kept(db, product, list(given))
            changed = [id for id, before in kept.items() if not _is_same(given[id], before)]
            _delete(db, product, changed)
            written = [id for id in given if id not in kept or id in changed]
            db.executemany(INSERT, [(product, id, _document(given[id])) for id in written])
        return Kept(len(given) - len(kept), len(changed), len(kept) - len(changed))

    def remove(self, product: str, id: str) -> bool:
        """-> whether there was one"""
        if not self.file.may_hold:
            return False
        with self.file.transaction() as db:
            there = bool(_kept(db, product, [id]))
            _delete(db, product, [id])
        return there

    def page(self, query: ReviewQuery, attributes: Iterable[str] = (), title: str = "") -> ReviewPage:
        """attributes, title: as of `summary`, for an aspect."""
        if not self.file.may_hold:
            return ReviewPage([], 0)
        if not (query.aspect or query.sentiment):
            return self._stored(query)
        if query.aspect:
            found = [one for one in self.summary(query.product, attributes, title).aspects if one.name == query.aspect]
            mentions = [mention for aspect in found for mention in aspect.mentions]
            chosen = {one.review for one in mentions if query.sentiment in ("", one.sentiment)}
            reviews = [review for review in self._all(query.product) if review.id in chosen]
        else:
            reviews = [review for review in self._all(query.product) if review.sentiment == query.sentiment]
        reviews.reverse()
        return ReviewPage(reviews[query.offset : query.offset + query.limit], len(reviews))

    def summary(self, product: str, attributes: Iterable[str] = (), title: str = "") -> Summary:
        """See `summarize`."""
        if not self.file.may_hold:
            return Summary(0, 0, 0, ())
        # A number is never given twice, so these two tell what is kept from all that was kept before.
        with self.file.use() as db:
            counted = "SELECT count(*), max(number) FROM reviews WHERE product = ?"
            state = tuple(db.execute(counted, (product,)).fetchone())
        key = (product, *state, tuple(attributes), title)
        found = self._summaries.get(key)
        if found is None:
            found = summarize(self._all(product), key[3], title)
            self._summaries.put(key, found)
        return found

    def erase(self, products: Sequence[str]) -> None:
        """The words are gone from the disk once the file was scrubbed."""
        if self.file.may_hold:
            with self.file.transaction() as db:
                for some in in_chunks(products, IDS_AT_ONCE):
                    db.execute(f"DELETE FROM reviews WHERE product IN ({marks(some)})", some)
            self._summaries.clear()

    def close(self) -> None:
        self.file.close()

    def _stored(self, query: ReviewQuery) -> ReviewPage:
        with self.file.use() as db:
            counted = db.execute("SELECT count(*) FROM reviews WHERE product = ?", (query.product,))
            total = int(counted.fetchone()[0])
            rows = db.execute(
                "SELECT id, document FROM reviews WHERE product = ? ORDER BY number DESC LIMIT ? OFFSET ?",
                (query.product, query.limit, query.offset),
            )
            return ReviewPage([_review(*row) for row in rows], total)

    def _all(self, product: str) -> list[Review]:
        """In the order in which they came."""
        with self.file.use() as db:
            rows = db.execute("SELECT id, document FROM reviews WHERE product = ? ORDER BY number", (product,))
            return [_review(*row) for row in rows]


def _kept(db: Statements, product: str, ids: Sequence[str]) -> dict[str, Review]:
    found: dict[str, Review] = {}
    for some in in_chunks(ids, IDS_AT_ONCE):
        query = f"SELECT id, document FROM reviews WHERE product = ? AND id IN ({marks(some)})"
        found |= {row[0]: _review(*row) for row in db.execute(query, (product, *some))}
    return found


def _delete(db: Statements, product: str, ids: Sequence[str]) -> None:
    db.executemany("DELETE FROM reviews WHERE product = ? AND id = ?", [(product, id) for id in ids])


def _is_same(given: Review, kept: Review) -> bool:
    """Whether it need not be read again."""
    told = (given.text, given.rating, given.written, given.read_by)
    return told == (kept.text, kept.rating, kept.written, kept.read_by)


def _document(review: Review) -> str:
    fields = {"text": review.text, "rating": review.rating, "written": review.written, "read_by": review.read_by}
    return json.dumps(fields | {"passages": review.passages})


def _review(id: object, document: object) -> Review:
    """Raises Unsealed for what was never written so."""
    try:
        fields: Mapping[str, Any] = json.loads(str(document))
        passages = tuple(typed(Passage(*row)) for row in fields["passages"])
        return typed(
            Review(id, fields["text"], fields["rating"], fields["written"], passages, fields["read_by"])  # type: ignore[arg-type]
        )
    except (KeyError, TypeError, ValueError):
        raise Unsealed from None
