"""Labels -> tensors."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from catalog.taxonomy.tree import Taxonomy
from training.data.manifests import LabelledProduct


@dataclass(frozen=True)
class Targets:
    """Labels of B products.

    under_BLC: bool, (B, levels, leaves), see `losses.tree_cross_entropy`. attributes: name -> index of the value, (B,);
    -1: unknown. tags_BG: 0 or 1; tags_known_B: False masks a product out of the tag loss. text_B: equal numbers stand
    for equal texts. given_B: see `Sample.given`.
    """

    under_BLC: Tensor
    attributes: dict[str, Tensor]
    tags_BG: Tensor
    tags_known_B: Tensor
    text_B: Tensor
    given_B: Tensor

    def to(self, device: torch.device) -> "Targets":
        moved = {name: value.to(device) for name, value in vars(self).items() if isinstance(value, Tensor)}
        return replace(self, **moved, attributes={name: value.to(device) for name, value in self.attributes.items()})

    def only(self, known_B: Tensor) -> "Targets":
        """The same labels, masked out where `known_B` is False."""
        return replace(
            self,
            under_BLC=self.under_BLC & known_B[:, None, None],
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

    def __call__(self, rows: Sequence[LabelledProduct], texts: Sequence[str], given: Sequence[bool]) -> Targets:
        under_BLC = torch.zeros(len(rows), self.levels, len(self.taxonomy.leaves), dtype=torch.bool)
        tags_BG = torch.zeros(len(rows), len(self.tags))
        for b, row in enumerate(rows):
            path = self.taxonomy.ancestors(row.node) if row.node else ()
            for level, node in enumerate(reversed(path), 1):
                under_BLC[b, -level] = self._leaves_under(node)
            for tag in row.tags:
                tags_BG[b, self.tags[tag]] = 1
        numbers = {text: i for i, text in enumerate(dict.fromkeys(texts))}
        return Targets(
            under_BLC=under_BLC,
            attributes={
                name: torch.tensor([values.get(row.attributes.get(name, ""), -1) for row in rows])
                for name, values in self.values.items()
            },
            tags_BG=tags_BG,
            tags_known_B=torch.tensor([bool(row.title) for row in rows]),
            text_B=torch.tensor([numbers[text] for text in texts]),
            given_B=torch.tensor(given),
        )
