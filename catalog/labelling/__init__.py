"""Texts in, labels out: by the text models that `shelflens train-text --data` has written."""

from catalog.labelling.labeller import Label, TextLabeller
from catalog.labelling.sentiment import LabelledReader

__all__ = ["Label", "LabelledReader", "TextLabeller"]
