"""An image with a part of it hidden, and what each part adds to an answer."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from catalog.evidence.found import HeatMap

Pixels = NDArray[np.uint8]

SIDE = 5
CELLS = SIDE * SIDE


def hidden(pixels_CHW: Pixels, cells: Collection[int], crop: float = 1.0) -> Pixels:
    """The image with these cells in its mean colour. crop: the part of each side that the model reads, in the middle;
    what lies outside goes with the cells at the edge.
    """
    size = pixels_CHW.shape[-1]
    edges = np.rint(size * (0.5 + crop * (np.arange(SIDE + 1) / SIDE - 0.5))).astype(int)
    edges[[0, -1]] = 0, size
    masked_CHW = pixels_CHW.copy()
    for row, column in (divmod(cell, SIDE) for cell in cells):
        there = (slice(None), slice(edges[row], edges[row + 1]), slice(edges[column], edges[column + 1]))
        masked_CHW[there] = pixels_CHW.mean((1, 2), keepdims=True).round()
    return masked_CHW


def to_heat_map(added: Sequence[float]) -> HeatMap:
    """added: by each cell, row by row."""
    return HeatMap(tuple(tuple(added[start : start + SIDE]) for start in range(0, CELLS, SIDE)))


def hottest(heat_map: HeatMap, cells: int) -> list[int]:
    """The cells that add the most, the hottest first."""
    added = [score for row in heat_map.rows for score in row]
    return sorted(range(CELLS), key=lambda cell: -added[cell])[:cells]
