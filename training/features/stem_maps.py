"""Cached maps of a frozen stem: nine tenths of a hybrid ViT's forward pass, computed once for each view of an image."""

import hashlib
import json
import random
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from catalog.images.decode import decode
from catalog.model.encoders import ImageEncoder
from catalog.model.preprocess import to_pixels
from training.data.samples import Sampler
from training.device import best_device, mixed_precision

LEAST_CROP = 0.65  # of the map's side
CROPPED, PLAIN = 0.7, 0.4  # how often a map is cropped; how often it is that of the image as it is served


class StemMaps:
    """The maps of every training image, (views, N, h, w, C), in half precision and in one file.

    The first view is the image as it is served, the others are augmented. A stopped computation goes on where it was.
    """

    def __init__(self, encoder: ImageEncoder, sampler: Sampler, views: int, path: Path) -> None:
        self.path, self.views = path, views
        self._compute(encoder, sampler)

    @cached_property
    def maps(self) -> NDArray[np.float16]:
        """Opened by each process: an array of a file would be copied to the others."""
        return np.load(self.path, mmap_mode="r")

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "maps"}

    def read(self, row: int, draw: random.Random) -> NDArray[np.float16]:
        """-> (1, C, h, w): a view at random, flipped and cropped at random."""
        view = 0 if self.views == 1 or draw.random() < PLAIN else draw.randrange(1, self.views)
        map_CHW = torch.from_numpy(np.array(self.maps[view, row])).permute(2, 0, 1)
        if draw.random() < 0.5:
            map_CHW = map_CHW.flip(2)
        if draw.random() < CROPPED:
            map_CHW = cropped(map_CHW, draw)
        return np.ascontiguousarray(map_CHW.numpy()[None])

    @torch.inference_mode()
    def _compute(self, encoder: ImageEncoder, sampler: Sampler, batch_size: int = 32) -> None:
        key, record = _fingerprint(encoder, sampler, self.views), self.path.with_suffix(".json")
        state = json.loads(record.read_text()) if record.exists() else {}
        done = state["done"] if state.get("key") == key and self.path.exists() else 0
        rows = [row for row, product in enumerate(sampler.rows) if product.image is not None]
        batches = [
            (view, rows[at : at + batch_size]) for view in range(self.views) for at in range(0, len(rows), batch_size)
        ]
        if done == len(batches):
            return
        stem, device = encoder.eval().stem, best_device()
        assert stem is not None
        with mixed_precision(device):
            whole = encoder.to_map(torch.zeros(1, 3, sampler.size, sampler.size, dtype=torch.uint8, device=device))
        shape = (self.views, len(sampler.rows), *whole.shape[2:], whole.shape[1])
        self.path.parent.mkdir(parents=True, exist_ok=True)
        maps = np.lib.format.open_memmap(self.path, "r+" if done else "w+", np.float16, shape)
        bar = tqdm(batches[done:], desc="maps of the stem", unit="batch", initial=done, total=len(batches))
        for number, (view, chosen) in enumerate(bar, done + 1):
            pixels_NCHW = torch.from_numpy(np.stack([_pixels(encoder, sampler, view, row) for row in chosen]))
            with mixed_precision(device):
                found_NCHW = encoder.to_map(pixels_NCHW.to(device))
            maps[view, chosen] = found_NCHW.permute(0, 2, 3, 1).half().cpu().numpy()
            if number % 20 == 0 or number == len(batches):
                maps.flush()
                record.write_text(json.dumps({"key": key, "done": number}))


def cropped(map_CHW: Tensor, draw: random.Random) -> Tensor:
    """A part of the map, resized to its whole size."""
    side = map_CHW.shape[-1]
    size = draw.randint(max(1, round(LEAST_CROP * side)), side)
    top, left = (draw.randint(0, side - size) for _ in range(2))
    part_CHW = map_CHW[:, top : top + size, left : left + size].float()
    return F.interpolate(part_CHW[None], size=map_CHW.shape[1:], mode="bilinear", align_corners=False)[0].half()


def _pixels(encoder: ImageEncoder, sampler: Sampler, view: int, row: int) -> NDArray[np.uint8]:
    product = sampler.rows[row]
    if view == 0:
        size = encoder.config.size
        return to_pixels(decode(product.read_image(), size_hint=size), size)
    return sampler.augmented(product, f"{sampler.seed}/{row}/{view}/map")[0]


def _fingerprint(encoder: ImageEncoder, sampler: Sampler, views: int) -> str:
    """A hash of everything that determines the maps."""
    config, stem = encoder.config, encoder.stem
    assert stem is not None
    products = [(row.source, row.product_id, str(row.image)) for row in sampler.rows]
    shape = (config.stem, config.shared_stages, config.size, config.crop, config.mean, config.std)
    digest = hashlib.sha256(f"{views}/{sampler.seed}/{sampler.size}/{shape}/{products}".encode())
    for tensor in stem.lower_state():
        digest.update(tensor.cpu().numpy().tobytes())
    return digest.hexdigest()
