"""A feed's products as the starting model's encoders read them: what is frozen is read once, part by part."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from catalog.arrays import Floats, Modalities, choice
from catalog.errors import TooFewProducts
from catalog.feeds import BadRow, Row
from catalog.ingest.load import Result
from catalog.ingest.pipeline import LocalWorker
from catalog.model.checkpoint import Checkpoint
from catalog.model.encoders import Encoded
from catalog.model.network import Inputs
from catalog.model.preprocess import collate
from catalog.understand import Reading, Understander
from training.device import best_device
from training.pretrain.catalogue import packed, padded
from training.pretrain.objective import Texts

PARTS = "features-*.pt"
BATCH = 32


class Encodings(NamedTuple):
    """One modality of N products, see `training.pretrain.catalogue.packed`."""

    tokens: list[Tensor]
    pooled_NF: Tensor
    present_N: Tensor

    def of(self, chosen: Sequence[int]) -> Encoded:
        return padded(self.tokens, self.pooled_NF, self.present_N, chosen)

    @classmethod
    def joined(cls, parts: Sequence["Encodings"]) -> "Encodings":
        return cls(
            [tokens_TD for part in parts for tokens_TD in part.tokens],
            torch.cat([part.pooled_NF for part in parts]),
            torch.cat([part.present_N for part in parts]),
        )


class Features(NamedTuple):
    """ids, texts and used modalities of N products; images and texts as the starting model's encoders read them."""

    ids: list[str]
    texts: list[str]
    used: list[Modalities]
    image: Encodings
    known: Encodings

    @property
    def place(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.ids)}


def read_features(
    feed: Iterable[Row | BadRow],
    ids: Collection[str],
    worker: LocalWorker,
    reader: Understander,
    start: Checkpoint,
    folder: Path,
    progress: Callable[[int], object],
) -> Features:
    """Of the feed's products with these ids. folder: keeps each part that was read, so that none is read again.

    reader: knows what of a text is read; progress: is told of rows as they are done. A product of which nothing can be
    read is left out; raises TooFewProducts if none is left.
    """
    rows = (row for row in feed if isinstance(row, Row) and row.id in ids)
    done = sum(torch.load(path, weights_only=True)["rows"] for path in sorted(folder.glob(PARTS)))
    progress(done)
    with closing(worker.loaded(rows, lambda ids: [None] * len(ids), done)) as chunks:
        for number, chunk in enumerate(chunks, len(list(folder.glob(PARTS)))):
            path = folder / PARTS.replace("*", f"{number:06}")
            torch.save(read_chunk(chunk, reader, start) | {"rows": len(chunk)}, path.with_suffix(".tmp"))
            path.with_suffix(".tmp").replace(path)
            progress(len(chunk))
    parts = [torch.load(path, weights_only=True) for path in sorted(folder.glob(PARTS))]
    if not any(part["ids"] for part in parts):
        raise TooFewProducts("None of the products could be read a second time. Are their images still there?")
    return joined(parts)


def joined(parts: Sequence[Mapping[str, Any]]) -> Features:
    ids, texts, used = ([each for part in parts for each in part[name]] for name in ("ids", "texts", "used"))
    image, known = (
        Encodings.joined([Encodings(*each) for part in parts for each in part[k]]) for k in ("image", "known")
    )
    return Features(ids, texts, used, image, known)


@torch.no_grad()
def read_chunk(chunk: Sequence[Result], reader: Understander, start: Checkpoint) -> dict[str, Any]:
    """In batches of texts of like length; tensors and plain values alone, as they are kept."""
    readings = [(result.row.id, reader.reading(result.prepared)) for result in chunk if result.prepared]
    good = sorted((pair for pair in readings if pair[1].used), key=lambda pair: len(pair[1].product.text))
    found: dict[str, list[Any]] = {"image": [], "known": []}
    for begin in range(0, len(good), BATCH):
        image, text = encode([reading for _, reading in good[begin : begin + BATCH]], start)
        found["image"].append(packed(image, start.model))
        found["known"].append(packed(text, start.model))
    return found | {
        "ids": [name for name, _ in good],
        "texts": [reading.product.text for _, reading in good],
        "used": [choice(reading.used) for _, reading in good],
    }


def encode(readings: Sequence[Reading], start: Checkpoint) -> tuple[Encoded, Encoded]:
    batch = collate([reading.product for reading in readings], start.tokenizer)
    return start.model.eval().encode(Inputs.of(batch).to(best_device()))


@torch.no_grad()
def vectors(tuned: Checkpoint, features: Features, chosen: Sequence[int]) -> list[dict[Modalities, Floats]]:
    """Of each of these products its embeddings by the tuned model: by what was read of it, and by each modality."""
    model, device = tuned.model.eval(), best_device()
    first = torch.zeros(1, dtype=torch.long, device=device)  # the categories are not asked
    found: list[dict[Modalities, Floats]] = []
    for begin in range(0, len(chosen), BATCH):
        rows = chosen[begin : begin + BATCH]
        image = features.image.of(rows).to(device)
        texts = Texts.of([features.texts[row] for row in rows], tuned.tokenizer).to(device)
        text = texts.encode(model.text_encoder)
        asked: dict[Modalities, Floats] = {
            way: model.fuse_and_classify(image, text, way, first).fused_BE.float().cpu().numpy()
            for way in ("image", "text", "both")
        }
        for place, row in enumerate(rows):
            ways = asked if features.used[row] == "both" else [features.used[row]]
            found.append({way: asked[way][place] for way in ways})
    return found
