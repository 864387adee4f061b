"""A linear-chain conditional random field over a title's tokens (Lafferty et al. 2001), labels by kind of product.

The file, made by `python -m training.attributes.build`, has for each feature the tags it speaks for, and how much.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open

from catalog.arrays import Floats
from catalog.errors import FileNotReadable
from catalog.language.attributes.found import FoundAttribute
from catalog.language.attributes.tagging.tokens import Phrases, features_of, tokens_of

OUTSIDE = "O"
SCALED = 4  # tokens after which probabilities are scaled, before they leave what a number can hold
NEVER = -1e4  # the score of an impossible step


class Tagged(NamedTuple):
    """A run of tokens with one label. confidence: the least marginal probability of its tokens' tags."""

    label: str
    start: int
    end: int
    confidence: float


@dataclass(frozen=True)
class Tagger:
    """tags: "O", "B-brand", "I-brand", … kinds: kind of product -> its tags, as places in `tags`, and the words of a
    title or a category that say it. rows: feature -> row of weights_FL. steps_LL: scores of one tag after another,
    start_L of the first one.
    """

    tags: tuple[str, ...]
    kinds: Mapping[str, Sequence[int]]
    rows: Mapping[str, int]
    weights_FL: Floats
    steps_LL: Floats
    start_L: Floats
    phrases: Phrases
    _of_kind: dict[str, tuple[np.ndarray, Floats, Floats, Floats]] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, path: Path) -> "Tagger":
        """Raises FileNotReadable."""
        try:
            with safe_open(path, "np") as file:
                meta = json.loads(file.metadata()["tagger"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError, ValueError, KeyError, TypeError):
            raise FileNotReadable(f"{path.name!r} cannot be read.") from None
        features = bytes(tensors["features"]).decode("utf-8").split("\n")
        weights = np.zeros((len(features), len(meta["tags"])), np.float32)
        weights[tensors["row"], tensors["column"]] = tensors["weight"]
        phrases = {
            word: [(tuple(phrase), label) for phrase, label in entries] for word, entries in meta["phrases"].items()
        }
        rows = {feature: row for row, feature in enumerate(features)}
        tags = tuple(meta["tags"])
        return cls(tags, meta["kinds"], rows, weights, tensors["steps"], tensors["start"], phrases)

    def tag(self, text: str, kind: str, found: Sequence[FoundAttribute] = ()) -> list[Tagged]:
        """found: by the grammar, in the text's order. Nothing for a kind that was not learned."""
        tokens = tokens_of(text)
        if not tokens or kind not in self.kinds:
            return []
        scores, steps, places = self.scores(features_of(tokens, kind, self.phrases, found), kind)
        best = viterbi(scores, steps)
        tags = [self.tags[places[one]] for one in best]
        if all(tag == OUTSIDE for tag in tags):
            return []
        sure = marginals(scores, steps)[0][np.arange(len(best)), best]
        return [
            Tagged(label, tokens[first].start, tokens[last - 1].end, float(sure[first:last].min()))
            for label, first, last in runs(tags)
        ]

    def scores(self, features: Sequence[Sequence[str]], kind: str) -> tuple[Floats, Floats, np.ndarray]:
        """Scores of each token's tags, those of the steps between them, and the kind's tags as places in `tags`."""
        if kind not in self._of_kind:
            places = np.array(self.kinds[kind])
            nothing_1L = np.zeros((1, len(places)), np.float32)
            steps, weights = (
                self.steps_LL[np.ix_(places, places)],
                np.concatenate((self.weights_FL[:, places], nothing_1L)),
            )
            self._of_kind[kind] = (places, steps, self.start_L[places], weights)
        places, steps, start, weights = self._of_kind[kind]
        ends_T = np.cumsum([len(token) for token in features])
        known = map(self.rows.get, chain.from_iterable(features), repeat(len(weights) - 1))  # else the row of zeros
        rows = np.fromiter(known, np.int64, ends_T[-1])
        scores = np.add.reduceat(weights[rows], [0, *ends_T[:-1]], axis=0)
        scores[0] += start
        return scores, steps, places


def runs(tags: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """-> label, first token, the one after the last"""
    label, first = "", 0
    for at, tag in enumerate((*tags, OUTSIDE)):
        if label and tag != f"I-{label}":
            yield label, first, at
            label = ""
        if tag.startswith("B-"):
            label, first = tag[2:], at


def viterbi(scores: Floats, steps: Floats) -> np.ndarray:
    """The best sequence of tags."""
    to_LL = np.ascontiguousarray(steps.T)  # a tag's row has the steps to it
    best = [scores[0]]
    for row in scores[1:]:
        best.append(np.maximum.reduce(to_LL + best[-1], 1) + row)
    path = [int(best[-1].argmax())]
    for reached in reversed(best[:-1]):
        path.append(int((reached + to_LL[path[-1]]).argmax()))
    return np.array(path[::-1])


def marginals(scores: Floats, steps: Floats) -> tuple[Floats, Floats, Floats]:
    """The probabilities of each token's tags; and what `expected_steps` takes, forward and backward."""
    at_token, step = np.exp(scores - scores.max(axis=1, keepdims=True)), np.exp(steps)
    ways_2LL = np.stack((step, step.T))  # from the first token on, and from the last one back
    at_T21L = np.stack((at_token, at_token[::-1]), 1)[:, :, None]
    reached, here = np.ones_like(at_T21L), at_T21L.copy()
    for at in range(1, len(scores)):
        np.matmul(here[at - 1], ways_2LL, out=reached[at])
        np.multiply(reached[at], at_T21L[at], out=here[at])
        if at % SCALED == 0:
            here[at] /= np.maximum(np.add.reduce(here[at], -1, keepdims=True), 1e-30)
    forward, backward = here[:, 0, 0], here[::-1, 1, 0]
    tokens = reached[:, 0, 0] * backward
    tokens /= np.maximum(tokens.sum(axis=1, keepdims=True), 1e-30)
    return tokens, forward, backward


def expected_steps(steps: Floats, forward: Floats, backward: Floats) -> Floats:
    """How often each step between tags is expected, by the results of `marginals`."""
    pairs = forward[:-1, :, None] * np.exp(steps)[None] * backward[1:, None, :]
    pairs /= np.maximum(pairs.sum(axis=(1, 2), keepdims=True), 1e-30)
    return np.asarray(pairs.sum(axis=0))
