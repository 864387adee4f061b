from pathlib import Path

import pytest

from tests.support.ingest_shop import Counting, Shop
from tests.support.tiny import tiny_onnx_folder


@pytest.fixture(scope="module")
def understander(tmp_path_factory: pytest.TempPathFactory) -> Counting:
    return Counting.load(tiny_onnx_folder(tmp_path_factory.mktemp("model") / "model"))


@pytest.fixture
def shop(tmp_path: Path, understander: Counting) -> Shop:
    return Shop(tmp_path / "shop", understander)
