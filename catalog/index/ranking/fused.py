"""The order of search results: several ranked lists fused into one, and near-equal products folded together."""

from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from catalog.index.backend import Ranked

# How deep the lists are read. The fused order depends on the depth, and so does which of many equal scores a list ends
# with; but a deeper page must not change the pages before it: what the first depth yields stays in front, what the next
# one adds follows.
FUSED_DEPTHS = (100, 400, 1600, 6400, 25600)
DEPTHS = (20, *FUSED_DEPTHS)


def fuse(lists: Sequence[Sequence[Ranked]], scales: Sequence[float], depth: int) -> list[UUID]:
    """Best first by the sum of score / scale over the lists, which were read to `depth`; equal sums go by id.

    A combination of scores (Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", 2023), which
    unlike ranks tells a list that matches the query well from one that hardly does. What a list lacks has the score of
    its last one; 0 if the list is shorter than `depth`, so holds all that it finds.
    """
    scores = [{hit.id: hit.score / scale for hit in hits} for hits, scale in zip(lists, scales, strict=True)]
    missing = [min(score.values()) if len(score) >= depth else 0.0 for score in scores]

    def total(point: UUID) -> float:
        return sum(score.get(point, least) for score, least in zip(scores, missing, strict=True))

    return sorted({point for score in scores for point in score}, key=lambda point: (-total(point), point))


def ranked(
    lists_to: Callable[[int], Sequence[Sequence[Ranked]]], scales: Sequence[float], depths: Sequence[int]
) -> Iterator[UUID]:
    """Every id of the fused lists, best first, read only as deep as it is asked for. lists_to: the lists to a depth;
    scales: the score of each list that counts as 1.
    """
    given: set[UUID] = set()
    for depth in depths:
        lists = lists_to(depth)
        for point in fuse(lists, scales, depth):
            if point not in given:
                given.add(point)
                yield point
        if all(len(hits) < depth for hits in lists):
            return


class Leaders:
    """The results so far, each of which stands for those near-equal to it."""

    def __init__(self, threshold: float, width: int) -> None:
        self.threshold = threshold
        self._embeddings_NE = np.empty((64, width), dtype=np.float32)
        self._of_content: dict[tuple[str, str], int] = {}
        self._count = 0

    def find(self, embedding_E: NDArray[np.float32], content: tuple[str, str]) -> int | None:
        """The position of the first leader that the item is near-equal to.

        content: hashes of text and images; equal ones make twins whatever the embeddings say.
        """
        if content in self._of_content:
            return self._of_content[content]
        near = np.flatnonzero(self._embeddings_NE[: self._count] @ embedding_E >= self.threshold)
        return int(near[0]) if len(near) else None

    def add(self, embedding_E: NDArray[np.float32], content: tuple[str, str]) -> None:
        if self._count == len(self._embeddings_NE):
            self._embeddings_NE = np.concatenate([self._embeddings_NE, np.empty_like(self._embeddings_NE)])
        self._embeddings_NE[self._count] = embedding_E
        self._of_content[content] = self._count
        self._count += 1
