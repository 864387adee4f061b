"""The merchant's own category against those of the products that are most alike, in any tree and language."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from catalog.arrays import Floats
from catalog.product import StoredProduct
from catalog.quality.finding import Evidence, Finding
from catalog.taxonomy.names import split_path
from catalog.taxonomy.tree import SEPARATOR

VOTERS = 40  # nearest products that say where one belongs, the nearer counting more
ELECTORATE = 4_096  # products that voters are drawn from, so that the time grows as the catalogue does
NEARER = 10.0  # of two voters, one nearer by 0.1 counts e times as much
AGREED, UNHEARD = 0.8, 0.01  # shares of the votes: at least of another category, at most of its own
LEAST = 2 * VOTERS  # products with a category; fewer say nothing
SHOWN = 3  # of the voters
BLOCK = 512
SEED = 0


class Filed(NamedTuple):
    """A product as the merchant filed it. field: of the feed, which has the category; path: that from the top down."""

    id: str
    title: str
    field: str
    path: tuple[str, ...]


class OwnCategories:
    """`learn` each product of a catalogue once, then ask for the findings."""

    def __init__(self) -> None:
        self._filed: list[Filed] = []
        self._vectors: list[Floats] = []

    def learn(self, stored: StoredProduct) -> None:
        product = stored.product
        field = "product_type" if product.product_type else "google_product_category"
        path = split_path(getattr(product, field))
        if any(path) and stored.understanding.modalities_used:
            self._filed.append(Filed(product.id, product.title, field, path))
            self._vectors.append(stored.understanding.embedding.astype(np.float16))

    def findings(self) -> Iterator[Finding]:
        """Products of which the nearest ones agree on another category, and hardly any has its own."""
        if len(self._filed) < LEAST:
            return
        code_of: dict[tuple[str, ...], int] = {}
        code_N = np.array([code_of.setdefault(one.path, len(code_of)) for one in self._filed])
        voters_S = np.random.default_rng(SEED).permutation(len(self._filed))[:ELECTORATE]
        vector_SE = np.array([self._vectors[voter] for voter in voters_S], np.float32)
        for start in range(0, len(self._filed), BLOCK):
            block_B = np.arange(start, min(start + BLOCK, len(self._filed)))
            cosine_BS = np.array(self._vectors[start : start + BLOCK], np.float32) @ vector_SE.T
            cosine_BS[block_B[:, None] == voters_S] = -1
            # Where the nearest one has its category, it is heard.
            doubted = np.flatnonzero(code_N[voters_S[cosine_BS.argmax(1)]] != code_N[block_B])
            for number, cosine_S in zip(block_B[doubted], cosine_BS[doubted], strict=True):
                near_K = np.argpartition(-cosine_S, VOTERS)[:VOTERS]
                near_K = near_K[np.argsort(-cosine_S[near_K], kind="stable")]
                vote_K = np.exp(NEARER * cosine_S[near_K])
                voters = [self._filed[voter] for voter in voters_S[near_K]]
                yield from _findings(self._filed[number], voters, vote_K / vote_K.sum())


def _findings(one: Filed, voters: Sequence[Filed], votes: Floats) -> Iterator[Finding]:
    """None or one. voters: the nearest first."""
    shares: dict[tuple[str, ...], float] = defaultdict(float)
    for voter, vote in zip(voters, votes, strict=True):
        for depth in range(1, len(voter.path) + 1):
            shares[voter.path[:depth]] += float(vote)
    usual = max((path for path, share in shares.items() if share >= AGREED), key=len, default=())
    depths = range(1, min(len(usual), len(one.path)) + 1)
    if any(usual[:depth] != one.path[:depth] and shares.get(one.path[:depth], 0.0) <= UNHEARD for depth in depths):
        agreeing = [voter.title for voter in voters if voter.path[: len(usual)] == usual]
        evidence = tuple(Evidence("product", title) for title in agreeing[:SHOWN])
        own, other = SEPARATOR.join(one.path), SEPARATOR.join(usual)
        yield Finding("misfiled", one.id, round(shares[usual], 4), (), one.field, own, other, evidence)
