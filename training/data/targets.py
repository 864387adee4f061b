"""Labels -> tensors."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from catalog.taxonomy.tree import Taxonomy
from training.data.manifests import LabelledProduct
from training.losses import TreePaths


@dataclass(frozen=True)
class Targets:
    """Labels of B products.

    paths: of the categories. attributes: name -> index of the value, (B,);
    -1: unknown. tags_BG: 0 or 1; tags_known_B: False masks a product out of the tag loss. text_B: equal numbers stand
    for equal texts. given_B: see `Sample.given`.
    """

    paths: TreePaths
    attributes: dict[str, Tensor]
    tags_BG: Tensor
    tags_known_B: Tensor
    text_B: Tensor
    given_B: Tensor

    def to(self, device: torch.device) -> "Targets":
        moved = {name: value.to(device) for name, value in vars(self).items() if isinstance(value, Tensor)}
        attributes = {name: value.to(device) for name, value in self.attributes.items()}
        return replace(self, **moved, paths=self.paths.to(device), attributes=attributes)

    def only(self, known_B: Tensor) -> "Targets":
        """The same labels, masked out where `known_B` is False."""
        return replace(
            self,
            paths=self.paths._replace(node_BL=self.paths.node_BL.masked_fill(~known_B.unsqueeze(1), -1)),
            attributes={name: value.masked_fill(~known_B, -1) for name, value in self.attributes.items()},
            tags_known_B=self.tags_known_B & known_B,
        )


class TargetMaker:
    """Labels as tensors, for one taxonomy."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy = taxonomy
        self._under: dict[str, Tensor] = {}  # of the nodes that are labels: of all it would be 100 MB for 10,000
        self.levels = max(len(taxonomy.ancestors(node.id)) for node in taxonomy.nodes)
        self.values = {a.name: {value: i for i, value in enumerate(a.values)} for a in taxonomy.attributes}
        self.tags = {tag.name: i for i, tag in enumerate(taxonomy.tags)}

    def _leaves_under(self, node: str) -> Tensor:
        """(leaves,), bool"""
        if node not in self._under:
            self._under[node] = torch.zeros(len(self.taxonomy.leaves), dtype=torch.bool)
            self._under[node][list(self.taxonomy.leaves_under(node))] = True
        return self._under[node]

    def paths(self, nodes: Sequence[str | None]) -> TreePaths:
        """Of the categories of some products or texts; None or "": not known."""
        number: dict[str, int] = {}
        node_BL = torch.full((len(nodes), self.levels), -1)
        for b, node in enumerate(nodes):
            for level, each in enumerate(reversed(self.taxonomy.ancestors(node) if node else ()), 1):
                node_BL[b, -level] = number.setdefault(each, len(number))
        under = [self._leaves_under(node) for node in number]
        return TreePaths(torch.stack(under) if under else torch.zeros(0, len(self.taxonomy.leaves)).bool(), node_BL)

    def __call__(self, rows: Sequence[LabelledProduct], texts: Sequence[str], given: Sequence[bool]) -> Targets:
        tags_BG = torch.zeros(len(rows), len(self.tags))
        for b, row in enumerate(rows):
            for tag in row.tags:
                tags_BG[b, self.tags[tag]] = 1
        numbers = {text: i for i, text in enumerate(dict.fromkeys(texts))}
        return Targets(
            paths=self.paths([row.node for row in rows]),
            attributes={
                name: torch.tensor([values.get(row.attributes.get(name, ""), -1) for row in rows])
                for name, values in self.values.items()
            },
            tags_BG=tags_BG,
            tags_known_B=torch.tensor([bool(row.title) for row in rows]),
            text_B=torch.tensor([numbers[text] for text in texts]),
            given_B=torch.tensor(given),
        )
