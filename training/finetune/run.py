"""What a step of fine-tuning reads, and what it is to learn from it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from catalog.arrays import Floats
from catalog.model.checkpoint import Checkpoint
from catalog.taxonomy.tree import Taxonomy
from training.data.targets import TargetMaker
from training.device import best_device, mixed_precision
from training.finetune.features import Features
from training.finetune.objective import LeafVectors, Step, Weights, step_losses
from training.pretrain.objective import Texts
from training.pretrain.tuning import CatalogTuning, CatalogTuningSettings

COMPARED_LEAVES = 256  # of the model's own categories, in a step


@dataclass(frozen=True)
class Settings(CatalogTuningSettings):
    """leaves_rate: how many times as fast the vectors of the tree's leaves learn, which are new."""

    minutes: float = 30.0
    leaves_rate: float = 20.0
    weights: Weights = field(default_factory=Weights)


@dataclass(frozen=True)
class Labelled:
    """The products to train on: their places among the features, and the node of each. start_CE: what is known of the
    leaves of the tree, as vectors.
    """

    rows: Sequence[int]
    nodes: Sequence[str]
    tree: Taxonomy
    start_CE: Floats


class FineTuning(CatalogTuning):
    head: LeafVectors

    def __init__(self, settings: Settings, start: Checkpoint, features: Features, labelled: Labelled) -> None:
        super().__init__(settings, start.model, labelled.rows)
        self.settings, self.features, self.tokenizer = settings, features, start.tokenizer
        self.node = dict(zip(labelled.rows, labelled.nodes, strict=True))
        self.targets = TargetMaker(labelled.tree)
        self.own_leaves = len(start.taxonomy.leaves)
        self.begin_with(LeafVectors(torch.from_numpy(labelled.start_CE)), settings.leaves_rate)

    def losses(self, step: int) -> dict[str, Tensor]:
        device, chosen = best_device(), self.batch(step)
        texts = Texts.of([self.features.texts[row] for row in chosen], self.tokenizer).to(device)
        with mixed_precision(device):
            read = Step(
                self.features.image.of(chosen).to(device),
                texts.encode(self.model.text_encoder),
                self.features.known.of(chosen).to(device),
                self.targets.paths([self.node[row] for row in chosen]).to(device),
                torch.randperm(self.own_leaves)[:COMPARED_LEAVES].to(device),
            )
            return step_losses(self.model, self.start, self.head, read, self.settings.weights)


def leaf_vectors(names_CE: Floats, vector_NE: Floats, leaves_NC: Floats) -> Floats:
    """(C, E): of each leaf its name's vector and, where it has products, their mean, each of unit length."""
    mean_CE = F.normalize(torch.from_numpy(leaves_NC.T @ vector_NE), dim=-1)
    found: Floats = F.normalize(F.normalize(torch.from_numpy(names_CE), dim=-1) + mean_CE, dim=-1).numpy()
    return found
