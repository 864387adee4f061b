"""The training loop, read top to bottom.

Everything random in step s depends on (seed, s) alone, so a run that is killed and started again draws the same
batches and the same dropout from its last checkpoint on, and arrives at the same losses.
"""

import json
import os
import re
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from math import cos, pi
from pathlib import Path
from typing import Any

import torch
from timm.optim import create_optimizer_v2
from timm.utils import ModelEmaV3
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from catalog.errors import ConfigInvalid, FileNotReadable, ManifestInvalid
from catalog.model.checkpoint import save_model
from catalog.model.network import CatalogModel
from catalog.model.runtime import Runtime, open_runtime
from catalog.taxonomy.tree import Taxonomy
from training.batch_loss import batch_losses
from training.config import TrainConfig
from training.data.samples import (
    Collator,
    LabelledProduct,
    Reader,
    Sampler,
    TrainingBatch,
    load,
    read_manifest,
    unmapped,
)
from training.device import best_device, mixed_precision
from training.distillation import open_teacher
from training.evaluation.evaluate import validation_scores
from training.evaluation.predict import encode_rows
from training.features import FeatureCache
from training.initial_weights import starting_model

MAY_CHANGE = ("output", "workers", "checkpoint_seconds", "features")


def train(config: TrainConfig, data: Path, stop_after_steps: int | None = None) -> dict[str, float]:
    """Train to the end, or from the last checkpoint of `config.output` to the end. -> the best validation scores.

    The model with the best mean score on `val` stands in <output>/model, that of the end in <output>/last.
    `stop_after_steps` ends early, as a kill would, but after a checkpoint.
    """
    taxonomy = Taxonomy.load(Path(config.taxonomy))
    rows = {split: read_sets(config, data, taxonomy, split) for split in ("train", "val")}
    torch.manual_seed(config.seed)
    texts = (f"{row.title} {row.description}" for row in rows["train"])
    model, tokenizer = starting_model(config, taxonomy, texts)
    freeze(model, config.frozen)
    teacher = open_teacher(Path(config.teacher), model, taxonomy) if config.teacher else None
    run = Run(config, model, open_runtime(teacher, best_device().type) if teacher else None)
    run.resume()
    # Cached views are shared between seeds; the seed then decides which of them a step draws.
    seed = 0 if config.cache_views else config.seed
    sampler = Sampler(rows["train"], taxonomy, model.config.image.size, seed, config.made_titles)
    shown_as = Reader(teacher.config.image.size, teacher.tokenizer) if teacher else None
    collator = Collator(sampler, Reader(sampler.size, tokenizer), shown_as)
    cache = None
    if config.cache_views:
        path = Path(config.features) if config.features else run.folder / "features.pt"
        cache = FeatureCache(model, collator, config.cache_views, rows["val"], path)
    steps_per_epoch = len(epoch_order(config, rows["train"], 0)) // config.accumulate
    total = min(steps_per_epoch * config.epochs, config.max_steps or sys.maxsize)
    with tqdm(total=total, initial=run.step, unit="step", desc=run.folder.name) as bar, run:
        while run.step < total:
            epoch, first = divmod(run.step, steps_per_epoch)
            samples = load_epoch(config, collator, cache, epoch, first * config.accumulate)
            last = min(run.step - first + steps_per_epoch, total)
            while run.step < last:
                losses = run.update(samples, total)
                bar.update()
                bar.set_postfix(losses | {"best": run.best.get("score", 0.0)}, refresh=False)
                stopping = run.interrupted or run.step == stop_after_steps
                # An epoch's last step is saved together with its scores, or a resumed run would go without them.
                if run.step < last and (stopping or run.is_save_due()):
                    run.save()
                    if stopping:
                        return run.best
            average = run.average.module
            encoded = cache.val if cache else encode_rows(average, rows["val"], tokenizer)
            if run.keep_if_best(epoch, validation_scores(average, rows["val"], encoded, taxonomy)):
                save_model(run.folder / "model", average, taxonomy, tokenizer)
            if run.step == total:
                save_model(run.folder / "last", average, taxonomy, tokenizer)
            run.save()
            if run.interrupted or run.step == stop_after_steps:
                break
    return run.best


def read_sets(config: TrainConfig, data: Path, taxonomy: Taxonomy, split: str) -> list[LabelledProduct]:
    """The products of one split of every data set, after a word on those whose category the tree lacks.

    Raises FileNotReadable, or ManifestInvalid when there are none, or too many of those.
    """
    rows: list[LabelledProduct] = []
    for item in config.sets:
        if not (data / item.manifest).is_file():
            raise FileNotReadable(f"The manifest {item.manifest!r} does not exist below the data root {str(data)!r}.")
        found = read_manifest(data / item.manifest, taxonomy, split)
        if said := unmapped(found, config.max_unmapped):
            print(f"{split}: {said}", file=sys.stderr)
        rows += found
    if not any(row.node for row in rows):
        raise ManifestInvalid(f"The data sets have no product with a category of the tree in the split {split!r}.")
    return rows


def freeze(model: nn.Module, patterns: Sequence[str]) -> None:
    for pattern in patterns:
        matching = [parameter for name, parameter in model.named_parameters() if re.search(pattern, name)]
        if not matching:
            raise ConfigInvalid(f"No parameter's name matches the frozen pattern {pattern!r}.")
        for parameter in matching:
            parameter.requires_grad_(False)


def set_training(model: nn.Module) -> None:
    """Training mode, except where every parameter of a submodule is frozen: batch statistics stay there, too."""
    model.train()
    for module in model.modules():
        parameters = list(module.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            module.eval()


def epoch_order(config: TrainConfig, rows: Sequence[LabelledProduct], epoch: int) -> list[list[int]]:
    """An epoch's parts of batches as row indices: each set as often as it repeats, shuffled by (seed, epoch)."""
    repeats = {Path(item.manifest).parent.name: item.repeats for item in config.sets}
    pool = [i for i, row in enumerate(rows) for _ in range(repeats[row.source])]
    generator = torch.Generator().manual_seed(config.seed * 100_003 + epoch)
    order = torch.tensor(pool)[torch.randperm(len(pool), generator=generator)].tolist()
    batch, part = config.batch_size, config.batch_size // config.accumulate
    return [order[i : i + part] for i in range(0, max(len(order) // batch, 1) * batch, part)]


def load_epoch(
    config: TrainConfig, collator: Collator, cache: FeatureCache | None, epoch: int, first: int
) -> Iterator[TrainingBatch]:
    parts = epoch_order(config, collator.sampler.rows, epoch)
    if cache is not None:
        for number, part in enumerate(parts[first:], first):
            yield cache.read(part, seed=config.seed * 1_000_003 + epoch * 10_007 + number)
        return
    if epoch < config.small_epochs:
        collator = collator.at_size(config.small_size)
    # A repeated row is drawn anew each time: its place in the run is part of the draw.
    draws = [[(row, (epoch, number, place)) for place, row in enumerate(part)] for number, part in enumerate(parts)]
    yield from load(draws[first:], collator, config.workers)


class Run:
    """What changes while training: weights, their moving average, optimizer, step. Saved whole, replaced atomically."""

    def __init__(self, config: TrainConfig, model: CatalogModel, teacher: Runtime | None = None) -> None:
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
        """Ctrl-C: end after the step under way, so that what is saved is whole."""
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

    def update(self, samples: Iterator[TrainingBatch], total: int) -> dict[str, float]:
        """One optimizer step over the next `accumulate` parts of a batch. -> the losses, for the log."""
        set_training(self.model)
        torch.manual_seed(self.config.seed * 1_000_003 + self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * group["scale"] * schedule(self.step / total, self.config.warmup)
        parts: list[dict[str, Tensor]] = []
        for _ in range(self.config.accumulate):
            drawn = next(samples).to(self.device)
            with mixed_precision(self.device):
                parts.append(batch_losses(self.model, drawn, self.config, self.teacher))
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
        """Log the scores on `val`. -> whether they are the best so far."""
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
        """Go on from the folder's last checkpoint, if there is one. Raises ConfigInvalid if another run left it."""
        path, record = self.folder / "state.pt", self.folder / "config.json"
        mine = json.loads(json.dumps(asdict(self.config)))
        if path.exists() and record.exists():
            theirs = json.loads(record.read_text())
            changed = [name for name in mine if name not in MAY_CHANGE and mine[name] != theirs.get(name)]
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


def schedule(progress: float, warmup: float) -> float:
    """Linear warm-up, then a cosine to zero (Loshchilov & Hutter 2017). `progress` is 0 to 1."""
    if progress < warmup:
        return (progress + 1e-3) / warmup
    return 0.5 * (1 + cos(pi * (progress - warmup) / (1 - warmup)))
