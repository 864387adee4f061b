"""Which passages answer a question, and whether any does: logistic regression on a few features."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from operator import mul
from pathlib import Path
from typing import NamedTuple

from catalog.arrays import Floats
from catalog.questions.features import OF_WORDS, Question, can_answer, features, promise, read
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
    """weights: that of 1, then those of `features.OF_WORDS`, and of `features.OF_VECTORS` if it takes any. threshold:
    of the best score, below which nothing answers.
    """

    weights: Sequence[float]
    threshold: float

    @property
    def takes_vectors(self) -> bool:
        return len(self.weights) > 1 + len(OF_WORDS)

    def scores(self, question: Question, passages: Sequence[Passage], cosine_P2: Floats | None = None) -> list[float]:
        """How probably each passage answers. cosine_P2: see `features`."""
        start, *weights = self.weights
        return [
            0.5 * (1 + math.tanh(0.5 * (start + sum(map(mul, weights, values)))))
            for values in features(question, passages, cosine_P2)
        ]


class Rankers(NamedTuple):
    """Vectors of two models cannot be compared, so `by_vectors` holds for models of this space alone, and `by_words`
    for all others.
    """

    space: str
    by_vectors: Ranker
    by_words: Ranker

    def of(self, space: str) -> Ranker:
        """space: see `catalog.model.folder.ModelFolder`."""
        return self.by_vectors if space == self.space else self.by_words


@cache
def shipped() -> Rankers:
    document = json.loads(SHIPPED.read_text(encoding="utf-8"))
    by_vectors, by_words = (
        Ranker(document[name]["weights"], document[name]["threshold"]) for name in ("by_vectors", "by_words")
    )
    return Rankers(document["space"], by_vectors, by_words)


class Ask:
    """The steps of answering one question, for a caller that reaches the model in its own way.

    texts: which the model must embed, none where it is not needed. Their vectors, in the same order, make the reply:

        ask = Ask(question, passages, title, shipped().of(understander.space))
        reply = ask.reply(understander.embed(ask.texts))
    """

    def __init__(self, question: str, passages: Sequence[Passage], title: str, ranker: Ranker) -> None:
        """title: of the product that is asked about, or "": its words say little of what is asked."""
        self._ranker = ranker
        self._question = read(question, passages, title)
        able = [passage for passage in passages if can_answer(self._question, passage)]
        self._passages = sorted(able, key=lambda passage: -promise(self._question, passage))[:MAX_READ]
        read_too = [text for passage in self._passages for text in written(passage)]
        self.texts = [question, *read_too] if read_too and ranker.takes_vectors else []

    def rank(self, vector_TE: Floats) -> list[Answer]:
        """The passages that were read, best first. vector_TE: of `texts`, of unit length, or zeros."""
        cosine_P2 = (vector_TE[1:] @ vector_TE[0]).reshape(-1, 2) if self.texts else None
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
