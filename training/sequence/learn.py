"""Train the network to foretell each next product, until that of held-out questions is foretold no better.

Everything random in a step depends on (seed, step) alone, so a run that was stopped ends as if it had not been.
"""

import copy
import io
import random
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from catalog.arrays import Floats
from catalog.behaviour.sequence import Shape
from training.sequence.histories import Known, Longs, Question, Sequences, rows_of
from training.sequence.network import SequenceNetwork

AT_ONCE = 128  # questions


@dataclass(frozen=True)
class Settings:
    """epochs: at most; patience: so many that bring nothing end the run; negatives: products that each next one is
    told from; all of them, where there are no more.
    """

    seed: int = 0
    epochs: int = 40
    patience: int = 4
    batch_size: int = 128
    negatives: int = 1024
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    checkpoint_seconds: float = 60.0


class SequenceRun:
    """Weights, optimizer, step, and the best weights so far. `state` and `restore` keep all of it in bytes.

    held: questions that say which weights are the best, and when there will be no better ones.
    """

    def __init__(self, settings: Settings, known: Known, sequences: Sequences, held: Sequence[Question]) -> None:
        self.settings, self.known, self.sequences = settings, known, sequences
        torch.manual_seed(settings.seed)
        self.network = SequenceNetwork(Shape(known.vectors_NE.shape[1]))
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.vectors_NE, self.popularity_N = torch.from_numpy(known.vectors_NE), torch.from_numpy(known.popularity_N)
        self.step, self.best_loss, self.without_gain = 0, float("inf"), 0
        self.best = copy.deepcopy(self.network.state_dict())
        self.interrupted = False
        self._questions = rows_of(held, known)
        self._batches: tuple[int, list[list[int]]] = -1, []  # with their epoch

    @property
    def steps_an_epoch(self) -> int:
        return -(-len(self.sequences.products) // self.settings.batch_size)

    @property
    def total(self) -> int:
        return self.settings.epochs * self.steps_an_epoch

    @property
    def is_done(self) -> bool:
        return self.step >= self.total or self.without_gain >= self.settings.patience

    def update(self) -> float:
        """One optimizer step, and at the end of an epoch a look at the held-out questions. -> the loss."""
        torch.manual_seed(self.settings.seed * 1_000_003 + self.step)
        self.network.train()
        loss = self._loss(self._batch())
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        if self.step % self.steps_an_epoch == 0:
            self._look()
        return loss.item()

    def _batch(self) -> list[int]:
        epoch, place = divmod(self.step, self.steps_an_epoch)
        if self._batches[0] != epoch:
            self._batches = epoch, self._order(epoch)
        return self._batches[1][place]

    def _order(self, epoch: int) -> list[list[int]]:
        """The batches of an epoch, which takes every sequence once: those of about one length, so that few steps of a
        batch are empty.
        """
        dice, size = random.Random(f"{self.settings.seed}/{epoch}/order"), self.settings.batch_size
        order = list(range(len(self.sequences.products)))
        dice.shuffle(order)
        order.sort(key=lambda row: len(self.sequences.products[row]))  # equal lengths stay shuffled
        batches = [order[start : start + size] for start in range(0, len(order), size)]
        dice.shuffle(batches)
        return batches

    def _loss(self, rows: Sequence[int]) -> Tensor:
        """Cross-entropy among the next product and a sample of the others, which stand for all of them."""
        products = [self.sequences.products[row] for row in rows]
        goes_on_BT = padded([self.sequences.goes_on[row][:-1] for row in rows])
        before_BT = padded([one[:-1] for one in products])
        after_BT = padded([one[1:] for one in products], -1)
        found_BTD = self.network(self.vectors_NE[before_BT], goes_on_BT)
        there_BT = after_BT >= 0
        return self._sampled(found_BTD[there_BT], after_BT[there_BT])

    def _sampled(self, found_MD: Tensor, target_M: Tensor) -> Tensor:
        count = len(self.known.ids)
        if count <= self.settings.negatives:
            return F.cross_entropy(self.network.logits(found_MD, self.vectors_NE, self.popularity_N), target_M)
        others_S = torch.randint(count, (self.settings.negatives,))
        among_MS = self.network.logits(found_MD, self.vectors_NE[others_S], self.popularity_N[others_S])
        among_MS = among_MS.masked_fill(others_S == target_M[:, None], float("-inf"))
        keys_MD = self.network.query(self.vectors_NE[target_M])
        own_M = (found_MD * keys_MD).sum(-1) + self.network.popular * self.popularity_N[target_M]
        whole_M = torch.logsumexp(among_MS, -1) + log((count - 1) / self.settings.negatives)
        return F.softplus(whole_M - own_M).mean()

    def _look(self) -> None:
        found = self.held_out_loss()
        if found < self.best_loss:
            self.best_loss, self.without_gain = found, 0
            self.best = copy.deepcopy(self.network.state_dict())
        else:
            self.without_gain += 1

    @torch.no_grad()
    def held_out_loss(self) -> float:
        """Mean cross-entropy of the next product among all; of no questions, 0."""
        self.network.eval()
        losses = [0.0]
        for start in range(0, len(self._questions), AT_ONCE):
            part = self._questions[start : start + AT_ONCE]
            before_BT, goes_on_BT = padded([one.before for one in part]), padded([one.goes_on for one in part])
            found_BTD = self.network(self.vectors_NE[before_BT], goes_on_BT)
            last_BD = found_BTD[torch.arange(len(part)), torch.tensor([len(one.before) - 1 for one in part])]
            logits_BN = self.network.logits(last_BD, self.vectors_NE, self.popularity_N)
            target_B = torch.tensor([one.target for one in part])
            losses.append(F.cross_entropy(logits_BN, target_B, reduction="sum").item())
        return sum(losses) / max(len(self._questions), 1)

    def interrupt(self, *_: object) -> None:
        """Ctrl-C: finish the current step first."""
        self.interrupted = True

    def state(self) -> bytes:
        kept = {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "best": self.best,
            "counts": [self.step, self.best_loss, self.without_gain],
        }
        file = io.BytesIO()
        torch.save(kept, file)
        return file.getvalue()

    def restore(self, state: bytes) -> None:
        kept: dict[str, Any] = torch.load(io.BytesIO(state), weights_only=True)
        self.network.load_state_dict(kept["network"])
        self.optimizer.load_state_dict(kept["optimizer"])
        self.best = kept["best"]
        self.step, self.best_loss, self.without_gain = kept["counts"]

    def weights(self) -> dict[str, Floats]:
        """The best ones, as `SequenceModel` has them."""
        return {name: weight.numpy().astype(np.float32) for name, weight in self.best.items()}


def learn(run: SequenceRun, keep: Callable[[bytes], object]) -> None:
    """Take the remaining steps. keep: is given the state from time to time. Ctrl-C keeps it and raises
    KeyboardInterrupt.
    """
    former = signal.signal(signal.SIGINT, run.interrupt)
    saved = time.monotonic()
    try:
        with tqdm(desc="train", total=run.total, initial=run.step, unit="step") as bar:
            while not run.is_done and not run.interrupted:
                bar.set_postfix(loss=round(run.update(), 3), held_out=round(run.best_loss, 3), refresh=False)
                bar.update()
                if time.monotonic() - saved > run.settings.checkpoint_seconds:
                    keep(run.state())
                    saved = time.monotonic()
    finally:
        signal.signal(signal.SIGINT, former)
    if run.interrupted:
        keep(run.state())
        raise KeyboardInterrupt


def padded(rows: Sequence[Longs], filler: int = 0) -> Tensor:
    """(B, T)."""
    found_BT = np.full((len(rows), max(map(len, rows))), filler, np.int64)
    for number, row in enumerate(rows):
        found_BT[number, : len(row)] = row
    return torch.from_numpy(found_BT)
