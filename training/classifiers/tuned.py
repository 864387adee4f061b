"""Fine-tune the upper layers of the text encoder for sequence classification (as Devlin et al. 2019), with a linear
head on what the model makes of a text alone.
"""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catalog.arrays import Floats
from catalog.language.texts.model import ENCODER, SCALE, TextModel
from catalog.model.checkpoint import Checkpoint, load_model
from catalog.model.encoders import Encoded
from catalog.model.folder import replaced
from catalog.understand import Understander
from training.classifiers.labelled import LabelledTexts, read_labelled, split
from training.classifiers.train import Report, check_new, measured, read_vectors, write_parts
from training.device import best_device, mixed_precision
from training.pretrain.objective import Texts
from training.pretrain.tuning import CatalogTuning, CatalogTuningSettings, claim, learn
from training.pretrain.write import precision, round_weights, write_model

COMPARED = 8  # texts on which the graphs' answers are compared
CARD = "# A text encoder that was tuned on labelled texts\n\nMade by `shelflens train-text` from the model {start}.\n"


@dataclass(frozen=True)
class Settings(CatalogTuningSettings):
    """head_rate: how many times as fast as the encoder the head learns, which is new."""

    epochs: int = 3
    batch_size: int = 32
    minutes: float = 600.0
    head_rate: float = 20.0


class TextTuning(CatalogTuning):
    """rows: the texts to learn from."""

    head: nn.Linear

    def __init__(self, settings: Settings, start: Checkpoint, given: LabelledTexts, rows: Sequence[int]) -> None:
        super().__init__(settings, start.model, rows)
        self.given, self.tokenizer = given, start.tokenizer
        self.begin_with(nn.Linear(start.config.embedding_width, len(given.labels)), settings.head_rate)

    def losses(self, step: int) -> dict[str, Tensor]:
        device, chosen = best_device(), self.batch(step)
        texts = Texts.of([self.given.texts[row] for row in chosen], self.tokenizer).to(device)
        label_B = torch.from_numpy(self.given.label_N[chosen]).to(device)
        with mixed_precision(device):
            text = texts.encode(self.model.text_encoder)
            image = absent(len(chosen), self.model.image_encoder.widths.pooled, self.model.image_encoder.widths.tokens)
            fused_BE = self.model.fuse_and_classify(image.to(device), text, "text").fused_BE
            return {"labels": F.cross_entropy(self.head(SCALE * fused_BE).float(), label_B)}


def train_tuned(data: Path, output: Path, model: Path, settings: Settings) -> Report:
    """The checkpoint is in OUTPUT.run until the end; Ctrl-C leaves it there and raises KeyboardInterrupt. What is
    measured is what is written: it was taught four fifths of the texts.

    Raises ConfigInvalid if the output exists or a run of other texts or settings is there, and what reading does.
    """
    check_new(output)
    given = read_labelled(data)
    learnt, held = split(given, settings.seed)
    start = load_model(model)
    run_folder = output.with_name(f"{output.name}.run")
    claim(run_folder, settings, fingerprint(given), start.version)
    run = TextTuning(settings, start, given, learnt)
    run.resume(run_folder)
    if not learn(run, run_folder, "tune"):
        run.save(run_folder)
        raise KeyboardInterrupt
    run.save(run_folder)
    round_weights(run.model, precision(start.path))
    with replaced(output) as folder:
        texts = [given.texts[row] for row in held[:COMPARED]]
        written = write_model(start, folder / ENCODER, texts, CARD.format(start=start.version))
        weight_LE, bias_L = (part.detach().float().cpu().numpy() for part in run.head.parameters())
        found = linear_head(given.labels, weight_LE, bias_L, written.space)
        reader = Understander.load(folder / ENCODER, best_device().type)
        vector_HE = read_vectors([given.texts[row] for row in held], reader)
        report = measured(found.scores([given.texts[row] for row in held], vector_HE), given, held)
        write_parts(found, report, folder)
    shutil.rmtree(run_folder)
    return report


def linear_head(labels: Sequence[str], weight_LE: Floats, bias_L: Floats, space: str) -> TextModel:
    nothing = np.zeros((len(labels), 0), np.float32)
    return TextModel(tuple(labels), nothing, weight_LE, bias_L, np.zeros(0, np.float32), space)


def absent(count: int, pooled: int, tokens: int) -> Encoded:
    """The encoding of no image, for each of some texts."""
    return Encoded(
        torch.zeros(count, 1, tokens),
        torch.zeros(count, 1, dtype=torch.bool),
        torch.zeros(count, pooled),
        torch.zeros(count, dtype=torch.bool),
    )


def fingerprint(given: LabelledTexts) -> str:
    return hashlib.sha256(repr((given.texts, given.label_N.tolist())).encode()).hexdigest()
