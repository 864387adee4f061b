"""Teach a text encoder: what its teachers hold near stays near, translations meet, and a query meets its titles.

Relational distillation (Park et al. 2019): the cosines among a batch's texts are to be those of the teachers' vectors
of the English texts, so that a translation takes the place of its original. InfoNCE for translations and for queries.
"""

import json
import os
import random
import shutil
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from math import cos, pi
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from tqdm import tqdm

from catalog.arrays import Floats
from catalog.errors import ConfigInvalid
from catalog.model.encoders import TextEncoder
from catalog.model.preprocess import pad
from catalog.model.tokenizer import Tokenizer
from catalog.taxonomy.tree import Taxonomy
from training.config import TextConfig
from training.data.text_vectors import centre
from training.device import best_device, fit_attention, mixed_precision
from training.losses import contrastive, relation
from training.texts.corpus import Text, drawn_rows, read_corpus, rows_by_kind


class Reader:
    """A text encoder with its tokenizer."""

    def __init__(self, folder: str, max_tokens: int) -> None:
        self.encoder = TextEncoder.from_pretrained(folder, max_tokens).to(best_device()).eval()
        fit_attention(self.encoder)
        self.tokenizer = Tokenizer.from_pretrained(folder, max_tokens, self.encoder.config.prefix)

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """-> (N, D)"""
        ids = self.tokenizer(texts)
        order = sorted(range(len(ids)), key=lambda n: len(ids[n]))
        vectors: list[Tensor] = []
        # Two halves of similar lengths: a long text does not pad them all.
        for part in (order[: len(order) // 2], order[len(order) // 2 :]):
            if part:
                group = pad([ids[n] for n in part], self.tokenizer.pad_id)
                vectors.append(self.encoder(*(torch.from_numpy(each).to(best_device()) for each in group))[1])
        found_ND = torch.cat(vectors)
        place = torch.empty(len(ids), dtype=torch.long)
        place[torch.tensor(order)] = torch.arange(len(ids))
        return found_ND[place.to(found_ND.device)]


@torch.inference_mode()
def taught_vectors(config: TextConfig, texts: Sequence[str], path: Path) -> Floats:
    """The teachers' vectors, centred, of unit length and side by side, (N, D), half precision; cached in `path`."""
    if path.exists():
        return np.load(path, mmap_mode="r")
    parts = []
    for folder in config.teachers:
        reader = Reader(folder, config.max_tokens)
        order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
        found = np.zeros((len(texts), reader.encoder.widths.pooled), np.float32)
        for start in tqdm(range(0, len(texts), 128), desc=f"teacher {Path(folder).name}", unit="batch"):
            chosen = order[start : start + 128]
            with mixed_precision(best_device()):
                found[chosen] = reader([texts[n] for n in chosen]).float().cpu().numpy()
        found -= found.mean(0)
        parts.append(found / np.linalg.norm(found, axis=1, keepdims=True))
    vectors = (np.concatenate(parts, 1) / len(parts) ** 0.5).astype(np.float16)
    np.save(path.with_suffix(".tmp.npy"), vectors)
    path.with_suffix(".tmp.npy").replace(path)
    return vectors


class Batch:
    """The texts of one step."""

    def __init__(self, texts: Sequence[Text], taught: Floats, rows: Sequence[int], draw: random.Random) -> None:
        self.english = [texts[row].english for row in rows]
        self.taught_BD = torch.from_numpy(np.asarray(taught[list(rows)], np.float32))
        # Chinese is drawn as often as all other languages together.
        pick = [self._translation(texts[row], draw) for row in rows]
        self.translated = [n for n, text in enumerate(pick) if text]
        self.translations = [text for text in pick if text]
        asked = [draw.choice(texts[row].queries) if texts[row].queries else "" for row in rows]
        self.queried = [n for n, text in enumerate(asked) if text]
        self.queries = [text for text in asked if text]

    @staticmethod
    def _translation(text: Text, draw: random.Random) -> str:
        if not text.same:
            return ""
        return text.same[0] if draw.random() < 0.5 else draw.choice(text.same)


def losses(reader: Reader, batch: Batch, config: TextConfig, log_scale: Tensor) -> dict[str, Tensor]:
    with mixed_precision(best_device()):
        found = reader([*batch.english, *batch.translations, *batch.queries])
    found = F.normalize(found.float(), dim=-1)
    english, translations, queries = found.split([len(batch.english), len(batch.translations), len(batch.queries)])
    ours_ND = torch.cat([english, translations])
    theirs_ND = torch.cat([batch.taught_BD, batch.taught_BD[batch.translated]]).to(ours_ND.device)
    theirs_NN, cuts = theirs_ND @ theirs_ND.T, (ours_ND.shape[1],)
    kept = relation(ours_ND, theirs_NN, torch.ones_like(theirs_NN, dtype=torch.bool), cuts)
    originals = [batch.english[n] for n in batch.translated]
    same = contrastive(translations, english[batch.translated], equal(originals).to(found.device), log_scale, cuts)
    asked = contrastive(queries, english[batch.queried], equal(batch.queries).to(found.device), log_scale, cuts)
    return {
        "relation": config.relation_weight * kept,
        "translation": config.translation_weight * same,
        "query": config.query_weight * asked,
    }


def equal(texts: Sequence[str]) -> Tensor:
    """bool (B, B): which pairs are the same text."""
    number = {text: n for n, text in enumerate(dict.fromkeys(texts))}
    each_B = torch.tensor([number[text] for text in texts], dtype=torch.long)
    return each_B[:, None] == each_B


def step_batches(config: TextConfig, texts: Sequence[Text], taught: Floats, start: int) -> Iterator[Batch]:
    of_kind = rows_by_kind(texts)
    for step in range(start, config.steps):
        draw = random.Random(f"{config.seed}/{step}")
        yield Batch(texts, taught, drawn_rows(of_kind, config.batch_size, draw), draw)


class TextRun:
    """The state of a run: the encoder, its optimizer, the step. Its checkpoint is replaced atomically."""

    def __init__(self, config: TextConfig, reader: Reader) -> None:
        self.config, self.reader, self.folder = config, reader, Path(config.output)
        bert = reader.encoder.bert
        bert.embeddings.requires_grad_(False)
        for layer in bert.encoder.layer[: config.frozen_layers]:
            layer.requires_grad_(False)
        self.log_scale = nn.Parameter(torch.tensor(3.0, device=best_device()))
        self.trained = {name: p for name, p in bert.named_parameters() if p.requires_grad}
        vectors = [*(p for p in self.trained.values() if p.ndim == 1), self.log_scale]
        groups: list[dict[str, Any]] = [
            {"params": [p for p in self.trained.values() if p.ndim > 1]},
            {"params": vectors, "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=config.learning_rate, weight_decay=config.weight_decay)
        self.step, self.interrupted, self.saved_at = 0, False, time.monotonic()

    def update(self, batch: Batch) -> dict[str, float]:
        """One optimizer step. -> the losses."""
        progress = self.step / self.config.steps
        warming = progress < self.config.warmup
        scale = (progress + 1e-3) / self.config.warmup if warming else 0.5 * (1 + cos(pi * progress))
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * scale
        parts = losses(self.reader, batch, self.config, self.log_scale)
        torch.stack(list(parts.values())).sum().backward()
        nn.utils.clip_grad_norm_([*self.trained.values(), self.log_scale], 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return {name: round(part.item(), 4) for name, part in parts.items()}

    def interrupt(self, *_: object) -> None:
        """Ctrl-C: finish the current step first, so that the checkpoint is consistent."""
        self.interrupted = True

    def is_save_due(self) -> bool:
        return self.interrupted or time.monotonic() - self.saved_at > self.config.checkpoint_seconds

    def save(self) -> None:
        state = {
            "trained": {name: p.detach() for name, p in self.trained.items()},
            "optimizer": self.optimizer.state_dict(),
            "log_scale": self.log_scale.detach(),
            "step": self.step,
        }
        torch.save(state, self.folder / "state.tmp")
        os.replace(self.folder / "state.tmp", self.folder / "state.pt")
        self.saved_at = time.monotonic()

    def resume(self) -> None:
        """Load the folder's checkpoint, if any. Raises ConfigInvalid if a run with another configuration wrote it."""
        path, record = self.folder / "state.pt", self.folder / "config.json"
        mine = json.loads(json.dumps(asdict(self.config)))
        if path.exists() and record.exists() and json.loads(record.read_text()) != mine:
            raise ConfigInvalid(f"{self.folder.name!r} holds a run with another configuration: choose another output.")
        record.write_text(json.dumps(mine, indent=1))
        if path.exists():
            state = torch.load(path, weights_only=True, map_location=best_device())
            self.reader.encoder.bert.load_state_dict(state["trained"], strict=False)
            self.optimizer.load_state_dict(state["optimizer"])
            self.log_scale.data.copy_(state["log_scale"])
            self.step = state["step"]


def teach(config: TextConfig, data: Path) -> None:
    """Train to the end, from the last checkpoint of `config.output` if there is one; writes <output>/encoder."""
    texts = read_corpus(config.corpus, data, Taxonomy.load(Path(config.taxonomy)))
    folder = Path(config.output)
    folder.mkdir(parents=True, exist_ok=True)
    taught = taught_vectors(config, [text.english for text in texts], folder / "teachers.npy")
    some = [text.english for text in texts[:: max(1, len(texts) // 2048)]]
    reader = Reader(config.start, config.max_tokens)
    centre(reader.encoder, reader.tokenizer, some)
    run = TextRun(config, reader)
    run.resume()
    former_handler = signal.signal(signal.SIGINT, run.interrupt)
    try:
        with (
            tqdm(total=config.steps, initial=run.step, unit="step", desc=folder.name) as bar,
            (folder / "log.jsonl").open("a") as log,
        ):
            for batch in step_batches(config, texts, taught, run.step):
                figures = run.update(batch)
                bar.update()
                bar.set_postfix(figures, refresh=False)
                if run.step % 10 == 0:
                    print(json.dumps({"step": run.step, **figures}), file=log, flush=True)
                if run.is_save_due():
                    run.save()
                if run.interrupted:
                    return
    finally:
        signal.signal(signal.SIGINT, former_handler)
    run.save()
    interpolate(reader, Reader(config.start, config.max_tokens), config.start_share)
    centre(reader.encoder, reader.tokenizer, some)
    write_encoder(config, reader.encoder.bert, folder / "encoder")


@torch.no_grad()
def interpolate(reader: Reader, start: Reader, share: float) -> None:
    """Move the weights by `share` of the way back to those of the start, as in WiSE-FT (Wortsman et al. 2022)."""
    before = dict(start.encoder.bert.named_parameters())
    for name, parameter in reader.encoder.bert.named_parameters():
        parameter.lerp_(before[name], share)


def write_encoder(config: TextConfig, bert: nn.Module, output: Path) -> None:
    """The folder of the encoder that the run started from, with what was learnt."""
    shutil.copytree(config.start, output, dirs_exist_ok=True)
    weights = load_file(output / "model.safetensors")
    learnt = {name: value for name, value in bert.state_dict().items() if name in weights}
    save_file(weights | {name: value.contiguous() for name, value in learnt.items()}, output / "model.safetensors")
