"""A file of texts and labels -> a text model, with what it says of texts that it was not taught."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from catalog.arrays import Floats
from catalog.errors import ConfigInvalid
from catalog.language.texts.model import Features, TextModel
from catalog.model.folder import replaced
from catalog.understand import Understander
from training.classifiers.labelled import LabelledTexts, read_labelled, split
from training.classifiers.linear import fit

PRECISION = 0.9  # of what is told of held-out texts, where a least score can bring it there
REPORT = "report.json"


class Report(NamedTuple):
    """Of the held-out texts: accuracy and macro-averaged F1, how many of them a label is told of from `min_score` on,
    and how many of these labels are right.
    """

    texts: int
    held_out: int
    accuracy: float
    macro_f1: float
    min_score: float
    told: float
    precision: float


def train_classifier(data: Path, output: Path, features: Features, model: Path, seed: int = 0) -> Report:
    """model: the folder of the encoder, for vectors. What is written was taught all texts; what is measured, four
    fifths of them. Raises ConfigInvalid if the output exists, TooFewProducts, and what reading the file does.
    """
    check_new(output)
    given = read_labelled(data)
    encoder = None if features == "ngrams" else Understander.load(model)
    vector_NE = read_vectors(given.texts, encoder) if encoder else None
    space = encoder.space if encoder else ""
    learnt, held = split(given, seed)

    def taught(rows: Sequence[int]) -> TextModel:
        some = given.part(rows)
        return fit(some.texts, some.label_N, given.labels, features, _rows(vector_NE, rows), space)

    report = measured(taught(learnt).scores(given.part(held).texts, _rows(vector_NE, held)), given, held)
    whole = taught(range(len(given.texts)))
    with replaced(output) as folder:
        write_parts(whole, report, folder)
    return report


def read_vectors(texts: Sequence[str], encoder: Understander) -> Floats:
    """(N, E); the shortest texts first, so that none is padded to a long one."""
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    vector_NE = np.zeros((len(texts), encoder.config.embedding_width), np.float32)
    with tqdm(desc="read", total=len(texts), unit="text") as bar:
        vector_NE[order] = encoder.embed([texts[row] for row in order], bar.update)
    return vector_NE


def measured(score_HL: Floats, given: LabelledTexts, held: Sequence[int]) -> Report:
    """score_HL: of the held-out texts, by a model that was not taught them."""
    label_H, told_H, best_H = given.label_N[list(held)], score_HL.argmax(1), score_HL.max(1)
    right_H = told_H == label_H
    f1 = [
        2 * (right_H & (label_H == label)).sum() / max(1, (label_H == label).sum() + (told_H == label).sum())
        for label in range(len(given.labels))
    ]
    order_H = np.argsort(-best_H, kind="stable")
    precision_H = np.cumsum(right_H[order_H]) / np.arange(1, len(held) + 1)
    enough = np.flatnonzero(precision_H >= PRECISION)
    told = int(enough[-1]) + 1 if len(enough) else len(held)
    least = 0.0 if told == len(held) else float(best_H[order_H[told - 1]])
    figures = (right_H.mean(), np.mean(f1), least, told / len(held), precision_H[told - 1])
    return Report(len(given.texts), len(held), *(round(float(figure), 4) for figure in figures))


def write_parts(model: TextModel, report: Report, folder: Path) -> None:
    """Into a folder that is there; the least score is that of the report."""
    replace(model, min_score=report.min_score).save(folder)
    (folder / REPORT).write_text(json.dumps(report._asdict(), indent=1), encoding="utf-8")


def check_new(output: Path) -> None:
    """Raises ConfigInvalid."""
    if output.exists():
        raise ConfigInvalid(f"{output.name!r} already exists. Give the name of a new folder.")


def _rows(vector_NE: Floats | None, rows: Sequence[int]) -> Floats | None:
    return None if vector_NE is None else vector_NE[list(rows)]
