"""Which passages answer a question, and whether any does: logistic regression on a few features."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from operator import mul
from pathlib import Path
from typing import NamedTuple, Self

from catalog.arrays import Floats
from catalog.questions.features import Question, features, promise, read
from catalog.questions.passages import Passage

SHIPPED = Path(__file__).with_name("weights.json")
MAX_QUESTION = 500  # letters
MAX_ANSWERS = 5
MAX_READ = 32  # passages of a question that the model reads
MAX_WRITTEN = 200  # letters of each


class Answer(NamedTuple):
    """score: the probability, 0 to 1, that the passage answers the question, without how sure its source is."""

    passage: Passage
    score: float


class Reply(NamedTuple):
    """answers: best first; none where what was looked through does not say."""

    answers: tuple[Answer, ...]

    @property
    def answered(self) -> bool:
        return bool(self.answers)


@dataclass(frozen=True)
class Ranker:
    """weights: that of 1, then those of `features.NAMES`. threshold: of the best score, below which nothing answers."""

    weights: Sequence[float]
    threshold: float

    @classmethod
    @cache
    def shipped(cls) -> Self:
        document = json.loads(SHIPPED.read_text(encoding="utf-8"))
        return cls(document["weights"], document["threshold"])

    def scores(self, question: Question, passages: Sequence[Passage], cosine_P2: Floats) -> list[float]:
        """How probably each passage answers. cosine_P2: see `features`."""
        start, *weights = self.weights
        return [
            0.5 * (1 + math.tanh(0.5 * (start + sum(map(mul, weights, values)))))
            for values in features(question, passages, cosine_P2)
        ]


class Ask:
    """The steps of answering one question, for a caller that reaches the model in its own way.

    texts: which the model must embed. Their vectors, in the same order, make the reply:

        ask = Ask(question, passages, title)
        reply = ask.reply(understander.embed(ask.texts))
    """

    def __init__(
        self, question: str, passages: Sequence[Passage], title: str = "", ranker: Ranker | None = None
    ) -> None:
        """title: of the product that is asked about, whose words say little of what is asked."""
        self._ranker = ranker or Ranker.shipped()
        self._question = read(question, passages, title)
        promising = sorted(passages, key=lambda passage: -promise(self._question, passage))
        self._passages = promising[:MAX_READ]
        self.texts = [question, *(text for passage in self._passages for text in written(passage))]
        if not self._passages:
            self.texts = []

    def rank(self, vector_TE: Floats) -> list[Answer]:
        """The passages that were read, best first. vector_TE: of `texts`, of unit length, or zeros."""
        if not self._passages:
            return []
        cosine_P2 = (vector_TE[1:] @ vector_TE[0]).reshape(-1, 2)
        scores = self._ranker.scores(self._question, self._passages, cosine_P2)
        answers = map(Answer, self._passages, scores)
        return sorted(answers, key=lambda answer: -answer.score)

    def reply(self, vector_TE: Floats) -> Reply:
        """The passages that answer, MAX_ANSWERS at most; a text that several have counts once."""
        told = dict[str, Answer]()
        for answer in self.rank(vector_TE):
            if answer.score >= self._ranker.threshold:
                told.setdefault(answer.passage.text.casefold(), answer)
        return Reply(tuple(told.values())[:MAX_ANSWERS])


def written(passage: Passage) -> tuple[str, str]:
    """What the model reads of a passage: its name, and its name and text."""
    name, text = passage.name[:MAX_WRITTEN], passage.text
    return name or text[:MAX_WRITTEN], (f"{name}: {text}" if name else text)[:MAX_WRITTEN]
