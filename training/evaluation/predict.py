"""Predictions for labelled products: one encoder pass, and one fusion pass for each choice of modalities."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from tqdm import tqdm

from catalog.arrays import Floats, Modalities
from catalog.model.encoders import Encoded
from catalog.model.familiarity import Familiarity
from catalog.model.network import CatalogModel, Inputs, Outputs
from catalog.model.preprocess import Batch, Prepared, collate, prepare
from catalog.model.runtime.pytorch import as_array, leaf_logits
from catalog.model.tokenizer import Tokenizer
from catalog.taxonomy.tree import Taxonomy
from training.data.manifests import LabelledProduct


@dataclass(frozen=True)
class Predictions:
    """Logits and unit embeddings of N products, as in `catalog.model.network.Outputs`."""

    leaf_NC: Floats
    tags_NG: Floats
    attributes: dict[str, Floats]
    fused_NE: Floats
    image_NE: Floats
    text_NE: Floats


def has_modalities(row: LabelledProduct, modalities: Modalities) -> bool:
    has_text = bool(row.title or row.description)
    return {"image": row.image is not None, "text": has_text, "both": has_text and row.image is not None}[modalities]


def predict(
    model: CatalogModel,
    encoded: Iterable[tuple[Encoded, Encoded]],
    choices: Sequence[Modalities],
    familiarity: Familiarity | None = None,
) -> dict[Modalities, Predictions]:
    """Predictions for all products under each choice; a product without the chosen modality counts as empty.

    familiarity: to weigh the leaves' logits by, as a runtime does.
    """
    collected: dict[Modalities, list[Predictions]] = {choice: [] for choice in choices}
    device = next(model.parameters()).device
    model.eval()
    with torch.inference_mode():
        for image, text in encoded:
            image, text = image.to(device), text.to(device)
            for choice in choices:
                outputs = model.fuse_and_classify(image, text, choice)
                pooled = [
                    as_array(torch.zeros_like(one.pooled_BD) if choice == other else one.pooled_BD)
                    for one, other in ((image, "text"), (text, "image"))
                ]
                collected[choice].append(_predictions(outputs, familiarity, *pooled))
    return {choice: _join(parts) for choice, parts in collected.items()}


def named_leaves(titles: Sequence[str], taxonomy: Taxonomy) -> Floats:
    """(N, C): the share of each leaf that the title names, as of `Taxonomy.leaves_named`, else 0."""
    named_NC = np.zeros((len(titles), len(taxonomy.leaves)), np.float32)
    for named_C, title in zip(named_NC, titles, strict=True):
        if named := taxonomy.leaves_named(title):
            named_C[list(named)] = list(named.values())
    return named_NC


@torch.inference_mode()
def encode_rows(
    model: CatalogModel, rows: Sequence[LabelledProduct], tokenizer: Tokenizer, batch_size: int = 32
) -> Iterator[tuple[Encoded, Encoded]]:
    """The encoders' outputs for the products, batch by batch, preprocessed as for serving."""
    device = next(model.parameters()).device
    model.eval()
    for batch in read_batches(rows, model.config.image.size, tokenizer, batch_size):
        yield model.encode(Inputs.of(batch).to(device))


def read_batches(
    rows: Sequence[LabelledProduct], size: int, tokenizer: Tokenizer, batch_size: int = 32
) -> Iterator[Batch]:
    """Batches preprocessed as for serving; the images of the next batch are decoded in the background."""

    def load(row: LabelledProduct) -> Prepared:
        return prepare(row.product(), size)

    batches = [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
    with ThreadPoolExecutor(2) as pool:
        coming = pool.map(load, batches[0] if batches else ())
        for following in tqdm([*batches[1:], ()], desc="products", unit="batch", leave=False):
            items = list(coming)
            coming = pool.map(load, following)
            if items:
                yield collate(items, tokenizer)


def _predictions(outputs: Outputs, familiarity: Familiarity | None, image_BD: Floats, text_BD: Floats) -> Predictions:
    return Predictions(
        leaf_NC=leaf_logits(outputs, familiarity, image_BD, text_BD),
        tags_NG=as_array(outputs.tags_BG),
        attributes={name: as_array(logits_BV) for name, logits_BV in outputs.attributes.items()},
        fused_NE=as_array(outputs.fused_BE),
        image_NE=as_array(outputs.image_BE),
        text_NE=as_array(outputs.text_BE),
    )


def _join(parts: Sequence[Predictions]) -> Predictions:
    names = parts[0].attributes
    return Predictions(
        leaf_NC=np.concatenate([part.leaf_NC for part in parts]),
        tags_NG=np.concatenate([part.tags_NG for part in parts]),
        attributes={name: np.concatenate([part.attributes[name] for part in parts]) for name in names},
        fused_NE=np.concatenate([part.fused_NE for part in parts]),
        image_NE=np.concatenate([part.image_NE for part in parts]),
        text_NE=np.concatenate([part.text_NE for part in parts]),
    )
