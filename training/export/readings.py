"""Outputs of a model folder for labelled products, by image, by text, and by both."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np

from catalog.arrays import MODALITIES, Floats, Modalities
from catalog.model.folder import ModelFolder
from catalog.model.preprocess import Batch, Prepared, collate
from catalog.model.runtime import ModelOutputs, Runtime
from catalog.taxonomy.tree import Taxonomy
from training.data.manifests import LabelledProduct
from training.data.masking import mask_values
from training.evaluation.predict import named_leaves, read_batches


class Reading(NamedTuple):
    """Logits and unit embeddings of N products, as of `catalog.model.runtime.ModelOutputs`.

    names_NC: leaf logits by the names alone; without an open head those of the head.
    """

    leaf_NC: Floats
    tags_NG: Floats
    attributes: dict[str, Floats]
    embedding_NE: Floats
    names_NC: Floats

    def only(self, rows: Sequence[int]) -> Self:
        attributes = {name: logits_NV[rows] for name, logits_NV in self.attributes.items()}
        leaf_NC, tags_NG, embedding_NE = self.leaf_NC[rows], self.tags_NG[rows], self.embedding_NE[rows]
        return type(self)(leaf_NC, tags_NG, attributes, embedding_NE, self.names_NC[rows])


@dataclass(frozen=True)
class Readings:
    """image_ND, text_ND: see `catalog.model.runtime.ModelOutputs`."""

    by_choice: dict[Modalities, Reading]
    image_ND: Floats
    text_ND: Floats


def read(runtime: Runtime, model: ModelFolder, rows: Sequence[LabelledProduct]) -> Readings:
    """The readings of labelled products. A product without the chosen modality is read as empty. Leaves that a title
    names have what the model's calibration adds.
    """
    answered: dict[Modalities, list[ModelOutputs]] = {choice: [] for choice in MODALITIES}
    for batch in read_batches(rows, model.config.image.size, model.tokenizer):
        for choice in MODALITIES:
            answered[choice].append(runtime.run(shown(batch, choice), False))
    by_choice = {choice: _joined(parts) for choice, parts in answered.items()}
    return Readings(
        by_choice=with_names(by_choice, [row.title for row in rows], model.taxonomy, model.calibration.named),
        image_ND=np.concatenate([part.image_BD for part in answered["image"]]),
        text_ND=np.concatenate([part.text_BD for part in answered["text"]]),
    )


def read_without_values(
    runtime: Runtime, model: ModelFolder, rows: Sequence[LabelledProduct], readings: Readings
) -> dict[Modalities, Reading]:
    """`readings` of the rows by choice, with the attributes as read where every other title names none of their values.

    Each product counts once, with its whole title or without these words.
    """
    masked = {n: mask_values(row) for n, row in enumerate(rows) if n % 2}
    changed = [n for n, row in masked.items() if row != rows[n]]
    if not changed:
        return readings.by_choice
    again = read(runtime, model, [masked[n] for n in changed])
    valued = {}
    for choice, answers in readings.by_choice.items():
        attributes = {name: logits_NV.copy() for name, logits_NV in answers.attributes.items()}
        for name, logits_NV in attributes.items():
            logits_NV[changed] = again.by_choice[choice].attributes[name]
        valued[choice] = answers._replace(attributes=attributes)
    return valued


def with_names(
    by_choice: dict[Modalities, Reading], titles: Sequence[str], taxonomy: Taxonomy, weight: float
) -> dict[Modalities, Reading]:
    """Where words are read, so much more for the leaves that a title names."""
    named_NC = weight * named_leaves(titles, taxonomy)
    return {
        choice: reading
        if choice == "image"
        else reading._replace(leaf_NC=reading.leaf_NC + named_NC, names_NC=reading.names_NC + named_NC)
        for choice, reading in by_choice.items()
    }


def shown(batch: Batch, choice: Modalities) -> Batch:
    """The batch restricted to one modality, or unchanged for "both"."""
    if choice == "image":
        return replace(batch, texts_BP=np.full_like(batch.texts_BP, -1))
    return replace(batch, images_BP=np.full_like(batch.images_BP, -1)) if choice == "text" else batch


def read_images(runtime: Runtime, model: ModelFolder, rows: Sequence[LabelledProduct]) -> Floats:
    """The image encoder's pooled vectors of the products, (N, D)."""
    batches = read_batches(
        [replace(row, title="", description="") for row in rows], model.config.image.size, model.tokenizer
    )
    return np.concatenate([runtime.run(batch, False).image_BD for batch in batches])


def read_text(runtime: Runtime, model: ModelFolder, texts: Sequence[str], size: int = 32) -> Floats:
    """The text encoder's pooled vectors of the texts, (N, D)."""
    return np.concatenate([answers.text_BD for answers in _of_texts(runtime, model, texts, size)])


def read_texts(runtime: Runtime, model: ModelFolder, texts: Sequence[str], size: int = 32) -> Reading:
    """The model's outputs for products with a title alone, as of `read`."""
    read = _joined(list(_of_texts(runtime, model, texts, size)))
    return with_names({"text": read}, texts, model.taxonomy, model.calibration.named)["text"]


def _of_texts(runtime: Runtime, model: ModelFolder, texts: Sequence[str], size: int) -> Iterator[ModelOutputs]:
    nothing = np.empty((0, 3, model.config.image.size, model.config.image.size), np.uint8)
    prepared = [Prepared("", nothing, text) for text in texts]
    for start in range(0, len(prepared), size):
        yield runtime.run(collate(prepared[start : start + size], model.tokenizer), False)


def _joined(parts: Sequence[ModelOutputs]) -> Reading:
    names = parts[0].attributes
    return Reading(
        np.concatenate([part.leaf_BC for part in parts]),
        np.concatenate([part.tags_BG for part in parts]),
        {name: np.concatenate([part.attributes[name] for part in parts]) for name in names},
        np.concatenate([part.embedding_BE for part in parts]),
        np.concatenate([part.leaf_BC if part.names_BC is None else part.names_BC for part in parts]),
    )
