"""Losses as pure functions. Shapes: B products, C leaves, M nodes, L levels of the tree, G tags, E embedding
width.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class TreePaths(NamedTuple):
    """The paths of B labels. under_MC: bool, the leaves under each of the M nodes on them. node_BL: of each label the
    nodes by level, the label itself last; -1: padding, and at every level where there is no label.
    """

    under_MC: Tensor
    node_BL: Tensor

    def to(self, device: torch.device) -> "TreePaths":
        return TreePaths(self.under_MC.to(device), self.node_BL.to(device))


def tree_cross_entropy(leaf_BC: Tensor, paths: TreePaths, smoothing: float, upper_weight: float) -> Tensor:
    """Cross-entropy at every level of a product's path, -> mean over labelled products.

    The label weighs 1, each level above it `upper_weight`. A label may be an inner node: then its leaves share the
    probability as the model likes. `smoothing` as in Szegedy et al. 2016.
    """
    used_BL = paths.node_BL >= 0
    labelled_B = used_BL[:, -1]
    if not labelled_B.any():
        return leaf_BC.sum() * 0
    with torch.autocast(leaf_BC.device.type, enabled=False):
        log_BC = leaf_BC.float().log_softmax(-1)
        node_BM = log_BC.exp() @ paths.under_MC.float().T
        level_BL = -node_BM.clamp(min=1e-30).log().gather(1, paths.node_BL.clamp(min=0)).masked_fill(~used_BL, 0)
    weight_L = torch.full_like(level_BL[0], upper_weight)
    weight_L[-1] = 1
    product_B = (level_BL * weight_L).sum(-1)
    product_B = (1 - smoothing) * product_B - smoothing * log_BC.mean(-1)
    return product_B[labelled_B].mean()


def attribute_cross_entropy(logits: dict[str, Tensor], labels: dict[str, Tensor], smoothing: float) -> Tensor:
    """Sum over attributes of the mean cross-entropy; a label of -1 means not known. There must be an attribute."""
    total = torch.stack([logits_BV.float().sum() * 0 for logits_BV in logits.values()]).sum()
    for name, logits_BV in logits.items():
        if (labels[name] >= 0).any():
            total = total + F.cross_entropy(logits_BV.float(), labels[name], ignore_index=-1, label_smoothing=smoothing)
    return total


def asymmetric_loss(
    logits_BG: Tensor, labels_BG: Tensor, known_B: Tensor, focus: float = 4, margin: float = 0.05
) -> Tensor:
    """Asymmetric loss for tags (Ridnik et al. 2021): easy negatives count less. `focus` 0 and `margin` 0 give BCE."""
    if not known_B.any():
        return logits_BG.sum() * 0
    p_BG = logits_BG[known_B].float().sigmoid()
    y_BG = labels_BG[known_B]
    shifted_BG = (p_BG - margin).clamp(min=0)
    positive_BG = y_BG * p_BG.clamp(min=1e-6).log()
    negative_BG = (1 - y_BG) * shifted_BG.pow(focus) * (1 - shifted_BG).clamp(min=1e-6).log()
    return -(positive_BG + negative_BG).sum(-1).mean()


def contrastive(a_BE: Tensor, b_BE: Tensor, same_BB: Tensor, log_scale: Tensor, cuts: Sequence[int]) -> Tensor:
    """Symmetric InfoNCE (Radford et al. 2021), averaged over the Matryoshka cuts (Kusupati et al. 2022).

    same_BB: bool, True where both products have the same text: all of them are positives.
    """
    if len(a_BE) < 2:
        return (a_BE.sum() + b_BE.sum()) * 0
    target_BB = same_BB.float() / same_BB.sum(-1, keepdim=True)
    scale = log_scale.clamp(max=4.6).exp()
    total = a_BE.sum() * 0
    with torch.autocast(a_BE.device.type, enabled=False):  # bfloat16 is too coarse for cosines times 100
        for cut in cuts:
            logits_BB = scale * F.normalize(a_BE[:, :cut], dim=-1) @ F.normalize(b_BE[:, :cut], dim=-1).T
            total = total + F.cross_entropy(logits_BB, target_BB) + F.cross_entropy(logits_BB.T, target_BB.T)
    return total / (2 * len(cuts))


def divergence(logits_BV: Tensor, taught_BV: Tensor, temperature: float) -> Tensor:
    """Kullback-Leibler divergence from what a teacher says, both softened by `temperature`, times its square, so that
    gradients keep their size (Hinton et al. 2015). -> mean over products, of which there is at least one.
    """
    ours_BV, theirs_BV = ((each.float() / temperature).log_softmax(-1) for each in (logits_BV, taught_BV))
    return temperature**2 * F.kl_div(ours_BV, theirs_BV, log_target=True, reduction="batchmean")


def relation(ours_BE: Tensor, theirs_BB: Tensor, known_BB: Tensor, cuts: Sequence[int]) -> Tensor:
    """Relational distillation (Park et al. 2019): mean squared difference of cosines, averaged over the cuts.

    theirs_BB: the cosines to be kept; known_BB: bool, the pairs that count.
    """
    if not known_BB.any():
        return ours_BE.sum() * 0
    total = ours_BE.sum() * 0
    with torch.autocast(ours_BE.device.type, enabled=False):
        for cut in cuts:
            unit_BE = F.normalize(ours_BE[:, :cut].float(), dim=-1)
            total = total + (unit_BE @ unit_BE.T - theirs_BB)[known_BB].pow(2).mean()
    return total / len(cuts)
