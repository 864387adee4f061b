"""Explanations by a loaded model, one at a time."""

import asyncio
from pathlib import Path

import numpy as np

from catalog.model.preprocess import Prepared
from catalog.understand import Understander
from serving.inference.backend import Explaining, worker_pool
from tests.support.tiny import tiny_onnx_folder


def test_one_that_fails_leaves_the_others(tmp_path: Path) -> None:
    model = Understander.load(tiny_onnx_folder(tmp_path / "model"))
    wrong = np.zeros((1, 3, 5, 5), np.uint8)  # not of the model's size
    bad, good = Prepared("bad", wrong, ""), Prepared("good", wrong[:0], "red shirt")
    found = asyncio.run(Explaining(worker_pool(1)).explain(model, [bad, good]))
    assert found[0] is None
    assert found[1]
    assert [word.text for word in found[1].words] == ["red", "shirt"]
