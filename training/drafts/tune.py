"""Tune all weights of a T5 or a GPT-2 on pairs of facts and texts: cross-entropy of the text's tokens, given the facts
(Raffel et al. 2020; Radford et al. 2018).
"""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from tqdm import tqdm

from catalog.drafts import channels, draft
from catalog.drafts.style import styled
from catalog.errors import ConfigInvalid
from catalog.model.folder import replaced
from catalog.questions.words import tokens
from catalog.writing import Example, Writer, encode, open_writer
from catalog.writing.encoding import IGNORED
from training.device import best_device, mixed_precision
from training.drafts.pairs import Pair, split
from training.pretrain.tuning import Tuning, TuningSettings, claim, learn

WRITTEN = 200  # held-out texts that are written anew
CHANNEL = "google"  # whose description is the longest
REPORT = "report.json"


@dataclass(frozen=True)
class Settings(TuningSettings):
    minutes: float = 600.0
    epochs: int = 3
    batch_size: int = 8
    learning_rate: float = 3e-4


class Report(NamedTuple):
    """Of held-out pairs: perplexity of a token before and after; and of those that were written, how many: `accepted`
    is the share whose text says nothing beyond the facts, `overlap` how like the pair's own these are, refused ones
    in the template's words; `template` the same of the template alone. See `overlap`.
    """

    pairs: int
    held_out: int
    perplexity_before: float
    perplexity: float
    written: int
    accepted: float
    overlap: float
    template: float


class DraftTuning(Tuning):
    """rows: places of the examples to learn from, here all of them."""

    def __init__(self, settings: Settings, writer: Writer, examples: Sequence[Example]) -> None:
        super().__init__(settings, writer.model, range(len(examples)))
        self.examples = examples
        self.begin(dict(self.model.named_parameters()))

    def losses(self, step: int) -> dict[str, Tensor]:
        with mixed_precision(best_device()):
            return {"text": self.model(**padded([self.examples[row] for row in self.batch(step)])).loss}


def train_drafts(pairs: Sequence[Pair], output: Path, start: str, settings: Settings) -> Report:
    """pairs: see `teachable`. start: a folder, or a name on the Hugging Face hub.

    The checkpoint is in OUTPUT.run until the end; Ctrl-C leaves it there and raises KeyboardInterrupt. Raises
    ConfigInvalid if the output exists or a run of other pairs or settings is there, and CheckpointInvalid.
    """
    if output.exists():
        raise ConfigInvalid(f"{output.name!r} already exists. Give the name of a new folder.")
    learnt, held = split(pairs, settings.seed)
    writer = open_writer(start, best_device().type)
    told, asked = encoded(writer, learnt), encoded(writer, held)
    before = perplexity(writer, asked, settings.batch_size)
    run_folder = output.with_name(f"{output.name}.run")
    claim(run_folder, settings, fingerprint(pairs), start)
    run = DraftTuning(settings, writer, told)
    run.resume(run_folder)
    ended = learn(run, run_folder, "tune")
    run.save(run_folder)
    if not ended:
        raise KeyboardInterrupt
    writer.model.eval()
    report = Report(
        len(pairs), len(held), before, perplexity(writer, asked, settings.batch_size), *measured(writer, held)
    )
    with replaced(output) as folder:
        writer.model.save_pretrained(folder)
        writer.tokenizer.save_pretrained(folder)
        (folder / REPORT).write_text(json.dumps(report._asdict(), indent=1), encoding="utf-8")
    shutil.rmtree(run_folder)
    return report


def encoded(writer: Writer, pairs: Sequence[Pair]) -> list[Example]:
    return [encode(writer.tokenizer, pair.prompt, pair.text, writer.causal) for pair in pairs]


def padded(examples: Sequence[Example]) -> dict[str, Tensor]:
    """input_ids, attention_mask (B, T) and labels (B, S): what is short ends in what nobody reads."""

    def matrix(rows: Sequence[Sequence[int]], filling: int) -> Tensor:
        width = max(map(len, rows))
        return torch.tensor([[*row, *[filling] * (width - len(row))] for row in rows], device=best_device())

    inputs = [one.input for one in examples]
    return {
        "input_ids": matrix(inputs, 0),
        "attention_mask": matrix([[1] * len(row) for row in inputs], 0),
        "labels": matrix([one.labels for one in examples], IGNORED),
    }


@torch.inference_mode()
def perplexity(writer: Writer, examples: Sequence[Example], batch_size: int) -> float:
    """exp of the mean cross-entropy of a text's token."""
    total, count = 0.0, 0
    for first in range(0, len(examples), batch_size):
        some = examples[first : first + batch_size]
        said = sum(label != IGNORED for one in some for label in one.labels)
        total += float(writer.model(**padded(some)).loss) * said
        count += said
    return round(float(torch.tensor(total / count).exp()), 4)


def measured(writer: Writer, held: Sequence[Pair]) -> tuple[int, float, float, float]:
    """written, accepted, overlap, template: see `Report`."""
    some = held[:WRITTEN]
    accepted, ours, plain = 0, 0.0, 0.0
    for pair in tqdm(some, desc="write", unit="text"):
        drafted = draft(pair.known, channels()[CHANNEL])
        found = styled(drafted, pair.known, writer.write(pair.prompt))
        accepted += found is not None
        ours += overlap(str((found or drafted).description), pair.text)
        plain += overlap(str(drafted.description), pair.text)
    count = len(some)
    return count, round(accepted / count, 4), round(ours / count, 4), round(plain / count, 4)


def overlap(text: str, other: str) -> float:
    """F1 of the longest common subsequence of words (ROUGE-L, Lin 2004)."""
    words, others = tokens(text), tokens(other)
    if not words or not others:
        return 0.0
    row = [0] * (len(others) + 1)
    for word in words:
        before = 0
        for place, said in enumerate(others, 1):
            before, row[place] = row[place], before + 1 if word == said else max(row[place], row[place - 1])
    return 2 * row[-1] / (len(words) + len(others))


def fingerprint(pairs: Sequence[Pair]) -> str:
    return hashlib.sha256(repr([(pair.prompt, pair.text) for pair in pairs]).encode()).hexdigest()
