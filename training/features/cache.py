"""Cached encoder outputs: with both encoders frozen, the fusion trains on them many times faster.

Each product is encoded in `views` augmented forms. Training draws the view of its image and of its text independently.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from catalog.errors import ConfigInvalid
from catalog.model.encoders import Encoded
from catalog.model.network import CatalogModel
from training.data.manifests import LabelledProduct
from training.data.samples import Collator, TrainingBatch, load
from training.device import best_device, mixed_precision
from training.evaluation.predict import encode_rows

Pair = tuple[Encoded, Encoded]
Plain = tuple[Tensor, ...]


class FeatureCache:
    """Features in memory as float16, and in one file that later runs with the same encoders and rows reuse.

    Tokens, which are most of it, are kept only for a fusion that reads them. val: the validation products, preprocessed
    as for serving, batch by batch.
    """

    def __init__(
        self, model: CatalogModel, collator: Collator, views: int, val: Sequence[LabelledProduct], path: Path
    ) -> None:
        trained = [name for name, p in model.named_parameters() if p.requires_grad and "_encoder." in name]
        if trained:
            raise ConfigInvalid(f"cache_views needs frozen encoders, but {trained[0]} is trained.")
        self.collator, self.views, self.tokens = collator, views, bool(model.fusion.reads_tokens)
        key = _fingerprint(model, [*collator.sampler.rows, *val], views)
        stored = torch.load(path, weights_only=True) if path.exists() else {}
        if stored.get("key") != key or (self.tokens and not stored.get("tokens", True)):
            encoded = [_plain(self._kept(pair)) for pair in encode_rows(model, val, collator.collation.tokenizer)]
            views_of = [self._encode(model, view) for view in range(views)]
            stored = {"key": key, "tokens": self.tokens, "val": encoded, "views": views_of}
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_suffix(".tmp")
            torch.save(stored, temporary)
            temporary.replace(path)
        self.val: list[Pair] = [(Encoded(*image), Encoded(*text)) for image, text in stored["val"]]
        self.image = [Encoded(*image) for image, _ in stored["views"]]
        self.text = [Encoded(*text) for _, text in stored["views"]]

    @torch.inference_mode()
    def _encode(self, model: CatalogModel, view: int, batch_size: int = 64) -> tuple[Plain, Plain]:
        model.eval()
        device = best_device()
        count = len(self.collator.sampler.rows)
        keys = [[(row, view) for row in range(i, min(i + batch_size, count))] for i in range(0, count, batch_size)]
        images, texts = [], []
        batches = load(keys, self.collator, workers=1)
        for batch in tqdm(batches, desc=f"features, view {view + 1} of {self.views}", total=len(keys)):
            assert batch.inputs is not None
            with mixed_precision(device):
                image, text = self._kept(model.encode(batch.inputs.to(device)))
            images.append(image)
            texts.append(text)
        return _plain(
            (
                _join(images, max(part.tokens_BTD.shape[1] for part in images)),
                _join(texts, model.config.text.max_tokens if self.tokens else 0),
            )
        )

    def _kept(self, pair: Pair) -> Pair:
        if self.tokens:
            return pair
        image, text = (each._replace(tokens_BTD=each.tokens_BTD[:, :0], mask_BT=each.mask_BT[:, :0]) for each in pair)
        return image, text

    def read(self, indices: Sequence[int], seed: int) -> TrainingBatch:
        """Features and targets of some rows, in random views that `seed` determines."""
        generator = torch.Generator().manual_seed(seed)
        image_views, text_views = torch.randint(self.views, (2, len(indices)), generator=generator).tolist()
        texts = [self.collator.sampler.text(row, view) for row, view in zip(indices, text_views, strict=True)]
        rows = [self.collator.sampler.rows[index] for index in indices]
        targets = self.collator.targets(rows, [text for text, _ in texts], [given for _, given in texts])
        encoded = _pick(self.image, image_views, indices), _pick(self.text, text_views, indices)
        return TrainingBatch(targets, encoded=encoded)


def _plain(pair: Pair) -> tuple[Plain, Plain]:
    return tuple(t.cpu() for t in pair[0]), tuple(t.cpu() for t in pair[1])


def _fingerprint(model: CatalogModel, rows: Sequence[LabelledProduct], views: int) -> str:
    """A hash of everything that determines the features. Tags are sorted: the order of a set differs by process."""
    content = [{**asdict(row), "tags": sorted(row.tags)} for row in rows]
    digest = hashlib.sha256(f"{views}/{model.config.image}/{model.config.text}/{content}".encode())
    for name, tensor in model.state_dict().items():
        if "_encoder." in name:
            digest.update(tensor.cpu().numpy().tobytes())
    return digest.hexdigest()


def _pick(views: Sequence[Encoded], chosen: Sequence[int], rows: Sequence[int]) -> Encoded:
    parts = [[field[row] for field in views[view]] for view, row in zip(chosen, rows, strict=True)]
    tokens, mask, pooled, present = zip(*parts, strict=True)
    longest = max(1, *(int(mask_T.sum()) for mask_T in mask))
    return Encoded(
        torch.stack([tokens_TD[:longest].float() for tokens_TD in tokens]),
        torch.stack([mask_T[:longest] for mask_T in mask]),
        torch.stack(pooled).float(),
        torch.stack(present),
    )


def _join(parts: Sequence[Encoded], length: int) -> Encoded:
    """All batches in one, as float16, with tokens padded to `length` so that views have equal shapes."""
    return Encoded(
        torch.cat([F.pad(p.tokens_BTD.half(), (0, 0, 0, length - p.tokens_BTD.shape[1])) for p in parts]),
        torch.cat([F.pad(p.mask_BT, (0, length - p.mask_BT.shape[1])) for p in parts]),
        torch.cat([p.pooled_BD.half() for p in parts]),
        torch.cat([p.present_B for p in parts]),
    )
