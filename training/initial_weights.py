"""The initial model of a run: pretrained encoders, or those of an earlier run."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from timm.data import ImageNetInfo
from torch import Tensor, nn

from catalog.errors import ConfigInvalid
from catalog.model.checkpoint import Checkpoint, load_model
from catalog.model.config import ImageEncoderConfig, ModelConfig
from catalog.model.encoders import ImageEncoder, TextEncoder
from catalog.model.network import CatalogModel, Projection
from catalog.model.tokenizer import Tokenizer
from catalog.taxonomy.tree import SEPARATOR, Taxonomy
from training.config import TrainConfig
from training.data.text_vectors import cached_vectors, centre, read_texts
from training.pruning import kept_tokens, lowest_layers, narrowed, shortened

APART = 3 / 8  # of the embedding's width
PROJECTIONS = ("image_embedding", "text_embedding")
PROJECTION = "projection.safetensors"  # of a folder of a text encoder that was taught with its projection
NO_WEIGHTS = "[start] names weights that are neither in a local folder nor on the hub."


def starting_model(
    config: TrainConfig, taxonomy: Taxonomy, texts: Iterable[str] = ()
) -> tuple[CatalogModel, Tokenizer]:
    """texts: of the training products, for the vocabulary. Raises ConfigInvalid if [start] names no usable encoders."""
    start = config.start
    if not start.model and not (start.text and (start.image or start.stem)):
        raise ConfigInvalid("[start] needs `model`, or `text` with `image` or `stem`.")
    if start.text and start.keep_fusion:
        raise ConfigInvalid("[start] keep_fusion: the fusion was trained with another text encoder than `text`.")
    earlier = load_model(Path(start.model)) if start.model else None
    if earlier:
        average_encoders(earlier.model, [load_model(Path(folder)).model for folder in start.average])
    image = earlier.model.image_encoder if earlier else starting_image(config)
    text, tokenizer = starting_text(config, taxonomy, earlier)
    if start.text and image.stem is not None:
        image = with_class_names(image, class_names(text, tokenizer, image.stem.net.num_classes))
    if start.text_options:
        text, tokenizer = small_text(config, text, tokenizer, taxonomy, texts)
    model = CatalogModel(model_config(config, image, text, earlier), taxonomy, image, text)
    if model.heads.names is not None:
        nn.init.zeros_(model.heads.category.weight)
        model.heads.names.read_CF.copy_(category_names(text, tokenizer, taxonomy, config.cache("vectors")))
    if earlier and start.keep_fusion:
        return keep_fusion(earlier.model, model), tokenizer
    if start.principal:
        start_from_principal_directions(model)
    elif earlier:
        # The projections into the shared space belong to the encoders, not to the fusion: they are kept.
        keep_projections(earlier.model, model, ["image_embedding"] if start.text else list(PROJECTIONS))
    take_projection(model, start.text)
    return model, tokenizer


def starting_text(config: TrainConfig, taxonomy: Taxonomy, earlier: Checkpoint | None) -> tuple[TextEncoder, Tokenizer]:
    start = config.start
    if not start.text:
        assert earlier is not None
        return lowest_layers(earlier.model.text_encoder, start.text_layers), earlier.tokenizer
    try:
        text = lowest_layers(TextEncoder.from_pretrained(start.text), start.text_layers)
        tokenizer = Tokenizer.from_pretrained(start.text, text.config.max_tokens, text.config.prefix)
    except OSError:
        raise ConfigInvalid(NO_WEIGHTS) from None
    if start.principal:
        centre(text, tokenizer, [leaf.label for leaf in taxonomy.leaves])
    return text, tokenizer


def small_text(
    config: TrainConfig, text: TextEncoder, tokenizer: Tokenizer, taxonomy: Taxonomy, texts: Iterable[str]
) -> tuple[TextEncoder, Tokenizer]:
    names = (name for node in taxonomy.nodes for name in (node.label, *node.synonyms))
    kept = kept_tokens(tokenizer, config.start.vocabulary, [*texts, *names])
    return narrowed(text, kept, config.start.text_options), shortened(tokenizer, kept)


def starting_image(config: TrainConfig) -> ImageEncoder:
    start = config.start
    try:
        return ImageEncoder.from_pretrained(start.image) if start.image else hybrid_encoder(config)
    except OSError:
        raise ConfigInvalid(NO_WEIGHTS) from None


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


def keep_projections(earlier: CatalogModel, model: CatalogModel, names: Sequence[str]) -> None:
    for name in names:
        model.heads.get_submodule(name).load_state_dict(earlier.heads.get_submodule(name).state_dict())
    model.heads.log_scale.data.copy_(earlier.heads.log_scale)


def take_projection(model: CatalogModel, text: str) -> None:
    """Let texts be embedded as their encoder was taught, if its folder says how. Raises ConfigInvalid if it cannot."""
    path = Path(text, PROJECTION)
    if not text or not path.is_file():
        return
    try:
        model.heads.text_embedding.load_state_dict(load_file(path))
    except (RuntimeError, SafetensorError):
        raise ConfigInvalid(f"[start] text: its {PROJECTION} does not fit the model.") from None


def keep_fusion(earlier: CatalogModel, model: CatalogModel) -> CatalogModel:
    """`model` with all weights of `earlier`. Raises ConfigInvalid if its fusion has another shape."""
    try:
        model.load_state_dict(earlier.state_dict())
    except RuntimeError:
        raise ConfigInvalid("[start] keep_fusion: the model has another fusion, width, depth or taxonomy.") from None
    return model


def model_config(
    config: TrainConfig, image: ImageEncoder, text: TextEncoder, earlier: Checkpoint | None
) -> ModelConfig:
    """Embeddings stay as wide as those of the earlier model."""
    shape = (config.fusion, config.width, config.depth, config.heads, config.dropout)
    found = ModelConfig(
        image.config,
        text.config,
        *shape,
        residual_embedding=config.residual_embedding,
        max_added=config.max_added,
        open_head=config.open_head,
        examples_weighed=config.examples_weighed,
    )
    if earlier is None:
        return found
    width, cuts = earlier.config.embedding_width, earlier.config.embedding_cuts
    return replace(found, embedding_width=width, embedding_cuts=cuts)


def hybrid_encoder(config: TrainConfig) -> ImageEncoder:
    """A ViT with new blocks on a pretrained CNN stem."""
    start = config.start
    shape = ImageEncoderConfig(
        architecture="vit_small_patch16_224",
        stem=start.stem,
        options=start.image_options,
        size=start.size,
        mean=start.mean,
        std=start.std,
        crop=start.crop,
        shared_stages=start.shared_stages,
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


def with_class_names(image: ImageEncoder, names_KE: Tensor) -> ImageEncoder:
    """The same encoder, whose stem knows its classes' names."""
    named = ImageEncoder(replace(image.config, name_width=names_KE.shape[1]))
    named.load_state_dict(image.state_dict() | {"stem.names_KE": names_KE})
    return named


@torch.inference_mode()
def class_names(text: TextEncoder, tokenizer: Tokenizer, count: int) -> Tensor:
    """The text encoder's vectors of ImageNet's classes, which timm knows, about their mean, (count, D).

    A class's is the mean of its first name's, and of its name's with its definition in WordNet.
    """
    info = ImageNetInfo()
    names = [info.index_to_description(number).split(",")[0] for number in range(count)]
    whole = [info.index_to_description(number, detailed=True).partition(": ") for number in range(count)]
    vectors = torch.zeros(count, text.widths.pooled)
    for texts in (names, [f"{name}: {definition}" for name, (_, _, definition) in zip(names, whole, strict=True)]):
        found_KD = read_texts(texts, text, tokenizer).float()
        vectors += F.normalize(found_KD - found_KD.mean(0), dim=-1)
    return vectors / 2


def category_names(text: TextEncoder, tokenizer: Tokenizer, taxonomy: Taxonomy, cache: Path) -> Tensor:
    """The text encoder's vectors of the leaves' names, (C, D): the mean over a leaf's names and paths, each of unit
    length, in all languages that the tree has. cache: see `cached_vectors`.
    """
    names = [
        dict.fromkeys((leaf.label, leaf.label_zh, SEPARATOR.join(taxonomy.path(leaf.id)), *leaf.synonyms))
        for leaf in taxonomy.leaves
    ]
    every = list(dict.fromkeys(name for each in names for name in each))
    vectors = F.normalize(torch.from_numpy(cached_vectors(every, text, tokenizer, cache)).float(), dim=-1)
    place = {name: number for number, name in enumerate(every)}
    return torch.stack([vectors[[place[name] for name in each]].mean(0) for each in names])


@torch.no_grad()
def start_from_principal_directions(model: CatalogModel) -> None:
    """Let the fused embedding start as what frozen encoders say, of which 256 directions hold nearly all.

    Of an image, the directions in which the classes of its stem differ; of a text, those of the categories' names, the
    most telling first. The image's lie APART further on: where both tell much, the one is noise to the other.

    Raises ConfigInvalid for a model that has neither.
    """
    heads, stem = model.heads, model.image_encoder.stem
    if stem is None or heads.names is None or not heads.residual:
        raise ConfigInvalid("[start] principal needs shared stages, an open head and a residual embedding.")
    features = slice(model.image_encoder.pretrained.start, model.image_encoder.named.start)
    project_along(heads.image_embedding, stem.net.get_classifier().weight, features)
    image_ED = heads.image_embedding.linear.weight
    image_ED.copy_(image_ED.roll(int(APART * len(image_ED)), 0))
    project_along(heads.text_embedding, heads.names.read_CF, slice(None))
    nn.init.zeros_(heads.embedding.weight)
    nn.init.zeros_(heads.embedding.bias)


def project_along(projection: Projection, vectors_ND: Tensor, columns: slice) -> None:
    """Onto the principal directions of the vectors, in those columns of what is projected; the others add nothing."""
    for part in (projection.linear, projection.correction[-1]):
        for parameter in part.parameters():
            nn.init.zeros_(parameter)
    _, _, directions_DD = torch.linalg.svd(vectors_ND - vectors_ND.mean(0), full_matrices=False)
    kept_ED = directions_DD[: projection.linear.out_features]
    projection.linear.weight[: len(kept_ED), columns] = kept_ED / kept_ED.shape[1] ** 0.5
