"""Predictions for labelled products: one encoder pass, and one fusion pass for each choice of modalities."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor
from tqdm import tqdm

from catalog.arrays import Floats, Modalities
from catalog.model.encoders import Encoded
from catalog.model.network import CatalogModel, Inputs, Outputs
from catalog.model.preprocess import Batch, Prepared, collate, prepare
from catalog.model.tokenizer import Tokenizer
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
    model: CatalogModel, encoded: Iterable[tuple[Encoded, Encoded]], choices: Sequence[Modalities]
) -> dict[Modalities, Predictions]:
    """Predictions for all products under each choice; a product without the chosen modality counts as empty."""
    collected: dict[Modalities, list[Outputs]] = {choice: [] for choice in choices}
    device = next(model.parameters()).device
    model.eval()
    with torch.inference_mode():
        for image, text in encoded:
            image, text = image.to(device), text.to(device)
            for choice in choices:
                collected[choice].append(model.fuse_and_classify(image, text, choice))
    return {choice: _join(outputs) for choice, outputs in collected.items()}


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


def _join(outputs: Sequence[Outputs]) -> Predictions:
    def array(parts: Sequence[Tensor]) -> Floats:
        return torch.cat(list(parts)).float().cpu().numpy()

    return Predictions(
        leaf_NC=array([o.leaf_BC for o in outputs]),
        tags_NG=array([o.tags_BG for o in outputs]),
        attributes={name: array([o.attributes[name] for o in outputs]) for name in outputs[0].attributes},
        fused_NE=array([o.fused_BE for o in outputs]),
        image_NE=array([o.image_BE for o in outputs]),
        text_NE=array([o.text_BE for o in outputs]),
    )
