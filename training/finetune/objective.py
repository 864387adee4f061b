"""The losses of one step: products lie near their category's vector, and what the model knew stays.

filed     cross-entropy at every level of the merchant's tree, of cosines with vectors of its leaves
relation  cosines among products as the starting model has them
answers   categories, tags and attributes as the starting model says them
pooled    what the text encoder gives stays near what it gave
"""

from math import log
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catalog.arrays import MODALITIES
from catalog.model.encoders import Encoded
from catalog.model.network import CatalogModel
from training.losses import TreePaths, tree_cross_entropy
from training.pretrain.objective import answers_kept, relations_kept

SCALE, LARGEST_SCALE = 20.0, 100.0  # of the cosines
SMOOTHING, UPPER = 0.05, 0.5  # see `tree_cross_entropy`


class Weights(NamedTuple):
    """Of the losses."""

    filed: float = 1.0
    relation: float = 1.0
    answers: float = 0.3
    pooled: float = 1.0


class LeafVectors(nn.Module):
    """A vector of each leaf, which begins as what is known of it: its name, and its products' mean.

    Needed for training alone: the taught head files by the products' own vectors.
    """

    def __init__(self, start_CE: Tensor) -> None:
        super().__init__()
        self.vector_CE = nn.Parameter(start_CE.clone())
        self.log_scale = nn.Parameter(torch.tensor(log(SCALE)))

    def forward(self, fused_BE: Tensor) -> Tensor:
        """-> logits (B, C)"""
        cosine_BC = F.normalize(fused_BE.float(), dim=-1) @ F.normalize(self.vector_CE, dim=-1).T
        return self.log_scale.clamp(max=log(LARGEST_SCALE)).exp() * cosine_BC


class Step(NamedTuple):
    """What a step reads of B products. known: the texts as the starting encoder read them; leaves: of the model's own
    categories those whose answers are compared, as all of them would take most of the step.
    """

    image: Encoded
    text: Encoded
    known: Encoded
    paths: TreePaths
    leaves: Tensor


def step_losses(
    model: CatalogModel, start: CatalogModel, classes: LeafVectors, step: Step, weights: Weights
) -> dict[str, Tensor]:
    """Every weighted loss. start: the model as it was."""
    image, text, known = step.image, step.text, step.known
    read = {"image": image.present_B, "text": text.present_B, "both": image.present_B & text.present_B}
    parts: dict[str, list[Tensor]] = {"filed": [], "relation": [], "answers": []}
    for way in MODALITIES:
        if not read[way].any():
            continue
        ours = model.fuse_and_classify(image, text, way, step.leaves)
        with torch.no_grad():
            theirs = start.fuse_and_classify(image, known, way, step.leaves)
        paths = step.paths._replace(node_BL=step.paths.node_BL[read[way]])
        logits_BC = classes(ours.fused_BE[read[way]])
        parts["filed"].append(tree_cross_entropy(logits_BC, paths, SMOOTHING, UPPER))
        parts["relation"].append(relations_kept(ours.fused_BE, theirs.fused_BE, read[way], model.config.embedding_cuts))
        parts["answers"].append(answers_kept(ours, theirs, read[way]))
    losses = {name: getattr(weights, name) * torch.stack(found).mean() for name, found in parts.items()}
    moved_B = 1 - F.cosine_similarity(text.pooled_BD.float(), known.pooled_BD.float(), dim=-1)
    losses["pooled"] = weights.pooled * (moved_B * text.present_B).sum() / text.present_B.sum().clamp(min=1)
    return losses
