"""What verdicts say of a model's promises counts for the answers about products that are not stored, too."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from catalog import Understander
from catalog.model.contract import Claim, Contract, Promise
from catalog.model.contract.binomial import lower_bound
from catalog.model.folder import write_checksums
from tests.support.services import tiny_client
from tests.support.tiny import tiny_onnx_folder, tiny_taxonomy

PROMISE = Promise(0.95, 0.0, 100, 0, lower_bound(100, 0), 1.0)
BRANCHES = tuple(node.id for node in tiny_taxonomy().leaves)
TITLES = [f"{colour} {thing}" for colour in ("red", "blue", "green") for thing in ("shirt", "shoe", "apple", "pear")]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Understander:
    """It accepts all that it reads in a text."""
    folder = tiny_onnx_folder(tmp_path_factory.mktemp("promising") / "model")
    claims = [Claim("text", "leaves", (node,), replace(PROMISE, products=100 + n)) for n, node in enumerate(BRANCHES)]
    Contract(tuple(claims)).save(folder)
    write_checksums(folder)
    return Understander.load(folder)


@pytest.fixture
def client(model: Understander, tmp_path: Path) -> Iterator[TestClient]:
    other = Understander.load(tiny_onnx_folder(tmp_path / "other", seed=3))
    with tiny_client(model, tmp_path / "index", shadow=other) as client:
        yield client


def decisions(client: TestClient) -> dict[str, set[str]]:
    """By category."""
    answered = client.post("/v1/products/analyze", json={"items": [{"title": title} for title in TITLES]})
    found: dict[str, set[str]] = {}
    for result in answered.json()["results"]:
        found.setdefault(result["category"]["id"], set()).add(result["decision"])
    return found


def test_a_branch_whose_promise_has_ended_is_analyzed_for_a_person(client: TestClient) -> None:
    before = decisions(client)
    assert set.union(*before.values()) == {"auto"}
    title = TITLES[0]
    for number in range(5):
        client.put(f"/v1/products/{number}", json={"title": title})
        said = client.post("/v1/feedback", json={"product_id": str(number), "verdict": "reject"})
        assert said.status_code == 201, said.text
    ended = client.get("/v1/products/0").json()["understanding"]["category"]["id"]
    deadline = time.monotonic() + 30
    while decisions(client)[ended] != {"review"}:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert decisions(client) == {node: {"review"} if node == ended else {"auto"} for node in before}
    for verdict in client.get("/v1/feedback").text.splitlines():
        assert client.delete(f"/v1/feedback/{json.loads(verdict)['id']}").status_code == 204
    while decisions(client)[ended] != {"auto"}:
        assert time.monotonic() < deadline
        time.sleep(0.05)
