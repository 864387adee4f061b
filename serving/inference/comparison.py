"""How the answers of two models differ on the same products."""

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from catalog.product import CategoryScore, Understanding

EXAMPLES = 20
NEIGHBOURS = 10
REMEMBERED = 500
# With fewer products ten neighbours would be too large a part of all of them to tell anything.
ENOUGH = 100


@dataclass
class Comparison:
    """Counts of pairs of understandings, each of one product by both models."""

    products: int = 0
    missed: int = 0
    changed: int = 0
    overlap: float = 0.0
    examples: deque[tuple[Understanding, Understanding]] = field(default_factory=lambda: deque(maxlen=EXAMPLES))
    embeddings: deque[tuple[NDArray[np.float32], NDArray[np.float32]]] = field(
        default_factory=lambda: deque(maxlen=REMEMBERED)
    )

    def add(self, active: Understanding, shadow: Understanding) -> None:
        """Both with alternatives enough for ten categories."""
        self.products += 1
        self.overlap += category_overlap(active, shadow)
        self.embeddings.append((active.embedding, shadow.embedding))
        if active.path != shadow.path:
            self.changed += 1
            self.examples.append((active, shadow))

    def neighbour_overlap(self) -> float | None:
        """Of each remembered product's ten nearest by the active model, the share that are so by the shadow, too."""
        if len(self.embeddings) < ENOUGH:
            return None
        active_NE, shadow_NE = (np.stack(side) for side in zip(*self.embeddings, strict=True))
        pairs = zip(nearest(active_NE), nearest(shadow_NE), strict=True)
        return float(np.mean([len(set(a) & set(b)) / NEIGHBOURS for a, b in pairs]))


def category_overlap(active: Understanding, shadow: Understanding) -> float:
    ten, other = ({c.id for c in ranked(found)} for found in (active, shadow))
    return len(ten & other) / len(ten)


def ranked(found: Understanding) -> list[CategoryScore]:
    return [*filter(None, [found.category]), *found.alternatives][:NEIGHBOURS]


def nearest(embeddings_NE: NDArray[np.float32]) -> list[list[int]]:
    """For each row the positions of its ten nearest others."""
    similarity_NN = embeddings_NE @ embeddings_NE.T
    np.fill_diagonal(similarity_NN, -np.inf)
    positions: list[list[int]] = np.argpartition(-similarity_NN, NEIGHBOURS, axis=1)[:, :NEIGHBOURS].tolist()
    return positions
