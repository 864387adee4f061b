"""A model that was taught, beside the one it was taught from: both answer for one index."""

from pathlib import Path

import pytest

from catalog import Understander
from tests.support.services import tiny_client
from tests.support.taught import taught_folder
from tests.support.tiny import tiny_onnx_folder


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Understander, Understander]:
    folder = tmp_path_factory.mktemp("models")
    tiny_onnx_folder(folder / "base")
    taught_folder(folder / "base", folder / "own")
    return Understander.load(folder / "base"), Understander.load(folder / "own")


def test_a_taught_model_takes_over_the_index_of_its_base(
    models: tuple[Understander, Understander], tmp_path: Path
) -> None:
    base, own = models
    with tiny_client(base, tmp_path / "index", shadow=own) as client:
        client.put("/v1/products/first", json={"title": "red shirt"})
        assert client.post(f"/v1/models/{own.version}/activate").status_code == 200
        stored = client.put("/v1/products/second", json={"title": "blue shoe"})
        assert stored.status_code == 201, stored.text
        assert stored.json()["model"] == own.version
        found = client.post("/v1/search", json={"text": "red shirt", "floor": False}).json()
        assert found["model"] == own.version
        assert next(one["id"] for one in found["results"]) == "first"
        assert client.post(f"/v1/models/{base.version}/activate").status_code == 200
        assert client.patch("/v1/products/second", json={"price": 3, "currency": "EUR"}).status_code == 200
    with tiny_client(own, tmp_path / "index") as client:  # which alone serves the index from now on
        assert client.post("/v1/search", json={"text": "red shirt"}).json()["model"] == own.version
