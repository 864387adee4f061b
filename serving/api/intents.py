"""The examples of intents as each model's vectors, read by it when the first message comes."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import numpy as np

from catalog.arrays import Floats
from catalog.errors import CatalogError
from catalog.language.intents import Intent, Prototypes, shipped_examples
from catalog.product import Understanding
from serving.inference.backend import Answer
from serving.inference.models import Model

Read = Callable[[Sequence[str], Model], Coroutine[Any, Any, list[Answer]]]


class KnownIntents:
    """Prototypes by the version of the model that read them."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._of_model: dict[str, Prototypes] = {}
        self._lock = asyncio.Lock()

    async def of(self, model: Model) -> Prototypes:
        """Raises what the model does."""
        async with self._lock:  # not read twice
            if model.info.version not in self._of_model:
                examples = shipped_examples()
                answers = await self._read([example.text for example in examples], model)
                self._of_model = {model.info.version: Prototypes(examples, vectors(answers, model))}
            return self._of_model[model.info.version]

    async def classify(self, texts: Sequence[str], answers: Sequence[Answer], model: Model) -> list[Intent]:
        """answers: what the model made of the texts."""
        known = await self.of(model)
        return await asyncio.to_thread(known.classify, texts, vectors(answers, model))


def vectors(answers: Sequence[Answer], model: Model) -> Floats:
    """(N, E): zeros of a text that the model cannot read. Raises any other error among them."""
    found_NE = np.zeros((len(answers), max(model.info.embedding_cuts)), np.float32)
    for row, answer in enumerate(answers):
        if isinstance(answer, CatalogError):
            raise answer
        if isinstance(answer, Understanding) and answer.modalities_used:
            found_NE[row] = answer.embedding
    return found_NE
