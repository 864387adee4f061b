"""The initial model of a run: pretrained encoders, or those of an earlier run."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from timm.data import ImageNetInfo
from torch import Tensor

from catalog.errors import ConfigInvalid
from catalog.model.checkpoint import load_model
from catalog.model.config import ImageEncoderConfig, ModelConfig
from catalog.model.encoders import ImageEncoder, TextEncoder
from catalog.model.network import CatalogModel
from catalog.model.tokenizer import Tokenizer
from catalog.taxonomy.tree import Taxonomy
from training.config import TrainConfig
from training.pruning import kept_tokens, lowest_layers, narrowed, shortened


def starting_model(
    config: TrainConfig, taxonomy: Taxonomy, texts: Iterable[str] = ()
) -> tuple[CatalogModel, Tokenizer]:
    """texts: of the training products, for the vocabulary. Raises ConfigInvalid if [start] names no usable encoders."""
    start = config.start
    if start.model:
        earlier = load_model(Path(start.model))
        average_encoders(earlier.model, [load_model(Path(folder)).model for folder in start.average])
        image, tokenizer = earlier.model.image_encoder, earlier.tokenizer
        text = lowest_layers(earlier.model.text_encoder, start.text_layers)
        width, cuts = earlier.model.config.embedding_width, earlier.model.config.embedding_cuts
        shape = replace(model_config(config, image, text), embedding_width=width, embedding_cuts=cuts)
        model = CatalogModel(shape, taxonomy, image, text)
        if start.keep_fusion:
            return keep_fusion(earlier.model, model), tokenizer
        # The projections into the shared space belong to the encoders, not to the fusion: they are kept.
        model.heads.image_embedding.load_state_dict(earlier.model.heads.image_embedding.state_dict())
        model.heads.text_embedding.load_state_dict(earlier.model.heads.text_embedding.state_dict())
        model.heads.log_scale.data.copy_(earlier.model.heads.log_scale)
        return model, tokenizer
    if not start.text or not (start.image or start.stem):
        raise ConfigInvalid("[start] needs `model`, or `text` with `image` or `stem`.")
    try:
        text = lowest_layers(TextEncoder.from_pretrained(start.text), start.text_layers)
        image = ImageEncoder.from_pretrained(start.image) if start.image else hybrid_encoder(config, text.widths.pooled)
        tokenizer = Tokenizer.from_pretrained(start.text, text.config.max_tokens, text.config.prefix)
    except OSError:
        raise ConfigInvalid("[start] names weights that are neither in a local folder nor on the hub.") from None
    if image.stem is not None and image.config.name_width:
        image.stem.names_KE.copy_(class_names(text, tokenizer, image.stem.net.num_classes))
    if start.text_options:
        names = (name for node in taxonomy.nodes for name in (node.label, *node.synonyms))
        kept = kept_tokens(tokenizer, start.vocabulary, [*texts, *names])
        text, tokenizer = narrowed(text, kept, start.text_options), shortened(tokenizer, kept)
    return CatalogModel(model_config(config, image, text), taxonomy, image, text), tokenizer


def average_encoders(model: CatalogModel, others: Sequence[CatalogModel]) -> None:
    """Set both encoders to the mean of all models' weights. Raises ConfigInvalid if their shapes differ."""
    for name in ("image_encoder", "text_encoder"):
        states = [each.get_submodule(name).state_dict() for each in (model, *others)]
        shapes = [{key: value.shape for key, value in state.items()} for state in states]
        if any(shape != shapes[0] for shape in shapes):
            raise ConfigInvalid("[start] average: the models have encoders of different kinds.")
        for key, value in states[0].items():
            if value.is_floating_point():
                value.copy_(torch.stack([state[key] for state in states]).mean(0))


def keep_fusion(earlier: CatalogModel, model: CatalogModel) -> CatalogModel:
    """`model` with all weights of `earlier`. Raises ConfigInvalid if its fusion has another shape."""
    try:
        model.load_state_dict(earlier.state_dict())
    except RuntimeError:
        raise ConfigInvalid("[start] keep_fusion: the model has another fusion, width, depth or taxonomy.") from None
    return model


def model_config(config: TrainConfig, image: ImageEncoder, text: TextEncoder) -> ModelConfig:
    shape = (config.fusion, config.width, config.depth, config.heads, config.dropout)
    return ModelConfig(image.config, text.config, *shape, residual_embedding=config.residual_embedding)


def hybrid_encoder(config: TrainConfig, name_width: int) -> ImageEncoder:
    """A ViT with new blocks on a pretrained CNN stem. name_width: of the class names' vectors, for a shared stem."""
    start = config.start
    shape = ImageEncoderConfig(
        "vit_small_patch16_224",
        start.stem,
        start.image_options,
        start.size,
        start.mean,
        start.std,
        start.shared_stages,
        name_width if start.shared_stages else 0,
    )
    try:
        encoder = ImageEncoder(shape)
        if start.stem_weights:
            load_stem(encoder, load_file(start.stem_weights))
    except (AssertionError, RuntimeError, TypeError, SafetensorError):
        raise ConfigInvalid("[start] stem, stem_weights and image_options do not fit together.") from None
    return encoder


def load_stem(encoder: ImageEncoder, weights: dict[str, Tensor]) -> None:
    """weights: of the whole CNN with its classifier, which only a shared stem has."""
    backbone = encoder.vit.patch_embed.backbone
    if encoder.stem is None:
        backbone.load_state_dict({k: v for k, v in weights.items() if not k.startswith("classifier.")}, strict=True)
    else:
        encoder.stem.net.load_state_dict(weights, strict=True)
        backbone.load_state_dict(encoder.stem.trainable_upper().state_dict(), strict=True)


@torch.inference_mode()
def class_names(text: TextEncoder, tokenizer: Tokenizer, count: int) -> Tensor:
    """The text encoder's vectors of the names of ImageNet's classes, which timm knows, (count, D)."""
    names = [ImageNetInfo().index_to_description(number) for number in range(count)]
    rows = []
    for ids in tokenizer(names):
        ids_1T = torch.tensor([ids])
        rows.append(text.eval()(ids_1T, torch.ones_like(ids_1T, dtype=torch.bool))[1])
    return torch.cat(rows)
