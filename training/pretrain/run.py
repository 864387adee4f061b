"""The state of a pretraining: what is trained, its optimizer, one step, and its checkpoint.

Everything random in a step depends on (seed, step) alone, so a run that was stopped ends as if it had not been.
"""

import copy
import json
import os
import random
import signal
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from math import cos, pi
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from catalog.errors import ConfigInvalid
from catalog.model.checkpoint import Checkpoint
from catalog.model.network import CatalogModel
from training.device import best_device, fit_attention, mixed_precision
from training.pretrain.catalogue import Catalogue
from training.pretrain.objective import MaskedWords, Texts, Weights, step_losses

STATE, RECORD = "state.pt", "run.json"
TRAINED = ("fusion.", "heads.embedding.", "heads.image_embedding.", "heads.text_embedding.")
PROBED = 3  # steps that are timed before the first


@dataclass(frozen=True)
class Settings:
    """epochs: over the products to train on, fewer if they would take longer than `minutes`; steps: exactly so many
    instead. trained_layers: share of the text encoder's layers, the upper ones. The fusion and the projections learn
    `heads_rate` times as fast, the head for masked words, which is new, `words_rate` times.
    """

    minutes: float = 10.0
    seed: int = 0
    steps: int | None = None
    epochs: int = 12
    batch_size: int = 64
    learning_rate: float = 5e-5
    heads_rate: float = 4.0
    words_rate: float = 20.0
    trained_layers: float = 0.5
    weight_decay: float = 0.01
    warmup: float = 0.1
    checkpoint_seconds: float = 60.0
    weights: Weights = field(default_factory=Weights)


class PretrainRun:
    """model: what is trained, in place. start: the model as it was."""

    def __init__(self, settings: Settings, checkpoint: Checkpoint, catalogue: Catalogue, rows: Sequence[int]) -> None:
        self.settings, self.catalogue, self.rows = settings, catalogue, list(rows)
        self.model, self.tokenizer = checkpoint.model.to(best_device()), checkpoint.tokenizer
        self.model.requires_grad_(False)
        fit_attention(self.model.text_encoder)
        self.start = started(self.model)
        torch.manual_seed(settings.seed)
        items = [catalogue.items[row] for row in self.rows]
        texts = [text for item in items for text in (item.title, item.text)]
        self.head = MaskedWords(self.model.text_encoder, self.tokenizer, texts).to(best_device())
        self.trained = trainable(self.model, settings.trained_layers)
        self.optimizer = torch.optim.AdamW(self._groups(), lr=settings.learning_rate)
        self.step, self.total, self.interrupted, self.saved_at = 0, 0, False, time.monotonic()

    def _groups(self) -> list[dict[str, Any]]:
        scales = {name: self.settings.heads_rate if name.startswith(TRAINED) else 1.0 for name in self.trained}
        pairs = [(scales[name], parameter) for name, parameter in self.trained.items()]
        pairs += [(self.settings.words_rate, parameter) for parameter in self.head.parameters()]
        groups: dict[tuple[float, bool], list[Tensor]] = {}
        for scale, parameter in pairs:
            groups.setdefault((scale, parameter.ndim > 1), []).append(parameter)
        decay = self.settings.weight_decay
        return [
            {"params": members, "scale": scale, "weight_decay": decay if decays else 0.0}
            for (scale, decays), members in groups.items()
        ]

    @property
    def wanted(self) -> int:
        """How many steps the settings ask for."""
        size = min(self.settings.batch_size, len(self.rows))
        return self.settings.steps or self.settings.epochs * (len(self.rows) // size)

    def plan(self) -> None:
        """Settle how many steps there are: the epochs, or as many as fit into the minutes here."""
        if self.total:
            return
        self.total = self.wanted
        if self.settings.steps is None:
            self._backward(0)  # the first one is slower than all others
            began = time.monotonic()
            for step in range(PROBED):
                self._backward(step)
            seconds = (time.monotonic() - began) / PROBED
            self.optimizer.zero_grad(set_to_none=True)
            self.total = max(1, min(self.wanted, int(self.settings.minutes * 60 / seconds)))

    def update(self) -> dict[str, float]:
        """One optimizer step. -> the losses."""
        progress, warmup = self.step / self.total, self.settings.warmup
        scale = (progress + 1e-3) / warmup if progress < warmup else 0.5 * (1 + cos(pi * progress))
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.learning_rate * group["scale"] * scale
        figures = self._backward(self.step)
        nn.utils.clip_grad_norm_([*self.trained.values(), *self.head.parameters()], 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return figures

    def _backward(self, step: int) -> dict[str, float]:
        torch.manual_seed(self.settings.seed * 1_000_003 + step)
        set_training(self.model)
        device, chosen = best_device(), self.batch(step)
        items = [self.catalogue.items[row] for row in chosen]
        draw = random.Random(f"{self.settings.seed}/{step}/texts")
        texts = [item.title if item.title and draw.random() < 0.5 else item.text for item in items]
        image = self.catalogue.images(chosen).to(device)
        group_B = torch.tensor([item.group for item in items], device=device)
        read = Texts.of(texts, self.tokenizer).to(device)
        with mixed_precision(device):
            losses = step_losses(self.model, self.start, self.head, image, read, group_B, self.settings.weights)
        torch.stack([loss.float() for loss in losses.values()]).sum().backward()
        return {name: round(loss.item(), 4) for name, loss in losses.items()}

    def batch(self, step: int) -> list[int]:
        """The products of a step: each epoch takes every one once, in an order of its own."""
        size = min(self.settings.batch_size, len(self.rows))
        epoch, place = divmod(step, len(self.rows) // size)
        order = list(self.rows)
        random.Random(f"{self.settings.seed}/{epoch}/order").shuffle(order)
        return order[place * size : (place + 1) * size]

    def interrupt(self, *_: object) -> None:
        """Ctrl-C: finish the current step first, so that the checkpoint is consistent."""
        self.interrupted = True

    def __enter__(self) -> "PretrainRun":
        self.former_handler = signal.signal(signal.SIGINT, self.interrupt)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self.former_handler)

    def is_save_due(self) -> bool:
        return self.interrupted or time.monotonic() - self.saved_at > self.settings.checkpoint_seconds

    def save(self, folder: Path) -> None:
        state = {
            "trained": {name: parameter.detach() for name, parameter in self.trained.items()},
            "head": self.head.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "total": self.total,
        }
        torch.save(state, folder / "state.tmp")
        os.replace(folder / "state.tmp", folder / STATE)
        self.saved_at = time.monotonic()

    def resume(self, folder: Path) -> None:
        """Load the folder's checkpoint, if there is one."""
        if (folder / STATE).exists():
            state = torch.load(folder / STATE, weights_only=True, map_location=best_device())
            self.model.load_state_dict(state["trained"], strict=False)
            self.head.load_state_dict(state["head"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step, self.total = state["step"], state["total"]


def claim(folder: Path, settings: Settings, feed: str, model: str) -> None:
    """Make the folder of a run, or find it again. feed, model: what tells them from others.

    Raises ConfigInvalid if a run of another feed, model or other settings is there.
    """
    mine = json.loads(json.dumps({"feed": feed, "model": model, **asdict(settings)}))
    record = folder / RECORD
    if folder.exists() and (not record.is_file() or json.loads(record.read_text(encoding="utf-8")) != mine):
        raise ConfigInvalid(
            f"{folder.name!r} holds a run of another feed, model or settings. Remove it, or choose another output."
        )
    folder.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps(mine, indent=1), encoding="utf-8")


def started(model: CatalogModel) -> CatalogModel:
    """A copy of the model for what it knew, without an image encoder and a word table of its own."""
    shared = model.image_encoder, model.text_encoder.bert.embeddings
    return copy.deepcopy(model, {id(module): module for module in shared}).eval()


def trainable(model: CatalogModel, share: float) -> dict[str, nn.Parameter]:
    """The fusion, the embedding's layers and the upper layers of the text encoder, by name."""
    layers = len(model.text_encoder.bert.encoder.layer)
    first = layers - max(1, round(share * layers))
    upper = tuple(f"text_encoder.bert.encoder.layer.{number}." for number in range(first, layers))
    found = {name: parameter for name, parameter in model.named_parameters() if name.startswith((*TRAINED, *upper))}
    for parameter in found.values():
        parameter.requires_grad_(True)
    return found


def set_training(model: CatalogModel) -> None:
    """Training mode, but for what is frozen as a whole: dropout there would only be noise."""
    model.train()
    for module in model.modules():
        parameters = list(module.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            module.eval()
