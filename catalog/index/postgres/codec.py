"""How points lie in the tables: pgvector's vectors, words as a sparse vector, fields, and what filters look for.

PostgreSQL's text cannot hold U+0000, so in fields that are counted U+FFFE, which no text has, stands for it.
"""

import hashlib
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format

from catalog.index.backend import Terms
from catalog.index.records import KEYWORD_FIELDS

# Of a sparse vector, as many numbers as pgvector allows. Two terms of one number are as unlikely as two of one hash.
DIMENSIONS = 1_000_000_000
# Terms are numbers of 32 bits without a sign, an integer of PostgreSQL has one.
SHIFT = 2**31
# The scalars of a search's hottest path are read from these places of pgvector's binary formats.
DENSE_HEAD, SPARSE_HEAD = struct.Struct(">HH"), struct.Struct(">iii")


class Dense(NamedTuple):
    values_E: NDArray[np.float32]


class Sparse(NamedTuple):
    terms: Terms


class VectorTypes(NamedTuple):
    """The numbers that the types of pgvector have in a database."""

    dense: int
    sparse: int


class _Dense(Dumper):
    format = Format.BINARY

    def dump(self, obj: Dense) -> Buffer:
        return DENSE_HEAD.pack(len(obj.values_E), 0) + np.asarray(obj.values_E, ">f4").tobytes()


class _Sparse(Dumper):
    format = Format.BINARY

    def dump(self, obj: Sparse) -> Buffer:
        weights = dict(zip(map(_place, obj.terms.indices), obj.terms.weights, strict=True))
        places = sorted(place for place, weight in weights.items() if weight)
        head = SPARSE_HEAD.pack(DIMENSIONS, len(places), 0)
        values = np.array([weights[place] for place in places], ">f4")
        return head + np.array(places, ">i4").tobytes() + values.tobytes()


def register(connection: "psycopg.Connection[Any]", types: VectorTypes) -> None:
    """Have the connection take `Dense` and `Sparse`."""
    for kind, dumper, oid in ((Dense, _Dense, types.dense), (Sparse, _Sparse, types.sparse)):
        connection.adapters.register_dumper(kind, type(dumper.__name__, (dumper,), {"oid": oid}))


def dense(data: bytes) -> NDArray[np.float32]:
    return np.frombuffer(data, ">f4", offset=DENSE_HEAD.size).astype(np.float32)


def terms_of(numbers: Sequence[int], data: bytes) -> Terms:
    """numbers: as `term_numbers` made them; data: the sparse vector of their weights."""
    _, count, _ = SPARSE_HEAD.unpack_from(data)
    places = np.frombuffer(data, ">i4", count, SPARSE_HEAD.size)
    values = np.frombuffer(data, ">f4", count, SPARSE_HEAD.size + places.nbytes)
    weights = dict(zip(places.tolist(), values.tolist(), strict=True))
    indices = [number + SHIFT for number in numbers]
    return Terms(indices, [weights.get(_place(index), 0.0) for index in indices])


def term_numbers(indices: Iterable[int]) -> list[int]:
    return [index - SHIFT for index in indices]


def _place(term: int) -> int:
    return term % DIMENSIONS


def label(field: str, value: str) -> int:
    digest = hashlib.blake2b(f"{field}\0{value}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def labels(payload: Mapping[str, Any]) -> list[int]:
    """Of all that a filter may look for, without repetition."""
    named = ((name, value) for name in KEYWORD_FIELDS for value in _values(payload.get(name)))
    return list(dict.fromkeys(label(name, value) for name, value in named))


def fields(payload: Mapping[str, Any]) -> dict[str, list[str]]:
    return {name: [stored(value) for value in _values(payload[name])] for name in KEYWORD_FIELDS if name in payload}


def stored(text: str) -> str:
    return text.replace("\0", "\ufffe")


def read(text: str) -> str:
    return text.replace("\ufffe", "\0")


def _values(value: Any) -> Sequence[str]:
    return [value] if isinstance(value, str) else value or ()
