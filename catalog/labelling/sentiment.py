"""Sentiment of reviews by a text model of a shop's own labels."""

from collections.abc import Sequence

from catalog.arrays import Floats
from catalog.errors import ConfigInvalid
from catalog.labelling.labeller import TextLabeller
from catalog.language.reviews import Passage
from catalog.language.reviews.sentences import Span, sentences


class LabelledReader:
    """A `SentimentReader` by a text model of the labels "positive" and "negative", sentence by sentence."""

    def __init__(self, labeller: TextLabeller) -> None:
        """Raises ConfigInvalid for a model of other labels."""
        labels = labeller.model.labels
        if not {"positive", "negative"} <= set(labels):
            raise ConfigInvalid('A model of sentiment needs the labels "positive" and "negative".')
        self.name = labeller.version
        self._labeller = labeller
        self._positive, self._negative = labels.index("positive"), labels.index("negative")

    def read(self, texts: Sequence[str]) -> list[tuple[Passage, ...]]:
        spans = [sentences(text) for text in texts]
        told = [span.of(text) for text, some in zip(texts, spans, strict=True) for span in some]
        scores = iter(self._labeller.scores(told) if told else ())
        return [tuple(self._passage(span, next(scores)) for span in some) for some in spans]

    def _passage(self, span: Span, score_L: Floats) -> Passage:
        return Passage(*span, round(float(score_L[self._positive] - score_L[self._negative]), 3))
