"""Teach a narrow text encoder to place each text where a model has it: at the model's own embedding of the text.

First the words alone, a text being their mean: thousands of texts a second. Then the whole encoder, from there. A
translation, or a query in another language, is to lie where its English text does (Reimers & Gurevych 2020).
"""

import json
import os
import random
import signal
import time
from collections.abc import Sequence
from dataclasses import asdict
from math import cos, pi
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn
from tqdm import tqdm

from catalog.arrays import Floats
from catalog.errors import ConfigInvalid
from catalog.model.checkpoint import Checkpoint, load_model
from catalog.model.encoders import TextEncoder, masked_mean
from catalog.model.encoders.text import READING
from catalog.model.network import CatalogModel, Projection
from catalog.model.preprocess import pad
from catalog.model.tokenizer import Tokenizer
from catalog.taxonomy.tree import Taxonomy
from training.config import NarrowTextConfig
from training.data.text_vectors import cached_vectors
from training.device import best_device, fit_attention, mixed_precision
from training.initial_weights import PROJECTION
from training.pruning import kept_tokens, letter_tokens, narrowed, shortened
from training.texts.corpus import Text, drawn_rows, read_corpus, rows_by_kind

GROUPS = 4  # of similar length: a long text does not pad them all
TABLE_SPREAD = 0.2  # standard deviation of the word table's numbers at the start
CENTRED = 0.1  # weight of the loss that keeps the mean of all texts at zero
RIDGE = 1e-3  # of the largest eigenvalue, where words that no text has follow the others


class Student(nn.Module):
    """The narrow encoder, and its projection into the teacher's space."""

    def __init__(self, encoder: TextEncoder, tokenizer: Tokenizer, width: int) -> None:
        super().__init__()
        self.encoder, self.tokenizer = encoder, tokenizer
        self.projection = Projection(encoder.widths.pooled, width)

    def forward(self, texts: Sequence[str], words_alone: bool = False) -> tuple[Tensor, Tensor]:
        """-> the encoder's pooled vectors (N, D), and the embeddings of unit length (N, E)."""
        ids = self.tokenizer(texts)
        order = sorted(range(len(ids)), key=lambda n: len(ids[n]))
        size = -(-len(ids) // GROUPS)
        parts = []
        for start in range(0, len(order), size):
            group = pad([ids[n] for n in order[start : start + size]], self.tokenizer.pad_id)
            ids_GT, mask_GT = (torch.from_numpy(each).to(best_device()) for each in group)
            if words_alone:
                parts.append(masked_mean(self.encoder.bert.embeddings(ids_GT), mask_GT))
            else:
                parts.append(self.encoder(ids_GT, mask_GT)[1])
        place = torch.empty(len(order), dtype=torch.long)
        place[torch.tensor(order)] = torch.arange(len(order))
        pooled_ND = torch.cat(parts).float()[place]
        return pooled_ND, F.normalize(self.projection(pooled_ND), dim=-1)


def starting_student(config: NarrowTextConfig, teacher: Checkpoint, texts: Sequence[str]) -> Student:
    """The teacher's words in fewer directions, under new layers."""
    tokenizer = Tokenizer(teacher.tokenizer.files, config.max_tokens)
    kept = sorted({*kept_tokens(tokenizer, config.vocabulary, texts), *letter_tokens(tokenizer)})
    encoder = narrowed(teacher.model.text_encoder, kept, config.text_options)
    embeddings = encoder.bert.embeddings
    with torch.no_grad():
        embeddings.word_embeddings.weight.mul_(TABLE_SPREAD / embeddings.word_embeddings.weight.std())
        embeddings.position_embeddings.weight.zero_()
        embeddings.token_type_embeddings.weight.zero_()
    fit_attention(encoder)
    return Student(encoder, shortened(tokenizer, kept), teacher.config.embedding_width).to(best_device()).eval()


@torch.inference_mode()
def taught_vectors(teacher: Checkpoint, texts: Sequence[str], path: Path) -> Floats:
    """The teacher's embeddings of texts, of unit length, (N, E). path: of its encoder's vectors."""
    pooled = cached_vectors(texts, teacher.model.text_encoder, teacher.tokenizer, path)
    found = np.zeros((len(texts), teacher.config.embedding_width), np.float32)
    for start in range(0, len(texts), 4096):
        part = torch.from_numpy(pooled[start : start + 4096]).float().to(best_device())
        found[start : start + 4096] = F.normalize(teacher.model.heads.text_embedding(part), dim=-1).cpu().numpy()
    return found


def lessons(texts: Sequence[Text], rows: Sequence[int], draw: random.Random) -> list[tuple[str, str]]:
    """Texts of a step, each with the one at whose embedding it is to lie."""
    found = []
    for text in (texts[row] for row in rows):
        found.append((text.english, text.english))
        if text.same:  # Chinese, which is the first, as often as all other languages together
            found.append((text.same[0] if draw.random() < 0.5 else draw.choice(text.same), text.english))
        if text.queries:
            query = draw.choice(text.queries)
            english = next((each for each in text.queries if each.isascii()), text.english)
            found.append((query, query if query.isascii() else english))
    return found


class NarrowRun:
    """The state of a run: the student, its optimizer, the step. Its checkpoint is replaced atomically."""

    def __init__(self, config: NarrowTextConfig, student: Student) -> None:
        self.config, self.student, self.folder = config, student, Path(config.output)
        parameters = list(student.named_parameters())
        words = [p for name, p in parameters if "bert.embeddings." in name]
        others = [p for name, p in parameters if "bert.embeddings." not in name]
        groups: list[dict[str, Any]] = [
            {"params": words, "scale": config.word_scale, "weight_decay": 0.0},
            {"params": [p for p in others if p.ndim > 1], "scale": 1.0},
            {"params": [p for p in others if p.ndim == 1], "scale": 1.0, "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=config.learning_rate, weight_decay=config.weight_decay)
        self.step, self.interrupted, self.saved_at = 0, False, time.monotonic()

    @property
    def words_alone(self) -> bool:
        return self.step < self.config.word_steps

    def update(self, texts: Sequence[str], taught_NE: Tensor) -> dict[str, float]:
        """One optimizer step. -> the losses."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * group["scale"] * self.schedule()
        with mixed_precision(best_device()):
            pooled_ND, found_NE = self.student(texts, self.words_alone)
        apart = 1 - (found_NE * taught_NE).sum(-1).mean()
        (apart + CENTRED * pooled_ND.mean(0).square().mean()).backward()
        nn.utils.clip_grad_norm_(self.student.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return {"apart": round(apart.item(), 4)}

    @property
    def total(self) -> int:
        return self.config.word_steps + self.config.steps

    def schedule(self) -> float:
        """Linear warm-up and a cosine to zero, once for the words alone and once for all."""
        first, last = (0, self.config.word_steps) if self.words_alone else (self.config.word_steps, self.total)
        progress, warmup = (self.step - first) / (last - first), self.config.warmup
        if progress < warmup:
            return (progress + 1e-3) / warmup
        return 0.5 * (1 + cos(pi * (progress - warmup) / (1 - warmup)))

    def interrupt(self, *_: object) -> None:
        """Ctrl-C: finish the current step first, so that the checkpoint is consistent."""
        self.interrupted = True

    def is_save_due(self) -> bool:
        return self.interrupted or time.monotonic() - self.saved_at > self.config.checkpoint_seconds

    def save(self) -> None:
        state = {"student": self.student.state_dict(), "optimizer": self.optimizer.state_dict(), "step": self.step}
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
            self.student.load_state_dict(state["student"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step = state["step"]


def teach_narrow(config: NarrowTextConfig, data: Path) -> None:
    """Train to the end, from the last checkpoint of `config.output` if there is one; writes <output>/encoder."""
    texts = read_corpus(config.corpus, data, Taxonomy.load(Path(config.taxonomy)))
    every = list(dict.fromkeys(text for each in texts for text in (each.english, *each.same, *each.queries)))
    folder = Path(config.output)
    folder.mkdir(parents=True, exist_ok=True)
    teacher = load_model(Path(config.teacher))
    taught_NE = taught_vectors(teacher, every, Path(config.vectors) if config.vectors else folder / "corpus.pt")
    torch.manual_seed(config.seed)
    run = NarrowRun(config, starting_student(config, teacher, every))
    before_VD = run.student.encoder.bert.embeddings.word_embeddings.weight.detach().clone()
    run.resume()
    place, of_kind = {text: number for number, text in enumerate(every)}, rows_by_kind(texts)
    former_handler = signal.signal(signal.SIGINT, run.interrupt)
    try:
        with tqdm(total=run.total, initial=run.step, unit="step", desc=folder.name) as bar:
            while run.step < run.total and not run.interrupted:
                draw = random.Random(f"{config.seed}/{run.step}")
                given = lessons(texts, drawn_rows(of_kind, config.batch_size, draw), draw)
                asked = torch.from_numpy(taught_NE[[place[text] for _, text in given]])
                figures = run.update([text for text, _ in given], asked.to(best_device()))
                bar.update()
                bar.set_postfix(figures, refresh=False)
                log_step(folder, run.step, figures)
                if run.step == config.word_steps:
                    follow(run.student, before_VD)
                if run.is_save_due():
                    run.save()
    finally:
        signal.signal(signal.SIGINT, former_handler)
    if not run.interrupted:
        run.save()
        write_student(run.student, teacher.model, folder / "encoder")


def log_step(folder: Path, step: int, figures: dict[str, float]) -> None:
    if step % 10 == 0:
        with (folder / "log.jsonl").open("a") as log:
            print(json.dumps({"step": step, **figures}), file=log)


@torch.no_grad()
def follow(student: Student, before_VD: Tensor) -> None:
    """Move the words that no text had as a linear map moved the others."""
    table_VD = student.encoder.bert.embeddings.word_embeddings.weight
    moved_V = (table_VD != before_VD).any(1)
    known_KD = before_VD[moved_V]
    square_DD = known_KD.T @ known_KD
    square_DD += RIDGE * torch.linalg.eigvalsh(square_DD)[-1] * torch.eye(len(square_DD), device=square_DD.device)
    map_DD = torch.linalg.solve(square_DD, known_KD.T @ table_VD[moved_V])
    table_VD[~moved_V] = before_VD[~moved_V] @ map_DD


def write_student(student: Student, teacher: CatalogModel, folder: Path) -> None:
    """As transformers has an encoder, with how it reads and its projection into the teacher's space."""
    student.encoder.bert.save_pretrained(folder)
    student.tokenizer.save(folder)
    scripts = {"scripts": teacher.config.text.scripts}
    (folder / READING).write_text(json.dumps(scripts, indent=1) + "\n", encoding="utf-8")
    save_file(
        {name: value.contiguous() for name, value in student.projection.state_dict().items()}, folder / PROJECTION
    )
