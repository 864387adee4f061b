"""What an engine must be able to do to hold a product index, and the layout that every engine is given.

A collection has one dense vector, EMBEDDING, compared by dot product (the vectors are of unit length, so that is the
cosine), and one sparse vector, KEYWORDS, whose terms the engine weighs by their rarity (BM25). `ProductIndex` builds
all behaviour from the primitives of a `IndexBackend`, so that every engine behaves alike.
"""

import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple, Protocol, TypeVar
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from catalog.cache import Cache
from catalog.index.filters import Among, And, AttributeIs, CategoryUnder, Filter, Lacks, Not, Number, OneOf, Or, Price
from catalog.index.keys import IDENTIFIERS, KEYED, attribute_key, attribute_pair, field_key

EMBEDDING, KEYWORDS = "embedding", "keywords"

# How many candidates a search of the approximate index (HNSW) keeps; the engine raises it to the number of results.
# A filtered search needs ACORN, which also looks past the neighbours that do not pass. With 60,000 clustered vectors
# and filters that a fifth passes, recall was 0.80 without it and 1.00 with it. Filters that few pass are scanned.
SEARCH_BREADTH, FILTERED_BREADTH = 64, 32
ACORN_UP_TO = 0.7  # of the products passing

Payload = Mapping[str, Any]


class IndexModel(NamedTuple):
    """The model that made an index's embeddings. version: see `ModelFolder`; folder: see `ModelFolder.name`, "" where
    nobody said; space: see `ModelFolder`, "" for the version itself; earlier: versions of the same space, of which the
    index has products, too.
    """

    version: str
    folder: str = ""
    space: str = ""
    earlier: tuple[str, ...] = ()

    @property
    def vectors(self) -> str:
        """What tells models apart whose embeddings cannot be compared."""
        return self.space or self.version

    @property
    def versions(self) -> frozenset[str]:
        """Of all models whose products the index has."""
        return frozenset((self.version, *self.earlier))

    @classmethod
    def from_json(cls, named: Mapping[str, Any]) -> "IndexModel | None":
        """What `to_json` made; None of nothing."""
        if not named:
            return None
        earlier = tuple(map(str, named.get("earlier", ())))
        return cls(str(named["version"]), str(named["folder"]), str(named.get("space", "")), earlier)

    def to_json(self) -> dict[str, Any]:
        """Without what is not said, so that a release before can read it."""
        space = "" if self.space == self.version else self.space
        said = {"version": self.version, "folder": self.folder, "space": space, "earlier": list(self.earlier)}
        return {name: value for name, value in said.items() if value or name in ("version", "folder")}


class Terms(NamedTuple):
    """A sparse vector: term numbers, without repetition, and their weights."""

    indices: Sequence[int]
    weights: Sequence[float]


class Point(NamedTuple):
    """What a store keeps of one product. embedding: float32, of the store's width."""

    id: UUID
    payload: Payload
    keywords: Terms
    embedding: NDArray[np.float32]


class Amendment(NamedTuple):
    """A new payload and new keywords for a point whose embedding stays."""

    id: UUID
    payload: Payload
    keywords: Terms


class Found(NamedTuple):
    """A point as read back: only what was asked for."""

    id: UUID
    payload: Payload
    embedding: NDArray[np.float32] | None = None
    keywords: Terms | None = None


class Hit(NamedTuple):
    """A `Ranked` as a value."""

    id: UUID
    score: float
    found: Found | None = None

    @property
    def terms(self) -> Sequence[int]:
        return self.found.keywords.indices if self.found and self.found.keywords else ()


class Ranked(Protocol):
    """A point of a ranked list, whose parts an engine may hand over only when they are read, and each time anew."""

    @property
    def id(self) -> UUID: ...

    @property
    def score(self) -> float:
        """A higher one is better."""

    @property
    def found(self) -> Found | None:
        """The point itself, if its fields were asked for."""

    @property
    def terms(self) -> Sequence[int]:
        """The numbers of its terms, if its keywords were asked for."""


QueryVector = NDArray[np.float32] | Terms


class Order(NamedTuple):
    """By a number of the payload, the smallest first or the largest."""

    field: Number
    descending: bool


class IndexBackend(Protocol):
    """One collection of one engine. Every method may be called from several threads and raises IndexFailed."""

    width: int
    identity: str
    cache: Cache[Hashable, Any]  # of what was worked out from the points: cleared when any of them changes

    @property
    def model(self) -> IndexModel | None:
        """What `name_model` recorded."""

    def name_model(self, model: IndexModel) -> None:
        """Record it beside the points, durably."""

    def put(self, points: Sequence[Point]) -> None:
        """Insert or replace: found by the next query, and not lost if the process is killed."""

    def update_payload(self, amendments: Sequence[Amendment]) -> None:
        """Replace payload and keywords. Every point must exist."""

    def remove(self, ids: Sequence[UUID]) -> None:
        """Take points out; unknown ids are ignored."""

    def purge(self) -> None:
        """Leave nothing on disk of what was removed or replaced before."""

    def fetch(
        self, ids: Sequence[UUID], fields: Sequence[str], embedding: bool = False, keywords: bool = False
    ) -> dict[UUID, Found]:
        """The points that exist, with these payload fields and vectors."""

    def search(
        self,
        queries: Sequence[QueryVector],
        limit: int,
        filter: Filter | None,
        fields: Sequence[str] = (),
        keywords: bool = False,
    ) -> Sequence[Sequence[Ranked]]:
        """For each query the best `limit` points that pass the filter, best first.

        With `fields`, each comes with these payload fields; with `keywords`, with its keywords.
        """

    def rarities(self, terms: Sequence[int]) -> dict[int, float]:
        """Each term's inverse document frequency, as the engine itself weighs it."""

    def count(self, filter: Filter | None) -> int:
        """How many points pass, exactly."""

    def facet(self, field: str, filter: Filter | None) -> dict[str, int]:
        """How many points have each value of an indexed field, exactly."""

    def in_order(self, order: Order | None, limit: int, filter: Filter | None) -> list[UUID]:
        """The first `limit` points that pass, by a number, those without it left out. Equal numbers, and all points
        where there is no order, go by id.
        """

    def page(self, after: UUID | None, limit: int, filter: Filter | None = None) -> tuple[list[Found], UUID | None]:
        """Points that pass in the order of their ids, with all fields and the embedding; and where the next page is."""

    def sorted_page(
        self, field: str, descending: bool, after: tuple[float, UUID] | None, limit: int, filter: Filter | None
    ) -> list[tuple[float, Found]]:
        """Points that pass and have the number, by it and by their ids where it is the same, with all fields and the
        embedding. after: number and id of the last one of the page before.
        """

    def flush(self) -> None:
        """Bring everything to disk, so that it also survives a loss of power."""

    def indexed(self) -> float:
        """The share of vectors that the approximate index holds; the rest is compared one by one."""

    def wait_until_indexed(self, timeout: float) -> bool:
        """Build what is worth building, without waiting for a quiet moment; False if `timeout` seconds were short."""

    def close(self) -> None:
        """Flush and let go. Nothing may be called afterwards, but close again."""


def rarities_by_search(store: IndexBackend, terms: Sequence[int]) -> dict[int, float]:
    """Of an engine that does not tell them: the score of a product found by one term is that term's weight in the
    product, which can be read, times its rarity. A term that finds nothing has the rarity of none among all products:
    ln(1 + (count - 0 + 0.5) / (0 + 0.5)).
    """
    lists = store.search([Terms([term], [1.0]) for term in terms], 1, None)
    found = store.fetch([hits[0].id for hits in lists if hits], (), keywords=True)
    rarity = dict.fromkeys(terms, math.log(1 + (store.count(None) + 0.5) / 0.5))
    for term, hits in zip(terms, lists, strict=True):
        having = found[hits[0].id].keywords if hits and hits[0].id in found else None
        if having and term in having.indices:
            rarity[term] = hits[0].score / having.weights[list(having.indices).index(term)]
    return rarity


class Dialect(NamedTuple):
    """An engine's own filter objects."""

    one_of: Callable[[str, Sequence[str]], Any]
    price: Callable[[Price], Any]
    lacks: Callable[[str], Any]
    among: Callable[[frozenset[UUID]], Any]
    every: Callable[[Sequence[Any]], Any]
    some: Callable[[Sequence[Any]], Any]
    none: Callable[[Any], Any]


def translate(filter: Filter, dialect: Dialect) -> Any:
    """The filter as an engine's object, at the top one that `every`, `some` or `none` makes.

    What has keys is also compared as it is spelt, because products of earlier releases have no keys.
    """
    inner = _translate(filter, dialect)
    return inner if isinstance(filter, And | Or | Not) else dialect.every([inner])


def _translate(filter: Filter, dialect: Dialect) -> Any:
    match filter:
        case CategoryUnder(ids):
            return dialect.one_of("category", ids)
        case OneOf() | AttributeIs():
            return _translate_values(filter, dialect)
        case Price():
            return dialect.price(filter)
        case Lacks(field):
            return dialect.lacks(field)
        case Among(points):
            return dialect.among(points)
        case And(parts):
            return dialect.every([_translate(part, dialect) for part in parts])
        case Or(parts):
            return dialect.some([_translate(part, dialect) for part in parts])
        case Not(part):
            return dialect.none(_translate(part, dialect))


def _translate_values(filter: OneOf | AttributeIs, dialect: Dialect) -> Any:
    match filter:
        case OneOf(field, values) if field in KEYED:
            keyed = dialect.one_of("keys", [field_key(field, value) for value in values])
            return keyed if field in IDENTIFIERS else dialect.some([dialect.one_of(field, values), keyed])
        case OneOf(field, values):
            return dialect.one_of(field, values)
        case AttributeIs(name, values):
            spelt = dialect.one_of("facts", [attribute_pair(name, value) for value in values])
            keyed = dialect.one_of("keys", [attribute_key(name, value) for value in values])
            return dialect.some([spelt, keyed])


def first_by_number(read: Callable[[int], Sequence[tuple[float, UUID]]], limit: int, descending: bool) -> list[UUID]:
    """The first `limit` ids by number, equal numbers by id, of an engine that orders equal numbers as it likes.

    read: the first so many numbers with their ids, in order. It is asked for more until the last number wanted has
    ended.
    """
    asked = limit + 1
    found = read(asked)
    while len(found) == asked and found[-1][0] == found[limit - 1][0]:
        asked *= 4
        found = read(asked)
    sign = -1 if descending else 1
    return [point for _, point in sorted(found, key=lambda one: (sign * one[0], one[1]))[:limit]]


Item = TypeVar("Item")
Row = TypeVar("Row")


def page_after(
    read: Callable[[int], Sequence[Row]],
    key: Callable[[Row], tuple[float, UUID]],
    descending: bool,
    after: tuple[float, UUID] | None,
    limit: int,
) -> list[Row]:
    """A page of what an engine sorts by a number alone. read(n): the first n rows from the number of `after` on.

    Rows of the same number come in any order, which need not be the same for another n. So of the last number read,
    whose rows may be cut short, none is taken; of the first, those that came before are dropped.
    """
    sign = -1 if descending else 1
    asked = limit + 1
    while True:
        found = read(asked)
        rows = sorted((_place(key(row), sign), place) for place, row in enumerate(found))
        whole = rows if len(rows) < asked else [row for row in rows if row[0][0] < rows[-1][0][0]]
        later = [found[place] for at, place in whole if after is None or at > _place(after, sign)]
        if len(later) >= limit or len(rows) < asked:
            return later[:limit]
        asked *= 2


def _place(key: tuple[float, UUID], sign: int) -> tuple[float, int]:
    number, id = key
    return sign * number, sign * id.int


def in_chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in lists of `size`, the last perhaps shorter; reads no further than it must."""
    remaining = iter(items)
    while chunk := list(islice(remaining, size)):
        yield chunk
