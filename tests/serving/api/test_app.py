"""The HTTP service in one process, with a tiny real model."""

import asyncio
import base64
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient
from starlette.types import ASGIApp, Message

from catalog.model.preprocess import Prepared
from catalog.understand import Understander
from serving.api.app import build_app
from serving.api.examples import ANALYZE_REQUESTS
from serving.api.schemas.analyze import AnalyzeRequest, AnalyzeResponse
from serving.errors import ModelFailed, ModelNotReady
from serving.inference.backend import InferenceRequest, run_batch
from serving.inference.local import LocalBackend
from serving.settings.schema import Settings
from serving.storage.store_api import StoreApi
from tests.support.answers import FOREIGN, assert_error
from tests.support.malformed.images import BadImage, bad_images, encode, speckled
from tests.support.services import occupy, tiny_services, tiny_store
from tests.support.tiny import tiny_onnx_folder

ANALYZE = "/v1/products/analyze"
SETTINGS = Settings(batch_wait_seconds=0.001)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Understander:
    return Understander.load(tiny_onnx_folder(tmp_path_factory.mktemp("served") / "model"))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreApi]:
    with tiny_store(tmp_path_factory.mktemp("served") / "index") as store:
        yield store


@pytest.fixture(scope="module")
def app(model: Understander, store: StoreApi) -> ASGIApp:
    return built(LocalBackend(lambda: model, SETTINGS), store, SETTINGS)


def built(analyzer: LocalBackend, store: StoreApi, settings: Settings) -> ASGIApp:
    return build_app(tiny_services(analyzer, store, Path(mkdtemp()), settings), settings)


@pytest.fixture(scope="module")
def client(app: ASGIApp) -> Iterator[TestClient]:
    with TestClient(app) as client:
        wait_until_ready(client)
        yield client


PATHS = {
    "/healthz",
    "/readyz",
    "/metrics",
    ANALYZE,
    "/v1/ask",
    "/v1/audit",
    "/v1/audit/findings",
    "/v1/audit/findings/{id}",
    "/v1/audit/patch",
    "/v1/audit/corrected",
    "/v1/documents",
    "/v1/documents/{id}",
    "/v1/embeddings",
    "/v1/events",
    "/v1/export",
    "/v1/feedback",
    "/v1/feedback/alike",
    "/v1/feedback/batch",
    "/v1/feedback/proposals",
    "/v1/feedback/training-set",
    "/v1/feedback/{id}",
    "/v1/intents",
    "/v1/jobs",
    "/v1/knowledge",
    "/v1/jobs/{id}",
    "/v1/jobs/{id}/cancel",
    "/v1/jobs/{id}/errors",
    "/v1/jobs/{id}/warnings",
    "/v1/jobs/preview",
    "/v1/sources",
    "/v1/models",
    "/v1/overview",
    "/v1/products",
    "/v1/models/comparison",
    "/v1/models/{id}",
    "/v1/models/{id}/activate",
    "/v1/products/{id}",
    "/v1/products/{id}/image",
    "/v1/products/{id}/ask",
    "/v1/products/{id}/knowledge",
    "/v1/products/{id}/similar",
    "/v1/products/{id}/bought-together",
    "/v1/recommendations",
    "/v1/users/{id}",
    "/v1/users/{id}/events",
    "/v1/users/{id}/recommendations",
    "/v1/products/{id}/reviews",
    "/v1/products/{id}/reviews/summary",
    "/v1/products/{id}/price",
    "/v1/price",
    "/v1/demand",
    "/v1/products/{id}/draft",
    "/v1/drafts",
    "/v1/review",
    "/v1/review/{id}/alike",
    "/v1/search",
    "/v1/taxonomy",
    "/v1/taxonomy/map",
    "/v1/taxonomy/map/confirmed",
    "/v1/taxonomy/map/confirmed/{id}",
    "/v1/taxonomy/map/sheet",
    "/v1/taxonomy/map/tree",
    "/v1/uploads",
    "/v1/uploads/{id}",
}
FORM = b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nred shirt\r\n--x--\r\n'


def wait_until_ready(client: TestClient) -> None:
    deadline = time.monotonic() + 60
    while client.get("/readyz").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def uri(data: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(data).decode()


def assert_serves(client: TestClient) -> None:
    response = client.post(ANALYZE, json={"items": [{"title": "red shirt"}]})
    assert response.status_code == 200
    assert response.json()["results"][0]["error"] is None


def test_an_image_and_a_title_are_analyzed(client: TestClient, model: Understander) -> None:
    item = {"id": "7", "title": "red shirt", "images": [uri(encode(speckled(), "JPEG"))]}
    include = ["category", "tags", "attributes", "embedding", "evidence"]
    response = client.post(ANALYZE, json={"items": [item], "top_k": 2, "include": include})
    assert response.status_code == 200
    found = AnalyzeResponse.model_validate(response.json())
    assert (found.model, found.taxonomy_version) == (model.version, "tiny-1")
    result = found.results[0]
    assert (result.id, result.error, result.modalities_used) == ("7", None, ["image", "text"])
    assert result.category is not None
    assert result.category.path_scores == sorted(result.category.path_scores, reverse=True)
    assert result.category.score == result.category.path_scores[-1]
    assert result.alternatives is not None
    assert len(result.alternatives) == 2
    assert result.evidence is not None
    assert result.evidence.image is not None
    assert result.evidence.text is not None


def test_the_answer_is_the_models_own(client: TestClient, model: Understander) -> None:
    request = AnalyzeRequest.model_validate({"items": [{"title": "blue shoe"}], "include": ["category", "embedding"]})
    result = client.post(ANALYZE, json=request.model_dump()).json()["results"][0]
    (own,) = model.understand([request.items[0].to_product()])
    assert not isinstance(own, Exception)
    assert result["category"]["id"] == own.category.id
    np.testing.assert_allclose(result["embedding"], own.embedding, atol=1e-5)


def test_one_product_as_a_form(client: TestClient) -> None:
    files = [("image", ("a.jpg", encode(speckled(), "JPEG"))), ("image", ("b.png", encode(speckled(9, 9), "PNG")))]
    data = {"id": "9", "title": "green pear", "top_k": "1", "include": ["category", "tags,embedding"]}
    response = client.post(ANALYZE, data=data, files=files)
    assert response.status_code == 200
    (result,) = response.json()["results"]
    assert (result["id"], result["modalities_used"]) == ("9", ["image", "text"])
    assert len(result["alternatives"]) == 1
    assert result["embedding"]
    assert result["evidence"] is None


def test_a_form_without_images_needs_text(client: TestClient) -> None:
    assert client.post(ANALYZE, files={"title": (None, "a shoe")}).status_code == 200
    assert_error(client.post(ANALYZE, files={"id": (None, "1")}), 422, "product_empty")


def test_every_example_is_answered(client: TestClient) -> None:
    for example in ANALYZE_REQUESTS.values():
        request = {**example["value"], "embedding_dimensions": 16}
        results = client.post(ANALYZE, json=request).json()["results"]
        assert [result["error"] for result in results] == [None] * len(request["items"])


@pytest.mark.parametrize("image", bad_images(), ids=str)
def test_bad_image_in_json(client: TestClient, image: BadImage) -> None:
    items = [{"title": "red shirt"}, {"id": "bad", "images": [uri(image.data)]}, {"title": "green pear"}]
    response = client.post(ANALYZE, json={"items": items})
    assert response.status_code == 200
    first, bad, last = response.json()["results"]
    assert first["error"] is None
    assert last["error"] is None
    assert bad["id"] == "bad"
    assert (bad["error"] or {}).get("code") == image.code
    if image.code:
        assert bad["error"]["param"] == "images"
        assert bad["category"] is None
        assert not FOREIGN.search(json.dumps(bad))
    assert_serves(client)


@pytest.mark.parametrize("image", bad_images(), ids=str)
def test_bad_image_in_a_form(client: TestClient, image: BadImage) -> None:
    response = client.post(ANALYZE, files={"image": (image.filename, image.data)})
    if image.code:
        assert_error(response, 422, image.code, "image")
    else:
        assert response.status_code == 200
        assert response.json()["results"][0]["error"] is None
    assert_serves(client)


def test_a_batch_keeps_its_order_and_one_poison_item_fails_alone(client: TestClient) -> None:
    items: list[dict[str, Any]] = [{"id": str(n), "title": f"item {n}"} for n in range(32)]
    items[13] = {"id": "13", "images": ["https://a.example/b.jpg"]}
    items[20] = {"id": "20"}
    results = client.post(ANALYZE, json={"items": items}).json()["results"]
    assert [result["id"] for result in results] == [str(n) for n in range(32)]
    errors = {result["id"]: result["error"]["code"] for result in results if result["error"]}
    assert errors == {"13": "image_url_not_allowed", "20": "product_empty"}


def test_a_product_that_breaks_the_forward_pass_fails_alone(model: Understander) -> None:
    size = model.config.image.size
    good = InferenceRequest(Prepared("good", np.zeros((1, 3, size, size), np.uint8), "a"), 1, False)
    poison = InferenceRequest(Prepared("poison", np.zeros((1, 3, 5, 5), np.uint8), "a"), 3, True)
    first, broken, last = run_batch(model, [good, poison, good])
    assert isinstance(broken, ModelFailed)
    for found in (first, last):
        assert not isinstance(found, Exception)
        assert (len(found.alternatives), found.evidence) == (1, {})


def test_questions_in_one_batch_get_what_each_asked_for(model: Understander) -> None:
    size = model.config.image.size
    product = Prepared("", np.zeros((1, 3, size, size), np.uint8), "red shirt")
    few, many = run_batch(model, [InferenceRequest(product, 0, False), InferenceRequest(product, 3, True)])
    assert not isinstance(few, Exception)
    assert not isinstance(many, Exception)
    assert (len(few.alternatives), len(few.evidence)) == (0, 0)
    assert (len(many.alternatives), len(many.evidence)) == (3, 2)


def test_concurrent_requests_each_get_their_own_answer(client: TestClient) -> None:
    def ask(n: int, found: dict[int, str]) -> None:
        found[n] = client.post(ANALYZE, json={"items": [{"id": str(n), "title": f"item {n}"}]}).json()["results"][0][
            "id"
        ]

    found: dict[int, str] = {}
    threads = [threading.Thread(target=ask, args=(n, found)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: str(n) for n in range(12)}


@pytest.mark.parametrize("dimensions", [8, 16, 32])
def test_embedding_is_cut_to_norm_1(client: TestClient, dimensions: int) -> None:
    request = {"items": [{"title": "shoe"}], "include": ["embedding"], "embedding_dimensions": dimensions}
    embedding = client.post(ANALYZE, json=request).json()["results"][0]["embedding"]
    assert len(embedding) == dimensions
    assert np.linalg.norm(embedding) == pytest.approx(1, abs=1e-5)


def test_other_embedding_lengths_are_refused(client: TestClient) -> None:
    response = client.post(ANALYZE, json={"items": [{"title": "shoe"}], "embedding_dimensions": 9})
    message = assert_error(response, 422, "embedding_dimensions_unsupported", "embedding_dimensions")
    assert message == "This model's embedding can be truncated to: 8, 16, 32."


def test_evidence_needs_both_modalities(client: TestClient) -> None:
    result = client.post(ANALYZE, json={"items": [{"title": "shoe"}]}).json()["results"][0]
    assert result["evidence"] == {"image": None, "text": None}
    assert result["modalities_used"] == ["text"]


def test_33_items_are_refused(client: TestClient) -> None:
    response = client.post(ANALYZE, json={"items": [{"title": "shoe"}] * 33})
    assert assert_error(response, 422, "too_many_items", "items") == "The request has 33 items; the limit is 32."


def test_text_may_have_8192_characters(client: TestClient) -> None:
    items = [{"title": "x" * 8_193}, {"title": "x" * 8_192}]
    long, fits = client.post(ANALYZE, json={"items": items}).json()["results"]
    assert (long["error"]["code"], fits["error"]) == ("text_too_long", None)
    response = client.post(ANALYZE, files={"description": (None, "x" * 8_193)})
    assert_error(response, 422, "text_too_long", "description")


def test_too_many_images_are_that_items_error(client: TestClient) -> None:
    small = encode(speckled(4, 4), "PNG")
    result = client.post(ANALYZE, json={"items": [{"images": [uri(small)] * 9}]}).json()["results"][0]
    assert (result["error"]["code"], result["error"]["param"]) == ("too_many_images", "images")
    response = client.post(ANALYZE, files=[("image", ("a.png", small))] * 9)
    assert_error(response, 422, "too_many_images", "image")


@pytest.mark.parametrize("counted_while_it_streams", [False, True])
def test_body_of_29_megabytes_is_refused(client: TestClient, counted_while_it_streams: bool) -> None:
    body = bytes(29 * 1024 * 1024)
    content = (body[start : start + 65_536] for start in range(0, len(body), 65_536))
    response = client.post(
        ANALYZE, content=content if counted_while_it_streams else body, headers={"content-type": "application/json"}
    )
    message = assert_error(response, 413, "body_too_large")
    assert message == (
        "The body has more than 29,360,128 bytes."
        if counted_while_it_streams
        else "The body has 30,408,704 bytes; the limit is 29,360,128."
    )
    assert response.headers["connection"] == "close"
    assert_serves(client)


def test_more_than_1_megabyte_of_json_is_refused(client: TestClient) -> None:
    assert_error(client.post(ANALYZE, json={"items": [{"title": "x" * 1_100_000}]}), 413, "body_too_large")


def test_unknown_and_wrong_fields_are_named(client: TestClient) -> None:
    response = client.post(ANALYZE, json={"items": [{"titel": "shoe"}]})
    assert (
        assert_error(response, 422, "request_invalid", "items.0.titel") == "The field items.0.titel is not known here."
    )
    assert_error(client.post(ANALYZE, files={"titel": (None, "shoe")}), 422, "request_invalid", "titel")
    assert_error(client.post(ANALYZE, files={"image": (None, "shoe")}), 422, "request_invalid", "image")
    assert_error(client.post(ANALYZE, files={"title": ("a.txt", b"shoe")}), 422, "request_invalid", "title")
    assert_error(client.post(ANALYZE, files={"top_k": (None, "x")}), 422, "request_invalid", "top_k")


@pytest.mark.parametrize(
    ("content_type", "body", "status", "code"),
    [
        ("application/json", b"{", 400, "json_invalid"),
        ("application/json", b"", 400, "json_invalid"),
        ("application/json", b'{"items":[{"title":"\xff"}]}', 400, "json_invalid"),
        ("application/json; charset=utf-8", b"[]", 422, "request_invalid"),
        ("multipart/form-data", b"--x", 400, "multipart_invalid"),
        (
            "multipart/form-data; boundary=x; charset=idna",
            FORM.replace(b"red shirt", b"xn--99999999"),
            400,
            "multipart_invalid",
        ),
        ("multipart/form-data; boundary=x", b"--y\r\n", 400, "multipart_invalid"),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--",
            400,
            "multipart_invalid",
        ),
        ("application/x-www-form-urlencoded", b"title=shoe", 415, "media_type_unsupported"),
        ("text/plain", b"shoe", 415, "media_type_unsupported"),
        ("", b"shoe", 415, "media_type_unsupported"),
    ],
)
def test_bad_bodies(client: TestClient, content_type: str, body: bytes, status: int, code: str) -> None:
    response = client.post(ANALYZE, content=body, headers={"content-type": content_type})
    assert_error(response, status, code)


def test_framework_errors_have_our_text(client: TestClient) -> None:
    assert_error(client.get("/v1/nothing"), 404, "not_found")
    assert_error(client.post("/v1/search/", json={}), 404, "not_found")
    wrong_method = client.get("/v1/search")
    assert_error(wrong_method, 405, "method_not_allowed")
    assert wrong_method.headers["allow"] == "POST"
    too_many_parts = [("image", ("a.png", b"x"))] * 33
    assert_error(client.post(ANALYZE, files=too_many_parts), 400, "multipart_invalid")


def test_request_id_is_the_clients_or_new(client: TestClient) -> None:
    assert client.get("/healthz", headers={"X-Request-Id": "order-66"}).headers["x-request-id"] == "order-66"
    first, second = (
        client.get("/healthz", headers={"X-Request-Id": bad}).headers["x-request-id"] for bad in ("", "a b")
    )
    assert len(first) == len(second) == 32
    assert first != second


def test_health_docs_and_root(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json().keys() == {
        "status",
        "model",
        "taxonomy_version",
        "products",
        "indexed",
        "damaged",
    }
    assert client.get("/docs").status_code == 200
    assert client.get("/").headers["content-type"] == "text/html; charset=utf-8"


def test_openapi_document_is_whole(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert set(document["paths"]) == PATHS
    operation = document["paths"][ANALYZE]["post"]
    assert operation["requestBody"]["content"].keys() == {"application/json", "multipart/form-data"}
    assert operation["requestBody"]["content"]["application/json"]["examples"] == ANALYZE_REQUESTS
    statuses = "200 400 401 403 408 413 415 422 429 431 500 503 504"
    assert sorted(operation["responses"]) == statuses.split()
    schemas = document["components"]["schemas"]
    assert schemas["AnalyzeRequest"]["properties"]["items"]["maxItems"] == 32
    assert schemas["EmbeddingsRequest"]["properties"]["input"]["anyOf"][-1]["maxItems"] == 2_048


def test_not_ready_before_the_model_is_loaded(model: Understander, store: StoreApi) -> None:
    loaded = threading.Event()

    def load() -> Understander:
        loaded.wait(60)
        return model

    client = TestClient(built(LocalBackend(load, SETTINGS), store, SETTINGS))
    try:
        assert client.get("/healthz").status_code == 200
        for response in (client.get("/readyz"), client.post(ANALYZE, json={"items": [{"title": "shoe"}]})):
            assert_error(response, 503, "model_not_ready")
            assert response.headers["retry-after"] == "1"
    finally:
        loaded.set()
    wait_until_ready(client)
    assert_serves(client)


def test_overload_is_429(model: Understander, store: StoreApi) -> None:
    settings = Settings(batch_size=1, batch_wait_seconds=0)
    working = threading.Event()

    async def scenario() -> None:
        analyzer = LocalBackend(lambda: model, settings)
        while True:
            try:
                await analyzer.describe()
                break
            except ModelNotReady:
                await asyncio.sleep(0.02)
        occupy(analyzer, working)
        app = built(analyzer, store, settings)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            request = {"items": [{"title": "shoe"}]}
            held = [asyncio.create_task(client.post(ANALYZE, json=request)) for _ in range(settings.max_waiting)]
            while analyzer._requests < settings.max_waiting:
                await asyncio.sleep(0.01)
            response = await client.post(ANALYZE, json=request)
            assert_error(response, 429, "overloaded")
            assert response.headers["retry-after"] == "1"
            assert (await client.get("/readyz")).status_code == 200
            working.set()
            assert {answered.status_code for answered in await asyncio.gather(*held)} == {200}

    try:
        asyncio.run(scenario())
    finally:
        working.set()


def test_slow_answer_is_504(model: Understander, store: StoreApi) -> None:
    settings = Settings(request_timeout_seconds=0.2)
    analyzer = LocalBackend(lambda: model, settings)
    client = TestClient(built(analyzer, store, settings))
    wait_until_ready(client)
    working = threading.Event()
    occupy(analyzer, working)
    try:
        assert_error(client.post(ANALYZE, json={"items": [{"title": "shoe"}]}), 504, "deadline_exceeded")
    finally:
        working.set()


def test_stalled_body_is_408(model: Understander, store: StoreApi) -> None:
    settings = Settings(body_timeout_seconds=0.1)
    app = built(LocalBackend(lambda: model, settings), store, settings)
    sent = asyncio.run(converse(app, [{"type": "http.request", "body": b'{"items"', "more_body": True}]))
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
    assert json.loads(sent[1]["body"])["error"]["code"] == "body_timeout"


def test_client_that_leaves_gets_no_answer(app: ASGIApp) -> None:
    assert asyncio.run(converse(app, [{"type": "http.disconnect"}])) == []


async def converse(app: ASGIApp, messages: list[Message]) -> list[Message]:
    """What the app sends to a client that sends these messages and then nothing."""
    waiting = iter(messages)
    sent: list[Message] = []

    async def receive() -> Message:
        for message in waiting:
            return message
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": ANALYZE, "headers": [(b"content-type", b"application/json")]}
    await asyncio.wait_for(app({**scope, "query_string": b"", "http_version": "1.1"}, receive, send), 10)
    return sent
