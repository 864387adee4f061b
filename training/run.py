"""The state of a training run: one optimizer step, its checkpoint and its log."""

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict
from math import cos, pi
from pathlib import Path
from typing import Any

import torch
from timm.optim import create_optimizer_v2
from timm.utils import ModelEmaV3
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from catalog.errors import ConfigInvalid
from catalog.model.network import CatalogModel
from training.batch_loss import Teacher, batch_losses
from training.config import TrainConfig, recorded_config
from training.data.samples import TrainingBatch
from training.device import best_device, mixed_precision

# Keys of a configuration that may differ when a run is resumed.
MAY_CHANGE = ("output", "workers", "checkpoint_seconds", "features", "teacher_features", "maps")


class Run:
    """The state of a run: weights, their moving average, optimizer, step. Its checkpoint is replaced atomically."""

    def __init__(self, config: TrainConfig, model: CatalogModel, teacher: Teacher | None = None) -> None:
        self.config, self.device, self.teacher = config, best_device(), teacher
        self.model = model.to(self.device)
        self.folder = Path(config.output)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.average = ModelEmaV3(model, decay=config.average_decay, use_warmup=True)
        self.optimizer = create_optimizer_v2(
            self._parameter_groups(), opt=config.optimizer, lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.step = 0
        self.best: dict[str, float] = {}
        self.interrupted = False
        self.saved_at = time.monotonic()

    def __enter__(self) -> "Run":
        self.former_handler = signal.signal(signal.SIGINT, self.interrupt)
        self.board = SummaryWriter(str(self.folder / "tensorboard"), purge_step=self.step)
        self.log = (self.folder / "log.jsonl").open("a")
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self.former_handler)
        self.board.close()
        self.log.close()

    def interrupt(self, *_: object) -> None:
        """Ctrl-C: finish the current step first, so that the checkpoint is consistent."""
        self.interrupted = True

    def _parameter_groups(self) -> list[dict[str, Any]]:
        groups: dict[tuple[float, bool], list[Tensor]] = {}
        for name, parameter in self.model.named_parameters():
            if parameter.requires_grad:
                scales = [s for pattern, s in self.config.learning_rate_scale.items() if re.search(pattern, name)]
                decays = parameter.ndim > 1
                groups.setdefault((scales[0] if scales else 1.0, decays), []).append(parameter)
        return [
            {"params": members, "scale": scale, **({} if decays else {"weight_decay": 0.0})}
            for (scale, decays), members in groups.items()
        ]

    def update(self, batches: Iterator[TrainingBatch], total: int) -> dict[str, float]:
        """One optimizer step over the next `accumulate` batches. -> mean losses, for the log."""
        set_training(self.model)
        torch.manual_seed(self.config.seed * 1_000_003 + self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * group["scale"] * schedule(self.step / total, self.config.warmup)
        parts: list[dict[str, Tensor]] = []
        for _ in range(self.config.accumulate):
            batch = next(batches).to(self.device)
            with mixed_precision(self.device):
                parts.append(batch_losses(self.model, batch, self.config, self.teacher))
            (parts[-1]["loss"] / self.config.accumulate).backward()
            parts[-1] = {name: loss.detach() for name, loss in parts[-1].items()}
        nn.utils.clip_grad_norm_((p for p in self.model.parameters() if p.requires_grad), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.average.update(self.model, step=self.step)
        self.step += 1
        figures = {name: round(sum(part[name].item() for part in parts) / len(parts), 4) for name in parts[0]}
        if self.step % 20 == 0 or self.step < 20:
            self.write(figures)
        return figures

    def write(self, figures: dict[str, float]) -> None:
        for name, value in figures.items():
            self.board.add_scalar(name, value, self.step)
        print(json.dumps({"step": self.step, **figures}), file=self.log, flush=True)

    def keep_if_best(self, epoch: int, scores: dict[str, float]) -> bool:
        """Log the validation scores. -> whether they are the best so far."""
        self.write({"epoch": epoch, **scores})
        if scores["score"] <= self.best.get("score", -1.0):
            return False
        self.best = scores
        return True

    def is_save_due(self) -> bool:
        return time.monotonic() - self.saved_at > self.config.checkpoint_seconds

    def save(self) -> None:
        state = {
            "step": self.step,
            "best": self.best,
            "model": self.model.state_dict(),
            "average": self.average.module.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        temporary = self.folder / "state.tmp"
        torch.save(state, temporary)
        os.replace(temporary, self.folder / "state.pt")
        self.saved_at = time.monotonic()

    def resume(self) -> None:
        """Load the folder's checkpoint, if any. Raises ConfigInvalid if a run with another configuration wrote it."""
        path, record = self.folder / "state.pt", self.folder / "config.json"
        mine = json.loads(json.dumps(asdict(self.config)))
        if path.exists() and record.exists():
            theirs = recorded_config(json.loads(record.read_text()))
            changed = [
                name for name in mine if name not in MAY_CHANGE and getattr(self.config, name) != getattr(theirs, name)
            ]
            if changed:
                names = ", ".join(changed)
                raise ConfigInvalid(f"{self.folder.name!r} holds a run with another {names}: choose another output.")
        record.write_text(json.dumps(mine, indent=1))
        if path.exists():
            state = torch.load(path, weights_only=True, map_location=self.device)
            self.step, self.best = state["step"], state["best"]
            self.model.load_state_dict(state["model"])
            self.average.module.load_state_dict(state["average"])
            self.optimizer.load_state_dict(state["optimizer"])


def set_training(model: nn.Module) -> None:
    """Training mode, except where every parameter of a submodule is frozen, and for batch norms.

    These keep the statistics of pretraining: those of a few thousand images of one shop are worse (docs/log.md).
    """
    model.train()
    for module in model.modules():
        parameters = list(module.parameters())
        frozen = parameters and not any(parameter.requires_grad for parameter in parameters)
        if frozen or isinstance(module, nn.BatchNorm2d):
            module.eval()


def schedule(progress: float, warmup: float) -> float:
    """Linear warm-up, then a cosine to zero (Loshchilov & Hutter 2017). `progress` is 0 to 1."""
    if progress < warmup:
        return (progress + 1e-3) / warmup
    return 0.5 * (1 + cos(pi * (progress - warmup) / (1 - warmup)))
