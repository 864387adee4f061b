"""Training that starts from a finished model: which parts are trained, how fast, one step, and the checkpoint.

`Tuning` is for any network, `CatalogTuning` for the upper layers of a `CatalogModel`.

Everything random in a step depends on (seed, step) alone, so a run that was stopped ends as if it had not been.
"""

import copy
import json
import os
import random
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import cos, pi
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn
from tqdm import tqdm

from catalog.errors import ConfigInvalid
from catalog.model.network import CatalogModel
from training.device import best_device, fit_attention

STATE, RECORD = "state.pt", "run.json"
TRAINED = ("fusion.", "heads.embedding.", "heads.image_embedding.", "heads.text_embedding.")
PROBED = 3  # steps that are timed before the first


@dataclass(frozen=True)
class TuningSettings:
    """epochs: over the rows to train on, fewer if they would take longer than `minutes`; steps: exactly so many
    instead.
    """

    minutes: float = 10.0
    seed: int = 0
    steps: int | None = None
    epochs: int = 12
    batch_size: int = 64
    learning_rate: float = 5e-5
    weight_decay: float = 0.01
    warmup: float = 0.1
    checkpoint_seconds: float = 60.0


@dataclass(frozen=True)
class CatalogTuningSettings(TuningSettings):
    """trained_layers: share of the text encoder's layers, the upper ones. The fusion and the projections learn
    `heads_rate` times as fast.
    """

    heads_rate: float = 4.0
    trained_layers: float = 0.5


class Tuning(ABC):
    """model: what is trained, in place. A subclass says what the losses of a step are."""

    model: nn.Module

    def __init__(self, settings: TuningSettings, model: nn.Module, rows: Sequence[int]) -> None:
        """rows: what to train on. `begin` must follow."""
        self.rows, self.pace = list(rows), settings
        self.model = model.to(best_device())
        self.step, self.total, self.interrupted, self.saved_at = 0, 0, False, time.monotonic()
        torch.manual_seed(settings.seed)

    def begin(self, trained: Mapping[str, nn.Parameter], head: nn.Module | None = None, head_rate: float = 1.0) -> None:
        """trained: parameters of the model, by name; head: what is new beside it, and learns `head_rate` times as
        fast.
        """
        self.head = (head or nn.Identity()).to(best_device())
        self.trained = dict(trained)
        self.optimizer = torch.optim.AdamW(self._groups(head_rate), lr=self.pace.learning_rate)

    @abstractmethod
    def losses(self, step: int) -> dict[str, Tensor]: ...

    def scale(self, name: str) -> float:
        """How many times as fast a parameter of the model learns."""
        return 1.0

    def _groups(self, head_rate: float) -> list[dict[str, Any]]:
        pairs = [(self.scale(name), parameter) for name, parameter in self.trained.items()]
        pairs += [(head_rate, parameter) for parameter in self.head.parameters()]
        groups: dict[tuple[float, bool], list[Tensor]] = {}
        for scale, parameter in pairs:
            groups.setdefault((scale, parameter.ndim > 1), []).append(parameter)
        decay = self.pace.weight_decay
        return [
            {"params": members, "scale": scale, "weight_decay": decay if decays else 0.0}
            for (scale, decays), members in groups.items()
        ]

    @property
    def wanted(self) -> int:
        """How many steps the settings ask for."""
        size = min(self.pace.batch_size, len(self.rows))
        return self.pace.steps or self.pace.epochs * (len(self.rows) // size)

    def plan(self) -> float:
        """Settle how many steps there are: the epochs, or as many as fit into the minutes here. -> about how many
        seconds are left; 0 where nobody measured it.
        """
        if self.total:
            return 0.0
        self.total = self.wanted
        if self.pace.steps is not None:
            return 0.0
        self._backward(0)  # the first one is slower than all others
        began = time.monotonic()
        for step in range(PROBED):
            self._backward(step)
        seconds = (time.monotonic() - began) / PROBED
        self.optimizer.zero_grad(set_to_none=True)
        self.total = max(1, min(self.wanted, int(self.pace.minutes * 60 / seconds)))
        return self.total * seconds

    def update(self) -> dict[str, float]:
        """One optimizer step. -> the losses."""
        progress, warmup = self.step / self.total, self.pace.warmup
        scale = (progress + 1e-3) / warmup if progress < warmup else 0.5 * (1 + cos(pi * progress))
        for group in self.optimizer.param_groups:
            group["lr"] = self.pace.learning_rate * group["scale"] * scale
        figures = self._backward(self.step)
        nn.utils.clip_grad_norm_([*self.trained.values(), *self.head.parameters()], 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return figures

    def _backward(self, step: int) -> dict[str, float]:
        torch.manual_seed(self.pace.seed * 1_000_003 + step)
        set_training(self.model)
        losses = self.losses(step)
        torch.stack([loss.float() for loss in losses.values()]).sum().backward()
        return {name: round(loss.item(), 4) for name, loss in losses.items()}

    def batch(self, step: int) -> list[int]:
        """The rows of a step: each epoch takes every one once, in an order of its own."""
        size = min(self.pace.batch_size, len(self.rows))
        epoch, place = divmod(step, len(self.rows) // size)
        order = list(self.rows)
        random.Random(f"{self.pace.seed}/{epoch}/order").shuffle(order)
        return order[place * size : (place + 1) * size]

    def interrupt(self, *_: object) -> None:
        """Ctrl-C: finish the current step first, so that the checkpoint is consistent."""
        self.interrupted = True

    def __enter__(self) -> Self:
        self.former_handler = signal.signal(signal.SIGINT, self.interrupt)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self.former_handler)

    def is_save_due(self) -> bool:
        return self.interrupted or time.monotonic() - self.saved_at > self.pace.checkpoint_seconds

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


class CatalogTuning(Tuning):
    """Trains the fusion, the embedding's layers and the upper layers of the text encoder.

    start: the model as it was.
    """

    model: CatalogModel
    pace: CatalogTuningSettings

    def __init__(self, settings: CatalogTuningSettings, model: CatalogModel, rows: Sequence[int]) -> None:
        model.requires_grad_(False)
        super().__init__(settings, model, rows)
        fit_attention(self.model.text_encoder)
        self.start = started(self.model)

    def begin_with(self, head: nn.Module, rate: float) -> None:
        """head: what is new beside the model, and learns `rate` times as fast."""
        self.begin(trainable(self.model, self.pace.trained_layers), head, rate)

    def scale(self, name: str) -> float:
        return self.pace.heads_rate if name.startswith(TRAINED) else 1.0


def learn(run: Tuning, folder: Path, title: str) -> bool:
    """Take the remaining steps. -> whether the last one was taken; False after Ctrl-C."""
    with run:
        run.plan()
        with tqdm(desc=title, total=run.total, initial=run.step, unit="step") as bar:
            while run.step < run.total and not run.interrupted:
                bar.set_postfix(run.update(), refresh=False)
                bar.update()
                if run.is_save_due():
                    run.save(folder)
    return run.step == run.total


def claim(folder: Path, settings: TuningSettings, feed: str, model: str) -> None:
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


def set_training(model: nn.Module) -> None:
    """Training mode, but for what is frozen as a whole: dropout there would only be noise."""
    model.train()
    for module in model.modules():
        parameters = list(module.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            module.eval()
