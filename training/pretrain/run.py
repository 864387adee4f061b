"""What a step of pretraining reads, and what it is to learn from it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from catalog.model.checkpoint import Checkpoint
from training.device import best_device, mixed_precision
from training.pretrain.catalogue import Catalogue
from training.pretrain.objective import MaskedWords, Texts, Weights, step_losses
from training.pretrain.tuning import CatalogTuning, CatalogTuningSettings


@dataclass(frozen=True)
class Settings(CatalogTuningSettings):
    """words_rate: how many times as fast the head for masked words learns, which is new."""

    words_rate: float = 20.0
    weights: Weights = field(default_factory=Weights)


class PretrainRun(CatalogTuning):
    head: MaskedWords

    def __init__(self, settings: Settings, checkpoint: Checkpoint, catalogue: Catalogue, rows: Sequence[int]) -> None:
        super().__init__(settings, checkpoint.model, rows)
        self.settings, self.catalogue, self.tokenizer = settings, catalogue, checkpoint.tokenizer
        items = [catalogue.items[row] for row in self.rows]
        texts = [text for item in items for text in (item.title, item.text)]
        self.begin_with(MaskedWords(self.model.text_encoder, self.tokenizer, texts), settings.words_rate)

    def losses(self, step: int) -> dict[str, Tensor]:
        device, chosen = best_device(), self.batch(step)
        items = [self.catalogue.items[row] for row in chosen]
        draw = random.Random(f"{self.settings.seed}/{step}/texts")
        texts = [item.title if item.title and draw.random() < 0.5 else item.text for item in items]
        image = self.catalogue.images(chosen).to(device)
        group_B = torch.tensor([item.group for item in items], device=device)
        read = Texts.of(texts, self.tokenizer).to(device)
        with mixed_precision(device):
            return step_losses(self.model, self.start, self.head, image, read, group_B, self.settings.weights)
