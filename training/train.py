"""The training loop, read top to bottom.

Everything random in step s depends on (seed, s) alone. A run that is killed and restarted therefore draws the same
batches and the same dropout from its last checkpoint on, and reaches the same losses.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import nn
from tqdm import tqdm

from catalog.errors import ConfigInvalid
from catalog.model.checkpoint import Checkpoint, save_model
from catalog.model.folder import ModelFolder
from catalog.model.network import CatalogModel, Likeness
from catalog.model.runtime import open_runtime
from catalog.model.tokenizer import Tokenizer
from catalog.taxonomy.tree import Taxonomy
from training import likeness
from training.batch_loss import Teacher
from training.config import TrainConfig
from training.data.manifests import LabelledProduct, read_sets
from training.data.samples import Collation, Collator, Sampler, TrainingBatch, load
from training.device import best_device, fit_attention
from training.distillation import open_teacher
from training.evaluation.evaluate import validation_scores
from training.evaluation.predict import encode_rows
from training.features.cache import FeatureCache
from training.features.stem_maps import StemMaps
from training.initial_weights import starting_model
from training.run import Run
from training.texts.replay import Replay, open_replay


def train(config: TrainConfig, data: Path, stop_after_steps: int | None = None) -> dict[str, float]:
    """Train to the end, from the last checkpoint of `config.output` if there is one. -> the best validation scores.

    <output>/model is the model with the best mean score on `val`, <output>/last that of the last step.
    `stop_after_steps` ends early, as Ctrl-C would: after a checkpoint.
    """
    taxonomy = Taxonomy.load(Path(config.taxonomy))
    rows = {split: read_sets(config, data, taxonomy, split) for split in ("train", "val")}
    torch.manual_seed(config.seed)
    model, tokenizer = starting_model(config, taxonomy, (f"{row.title} {row.description}" for row in rows["train"]))
    freeze(model, config.frozen)
    fit_attention(model)
    teacher = open_teacher(config, model, taxonomy) if config.teacher else None
    run = Run(config, model, answering(teacher) if teacher else None)
    run.resume()
    if config.examples_weighed and run.step == 0:
        likeness.fittable(model)  # or refused, before anything is encoded
    source = BatchSource(config, data, taxonomy, rows, model, tokenizer, teacher)
    if config.examples_weighed and run.step == 0:  # later it is in the checkpoint
        likeness.fit(model, tokenizer, taxonomy, rows["train"], *source.images())
        run.average.set(model)
    total = min(source.steps_per_epoch * config.epochs, config.max_steps or sys.maxsize)
    with tqdm(total=total, initial=run.step, unit="step", desc=run.folder.name) as bar, run:
        while run.step < total:
            epoch, step = divmod(run.step, source.steps_per_epoch)
            batches = source.epoch(epoch, from_step=step)
            last = min(run.step - step + source.steps_per_epoch, total)
            while run.step < last:
                losses = run.update(batches, total)
                bar.update()
                bar.set_postfix(losses | {"best": run.best.get("score", 0.0)}, refresh=False)
                stopping = run.interrupted or run.step == stop_after_steps
                # An epoch's last step is saved together with its scores: a resumed run would not compute them.
                if run.step < last and (stopping or run.is_save_due()):
                    run.save()
                    if stopping:
                        return run.best
            average = run.average.module
            if run.keep_if_best(epoch, source.validation_scores(average)):
                save_model(run.folder / "model", average, taxonomy, tokenizer)
            if run.step == total:
                save_model(run.folder / "last", average, taxonomy, tokenizer)
            run.save()
            if run.interrupted or run.step == stop_after_steps:
                break
    return run.best


def answering(teacher: ModelFolder) -> Teacher:
    return teacher.model if isinstance(teacher, Checkpoint) else open_runtime(teacher, best_device().type)


class BatchSource:
    """The batches of each epoch, and the scores on the validation set; from the feature cache if the run has one."""

    def __init__(
        self,
        config: TrainConfig,
        data: Path,
        taxonomy: Taxonomy,
        rows: dict[str, list[LabelledProduct]],
        model: CatalogModel,
        tokenizer: Tokenizer,
        teacher: ModelFolder | None,
    ) -> None:
        self.config, self.rows, self.tokenizer = config, rows, tokenizer
        # Cached views are shared between seeds; the seed then decides which of them a step draws.
        seed = 0 if config.cache_views else config.seed
        sampler = Sampler(rows["train"], taxonomy, model.config.image.inner, seed, config.synthetic_title_rate)
        if config.cache_maps:
            if model.image_encoder.stem is None:
                raise ConfigInvalid("cache_maps needs a model whose stem has shared stages.")
            sampler = sampler.of_maps(StemMaps(model.image_encoder, sampler, config.cache_maps, config.cache("maps")))
        for_teacher = Collation(teacher.config.image.inner, teacher.tokenizer) if teacher else None
        cached = isinstance(teacher, Checkpoint)
        self.collator = Collator(sampler, Collation(sampler.size, tokenizer), None if cached else for_teacher)
        self.cache: FeatureCache | None = None
        self.taught: FeatureCache | None = None
        if config.cache_views:
            file = config.cache("features")
            self.cache = FeatureCache(model, self.collator, config.cache_views, rows["val"], file)
        if isinstance(teacher, Checkpoint) and for_teacher:
            theirs, file = Collator(sampler, for_teacher), config.cache("teacher_features")
            self.taught = FeatureCache(teacher.model, theirs, config.cache_views, rows["val"], file)
        self.replay: Replay | None = None
        if config.corpus:
            if any(parameter.requires_grad for parameter in model.text_encoder.parameters()):
                raise ConfigInvalid("A corpus needs a frozen text encoder.")
            file = config.cache("vectors")
            self.replay = open_replay(config.corpus, data, taxonomy, model.text_encoder, tokenizer, file)
        self.steps_per_epoch = len(epoch_order(config, rows["train"], 0)) // config.accumulate

    def epoch(self, epoch: int, from_step: int) -> Iterator[TrainingBatch]:
        """The batches from a step of the epoch on, `accumulate` for each step."""
        first = from_step * self.config.accumulate
        for number, batch in enumerate(self._products(epoch, first), first):
            if self.replay is None:
                yield batch
            else:
                seed = (self.config.seed, epoch, number)
                yield batch._replace(corpus=self.replay.batch(self.config.corpus_batch, seed))

    def _products(self, epoch: int, first: int) -> Iterator[TrainingBatch]:
        parts = epoch_order(self.config, self.rows["train"], epoch)
        if self.cache is not None:
            for number, part in enumerate(parts[first:], first):
                seed = self.config.seed * 1_000_003 + epoch * 10_007 + number
                taught = self.taught.read(part, seed).encoded if self.taught else None
                yield self.cache.read(part, seed)._replace(taught=taught)
            return
        low_res = epoch < self.config.low_res_epochs
        collator = self.collator.at_size(self.config.low_res_size) if low_res else self.collator
        # A repeated row gets a new sample each time: its place in the run is part of the key.
        keys = [[(row, (epoch, number, place)) for place, row in enumerate(part)] for number, part in enumerate(parts)]
        yield from load(keys[first:], collator, self.config.workers)

    def images(self) -> tuple[likeness.Images, likeness.Images]:
        """A sample of the training images, and those of `val`, of products with a category. Raises ConfigInvalid."""
        if self.cache is None:
            raise ConfigInvalid("examples_weighed needs cache_views.")
        taxonomy, rows = self.collator.sampler.taxonomy, self.rows
        shown = {split: [n for n, row in enumerate(rows[split]) if row.node and row.image] for split in rows}
        shown["train"] = likeness.every(shown["train"], Likeness.SAMPLE)

        def images_of(split: str, pooled_ND: torch.Tensor) -> likeness.Images:
            chosen = shown[split]
            roots = likeness.roots([rows[split][n] for n in chosen], taxonomy)
            return likeness.Images(pooled_ND[chosen].float().cpu().numpy(), roots)

        val_ND = torch.cat([image.pooled_BD for image, _ in self.cache.val])
        return images_of("train", self.cache.image[0].pooled_BD), images_of("val", val_ND)

    def validation_scores(self, model: CatalogModel) -> dict[str, float]:
        """See `training.evaluation.evaluate.validation_scores`."""
        val = self.rows["val"]
        encoded = self.cache.val if self.cache else encode_rows(model, val, self.tokenizer)
        return validation_scores(model, val, encoded, self.collator.sampler.taxonomy)


def freeze(model: nn.Module, patterns: Sequence[str]) -> None:
    """Freeze the parameters whose names match a pattern. Raises ConfigInvalid for a pattern that matches none."""
    for pattern in patterns:
        matching = [parameter for name, parameter in model.named_parameters() if re.search(pattern, name)]
        if not matching:
            raise ConfigInvalid(f"No parameter's name matches the frozen pattern {pattern!r}.")
        for parameter in matching:
            parameter.requires_grad_(False)


def epoch_order(config: TrainConfig, rows: Sequence[LabelledProduct], epoch: int) -> list[list[int]]:
    """Row indices of an epoch's batches, each in `accumulate` parts: every set repeated, shuffled by (seed, epoch)."""
    repeats = {Path(item.manifest).parent.name: item.repeats for item in config.sets}
    pool = [i for i, row in enumerate(rows) for _ in range(repeats[row.source])]
    generator = torch.Generator().manual_seed(config.seed * 100_003 + epoch)
    order = torch.tensor(pool)[torch.randperm(len(pool), generator=generator)].tolist()
    batch, part = config.batch_size, config.batch_size // config.accumulate
    return [order[i : i + part] for i in range(0, max(len(order) // batch, 1) * batch, part)]
