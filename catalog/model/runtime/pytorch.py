"""The model in PyTorch: for a GPU, and for model folders without graphs."""

import re
from collections.abc import Mapping
from typing import Self

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catalog.arrays import Floats
from catalog.errors import ConfigInvalid
from catalog.model.checkpoint import build_model
from catalog.model.encoders import ImageEncoder
from catalog.model.familiarity import Familiarity
from catalog.model.folder import ModelFolder
from catalog.model.network import CatalogModel, Inputs, Outputs
from catalog.model.preprocess import Batch
from catalog.model.runtime.outputs import Alone, ModelOutputs, weighed
from catalog.model.runtime.threads import cores
from catalog.product import Modality


class TorchRuntime:
    """The model in PyTorch, on the CPU or a CUDA device; in bfloat16 where that is a GPU's native format.

    familiarity: as of `ModelFolder`. compiled: whether to compile the image encoder; on CUDA with graphs, which save
    small batches the launch of each kernel. Takes minutes and needs a C compiler. A compiled model may be run in one
    thread only.
    """

    def __init__(
        self,
        model: CatalogModel,
        device: str = "cpu",
        compiled: bool = False,
        familiarity: Familiarity | None = None,
    ) -> None:
        if not re.fullmatch(r"cpu|cuda(:\d+)?", device):
            raise ConfigInvalid(f"The device must be 'cpu', 'cuda' or 'cuda:0' and so on, not {device!r}.")
        if device != "cpu" and not torch.cuda.is_available():
            raise ConfigInvalid("No CUDA device is available; use the device 'cpu'.")
        self.device, self._familiarity = torch.device(device), familiarity
        self.model = model.eval().to(self.device).to(memory_format=torch.channels_last)
        self.low_precision = self.device.type == "cuda" and torch.cuda.is_bf16_supported()
        if compiled:
            model.image_encoder.compile(mode="reduce-overhead", dynamic=False)
            self.model.register_module("image_encoder", FixedSizes(model.image_encoder))
            self._compile()

    @classmethod
    def load(cls, model: ModelFolder, device: str = "cpu", compiled: bool = False) -> Self:
        """Raises ConfigInvalid, or CheckpointInvalid when the weights do not fit."""
        set_threads()
        return cls(build_model(model), device, compiled, model.familiarity)

    def _precision(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.low_precision)

    @torch.inference_mode()
    def _compile(self) -> None:
        """Compile every size before the first request."""
        side = self.model.config.image.size
        for count in FixedSizes.SIZES:
            with self._precision():
                self.model.image_encoder(torch.zeros(count, 3, side, side, dtype=torch.uint8, device=self.device))

    @torch.inference_mode()
    def run(self, batch: Batch, evidence: bool) -> ModelOutputs:
        set_threads()
        inputs = Inputs.of(batch).to(self.device)
        with self._precision():
            image, text = self.model.encode(inputs)
            outputs = self.model.fuse_and_classify(image, text)
            alone: dict[Modality, Outputs] = {}
            # A question to the batch, because reading a tensor would make the CPU wait for the GPU.
            if evidence and batch.any_has_both:
                alone = {
                    "image": self.model.fuse_and_classify(image, text, "image"),
                    "text": self.model.fuse_and_classify(image, text, "text"),
                }
        image_BD, text_BD = as_array(image.pooled_BD), as_array(text.pooled_BD)
        seen: dict[Modality, tuple[Floats, Floats]] = {
            "image": (image_BD, np.zeros_like(text_BD)),
            "text": (np.zeros_like(image_BD), text_BD),
        }
        return ModelOutputs(
            leaf_BC=self._leaf(outputs, image_BD, text_BD),
            tags_BG=as_array(outputs.tags_BG),
            attributes=_arrays(outputs.attributes),
            embedding_BE=as_array(outputs.fused_BE),
            image_BD=image_BD,
            text_BD=text_BD,
            evidence={
                name: Alone(self._leaf(one, *seen[name]), as_array(one.fused_BE), _arrays(one.attributes))
                for name, one in alone.items()
            },
            names_BC=_names(outputs),
        )

    def _leaf(self, outputs: Outputs, image_BD: Floats, text_BD: Floats) -> Floats:
        return leaf_logits(outputs, self._familiarity, image_BD, text_BD)


class FixedSizes(nn.Module):
    """An image encoder for batches of the SIZES only: others are padded with black images, or split."""

    SIZES = (1, 2, 4, 8, 16, 32)

    def __init__(self, encoder: ImageEncoder) -> None:
        super().__init__()
        self.widths = encoder.widths
        self.encoder = encoder

    def forward(self, pixels_NCHW: Tensor) -> tuple[Tensor, Tensor]:
        """As `ImageEncoder`."""
        tokens, pooled = zip(*(self._some(some_NCHW) for some_NCHW in pixels_NCHW.split(self.SIZES[-1])), strict=True)
        return torch.cat(tokens), torch.cat(pooled)

    def _some(self, pixels_NCHW: Tensor) -> tuple[Tensor, Tensor]:
        count = len(pixels_NCHW)
        size = next(size for size in self.SIZES if size >= count)
        tokens_NTD, pooled_ND = self.encoder(F.pad(pixels_NCHW, (0, 0) * 3 + (0, size - count)))
        # Copied: a CUDA graph writes every output into the same memory.
        return tokens_NTD[:count].clone(), pooled_ND[:count].clone()


def set_threads() -> None:
    """Apply this thread's budget to PyTorch, whose thread pool is sized once: by the first forward pass."""
    if cores() and cores() != torch.get_num_threads():
        torch.set_num_threads(cores())


def leaf_logits(outputs: Outputs, familiarity: Familiarity | None, image_BD: Floats, text_BD: Floats) -> Floats:
    """(B, C): weighed, see `Familiarity.weigh`."""
    return weighed(familiarity, as_array(outputs.leaf_BC), _names(outputs), image_BD, text_BD)


def _names(outputs: Outputs) -> Floats | None:
    return None if outputs.names_BC is None else as_array(outputs.names_BC)


def _arrays(tensors: Mapping[str, torch.Tensor]) -> dict[str, Floats]:
    return {name: as_array(tensor) for name, tensor in tensors.items()}


def as_array(tensor: torch.Tensor) -> Floats:
    """In float32, on the CPU."""
    return tensor.float().cpu().numpy()
