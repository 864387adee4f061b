"""The engine's points, and those of `catalog.index.backend`."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np
import qdrant_edge as edge

from catalog.index.backend import EMBEDDING, KEYWORDS, Found, Terms


class Scored:
    """A `Ranked` of the engine's: of a thousand hits few are read, and each id costs two microseconds."""

    __slots__ = ("_point",)

    def __init__(self, point: edge.ScoredPoint) -> None:
        self._point = point

    @property
    def id(self) -> UUID:
        return uuid_of(self._point.id)

    @property
    def score(self) -> float:
        return self._point.score

    @property
    def found(self) -> Found:
        return found_of(self._point)

    @property
    def terms(self) -> Sequence[int]:
        vectors = self._point.vector
        keywords = vectors.get(KEYWORDS) if isinstance(vectors, dict) else None
        return keywords.indices if isinstance(keywords, edge.SparseVector) else ()


def sparse(terms: Terms) -> edge.SparseVector:
    return edge.SparseVector(list(terms.indices), list(terms.weights))


def found_of(record: edge.Record | edge.ScoredPoint) -> Found:
    given = record.vector  # made anew each time
    vectors: dict[str, Any] = given if isinstance(given, dict) else {}
    embedding, keywords = vectors.get(EMBEDDING), vectors.get(KEYWORDS)
    return Found(
        uuid_of(record.id),
        record.payload or {},
        None if embedding is None else np.array(embedding, dtype=np.float32),
        None if keywords is None else Terms(keywords.indices, keywords.values),
    )


def uuid_of(point: int | UUID | str) -> UUID:
    assert isinstance(point, UUID), "every point of ours has one"
    return point
