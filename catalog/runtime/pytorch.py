"""The model in PyTorch: on a GPU, and for a model folder without graphs."""

import re
from typing import Self

import torch

from catalog.calibration import Floats
from catalog.checkpoint import build_model
from catalog.errors import InvalidConfig
from catalog.model import CatalogModel, Inputs
from catalog.model_folder import ModelFolder
from catalog.preprocess import Batch
from catalog.product import Modality
from catalog.runtime.answers import Answers
from catalog.runtime.cores import cores


class TorchRuntime:
    """The model in PyTorch, on the CPU or a CUDA device; in bfloat16 where that is a GPU's native format."""

    def __init__(self, model: CatalogModel, device: str = "cpu") -> None:
        if not re.fullmatch(r"cpu|cuda(:\d+)?", device):
            raise InvalidConfig(f"The device must be 'cpu', 'cuda' or 'cuda:0' and so on, not {device!r}.")
        if device != "cpu" and not torch.cuda.is_available():
            raise InvalidConfig("No CUDA device is available; use the device 'cpu'.")
        self.device = torch.device(device)
        self.model = model.eval().to(self.device)
        self.low_precision = self.device.type == "cuda" and torch.cuda.is_bf16_supported()

    @classmethod
    def load(cls, model: ModelFolder, device: str = "cpu") -> Self:
        """Raises InvalidConfig, or InvalidCheckpoint when the weights do not fit."""
        set_threads()
        return cls(build_model(model), device)

    @torch.inference_mode()
    def run(self, batch: Batch, evidence: bool) -> Answers:
        set_threads()
        inputs = Inputs.of(batch).to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.low_precision):
            image, text = self.model.encode(inputs)
            outputs = self.model.answer(image, text)
            alone: dict[Modality, torch.Tensor] = {}
            if evidence and bool((image.present_B & text.present_B).any()):
                alone = {
                    "image": self.model.answer(image, text, "image").leaf_BC,
                    "text": self.model.answer(image, text, "text").leaf_BC,
                }
        return Answers(
            leaf_BC=_array(outputs.leaf_BC),
            tags_BG=_array(outputs.tags_BG),
            attributes={name: _array(logits_BV) for name, logits_BV in outputs.attributes.items()},
            embedding_BE=_array(outputs.fused_BE),
            evidence={name: _array(logits_BC) for name, logits_BC in alone.items()},
        )


def set_threads() -> None:
    """PyTorch has a number of each thread, too. Its helpers stay, so it must be right from the first pass on."""
    if cores() and cores() != torch.get_num_threads():
        torch.set_num_threads(cores())


def _array(tensor: torch.Tensor) -> Floats:
    return tensor.float().cpu().numpy()
