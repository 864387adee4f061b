"""Events, recommendations and forgetting over HTTP."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from catalog.understand import Understander
from serving.client import Client
from serving.middleware.api_keys import add_key
from tests.serving.api.test_products import code
from tests.support.services import SETTINGS, tiny_client
from tests.support.tiny import tiny_onnx_folder
from tests.support.transport import Through

USER = "/v1/users/u%2F1"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Understander:
    return Understander.load(tiny_onnx_folder(tmp_path_factory.mktemp("served") / "model"))


@pytest.fixture
def service(model: Understander, tmp_path: Path) -> Iterator[TestClient]:
    with tiny_client(model, tmp_path / "index") as client:
        for id in ("shirt", "tie", "shoe", "hat"):
            assert client.put(f"/v1/products/{id}", json={"title": f"Red {id}"}).status_code == 201
        yield client


def event(product: str, kind: str = "view", user: str = "u/1", **more: object) -> dict[str, Any]:
    return {"user_id": user, "kind": kind, "product_id": product, **more}


def keep(service: TestClient, *events: dict[str, Any]) -> dict[str, int]:
    response = service.post("/v1/events", json={"events": events})
    assert response.status_code == 200, response.text
    kept: dict[str, int] = response.json()
    return kept


def recommended(response: Any) -> dict[str, tuple[str, str | None, str | None]]:
    assert response.status_code == 200, response.text
    found = response.json()["recommendations"]
    return {one["product"]["id"]: tuple(one["reason"].values()) for one in found}


def test_an_event_changes_the_next_recommendations(service: TestClient) -> None:
    assert set(recommended(service.get(f"{USER}/recommendations")).values()) == {("new", None, None)}
    for number in range(5):
        keep(service, *(event(product, "purchase", f"s{number}") for product in ("shirt", "tie")))
    assert keep(service, event("shirt", id="e1"), event("shirt", id="e1")) == {"received": 2, "new": 1}
    found = recommended(service.get(f"{USER}/recommendations"))
    assert found["tie"] == ("together", "shirt", "Red shirt")
    assert "shirt" not in found
    session = {"events": [{"product_id": "tie"}], "exclude": ["hat"], "limit": 2}
    found = recommended(service.post("/v1/recommendations", json=session))
    assert found["shirt"] == ("together", "tie", "Red tie")
    assert "hat" not in found


def test_what_is_bought_together(service: TestClient) -> None:
    keep(service, *(event(product, "purchase") for product in ("shirt", "tie")), event("hat"))
    answer = service.get("/v1/products/shirt/bought-together").json()
    assert [(one["product"]["id"], one["times"]) for one in answer["products"]] == [("tie", 1)]
    assert service.get("/v1/products/hat/bought-together").json() == {"products": []}
    assert code(service.get("/v1/products/unknown/bought-together")) == (404, "product_not_found")


def test_a_filter_holds_for_recommendations(service: TestClient) -> None:
    service.put("/v1/products/cheap", json={"title": "Red sock", "price": 2.0, "currency": "EUR"})
    filter = '{"price": {"lte": 5}}'
    assert recommended(service.get(f"{USER}/recommendations", params={"filter": filter})).keys() == {"cheap"}
    found = service.post("/v1/recommendations", json={"filter": {"price": {"lte": 5}}})
    assert recommended(found).keys() == {"cheap"}
    wrong = service.post("/v1/recommendations", json={"filter": {"colour": 1}})
    assert code(wrong) == (422, "filter_invalid")


def test_a_forgotten_user_leaves_nothing(service: TestClient, tmp_path: Path) -> None:
    search = {"user_id": "u/1", "kind": "search", "query": "Krömptel"}
    keep(service, event("shirt", id="Wäxtupf"), event("tie"), search, event("hat", user="stays"))
    known = service.get(f"{USER}/events").json()
    assert {one["kind"] for one in known["events"]} == {"view", "search"}
    page = service.get(f"{USER}/events", params={"limit": 2}).json()
    rest = service.get(f"{USER}/events", params={"limit": 2, "after": page["after"]}).json()
    assert [*page["events"], *rest["events"]] == known["events"]
    assert rest["after"] is None
    assert service.delete(USER).status_code == 204
    for gone in (service.get(f"{USER}/events"), service.delete(USER)):
        assert code(gone) == (404, "user_not_found")
    deadline = time.monotonic() + 30
    folder = tmp_path / "index"
    while (folder / "erasing").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    content = b"".join(path.read_bytes() for path in folder.glob("behaviour.sqlite*"))
    assert b"stays" in content
    assert not any(word.encode() in content for word in ("u/1", "Krömptel", "Wäxtupf"))


def test_an_erased_product_is_in_no_event(service: TestClient, tmp_path: Path) -> None:
    keep(service, event("shirt"), event("tie"))
    assert service.delete("/v1/products/shirt", params={"erase": True}).status_code == 204
    assert [one["product_id"] for one in service.get(f"{USER}/events").json()["events"]] == ["tie"]
    assert "shirt" not in recommended(service.get("/v1/users/other/recommendations"))


def test_what_is_no_event(service: TestClient) -> None:
    wrong: dict[str, dict[str, Any]] = {
        "event_invalid": event(""),
        "request_invalid": event("shirt", "glance"),
    }
    for expected, one in wrong.items():
        response = service.post("/v1/events", json={"events": [event("hat"), one]})
        assert code(response) == (422, expected)
    assert service.get(f"{USER}/events").status_code == 404, "all of a request are kept, or none"


def test_a_key_that_reads_may_be_recommended_to_and_no_more(model: Understander, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    key = add_key(keys, "reader", "read")
    settings = SETTINGS.model_copy(update={"keys": keys})
    with tiny_client(model, tmp_path / "index", settings) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        assert client.get(f"{USER}/recommendations").status_code == 200
        assert client.post("/v1/recommendations", json={}).status_code == 200
        closed = [client.post("/v1/events", json={"events": [event("a")]}), client.get(f"{USER}/events")]
        closed.append(client.delete(USER))
        assert {code(response) for response in closed} == {(403, "scope_insufficient")}


def test_the_client_does_it_all(service: TestClient) -> None:
    with Client("http://testserver", transport=Through(service)) as client:
        kept = client.add_events([{"user_id": "..", "kind": "purchase", "product_id": id} for id in ("shirt", "tie")])
        assert kept.new == 2
        assert client.recommendations("..", limit=1, filter={"not": {"brand": "x"}}).recommendations
        session = client.recommendations_for([{"product_id": "shirt"}], exclude=["hat"])
        assert session.recommendations[0].product.id == "tie"
        assert client.bought_together("shirt").products[0].times == 1
        assert len(client.user_events("..", limit=1).events) == 1
        client.forget_user("..")
