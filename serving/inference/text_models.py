"""A shop's own text models, which `shelflens train-text --data` and `train-drafts` have written: loaded by the first
request for each.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from catalog.errors import ConfigInvalid, installing
from catalog.labelling import LabelledReader, TextLabeller
from catalog.language.reviews import LexiconReader, SentimentReader
from serving.settings.schema import Settings

if TYPE_CHECKING:
    from catalog.writing import Writer

T = TypeVar("T")


class TextModels:
    """Raises CheckpointInvalid or ConfigInvalid where the settings name a folder that does not do."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._kept: dict[str, object] = {}
        self._lock, self._writing = asyncio.Lock(), asyncio.Lock()

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

    async def write(self, facts: str) -> str:
        """A text by the model of `draft_model`, one after the other, as each takes a whole core for a while."""
        folder = self._settings.draft_model
        assert folder
        writer = await self._once("drafts", partial(_open_writer, folder, self._settings.device))
        async with self._writing:
            return await asyncio.to_thread(writer.write, facts)

    async def _once(self, name: str, load: Callable[[], T]) -> T:
        async with self._lock:
            if name not in self._kept:
                self._kept[name] = await asyncio.to_thread(load)
            return self._kept[name]  # type: ignore[return-value]  # of one name always what the same `load` gave


def _open_writer(folder: Path, device: str) -> "Writer":
    try:
        from catalog.writing import open_writer
    except ModuleNotFoundError as error:
        raise ConfigInvalid(
            f"{error.name} is not installed, which `draft_model` needs. {installing('train')}"
        ) from None
    if not folder.is_dir():
        raise ConfigInvalid(f"{folder.name!r} is no folder of `shelflens train-drafts`.")
    return open_writer(folder, device)
