"""What the model read is kept, so that it reads nothing twice."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from catalog.arrays import Floats
from catalog.teaching.vectors import VectorCache


def test_names_are_read_once_by_each_model(tmp_path: Path) -> None:
    asked: list[str] = []

    def embed(texts: Sequence[str]) -> Floats:
        asked.extend(texts)
        return np.array([[len(text), len(asked)] for text in texts], np.float32)

    with VectorCache(tmp_path / "vectors") as cache:
        first_NE = cache.texts(["Hoses", "Garden", "Hoses"], "one", embed)
    with VectorCache(tmp_path / "vectors") as cache:
        again_NE = cache.texts(["Hoses", "Pots", "Garden"], "one", embed)
        assert asked == ["Hoses", "Garden", "Pots"]
        np.testing.assert_array_equal(again_NE[[0, 2, 0]], first_NE)
        cache.texts(["Pots"], "other", embed)
    assert asked[3:] == ["Pots"]
