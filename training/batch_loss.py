"""What a batch costs: which of its products' modalities are read, and every loss of what the model makes of them."""

from collections.abc import Sequence

import torch
from torch import Tensor

from catalog.model.encoders import Encoded
from catalog.model.network import CatalogModel
from catalog.model.runtime import ModelOutputs, Runtime
from training.config import TrainConfig
from training.data.samples import Targets, TrainingBatch
from training.distillation import teach, teacher_loss
from training.losses import asymmetric_loss, attribute_cross_entropy, contrastive, tree_cross_entropy


def batch_losses(
    model: CatalogModel, drawn: TrainingBatch, config: TrainConfig, teacher: Runtime | None = None
) -> dict[str, Tensor]:
    """All losses of one batch, a mean over the ways in which its products are read."""
    encoded = drawn.encoded
    if encoded is None:
        assert drawn.inputs is not None
        encoded = model.encode(drawn.inputs)
    image, caption = encoded
    # Words that are only the label's caption teach the contrastive loss, never the rest.
    text = caption.keep(drawn.targets.given_B)
    readings = every_reading(image, text) if config.read_every_way else [modality_dropout(image, text, config)]
    taught: Sequence[ModelOutputs | None] = [None] * len(readings)
    if teacher is not None and drawn.shown is not None:
        taught = teach(teacher, drawn.shown, readings)
    parts = [
        reading_losses(model, *reading, encoded, drawn.targets, config, theirs)
        for reading, theirs in zip(readings, taught, strict=True)
    ]
    losses = {name: torch.stack([part[name].float() for part in parts]).mean() for name in parts[0]}
    return {"loss": torch.stack(list(losses.values())).sum(), **losses}


def reading_losses(
    model: CatalogModel,
    image: Encoded,
    text: Encoded,
    whole: tuple[Encoded, Encoded],
    targets: Targets,
    config: TrainConfig,
    taught: ModelOutputs | None = None,
) -> dict[str, Tensor]:
    """Losses of what is read off `image` and `text`, over the products that have anything left to read.

    whole: both modalities with nothing taken away; they are what the contrastive loss brings together. taught: what a
    teacher says of the same.
    """
    outputs = model.heads(model.fusion(image, text), *whole)
    read_B = image.present_B | text.present_B
    lesson = (
        {} if taught is None else {"teacher": config.teacher_weight * teacher_loss(outputs, taught, read_B, config)}
    )
    targets = targets.only(read_B)
    pair_B = whole[0].present_B & whole[1].present_B & read_B
    texts = targets.text_B[pair_B]
    same_BB = texts.unsqueeze(0) == texts.unsqueeze(1)
    image_BE, text_BE, fused_BE = outputs.image_BE[pair_B], outputs.text_BE[pair_B], outputs.fused_BE[pair_B]
    space = same_BB, model.heads.log_scale, model.config.embedding_cuts
    losses = {
        "category": config.category_weight
        * tree_cross_entropy(outputs.leaf_BC, targets.under_BLC, config.smoothing, config.upper_weight),
        "contrastive": config.contrastive_weight
        * (
            contrastive(image_BE, text_BE, *space)
            + 0.5 * contrastive(fused_BE, text_BE, *space)
            + 0.5 * contrastive(fused_BE, image_BE, *space)
        ),
    }
    # A merchant's own tree may have categories alone.
    if outputs.attributes:
        attributes = attribute_cross_entropy(outputs.attributes, targets.attributes, config.smoothing)
        losses["attributes"] = config.attribute_weight * attributes
    if outputs.tags_BG.shape[-1]:
        tags = asymmetric_loss(outputs.tags_BG, targets.tags_BG, targets.tags_known_B)
        losses["tags"] = config.tag_weight * tags
    return lesson | losses


def every_reading(image: Encoded, text: Encoded) -> list[tuple[Encoded, Encoded]]:
    """Each product by its image alone, by its words alone, and by both where it has both."""
    both_B, none_B = image.present_B & text.present_B, torch.zeros_like(image.present_B)
    return [(image, text.keep(none_B)), (image.keep(none_B), text), (image.keep(both_B), text.keep(both_B))]


def modality_dropout(image: Encoded, text: Encoded, config: TrainConfig) -> tuple[Encoded, Encoded]:
    """At random without a modality; where a product has both, at least one stays."""
    chance_B, other_B = torch.rand(2, len(image.present_B), device=image.present_B.device)
    drop_image_B = (chance_B > config.keep_image) & text.present_B
    drop_text_B = (other_B > config.keep_text) & image.present_B & ~drop_image_B
    return image.keep(~drop_image_B), text.keep(~drop_text_B)
