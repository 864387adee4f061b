"""A finished model that a smaller one learns from: what it says of a product is a label, too (Hinton et al. 2015)."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from catalog.arrays import Floats
from catalog.errors import ConfigInvalid
from catalog.model.encoders import Encoded
from catalog.model.folder import ModelFolder, open_model
from catalog.model.network import CatalogModel, Outputs
from catalog.model.preprocess import Batch
from catalog.model.runtime import ModelOutputs, Runtime
from catalog.taxonomy.tree import Taxonomy
from training.config import TrainConfig
from training.losses import divergence


def open_teacher(folder: Path, student: CatalogModel, taxonomy: Taxonomy) -> ModelFolder:
    """Raises ConfigInvalid when it does not answer what the student is asked, or whatever `open_model` raises."""
    teacher = open_model(folder)
    if asdict(teacher.taxonomy) != asdict(taxonomy):
        raise ConfigInvalid("The teacher knows another taxonomy.")
    if teacher.config.embedding_width != student.config.embedding_width:
        raise ConfigInvalid("The teacher has embeddings of another width.")
    return teacher


def teach(teacher: Runtime, shown: Batch, readings: Sequence[tuple[Encoded, Encoded]]) -> list[ModelOutputs]:
    """What it says of the products, each time with the modalities that a reading of them has.

    All readings are one batch, in which a product stands once for each: so its image and words are encoded once.
    """
    seen_BP, told_BP = (
        np.concatenate([modality.present_B.cpu().numpy() for modality in modalities])[:, None]
        for modalities in zip(*readings, strict=True)
    )
    images_BP, texts_BP = (np.tile(places_BP, (len(readings), 1)) for places_BP in (shown.images_BP, shown.texts_BP))
    batch = replace(shown, images_BP=np.where(seen_BP, images_BP, -1), texts_BP=np.where(told_BP, texts_BP, -1))
    answers, count = teacher.run(batch, False), len(shown.images_BP)
    return [cut(answers, slice(start, start + count)) for start in range(0, len(readings) * count, count)]


def cut(answers: ModelOutputs, rows: slice) -> ModelOutputs:
    """What is said of some of the products."""
    return ModelOutputs(
        leaf_BC=answers.leaf_BC[rows],
        tags_BG=answers.tags_BG[rows],
        attributes={name: logits_BV[rows] for name, logits_BV in answers.attributes.items()},
        embedding_BE=answers.embedding_BE[rows],
        image_BD=answers.image_BD[rows],
        text_BD=answers.text_BD[rows],
        evidence={},
    )


def teacher_loss(student: Outputs, teacher: ModelOutputs, read_B: Tensor, config: TrainConfig) -> Tensor:
    """How far the student's answers are from the teacher's, over the products that have anything left to read.

    Each kind of answer weighs what it does among the labels, and one less the embeddings' cosine weighs one.
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
