"""Texts with their labels, from a file, and which of them are held out."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from catalog.errors import TooFewProducts
from catalog.language.texts.rows import check_columns, pick, read_rows

TEXT, LABEL = ("text", "content", "review", "文本"), ("label", "intent", "sentiment", "标签")
MIN_TEXTS, HELD_OUT = 5, 0.2  # of each label; share that the figures are measured on


class LabelledTexts(NamedTuple):
    """labels: all that there are, sorted; label_N: the number of each text's own."""

    texts: list[str]
    labels: tuple[str, ...]
    label_N: NDArray[np.int64]

    def part(self, rows: Sequence[int]) -> "LabelledTexts":
        return LabelledTexts([self.texts[row] for row in rows], self.labels, self.label_N[list(rows)])


def read_labelled(path: Path) -> LabelledTexts:
    """Equal texts count once, with the label of the first. Raises TooFewProducts, or what `read_rows` does."""
    found: dict[str, str] = {}
    for number, row in enumerate(read_rows(path)):
        if not number:
            check_columns(row, TEXT, LABEL)
        text, label = pick(row, TEXT), pick(row, LABEL)
        if text and label:
            found.setdefault(text, label)
    counts = Counter(found.values())
    few = sorted(label for label, count in counts.items() if count < MIN_TEXTS)
    if few or len(counts) < 2:
        raise TooFewProducts(
            f"Two labels or more are needed, with {MIN_TEXTS} different texts each."
            + (f" {few[0]!r} has {counts[few[0]]}." if few else "")
        )
    labels = tuple(sorted(counts))
    return LabelledTexts(list(found), labels, np.array([labels.index(label) for label in found.values()]))


def split(given: LabelledTexts, seed: int) -> tuple[list[int], list[int]]:
    """Rows to learn from, and those that are held out: the same share of each label, at least one."""
    draw, held = np.random.default_rng(seed), list[int]()
    for label in range(len(given.labels)):
        rows = draw.permutation(np.flatnonzero(given.label_N == label))
        held += rows[: max(1, round(HELD_OUT * len(rows)))].tolist()
    chosen = set(held)
    return [row for row in range(len(given.texts)) if row not in chosen], sorted(held)
