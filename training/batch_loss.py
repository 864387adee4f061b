"""The loss of a batch: modality dropout, then all losses on the model's outputs."""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from catalog.model.encoders import Encoded
from catalog.model.network import CatalogModel, Outputs, empty_encoding
from catalog.model.runtime import ModelOutputs, Runtime
from training.config import TrainConfig
from training.data.samples import CorpusBatch, TrainingBatch
from training.data.targets import Targets
from training.distillation import cached_outputs, teacher_loss, teacher_outputs
from training.losses import (
    TreePaths,
    asymmetric_loss,
    attribute_cross_entropy,
    contrastive,
    relation,
    tree_cross_entropy,
)

TEXT_WEIGHT = 2.0  # of a text beside an image, where the relations of both are kept
# Image and text of a batch, as encoded.
Pair = tuple[Encoded, Encoded]
# Reads each sample itself, or answers from what its encoders have read.
Teacher = Runtime | CatalogModel


def batch_losses(
    model: CatalogModel, batch: TrainingBatch, config: TrainConfig, teacher: Teacher | None = None
) -> dict[str, Tensor]:
    """Every weighted loss, scalars, and their sum "loss"; each a mean over the subsets of modalities that are read."""
    encoded = batch.encoded
    if encoded is None:
        assert batch.inputs is not None
        encoded = model.encode(batch.inputs)
    image, caption = encoded
    # A synthetic caption gives the label away: it is for the contrastive loss alone.
    text = caption.keep(batch.targets.given_B)
    subsets = modality_subsets(image, text) if config.all_modality_subsets else [modality_dropout(image, text, config)]
    leaves = [draw_leaves(batch.targets.paths, config.leaves_drawn) for _ in subsets]
    taught: list[ModelOutputs | None] = [None] * len(subsets)
    if isinstance(teacher, CatalogModel):
        assert batch.taught is not None
        taught = [
            cached_outputs(teacher, batch.taught, subset, drawn.leaves)
            for subset, drawn in zip(subsets, leaves, strict=True)
        ]
    elif teacher is not None and batch.for_teacher is not None:
        taught = [*teacher_outputs(teacher, batch.for_teacher, subsets)]
    outputs = [
        model.heads(model.fusion(*subset), *subset, drawn.leaves) for subset, drawn in zip(subsets, leaves, strict=True)
    ]
    parts = [
        subset_losses(model, said, subset, encoded, batch.targets, config, drawn, theirs)
        for said, subset, drawn, theirs in zip(outputs, subsets, leaves, taught, strict=True)
    ]
    losses = {name: torch.stack([part[name].float() for part in parts]).mean() for name in parts[0]}
    if config.all_modality_subsets and config.search_weight:
        losses["search"] = config.search_weight * search_loss(model, outputs[0], outputs[1], batch.targets, image, text)
    if batch.corpus is not None:
        losses |= corpus_losses(model, batch.corpus, config)
    return {"loss": torch.stack(list(losses.values())).sum(), **losses}


def subset_losses(
    model: CatalogModel,
    outputs: Outputs,
    subset: Pair,
    full: Pair,
    targets: Targets,
    config: TrainConfig,
    drawn: "Drawn",
    taught: ModelOutputs | None = None,
) -> dict[str, Tensor]:
    """The losses of one subset of modalities, over the products that still have a modality.

    outputs: of the subset. full: both modalities, none dropped, for the contrastive loss. drawn: the leaves that are
    scored. taught: the teacher's outputs for the same subset and leaves.
    """
    image, text = subset
    read_B = image.present_B | text.present_B
    losses = {}
    if taught is not None:
        losses["teacher"] = config.teacher_weight * teacher_loss(outputs, taught, read_B, config)
    if config.relation_weight:
        kept = relation(outputs.fused_BE, *known_cosines(model, image, text), model.config.embedding_cuts)
        losses["relation"] = config.relation_weight * kept
    targets = targets.only(read_B)
    paths = drawn.of(targets.paths)
    category = tree_cross_entropy(outputs.leaf_BC + drawn.weight_S, paths, config.smoothing, config.upper_weight)
    losses["category"] = config.category_weight * category
    pair_B = full[0].present_B & full[1].present_B & read_B
    losses["contrastive"] = config.contrastive_weight * contrastive_losses(model, outputs, targets, pair_B)
    # A merchant's own tree may have neither attributes nor tags.
    if outputs.attributes:
        attributes = attribute_cross_entropy(outputs.attributes, targets.attributes, config.smoothing)
        losses["attributes"] = config.attribute_weight * attributes
    if outputs.tags_BG.shape[-1]:
        tags = asymmetric_loss(outputs.tags_BG, targets.tags_BG, targets.tags_known_B)
        losses["tags"] = config.tag_weight * tags
    return losses


def contrastive_losses(model: CatalogModel, outputs: Outputs, targets: Targets, pair_B: Tensor) -> Tensor:
    """Image to text, and half as much the fused vector to each, over the products with both modalities (`pair_B`)."""
    texts = targets.text_B[pair_B]
    same_BB = texts.unsqueeze(0) == texts.unsqueeze(1)
    image_BE, text_BE, fused_BE = outputs.image_BE[pair_B], outputs.text_BE[pair_B], outputs.fused_BE[pair_B]
    space = same_BB, model.heads.log_scale, model.config.embedding_cuts
    return (
        contrastive(image_BE, text_BE, *space)
        + 0.5 * contrastive(fused_BE, text_BE, *space)
        + 0.5 * contrastive(fused_BE, image_BE, *space)
    )


def search_loss(
    model: CatalogModel, by_image: Outputs, by_text: Outputs, targets: Targets, image: Encoded, text: Encoded
) -> Tensor:
    """Contrastive, between what a search compares: the fused vectors of an image alone and of its text alone."""
    pair_B = image.present_B & text.present_B
    texts = targets.text_B[pair_B]
    same_BB = texts.unsqueeze(0) == texts.unsqueeze(1)
    vectors = by_image.fused_BE[pair_B], by_text.fused_BE[pair_B]
    return contrastive(*vectors, same_BB, model.heads.log_scale, model.config.embedding_cuts)


@torch.no_grad()
def known_cosines(model: CatalogModel, image: Encoded, text: Encoded) -> tuple[Tensor, Tensor]:
    """Cosines (B, B) of the encoders' own vectors, and which pairs have the same modalities.

    Of a text, its vector; of an image, half each what the stem knew of it before training and its classes' names, about
    the batch's mean. Of both, two thirds are the text's: of other shops' products it tells more.
    """
    known, named = model.image_encoder.pretrained, model.image_encoder.named
    columns = [slice(known.start, named.start), named] if named.start < named.stop else [known]
    if known.start == known.stop:
        columns = [slice(None)]
    parts = [(image.pooled_BD[:, part].float(), image.present_B, 1 / len(columns)) for part in columns]
    weighted = [
        (F.normalize(about_mean(part_BF, present_B), dim=-1), present_B, weight) for part_BF, present_B, weight in parts
    ]
    weighted.append((F.normalize(text.pooled_BD.float(), dim=-1), text.present_B, TEXT_WEIGHT))
    joint_BF = torch.cat([unit_BF * present_B.unsqueeze(-1) * w**0.5 for unit_BF, present_B, w in weighted], 1)
    joint_BF = F.normalize(joint_BF, dim=-1)
    read_B = image.present_B | text.present_B
    same_BB = read_B & read_B.unsqueeze(1)
    for present_B in (image.present_B, text.present_B):
        same_BB &= present_B.unsqueeze(0) == present_B.unsqueeze(1)
    return joint_BF @ joint_BF.T, same_BB


def about_mean(rows_BF: Tensor, present_B: Tensor) -> Tensor:
    return rows_BF - rows_BF[present_B].mean(0) if present_B.any() else rows_BF


class Drawn(NamedTuple):
    """The leaves that a step scores; None: all. weight_S: the logarithm of how many leaves each stands for."""

    leaves: Tensor | None
    weight_S: Tensor

    def of(self, paths: TreePaths) -> TreePaths:
        return paths if self.leaves is None else paths._replace(under_MC=paths.under_MC[:, self.leaves])


def draw_leaves(paths: TreePaths, count: int) -> Drawn:
    """One leaf below each node of the labels, and `count` of the others, as in a sampled softmax (Jean et al. 2015)."""
    device, leaves = paths.under_MC.device, paths.under_MC.shape[1]
    if not count or count >= leaves:
        return Drawn(None, torch.zeros(1, device=device))
    chance_MC = torch.rand(leaves, device=device) * paths.under_MC
    needed_C = torch.zeros(leaves, dtype=torch.bool, device=device)
    needed_C[chance_MC.argmax(1)] = True
    others = torch.nonzero(~needed_C)[:, 0]
    drawn = others[torch.randperm(len(others), device=device)[:count]]
    needed = torch.nonzero(needed_C)[:, 0]
    weight_S = torch.zeros(len(needed) + len(drawn), device=device)
    if len(drawn):
        weight_S[len(needed) :] = math.log(len(others) / len(drawn))
    return Drawn(torch.cat([needed, drawn]), weight_S)


def corpus_losses(model: CatalogModel, texts: CorpusBatch, config: TrainConfig) -> dict[str, Tensor]:
    """Of texts without products: their relations are kept, categories known, translations and queries find theirs."""
    present_B = torch.ones_like(texts.pooled_BD[:, 0], dtype=torch.bool)
    text = Encoded(texts.pooled_BD.unsqueeze(1), present_B.unsqueeze(1), texts.pooled_BD, present_B)
    nowhere_BP = torch.full_like(present_B, -1, dtype=torch.long).unsqueeze(1)
    image = Encoded.scatter(*empty_encoding(model.image_encoder.widths, nowhere_BP.device), nowhere_BP)
    drawn = draw_leaves(texts.paths, config.leaves_drawn)
    outputs = model.heads(model.fusion(image, text), image, text, drawn.leaves)
    fused_BE, cuts = outputs.fused_BE, model.config.embedding_cuts
    kept = relation(fused_BE, *known_cosines(model, image, text), cuts)
    paths = drawn.of(texts.paths)
    named = tree_cross_entropy(outputs.leaf_BC + drawn.weight_S, paths, config.smoothing, config.upper_weight)
    losses = {
        "texts": config.corpus_weight * config.relation_weight * kept,
        "named": config.corpus_weight * config.category_weight * named,
    }
    for name, (asking_B, asked_B, number_B) in texts.pairs.items():
        same_BB = number_B.unsqueeze(0) == number_B.unsqueeze(1)
        found = contrastive(fused_BE[asking_B], fused_BE[asked_B], same_BB, model.heads.log_scale, cuts)
        losses[name] = config.corpus_weight * config.contrastive_weight * found
    return losses


def modality_subsets(image: Encoded, text: Encoded) -> list[Pair]:
    """Image alone, text alone, and both where a product has both."""
    both_B, none_B = image.present_B & text.present_B, torch.zeros_like(image.present_B)
    return [(image, text.keep(none_B)), (image.keep(none_B), text), (image.keep(both_B), text.keep(both_B))]


def modality_dropout(image: Encoded, text: Encoded, config: TrainConfig) -> Pair:
    """Drop modalities at random; of a product that has both, at least one stays."""
    chance_B, other_B = torch.rand(2, len(image.present_B), device=image.present_B.device)
    drop_image_B = (chance_B > config.keep_image) & text.present_B
    drop_text_B = (other_B > config.keep_text) & image.present_B & ~drop_image_B
    return image.keep(~drop_image_B), text.keep(~drop_text_B)
