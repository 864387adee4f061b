"""A text model with the encoder whose vectors it reads, if any."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

from catalog.arrays import Floats
from catalog.errors import ConfigInvalid
from catalog.language.texts.model import CONFIG, ENCODER, UNKNOWN, TextModel
from catalog.model.folder import find_model, shipped_model
from catalog.understand import Understander


class Label(NamedTuple):
    """score: its probability; of "unknown" that of the label that was refused."""

    name: str
    score: float


class TextLabeller:
    """Safe to share between threads."""

    def __init__(self, model: TextModel, encoder: Understander | None, version: str) -> None:
        self.model, self._encoder, self.version = model, encoder, version

    @classmethod
    def load(cls, folder: Path, encoder: Path | None = None) -> Self:
        """encoder: a model folder, or "nano"; by default the one in the folder, or the shipped model.

        Raises CheckpointInvalid, or ConfigInvalid where the text model reads the vectors of another encoder.
        """
        model = TextModel.open(folder)
        version = f"{folder.name}-{(folder / CONFIG).stat().st_mtime_ns}"
        if not model.reads_vectors:
            return cls(model, None, version)
        own = folder / ENCODER
        place = own if own.is_dir() else find_model(encoder) if encoder else shipped_model()
        reader = Understander.load(place)
        if reader.space != model.space:
            raise ConfigInvalid(
                f"{folder.name!r} reads the vectors of the model {model.space}. Give that with --model."
            )
        return cls(model, reader, version)

    def scores(self, texts: Sequence[str]) -> Floats:
        """(N, L): a probability of each label of the model."""
        return self.model.scores(texts, self._encoder.embed(texts) if self._encoder else None)

    def label(self, texts: Sequence[str]) -> list[Label]:
        found = []
        for score_L in self.scores(texts) if texts else ():
            best, score = int(score_L.argmax()), float(score_L.max())
            found.append(Label(self.model.labels[best] if score >= self.model.min_score else UNKNOWN, score))
        return found
