"""A tiny model to be taught."""

from pathlib import Path

import pytest

from catalog import Understander
from tests.support.tiny import tiny_onnx_folder


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_onnx_folder(tmp_path_factory.mktemp("base") / "model")


@pytest.fixture(scope="module")
def reader(base: Path) -> Understander:
    return Understander.load(base)
