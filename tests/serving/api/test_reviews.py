"""Reviews and intents over HTTP and the Python client, with a tiny real model."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from catalog.language.texts.model import TextModel
from catalog.language.texts.ngrams import BUCKETS, bucket
from catalog.understand import Understander
from serving.client import Client, RequestFailed
from tests.support.answers import assert_error
from tests.support.services import SETTINGS, tiny_client, tiny_server
from tests.support.tiny import tiny_onnx_folder

REVIEWS = [
    {"id": "1", "text": "The strap broke. Warm and soft.", "rating": 2, "written_at": "2026-01-01T01:00:00+01:00"},
    {"id": "2", "text": "I love the strap."},
    {"id": "3", "text": "表带太差了"},
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Understander:
    return Understander.load(tiny_onnx_folder(tmp_path_factory.mktemp("reviews") / "model"))


@pytest.fixture
def client(model: Understander, tmp_path: Path) -> Iterator[TestClient]:
    with tiny_client(model, tmp_path) as client:
        assert client.put("/v1/products/a/b", json={"title": "red shirt"}).status_code == 201
        yield client


def test_reviews_are_kept_counted_listed_and_forgotten(client: TestClient, tmp_path: Path) -> None:
    assert not (tmp_path / "reviews.sqlite").exists()
    sent = client.post("/v1/products/a/b/reviews", json={"reviews": REVIEWS})
    assert sent.json() == {"added": 3, "changed": 0, "unchanged": 0}
    assert client.post("/v1/products/a/b/reviews", json={"reviews": REVIEWS}).json()["unchanged"] == 3
    summary = client.get("/v1/products/a/b/reviews/summary", params={"sentences": 1}).json()
    assert (summary["reviews"], summary["positive"], summary["negative"]) == (3, 1, 1)
    (strap,) = (one for one in summary["aspects"] if one["name"] == "strap")
    assert (strap["reviews"], strap["positive"], strap["negative"]) == (3, 1, 2)
    assert [one["review"] for one in strap["sentences"]] == ["3", "2"]
    negative = {"aspect": "strap", "sentiment": "negative"}
    listed = client.get("/v1/products/a/b/reviews", params=negative).json()
    assert [one["id"] for one in listed["reviews"]] == ["3", "1"]
    first = listed["reviews"][1]
    assert (first["rating"], first["written_at"], first["sentiment"]) == (2.0, "2026-01-01T00:00:00+00:00", "neutral")
    assert client.delete("/v1/products/a/b/reviews", params={"review": "3"}).status_code == 204
    assert client.get("/v1/products/a/b/reviews", params=negative).json()["total"] == 1
    gone = client.delete("/v1/products/a/b/reviews", params={"review": "3"})
    assert_error(gone, 404, "review_not_found")


def test_any_moment_of_the_calendar_is_taken(client: TestClient) -> None:
    for moment in ("0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"):
        review = {"id": moment, "text": "Good.", "written_at": moment}
        assert client.post("/v1/products/a/b/reviews", json={"reviews": [review]}).status_code == 200
    listed = client.get("/v1/products/a/b/reviews").json()["reviews"]
    assert [one["written_at"][:10] for one in listed] == ["9999-12-31", "1970-01-01"]


def test_reviews_stay_without_their_product_until_it_is_erased(client: TestClient, tmp_path: Path) -> None:
    client.post("/v1/products/a/b/reviews", json={"reviews": REVIEWS})
    client.delete("/v1/products/a/b")
    assert_error(client.get("/v1/products/a/b/reviews/summary"), 404, "product_not_found")
    client.put("/v1/products/a/b", json={"title": "red shirt"})
    assert client.get("/v1/products/a/b/reviews").json()["total"] == 3
    client.delete("/v1/products/a/b", params={"erase": True})
    client.put("/v1/products/a/b", json={"title": "red shirt"})
    assert client.get("/v1/products/a/b/reviews").json() == {"reviews": [], "total": 0}


@pytest.mark.parametrize(
    "review",
    [{"id": "1"}, {"id": "", "text": "x"}, {"id": "1", "text": ""}, {"id": "1", "text": "x", "written_at": "now"}],
)
def test_reviews_that_are_none(client: TestClient, review: dict[str, str]) -> None:
    sent = client.post("/v1/products/a/b/reviews", json={"reviews": [review]})
    assert_error(sent, 422, "request_invalid", sent.json()["error"]["param"])
    assert sent.json()["error"]["param"].startswith("reviews.0")


def test_reviews_need_a_stored_product_whose_id_is_no_route(client: TestClient) -> None:
    response = client.post("/v1/products/none/reviews", json={"reviews": REVIEWS})
    assert_error(response, 404, "product_not_found")
    for end in ("reviews", "reviews/summary"):
        assert_error(client.put(f"/v1/products/x/{end}", json={"title": "red shirt"}), 422, "request_invalid", "id")


def test_messages_have_intents_or_none(client: TestClient) -> None:
    found = client.post("/v1/intents", json={"texts": ["red shirt", "ßßß ßßß"]}).json()
    assert len(found["results"]) == 2
    for one in found["results"]:
        assert (one["nearest"] is None) == (one["intent"] == "unknown")
    assert_error(client.post("/v1/intents", json={"texts": []}), 422, "request_invalid", "texts")


def test_a_shops_own_text_models_answer(model: Understander, tmp_path: Path) -> None:
    weight_B = np.zeros((1, BUCKETS), np.float32)
    weight_B[0, bucket("dull")] = 9
    nothing = np.zeros((2, 0), np.float32)
    weights = (np.concatenate([weight_B, -weight_B]), nothing, np.zeros(2, np.float32), np.ones(BUCKETS, np.float32))
    for name, labels in (("mood", ("negative", "positive")), ("about", ("dull", "else"))):
        (tmp_path / name).mkdir()
        TextModel(labels, *weights).save(tmp_path / name)
    own = {"sentiment_model": tmp_path / "mood", "intent_model": tmp_path / "about"}
    with tiny_client(model, tmp_path / "index", SETTINGS.model_copy(update=own)) as client:
        client.put("/v1/products/a", json={"title": "red shirt"})
        client.post("/v1/products/a/reviews", json={"reviews": [{"id": "1", "text": "The strap is dull."}]})
        assert client.get("/v1/products/a/reviews").json()["reviews"][0]["sentiment"] == "negative"
        found = client.post("/v1/intents", json={"texts": ["dull"]}).json()
        assert found["results"][0]["intent"] == "dull"
        assert found["model"].startswith("about-")


def test_the_client(model: Understander, tmp_path: Path) -> None:
    with tiny_server(model, tmp_path) as address, Client(address) as client:
        client.put_product("a/b", title="red shirt")
        assert client.add_reviews("a/b", [{"id": "1", "text": "The strap broke."}]).added == 1
        assert client.review_summary("a/b").aspects[0].negative == 1
        assert client.reviews("a/b", aspect="strap").total == 1
        client.delete_review("a/b", "1")
        with pytest.raises(RequestFailed, match="no review with this id"):
            client.delete_review("a/b", "1")
        assert client.intents(["red shirt"]).results[0].score >= 0
