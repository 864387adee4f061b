"""Where the boxes of a layered graph stand: the method of Sugiyama et al. 1981, for graphs of a few dozen boxes.

An edge that passes through layers gets a narrow placeholder in each of them, so that it runs between boxes, not behind.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SWEEPS = 24


@dataclass
class Node:
    """A box, or the placeholder of an edge (name ""). x: its centre, in pixels."""

    name: str
    width: float
    above: list["Node"] = field(default_factory=list)
    below: list["Node"] = field(default_factory=list)
    x: float = 0.0


@dataclass(frozen=True)
class Placed:
    """rows: the nodes of each layer from left to right; paths: of each edge the nodes that it passes."""

    rows: list[list[Node]]
    paths: list[list[Node]]


def place(
    layers: Sequence[Sequence[str]],
    edges: Sequence[tuple[str, str]],
    widths: Mapping[str, float],
    gap: float,
    edge_width: float = 6.0,
) -> Placed:
    """Every edge goes from a layer to a lower one. The leftmost side is at 0."""
    rows = [[Node(name, widths[name]) for name in layer] for layer in layers]
    nodes = {node.name: (depth, node) for depth, row in enumerate(rows) for node in row}
    paths = [_path(nodes[source], nodes[target], rows, edge_width) for source, target in edges]
    for sweep in range(SWEEPS):
        downward = sweep % 2 == 0
        for row in rows if downward else reversed(rows):
            _order(row, downward, gap)
    for sweep in range(SWEEPS):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            _settle(row, gap)
    left = min(node.x - node.width / 2 for row in rows for node in row)
    for row in rows:
        for node in row:
            node.x -= left
    return Placed(rows, paths)


def _path(source: tuple[int, Node], target: tuple[int, Node], rows: list[list[Node]], width: float) -> list[Node]:
    path = [source[1]]
    for depth in range(source[0] + 1, target[0]):
        path.append(Node("", width))
        rows[depth].append(path[-1])
    path.append(target[1])
    for upper, lower in itertools.pairwise(path):
        upper.below.append(lower)
        lower.above.append(upper)
    return path


def _order(row: list[Node], downward: bool, gap: float) -> None:
    """Sort by the mean place of the neighbours in the layer before; then stand side by side."""
    wanted = {id(node): _mean(node.above if downward else node.below, node.x) for node in row}
    row.sort(key=lambda node: wanted[id(node)])
    x = -sum(node.width + gap for node in row) / 2
    for node in row:
        node.x = x + node.width / 2
        x += node.width + gap


def _settle(row: list[Node], gap: float) -> None:
    """Move the row's nodes, in their order, as near to the mean of their neighbours as the gaps allow.

    Least squares under order constraints: pool adjacent violators on each place less the room taken to its left.
    """
    offset, offsets = 0.0, []
    for left, node in zip([None, *row], row, strict=False):
        offset += (left.width + node.width) / 2 + gap if left else 0.0
        offsets.append(offset)
    blocks: list[list[float]] = []  # mean, weight
    for node, taken in zip(row, offsets, strict=True):
        weight = 1.0 if node.name else 4.0  # an edge had better be straight
        blocks.append([_mean(node.above + node.below, node.x) - taken, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, weight, size = blocks.pop()
            before = blocks[-1]
            before[0] = (before[0] * before[1] + mean * weight) / (before[1] + weight)
            before[1] += weight
            before[2] += size
    starts = [mean for mean, _, size in blocks for _ in range(int(size))]
    for node, start, taken in zip(row, starts, offsets, strict=True):
        node.x = start + taken


def _mean(nodes: Sequence[Node], otherwise: float) -> float:
    return sum(node.x for node in nodes) / len(nodes) if nodes else otherwise
