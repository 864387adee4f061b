"""The whole application behind its middleware: keys, deadlines, metrics, the documentation page, addresses."""

import json
import logging
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from starlette.routing import Match, Route

from catalog.model.preprocess import Prepared
from catalog.understand import Understander
from serving.api.app import build_app
from serving.inference.backend import InferenceRequest, run_batch
from serving.inference.local import LocalBackend
from serving.middleware.api_keys import add_key
from serving.middleware.paths import OPEN, PATTERNS, UNKNOWN, pattern_of
from serving.settings.schema import Settings
from tests.serving.middleware.test_access_log import samples
from tests.support.services import occupy, tiny_client, tiny_services, tiny_store, wait_until_ready
from tests.support.tiny import tiny_onnx_folder

ANALYZE = "/v1/products/analyze"
SHIRT = {"items": [{"title": "red shirt"}]}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Understander:
    return Understander.load(tiny_onnx_folder(tmp_path_factory.mktemp("manners") / "model"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(batch_wait_seconds=0.001, keys=tmp_path / "keys.json")


@pytest.fixture
def client(model: Understander, settings: Settings, tmp_path: Path) -> Iterator[TestClient]:
    with tiny_client(model, tmp_path / "index", settings) as client:
        yield client


def routes_of(router: Any) -> list[Route]:
    """All routes, those too that are behind routers of their own."""
    found: list[Route] = []
    for route in router.routes:
        found += [route] if isinstance(route, Route) else routes_of(route.original_router)
    return found


def test_every_route_has_its_own_name(client: TestClient) -> None:
    paths = {route.path_format for route in routes_of(client.app)}
    assert len(paths) > 20
    assert paths ^ set(PATTERNS) == set()
    for pattern in PATTERNS:
        assert pattern_of(re.sub(r"\{\w+\}", "x", pattern)) == pattern
    assert pattern_of("/v1/products/a/b/similar") == "/v1/products/{id}/similar"
    assert pattern_of("/v1/nothing") == UNKNOWN


def test_every_route_but_the_open_ones_needs_a_key(client: TestClient, settings: Settings) -> None:
    key = add_key(settings.keys, "shop")
    time.sleep(1.05)
    for route in routes_of(client.app):
        path = re.sub(r"\{\w+\}", "x", route.path_format)
        is_open = path in OPEN or path.startswith(("/docs/", "/page/"))
        for method in route.methods or ():
            assert (client.request(method, path).status_code == 401) is not is_open, (method, path)
    assert client.post(ANALYZE, json=SHIRT, headers={"Authorization": f"Bearer {key}"}).status_code == 200


def test_the_document_says_what_the_gate_does(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for path, operations in document["paths"].items():
        for operation in operations.values():
            guarded = path not in OPEN
            assert ("security" in operation) is guarded
            assert ({"401", "403", "429"} <= operation["responses"].keys()) is guarded
            if guarded:
                examples = operation["responses"]["401"]["content"]["application/json"]["examples"]
                assert {one["value"]["error"]["type"] for one in examples.values()} == {"authentication_error"}


def test_a_deadline_that_makes_no_sense(client: TestClient) -> None:
    for given in ("0", "-1", "nan", "inf", "1e9", "", "abc", "0.0", "1,5", "1" * 50):
        refused = client.post(ANALYZE, json=SHIRT, headers={"X-Request-Deadline-Seconds": given})
        assert refused.status_code == 400
        error = refused.json()["error"]
        assert (error["code"], error["param"]) == ("deadline_invalid", "x-request-deadline-seconds")


def test_a_deadline_can_be_made_shorter_and_what_waited_is_not_worked_on(
    model: Understander, settings: Settings, tmp_path: Path
) -> None:
    settings = settings.model_copy(update={"batch_size": 1})
    analyzer = LocalBackend(lambda: model, settings)
    with tiny_store(tmp_path / "index") as store:
        client = TestClient(build_app(tiny_services(analyzer, store, tmp_path / "jobs", settings), settings))
        wait_until_ready(client)
        working = threading.Event()
        occupy(analyzer, working)
        try:
            started = time.monotonic()
            late = client.post(ANALYZE, json=SHIRT, headers={"X-Request-Deadline-Seconds": "0.2"})
            assert (late.status_code, late.json()["error"]["code"]) == (504, "deadline_exceeded")
            assert late.json()["error"]["message"] == "The response was not ready within 0.2 seconds."
            assert time.monotonic() - started < 5
        finally:
            working.set()
        batches = samples(client.get("/metrics").text)["shelflens_batch_products_count"]
        assert client.post(ANALYZE, json=SHIRT, headers={"X-Request-Deadline-Seconds": "900"}).status_code == 200
        assert samples(client.get("/metrics").text)["shelflens_batch_products_count"] == batches + 1


def test_metrics_of_the_whole(client: TestClient, model: Understander) -> None:
    body = {"items": [{"title": "red shirt"}, {}, {"title": "a"}]}
    assert client.post(ANALYZE, json=body).status_code == 200
    assert client.put("/v1/products/1", json={"title": "red shirt"}).status_code == 201
    for _ in range(2):
        assert client.post("/v1/search", json={"text": "shirt"}).status_code == 200
    assert client.post("/v1/jobs", files={"file": ("a.csv", b"id,title\n1,shirt\n")}).status_code == 202
    found = samples(client.get("/metrics").text)
    expected = {
        f'shelflens_model_info{{role="active",taxonomy_version="tiny-1",version="{model.version}"}}': 1,
        "shelflens_index_products": 1,
        "shelflens_requests_waiting": 0,
        "shelflens_items_total": 6,
        'shelflens_query_texts_total{source="model"}': 1,
        'shelflens_query_texts_total{source="cache"}': 1,
        'shelflens_failed_items_total{code="product_empty"}': 1,
        "shelflens_batch_products_count": 4,
        'shelflens_unanswered{part="models"}': 0,
        'shelflens_unanswered{part="products"}': 0,
        'shelflens_unanswered{part="jobs"}': 0,
        'shelflens_jobs{state="failed"}': 0,
        'shelflens_promises{state="ended"}': 0,
    }
    assert {name: found.get(name) for name in expected} == expected
    assert sum(count for name, count in found.items() if name.startswith("shelflens_jobs{")) == 1
    assert 0 <= found["shelflens_index_indexed_ratio"] <= 1
    for stage in ("decode", "queue", "model", "index"):
        assert found[f'shelflens_stage_duration_seconds_count{{stage="{stage}"}}'] > 0


def test_metrics_of_a_model_that_is_not_there(settings: Settings, tmp_path: Path) -> None:
    loading = threading.Event()

    def load() -> Understander:
        loading.wait(60)
        raise AssertionError

    with tiny_store(tmp_path / "index") as store:
        services = tiny_services(LocalBackend(load, settings), store, tmp_path / "jobs", settings)
        client = TestClient(build_app(services, settings))
        found = samples(client.get("/metrics").text)
        loading.set()
    assert found['shelflens_unanswered{part="models"}'] == 1
    assert found["shelflens_index_products"] == 0


def test_the_log_line_of_the_whole(client: TestClient, model: Understander, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="serving"):
        client.post(ANALYZE, json={"items": [{"title": "red striped shirt"}, {}]})
    [record] = [record for record in caplog.records if record.name == "serving.middleware.access_log"]
    fields = record.fields  # type: ignore[attr-defined]
    assert (fields["items"], fields["with_text"], fields["model"]) == (2, 1, model.version)
    assert fields["failed"] == {"product_empty": 1}
    assert fields["stages"].keys() == {"decode", "queue", "model"}
    assert "striped" not in json.dumps(fields)


def test_a_batch_that_fails_names_its_requests(model: Understander, caplog: pytest.LogCaptureFixture) -> None:
    poison = Prepared("poison", np.zeros((1, 3, 5, 5), np.uint8), "a")
    good = Prepared("good", np.zeros((0, 3, 5, 5), np.uint8), "a")
    run_batch(model, [InferenceRequest(poison, 1, False, "first"), InferenceRequest(good, 1, False, "second")])
    assert [record.fields["request_ids"] for record in caplog.records] == [["first", "second"], ["first"]]  # type: ignore[attr-defined]


def test_the_documentation_asks_no_other_host(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.headers["content-security-policy"].startswith("default-src 'self';")
    assert not re.search(r"https?://|<script>|style=", page.text)
    for link in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        file = client.get("/" + link)
        assert file.status_code == 200
        assert file.headers["x-content-type-options"] == "nosniff"
        assert len(file.content) > 100
    for other in ("../app.py", "__init__.py", "swagger-ui-bundle.js", "x"):
        assert client.get(f"/docs/{other}").status_code == 404


def test_a_key_that_reads_can_do_what_is_documented_and_nothing_else(client: TestClient, settings: Settings) -> None:
    """Each method at each address of a route, also where an address is of two routes: of the routes that answer there,
    those that read (GET, and those that ask by POST) are let through, and no other. Uploads, the server's feeds and
    what a person did are for those who bring products in.
    """
    for_writers = {"/v1/uploads/x", "/v1/sources", "/v1/users/x/events"}
    headers = {"Authorization": f"Bearer {add_key(settings.keys, 'shop', 'read')}"}
    time.sleep(1.05)
    asking = {ANALYZE, "/v1/embeddings", "/v1/search", "/v1/recommendations", "/v1/intents", "/v1/ask", "/v1/price"}
    asking |= {"/v1/drafts", "/v1/demand", "/v1/products/x/ask", "/v1/products/x/draft"}
    routes = [route for route in routes_of(client.app) if route.path_format.startswith("/v1/")]
    for path in {re.sub(r"\{\w+\}", "x", route.path_format) for route in routes}:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            scope = {"type": "http", "method": method, "path": path}
            answers = any(route.matches(scope)[0] is Match.FULL for route in routes)
            reads = (method == "GET" and path not in for_writers) or (method, path) in {
                ("POST", asked) for asked in asking
            }
            refused = client.request(method, path, headers=headers).status_code == 403
            assert refused is not reads or (not answers and method == "GET"), (method, path)
