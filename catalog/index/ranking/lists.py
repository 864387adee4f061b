"""The ranked lists of one query."""

from collections.abc import Callable, Sequence

from catalog.index.backend import Ranked
from catalog.index.ranking.fused import FUSED_DEPTHS
from catalog.index.relevance import MAX_FOUND


class Lists:
    """names: "vectors" or "words" for each; scales: the score of each that counts as 1."""

    def __init__(
        self, names: Sequence[str], scales: Sequence[float], read: Callable[[int], Sequence[Sequence[Ranked]]]
    ) -> None:
        """read: the lists to a depth, from the engine."""
        self.names, self.scales = names, scales
        self._read = read
        self._known: dict[int, Sequence[Sequence[Ranked]]] = {}

    def to(self, depth: int) -> Sequence[Sequence[Ranked]]:
        """Most pages need the first depth alone. What lies below it is read at once as deep as 1,000."""
        read = depth if depth <= FUSED_DEPTHS[0] else max(depth, MAX_FOUND)
        if read not in self._known:
            self._known[read] = self._read(read)
        return [hits[:depth] for hits in self._known[read]]
