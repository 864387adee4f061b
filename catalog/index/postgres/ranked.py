"""Ranked lists: the nearest embeddings and the products that have the words of a query."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.index.backend import Hit, Terms
from catalog.index.keywords import K
from catalog.index.postgres.codec import SHIFT, Dense, Sparse, term_numbers
from catalog.index.postgres.conditions import Condition
from catalog.index.postgres.connection import Connection

# Of n products p pass a filter: comparing them one by one takes time as p, going on through the approximate index until
# k are found that pass as k * n / p, and each step there as long as comparing so many. The shorter is taken.
STEP = 2.5
# The approximate index compares in half precision: so many more than are asked for are compared again in full.
MORE, MORE_SHARE = 10, 0.1
# Beyond, a scan is as fast, and exact.
MAX_APPROXIMATE = 1000
# The largest weight of a term in a product, see `catalog.index.keywords`.
MAX_WEIGHT = K + 1
ALL_PASS = Condition("true", ())


def nearest(
    connection: Connection, embedding: NDArray[np.float32], limit: int, passing: Condition, indexed: int
) -> list[Hit]:
    """indexed: how many products an approximate index holds, 0 where there is none."""
    if (
        indexed
        and limit <= MAX_APPROXIMATE
        and (passing == ALL_PASS or _many_pass(connection, passing, limit, indexed))
    ):
        found = _approximately(connection, embedding, limit, passing)
        if len(found) == limit:  # or it has given up before
            return found
    return _exactly(connection, embedding, limit, passing)


def _many_pass(connection: Connection, passing: Condition, limit: int, indexed: int) -> bool:
    few = int(math.sqrt(STEP * _fetched(limit) * indexed))
    text = f"SELECT count(*) FROM (SELECT FROM products p WHERE {passing.text} LIMIT {few + 1}) AS first_ones"
    return _rows(connection, text, passing.values)[0][0] > few


def _fetched(limit: int) -> int:
    """Of the approximate index, to compare them again."""
    return int(limit + MORE + MORE_SHARE * limit)


def _exactly(connection: Connection, embedding: NDArray[np.float32], limit: int, passing: Condition) -> list[Hit]:
    source = "embeddings e"
    if passing != ALL_PASS:
        source = f"(SELECT p.id FROM products p WHERE {passing.text} OFFSET 0) p JOIN embeddings e USING (id)"
    text = f"SELECT id, -(e.embedding <#> %s) AS score FROM {source} ORDER BY score DESC, id LIMIT {int(limit)}"
    return [Hit(*row) for row in _rows(connection, text, [Dense(embedding), *passing.values])]


def _approximately(connection: Connection, embedding: NDArray[np.float32], limit: int, passing: Condition) -> list[Hit]:
    width = len(embedding)
    joined = f"JOIN products p ON p.id = e.id AND {passing.text}" if passing != ALL_PASS else ""
    text = (
        f"SELECT id, -(embedding <#> %s) AS score FROM (SELECT e.id, e.embedding FROM embeddings e {joined}"
        f" ORDER BY e.embedding::halfvec({width}) <#> %s::halfvec({width})"
        f" LIMIT {_fetched(limit)}) AS near ORDER BY score DESC, id LIMIT {int(limit)}"
    )
    asked = Dense(embedding)
    return [Hit(*row) for row in _rows(connection, text, [asked, *passing.values, asked])]


def rarities(connection: Connection, indices: Sequence[int]) -> dict[int, float]:
    """Each term's inverse document frequency, as `by_words` weighs it."""
    total, having = _counts(connection, indices)
    return {term: _rarity(total, having.get(term, 0)) for term in indices}


def by_words(connection: Connection, terms: Terms, limit: int, passing: Condition) -> list[Hit]:
    """The best by BM25. The products that have the rarest terms are read first, and the others only if what they lack
    could still lift them among the best (MaxScore: Turtle and Flood, "Query Evaluation: Strategies and Optimizations",
    1995).
    """
    total, having = _counts(connection, terms.indices)
    weights = {
        term: weight * _rarity(total, having[term])
        for term, weight in zip(terms.indices, terms.weights, strict=True)
        if term in having
    }
    rarest = sorted(weights, key=lambda term: having[term])
    first = _first(rarest, having, limit)
    found = _scored(connection, rarest[:first], weights, limit, passing)
    others = MAX_WEIGHT * sum(weights[term] for term in rarest[first:])
    if first == len(rarest) or (len(found) == limit and found[-1].score > others):
        return found
    return _scored(connection, rarest, weights, limit, passing)


def _first(rarest: Sequence[int], having: Mapping[int, int], limit: int) -> int:
    """How many of the terms to begin with: enough for the limit, unless that is nearly all there is to read."""
    whole, read = sum(having[term] for term in rarest), 0
    for place, term in enumerate(rarest, 1):
        read += having[term]
        if 2 * read > whole:
            break
        if read >= limit:
            return place
    return len(rarest)


def _scored(
    connection: Connection, terms: Sequence[int], weights: Mapping[int, float], limit: int, passing: Condition
) -> list[Hit]:
    """The best by all of the weights, of the products that have one of the terms."""
    if not terms:
        return []
    text = (
        f"SELECT p.id, -(p.weights <#> %s) AS score FROM products p WHERE p.terms && %s::int[] AND {passing.text}"
        f" ORDER BY score DESC, p.id LIMIT {int(limit)}"
    )
    asked = Sparse(Terms(list(weights), list(weights.values())))
    return [Hit(*row) for row in _rows(connection, text, [asked, term_numbers(terms), *passing.values])]


def _counts(connection: Connection, indices: Sequence[int]) -> tuple[int, dict[int, int]]:
    """How many products there are, and how many have each term that any has."""
    rows = _rows(
        connection,
        "SELECT products, NULL FROM shelflens_index"
        " UNION ALL SELECT products, term FROM term_counts WHERE term = ANY(%s::int[]) AND products > 0",
        [term_numbers(indices)],
    )
    having = {term + SHIFT: count for count, term in rows if term is not None}
    return next(count for count, term in rows if term is None), having


def _rarity(total: int, having: int) -> float:
    return math.log(1 + (total - having + 0.5) / (having + 0.5))


def _rows(connection: Connection, text: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """text: of our own words only."""
    return connection.execute(text, values, binary=True).fetchall()
