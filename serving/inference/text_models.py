"""A shop's own text models, which `shelflens train-text --data` has written: loaded by the first request for each."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from catalog.labelling import LabelledReader, TextLabeller
from catalog.language.reviews import LexiconReader, SentimentReader
from serving.settings.schema import Settings

T = TypeVar("T")


class TextModels:
    """Raises CheckpointInvalid or ConfigInvalid where the settings name a folder that does not do."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._kept: dict[str, object] = {}
        self._lock = asyncio.Lock()

    async def sentiment(self) -> SentimentReader:
        """What reads reviews: the lexicon where the settings name no model."""
        folder = self._settings.sentiment_model
        if folder is None:
            return LexiconReader()
        return await self._once("sentiment", lambda: LabelledReader(TextLabeller.load(folder, self._settings.model)))

    async def intents(self) -> TextLabeller | None:
        """None where the settings name no model."""
        folder = self._settings.intent_model
        return await self._once("intents", partial(TextLabeller.load, folder, self._settings.model)) if folder else None

    async def _once(self, name: str, load: Callable[[], T]) -> T:
        async with self._lock:
            if name not in self._kept:
                self._kept[name] = await asyncio.to_thread(load)
            return self._kept[name]  # type: ignore[return-value]  # of one name always what the same `load` gave
