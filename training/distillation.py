"""Distillation: a smaller model also learns the outputs of a trained one (Hinton et al. 2015)."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from catalog.arrays import Floats
from catalog.errors import ConfigInvalid
from catalog.model.checkpoint import load_model
from catalog.model.encoders import Encoded
from catalog.model.folder import ModelFolder, open_model
from catalog.model.network import CatalogModel, Outputs
from catalog.model.preprocess import Batch
from catalog.model.runtime import ModelOutputs, Runtime
from catalog.model.runtime.pytorch import as_array
from catalog.taxonomy.tree import Taxonomy
from training.config import TrainConfig
from training.device import best_device
from training.losses import divergence

Pair = tuple[Encoded, Encoded]


def open_teacher(config: TrainConfig, student: CatalogModel, taxonomy: Taxonomy) -> ModelFolder:
    """In PyTorch where its features are cached: then a step computes only its fusion and heads.

    Raises ConfigInvalid if its taxonomy or embedding width is not the student's, or whatever `open_model` raises.
    """
    teacher = open_model(Path(config.teacher))
    if asdict(teacher.taxonomy) != asdict(taxonomy):
        raise ConfigInvalid("The teacher has a different taxonomy.")
    if teacher.config.embedding_width != student.config.embedding_width:
        raise ConfigInvalid("The teacher's embeddings have a different width.")
    if not config.cache_views:
        return teacher
    loaded = load_model(teacher.path)
    loaded.model.requires_grad_(False).to(best_device())
    return loaded


def teacher_outputs(teacher: Runtime, batch: Batch, subsets: Sequence[Pair]) -> list[ModelOutputs]:
    """The teacher's outputs for each subset of the batch's modalities.

    All subsets go in as one batch that repeats each product, so that the teacher encodes each image and text once.
    """
    has_image_B1, has_text_B1 = (
        np.concatenate([modality.present_B.cpu().numpy() for modality in modalities])[:, None]
        for modalities in zip(*subsets, strict=True)
    )
    images_BP, texts_BP = (np.tile(index_BP, (len(subsets), 1)) for index_BP in (batch.images_BP, batch.texts_BP))
    images_BP, texts_BP = np.where(has_image_B1, images_BP, -1), np.where(has_text_B1, texts_BP, -1)
    outputs, count = teacher.run(replace(batch, images_BP=images_BP, texts_BP=texts_BP), False), len(batch.images_BP)
    return [select(outputs, slice(start, start + count)) for start in range(0, len(subsets) * count, count)]


@torch.no_grad()
def cached_outputs(teacher: CatalogModel, read: Pair, subset: Pair, leaves: Tensor | None) -> ModelOutputs:
    """The teacher's outputs for the same modalities as `subset`. read: what its encoders have read; leaves: see
    `catalog.model.network.Heads`.
    """
    image, text = (theirs.keep(ours.present_B) for theirs, ours in zip(read, subset, strict=True))
    outputs = teacher.eval().heads(teacher.fusion(image, text), image, text, leaves)

    return ModelOutputs(
        leaf_BC=as_array(outputs.leaf_BC),
        tags_BG=as_array(outputs.tags_BG),
        attributes={name: as_array(logits_BV) for name, logits_BV in outputs.attributes.items()},
        embedding_BE=as_array(outputs.fused_BE),
        image_BD=as_array(image.pooled_BD),
        text_BD=as_array(text.pooled_BD),
        evidence={},
    )


def select(outputs: ModelOutputs, rows: slice) -> ModelOutputs:
    """The outputs of some of the products, without evidence."""
    return ModelOutputs(
        leaf_BC=outputs.leaf_BC[rows],
        tags_BG=outputs.tags_BG[rows],
        attributes={name: logits_BV[rows] for name, logits_BV in outputs.attributes.items()},
        embedding_BE=outputs.embedding_BE[rows],
        image_BD=outputs.image_BD[rows],
        text_BD=outputs.text_BD[rows],
        evidence={},
    )


def teacher_loss(student: Outputs, teacher: ModelOutputs, read_B: Tensor, config: TrainConfig) -> Tensor:
    """Divergence of the student's outputs from the teacher's, over the products that still have a modality (`read_B`).

    Category, attributes and tags have the weights of the label losses; one minus the embeddings' cosine has weight 1.
    """
    if not read_B.any():
        return student.leaf_BC.sum() * 0

    def both(ours_BV: Tensor, theirs_BV: Floats) -> tuple[Tensor, Tensor]:
        return ours_BV[read_B].float(), torch.from_numpy(theirs_BV).to(read_B.device)[read_B]

    attributes = [both(student.attributes[name], theirs_BV) for name, theirs_BV in teacher.attributes.items()]
    tags_BG, taught_BG = both(student.tags_BG, teacher.tags_BG)
    tags = F.binary_cross_entropy_with_logits(tags_BG, taught_BG.sigmoid(), reduction="none").sum(-1).mean()
    embedding_BE, taught_BE = both(student.fused_BE, teacher.embedding_BE)
    total = 1 - (embedding_BE * taught_BE).sum(-1).mean() + config.tag_weight * tags
    total = total + config.category_weight * divergence(*both(student.leaf_BC, teacher.leaf_BC), config.temperature)
    for pair in attributes:
        total = total + config.attribute_weight * divergence(*pair, config.temperature)
    return total
