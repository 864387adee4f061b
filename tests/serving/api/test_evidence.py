"""What speaks for an answer, and why a product was found, over HTTP."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from catalog.understand import Understander
from serving.api.examples import ANALYZED, EXPLAINED
from serving.api.schemas.analyze import AnalyzeResponse, Evidence, FullEvidence
from tests.support.catalogue import draw_product
from tests.support.malformed.images import encode
from tests.support.services import tiny_client
from tests.support.tiny import tiny_onnx_folder

SHIRT = encode(draw_product("Shirt", "red"), "PNG")
URI = "data:image/png;base64," + base64.b64encode(SHIRT).decode()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Of its three products a person has accepted one and rejected another."""
    model = Understander.load(tiny_onnx_folder(tmp_path_factory.mktemp("evidence") / "model"))
    with tiny_client(model, tmp_path_factory.mktemp("evidence") / "index") as client:
        for id, title in (("a", "red shirt"), ("b", "green pear"), ("c", "blue shoe")):
            assert client.put(f"/v1/products/{id}", json={"title": title}).status_code == 201
        for id, verdict in (("a", "accept"), ("b", "reject")):
            said = client.post("/v1/feedback", json={"product_id": id, "verdict": verdict})
            assert said.status_code == 201, said.text
        yield client


def evidence(client: TestClient, item: dict[str, Any], **options: object) -> dict[str, Any]:
    body = {"items": [item], "include": ["category", "evidence"], **options}
    [result] = client.post("/v1/products/analyze", json=body).json()["results"]
    found: dict[str, Any] = result["evidence"]
    return found


def test_words_image_and_nearest_products_speak_for_an_answer(client: TestClient) -> None:
    item = {"id": "x", "title": "red shirt", "description": "Plain.", "images": [URI], "attributes": {"fit": "men"}}
    body = {"items": [item], "include": ["category", "evidence"]}
    [result] = client.post("/v1/products/analyze", json=body).json()["results"]
    found = result["evidence"]
    assert found["explained"] == result["category"]
    assert found["image"]["id"]
    assert [word["word"] for word in found["words"]] == ["red", "shirt", "Plain", "fit", "men"]
    sent = {"title": "red shirt", "description": "Plain.\nfit: men"}
    for word in found["words"]:
        for place in word["places"]:
            assert sent[place["field"]][place["start"] : place["end"]] == word["word"]
    assert [len(row) for row in found["heat_map"]] == [5] * 5
    assert found["words_untried"] == []
    labels = {one["id"]: one["labelled_by"] for one in found["nearest"]}
    assert labels["a"] == "person"
    assert "b" not in labels  # a rejection leaves no category
    assert all(0 <= one["similarity"] <= 1 for one in found["nearest"])


def test_the_product_itself_is_none_of_its_neighbours(client: TestClient) -> None:
    found = evidence(client, {"id": "a", "title": "red shirt"})
    assert "a" not in [one["id"] for one in found["nearest"]]


def test_words_alone_and_an_image_alone(client: TestClient) -> None:
    words = evidence(client, {"title": "red shirt"})
    assert words["heat_map"] is None
    assert words["words"]
    image = evidence(client, {"images": [URI]})
    assert image["words"] == []
    assert image["heat_map"]


def test_nothing_to_read_has_nothing_to_speak_for_it(client: TestClient) -> None:
    found = evidence(client, {"title": "ขนม"})
    assert set(found.values()) == {None}


def test_each_item_has_its_own_evidence_and_an_error_none(client: TestClient) -> None:
    items = [{"title": "red shirt"}, {"images": ["data:image/png;base64,AAAA"]}, {"title": "green pear"}]
    results = client.post("/v1/products/analyze", json={"items": items, "include": ["evidence"]}).json()["results"]
    assert [[word["word"] for word in one["evidence"]["words"]] for one in (results[0], results[2])] == [
        ["red", "shirt"],
        ["green", "pear"],
    ]
    assert results[1]["error"]
    assert results[1]["evidence"] is None


def test_a_form_is_explained_too(client: TestClient) -> None:
    files = [("image", ("a.png", SHIRT))]
    answer = client.post("/v1/products/analyze", data={"title": "red shirt", "include": "evidence"}, files=files)
    [result] = answer.json()["results"]
    assert result["evidence"]["heat_map"]
    assert result["category"] is None


@pytest.mark.parametrize("include", [None, ["modalities"]])
def test_what_takes_long_is_left_out_unless_asked_for(client: TestClient, include: list[str] | None) -> None:
    body = {"items": [{"title": "red shirt", "images": [URI]}]} | ({"include": include} if include else {})
    [result] = client.post("/v1/products/analyze", json=body).json()["results"]
    assert set(result["evidence"]) == {"image", "text"}


def test_both_forms_of_evidence_are_told_apart() -> None:
    for example, kind in ((ANALYZED, Evidence), (EXPLAINED, FullEvidence)):
        assert type(AnalyzeResponse.model_validate(example).results[0].evidence) is kind


def test_a_search_tells_why_each_product_was_found(client: TestClient) -> None:
    body = {"text": "red shirt", "floor": False, "include": ["evidence"]}
    found = {one["id"]: one["evidence"] for one in client.post("/v1/search", json=body).json()["results"]}
    assert found["a"]["matched"] == ["red", "shirt"]
    assert found["a"]["words"]["rank"] == 1
    assert found["a"]["vectors"]["adds"] == found["a"]["vectors"]["score"]
    assert found["c"]["words"]["rank"] is None
    assert not found["a"]["by_number"]


def test_similar_products_tell_it_too_and_nobody_unasked(client: TestClient) -> None:
    address = "/v1/products/a/similar"
    asked = client.get(address, params={"floor": False, "include": "evidence"}).json()["results"]
    assert asked[0]["evidence"]["vectors"]["rank"] == 1
    assert asked[0]["evidence"]["words"] is None
    plain = client.get(address, params={"floor": False}).json()["results"]
    assert [one["evidence"] for one in plain] == [None] * len(plain)
