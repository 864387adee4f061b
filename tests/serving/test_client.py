"""The client, both kinds of it, against a whole service in one process."""

import asyncio
import inspect
import io
import pickle
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from catalog.errors import FileNotReadable
from catalog.understand import Understander
from serving.api.schemas.analyze import AnalyzeResponse
from serving.api.schemas.products import ProductOut
from serving.api.schemas.search import ProductsResponse, SearchResponse
from serving.client import AsyncClient, Client, RequestFailed, Retries, ServiceTimeout, ServiceUnreachable
from serving.client.operations.products import ProductOperations
from serving.middleware.api_keys import add_key
from tests.support.catalogue import draw_product
from tests.support.job_service import JobService, office
from tests.support.malformed.images import encode
from tests.support.services import SETTINGS, tiny_client
from tests.support.tiny import tiny_onnx_folder, tiny_taxonomy
from tests.support.transport import Through

RED_SHIRT = encode(draw_product("Shirt", "red"), "PNG")
AT_ONCE = Retries(wait_seconds=0)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Understander:
    return Understander.load(tiny_onnx_folder(tmp_path_factory.mktemp("served") / "model"))


@pytest.fixture(scope="module")
def service(model: Understander, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with tiny_client(model, tmp_path_factory.mktemp("catalogue") / "index") as client:
        yield client


def answer(asked: Any) -> Any:
    """What a method gives, of either client."""
    return asyncio.run(await_it(asked)) if inspect.isawaitable(asked) else asked


async def await_it(asked: Any) -> Any:
    return await asked


@pytest.fixture(params=[Client, AsyncClient], ids=["sync", "async"])
def make(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def client(make: Any, service: TestClient) -> Iterator[Any]:
    client = make("http://testserver", transport=Through(service))
    yield client
    answer(client.close())


def test_products_are_analyzed(client: Any, tmp_path: Path) -> None:
    image = tmp_path / "shirt.png"
    image.write_bytes(RED_SHIRT)
    products = [
        {"id": "1", "title": "red shirt", "images": [RED_SHIRT]},
        {"id": "2", "images": [image, str(image)]},
        {"id": "3", "images": ["https://x.example/a.jpg"]},
    ]
    found = answer(client.analyze(products, top_k=2, include=["category", "embedding"], embedding_dimensions=8))
    assert isinstance(found, AnalyzeResponse)
    first, second, third = found.results
    assert (first.modalities_used, second.modalities_used) == (["image", "text"], ["image"])
    assert (len(first.alternatives or ()), len(first.embedding or ()), first.tags) == (2, 8, None)
    assert third.error is not None
    assert third.error.code == "image_url_not_allowed"


def test_inputs_are_embedded(client: Any) -> None:
    found = answer(client.embed(["red shirt", {"text": "red shirt", "image": RED_SHIRT}], dimensions=16))
    assert [np.linalg.norm(one.embedding) for one in found.data] == pytest.approx([1, 1], abs=1e-5)
    assert len(found.data[0].embedding) == 16
    (alone,) = answer(client.embed("red shirt", dimensions=16)).data
    np.testing.assert_allclose(alone.embedding, found.data[0].embedding, atol=1e-5)
    assert answer(client.embed({"image": RED_SHIRT})).data[0].index == 0


def test_a_product_is_stored_found_changed_and_forgotten(client: Any) -> None:
    stored = answer(
        client.put_product(
            "a/1", title="red shirt", images=[RED_SHIRT], price=9.5, currency="EUR", attributes={"size": "M"}
        )
    )
    assert isinstance(stored, ProductOut)
    assert (stored.id, stored.images, stored.price) == ("a/1", 1, 9.5)
    assert answer(client.get_product("a/1")) == stored
    assert len(answer(client.get_product("a/1", embedding=True)).embedding) == 32
    answer(client.put_product("..", title="blue shoe", brand="Acme"))
    assert answer(client.get_product("..")).title == "blue shoe"
    found = answer(client.search("red shirt", image=RED_SHIRT, facets=["brand"], filter={"price": {"lte": 10}}))
    assert isinstance(found, SearchResponse)
    assert [one.id for one in found.results] == ["a/1"]
    assert [one.id for one in answer(client.search(product_id="a/1", limit=5)).results] == [".."]
    assert [one.id for one in answer(client.similar("a/1", filter={"brand": "Acme"}, limit=1)).results] == [".."]
    assert answer(client.similar("a/1", filter={"brand": "Other"})).total == 0
    shown = answer(client.list_products(filter={"brand": "Acme"}, sort="price_asc", limit=5, facets=["brand"]))
    assert isinstance(shown, ProductsResponse)
    assert ([one.id for one in shown.products], shown.total) == ([".."], 1)
    assert shown.facets["brand"][0].count == 1
    assert [one.id for one in answer(client.search("red shirt", sort="price_desc")).results] == ["a/1", ".."]
    assert answer(client.overview()).products == 2
    changed = answer(client.patch_product("a/1", price=None, brand="Other"))
    assert (changed.price, changed.brand, changed.images) == (None, "Other", 1)
    assert Image.open(io.BytesIO(answer(client.image("a/1", 0)))).format == "WEBP"
    assert answer(client.delete_product("a/1")) is None
    answer(client.delete_product("..", erase=True))
    with pytest.raises(RequestFailed, match=r"No product with this id is stored\. \(404 product_not_found\)"):
        answer(client.get_product("a/1"))


def test_verdicts_and_models(client: Any, model: Understander) -> None:
    answer(client.put_product("a", title="red shirt"))
    leaf = tiny_taxonomy().leaves[0].id
    said = answer(client.feedback("a", "correct", category=leaf, tags=["plain"], comment="so it is"))
    assert (said.product_id, said.category, said.tags) == ("a", leaf, ["plain"])
    assert answer(client.feedback_given()) == [said]
    assert answer(client.training_set()).startswith(b"PK")
    assert answer(client.review(limit=1)).products == []
    assert [one.id for one in answer(client.models()).data] == [model.version]
    assert answer(client.activate(model.version)).data == answer(client.models()).data
    assert answer(client.taxonomy()).version == "tiny-1"
    assert answer(client.ready()).model == model.version
    with pytest.raises(RequestFailed, match="404 no_shadow"):
        answer(client.comparison())
    answer(client.delete_product("a"))


def test_errors_say_all_that_the_service_said(client: Any) -> None:
    with pytest.raises(RequestFailed, match="dimensions") as caught:
        answer(client.embed("x", dimensions=7))
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.status, error.code, error.param) == (422, "embedding_dimensions_unsupported", "dimensions")
    assert len(error.request_id) == 32
    assert error.message == "This model's embedding can be truncated to: 8, 16, 32."


def test_an_image_that_is_not_there_is_named(client: Any) -> None:
    with pytest.raises(FileNotReadable, match="no such image can"):
        answer(client.search(image="no such image"))


def test_methods_keep_their_names_and_docstrings(make: Any) -> None:
    client = make("http://testserver", transport=Through.__new__(Through))
    for name in ("analyze", "search", "get_product", "taxonomy"):
        method = getattr(client, name)
        assert method.__name__ == name
        assert method.__doc__
    assert inspect.isgeneratorfunction(ProductOperations.delete_product)
    answer(client.close())


def test_the_key_is_sent(make: Any, service: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def sent(**given: str) -> str | None:
        transport = Through(service)
        client = make("http://testserver", transport=transport, **given)
        answer(client.models())
        return transport.passed[0].headers.get("authorization")

    monkeypatch.delenv("SHELFLENS_API_KEY", raising=False)
    assert sent() is None
    assert sent(api_key="one") == "Bearer one"
    monkeypatch.setenv("SHELFLENS_API_KEY", "two")
    assert (sent(), sent(api_key="one"), sent(api_key="")) == ("Bearer two", "Bearer one", None)


def test_a_service_with_keys_lets_only_those_in(make: Any, model: Understander, tmp_path: Path) -> None:
    key = add_key(tmp_path / "keys.json", "reader", "read")
    with tiny_client(
        model, tmp_path / "index", SETTINGS.model_copy(update={"keys": tmp_path / "keys.json"})
    ) as service:
        for given, wanted in (("", "401 api_key_missing"), ("sl-wrong", "401 api_key_invalid")):
            with pytest.raises(RequestFailed, match=wanted):
                answer(make("http://testserver", api_key=given, transport=Through(service)).models())
        client = make("http://testserver", api_key=key, transport=Through(service))
        assert answer(client.models()).data[0].id == model.version
        with pytest.raises(RequestFailed, match="403 scope_insufficient"):
            answer(client.put_product("a", title="red shirt"))


def test_clients_are_context_managers(service: TestClient) -> None:
    async def scenario() -> str:
        async with AsyncClient("http://testserver", transport=Through(service)) as client:
            assert (await client.ready()).status == "ready"
            return (await client.ready()).model

    with Client("http://testserver", transport=Through(service)) as client:
        assert client.ready().model == asyncio.run(scenario())


class Broken:
    """A service that goes through these answers, the last one for ever."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(found, Exception):
            raise found
        return httpx.Response(found.status_code, headers=found.headers, content=found.content)


def refusal(status: int, code: str, **headers: str) -> httpx.Response:
    error = {"message": "Not now.", "type": "server_error", "param": None, "code": code}
    return httpx.Response(status, json={"error": error}, headers=headers)


READY = {"status": "ready", "model": "m", "taxonomy_version": "1", "products": 0, "indexed": 1.0}


@pytest.mark.parametrize(
    "failure",
    [
        refusal(429, "overloaded"),
        refusal(503, "model_not_ready", **{"retry-after": "0"}),
        httpx.ConnectError("refused"),
        httpx.RemoteProtocolError("cut off"),
        httpx.ConnectTimeout("late"),
    ],
    ids=str,
)
def test_what_passes_is_tried_again(make: Any, failure: httpx.Response | Exception) -> None:
    broken = Broken(failure, failure, httpx.Response(200, json=READY))
    client = make("http://testserver", retries=AT_ONCE, transport=httpx.MockTransport(broken))
    assert answer(client.ready()).model == "m"
    assert len(broken.requests) == 3


def test_tries_are_bounded(make: Any) -> None:
    broken = Broken(refusal(503, "model_not_ready"))
    client = make("http://testserver", retries=Retries(2, wait_seconds=0), transport=httpx.MockTransport(broken))
    with pytest.raises(RequestFailed, match=r"Not now. \(503 model_not_ready\)"):
        answer(client.ready())
    assert len(broken.requests) == 3
    cut = Broken(httpx.ReadError("cut off"))
    client = make("http://testserver", retries=Retries(limit=0), transport=httpx.MockTransport(cut))
    with pytest.raises(ServiceUnreachable, match="cannot be reached"):
        answer(client.ready())
    assert len(cut.requests) == 1


def test_the_wait_is_the_one_asked_for_and_else_doubles() -> None:
    retries = Retries(limit=9, wait_seconds=1, longest_seconds=30)
    assert retries.wait(0, refusal(429, "rate_limited", **{"retry-after": "7"})) == 7
    assert retries.wait(4, refusal(429, "rate_limited", **{"retry-after": "7"})) == pytest.approx(14, abs=2)
    assert retries.wait(2, None) == pytest.approx(3.5, abs=0.5)
    assert retries.wait(0, refusal(503, "x", **{"retry-after": "soon"})) == pytest.approx(0.875, abs=0.125)
    assert retries.wait(6, None) is None
    assert retries.wait(9, None) is None


def test_a_wait_may_be_given_as_a_date() -> None:
    """In any form that RFC 9110 lets a proxy send; a bad date is ignored."""
    retries = Retries(wait_seconds=1, longest_seconds=900)
    then = datetime.now(UTC) + timedelta(minutes=10)
    for date in (format_datetime(then, usegmt=True), then.strftime("%A, %d-%b-%y %H:%M:%S GMT"), then.ctime()):
        assert retries.wait(0, refusal(503, "x", **{"retry-after": date})) == pytest.approx(600, abs=60), date
    past = format_datetime(then - timedelta(days=1), usegmt=True)
    for date in (past, "Mon, 99 Foo 2026 10:00:00 GMT", f"Mon, 01 Jan 2026 {10**30}:00:00 GMT"):
        assert retries.wait(0, refusal(503, "x", **{"retry-after": date})) == pytest.approx(0.875, abs=0.125), date


def test_too_long_a_wait_is_not_made(make: Any) -> None:
    broken = Broken(refusal(429, "rate_limited", **{"retry-after": "31"}))
    client = make("http://testserver", transport=httpx.MockTransport(broken))
    with pytest.raises(RequestFailed, match="429 rate_limited"):
        answer(client.ready())
    assert len(broken.requests) == 1


def test_a_verdict_is_sent_again_only_if_it_was_not_taken(make: Any) -> None:
    for failure, requests in ((refusal(503, "x"), 1), (httpx.ReadError(""), 1), (refusal(429, "x"), 4)):
        broken = Broken(failure)
        client = make("http://testserver", retries=AT_ONCE, transport=httpx.MockTransport(broken))
        with pytest.raises((RequestFailed, ServiceUnreachable), match=r"Not now|cannot be reached"):
            answer(client.feedback("a", "accept"))
        assert len(broken.requests) == requests


def test_a_late_answer_is_not_waited_for_again(make: Any) -> None:
    broken = Broken(httpx.ReadTimeout("late"))
    client = make("http://testserver", retries=AT_ONCE, transport=httpx.MockTransport(broken))
    with pytest.raises(ServiceTimeout, match="did not respond in time"):
        answer(client.ready())
    assert len(broken.requests) == 1


def test_answers_of_others_are_told_apart(make: Any) -> None:
    page = httpx.Response(502, text="<html>Bad gateway", headers={"x-request-id": "r"})
    client = make("http://testserver", transport=httpx.MockTransport(Broken(page)))
    with pytest.raises(RequestFailed, match="status 502 is not one of Shelflens") as caught:
        answer(client.ready())
    assert (caught.value.status, caught.value.code, caught.value.request_id) == (502, "answer_unknown", "r")
    client = make("http://testserver", transport=httpx.MockTransport(Broken(httpx.Response(200, text="hello"))))
    with pytest.raises(RequestFailed, match="is not one of Shelflens"):
        answer(client.ready())


def test_importing_the_client_loads_no_model_and_no_server() -> None:
    heavy = {"torch", "transformers", "timm", "ray", "fastapi", "starlette", "PIL", "pyarrow", "qdrant_client"}
    code = f"import sys, serving.client; print(sorted({heavy} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert run.stdout.strip() == "[]"


@pytest.fixture
def job_service(model: Understander, tmp_path: Path) -> Iterator[JobService]:
    feeds = tmp_path / "feeds"
    feeds.mkdir()
    (feeds / "spring.csv").write_text("nr,name\n1,red shirt\n2,blue shoe\n")
    with office(tmp_path, model, SETTINGS.model_copy(update={"feeds": feeds})) as running:
        yield running


def test_the_stored_products_are_audited(make: Any, job_service: JobService) -> None:
    client = make("http://testserver", transport=Through(job_service.client))
    titles = ("Kestrel headphones WH-510 black", "Kestrel WH510 headphones (black)", "Kestrel headphones WH-510 white")
    for id, title in enumerate(titles):
        answer(client.put_product(str(id), title=title))
    job = answer(client.wait_for_job(answer(client.audit()).id, every_seconds=0.02, timeout=30))
    assert (job.state, job.auditing) == ("complete", True)
    double, variant = answer(client.findings()).findings[:2]
    assert answer(client.dismiss_finding(double.id)).state == "dismissed"
    assert answer(client.accept_finding(variant.id)).state == "accepted"
    assert answer(client.corrections()).startswith(b"id,item_group_id")
    assert (
        answer(client.corrected_feed(b"id,title\n2,Shoe\n", filename="f.csv")) == b"id,title,item_group_id\n2,Shoe,0\n"
    )
    with pytest.raises(RequestFailed, match="422 request_invalid"):
        answer(client.correct_finding(variant.id, "navy"))
    answer(client.reopen_finding(variant.id))
    assert [one.id for one in answer(client.findings(state="open", code="variant", limit=5)).findings] == [variant.id]
    assert answer(client.audits()).runs[0].products == len(titles)
    with pytest.raises(RequestFailed, match="404 finding_not_found"):
        answer(client.accept_finding("0" * 16))


def test_feeds_are_ingested(make: Any, job_service: JobService, tmp_path: Path) -> None:
    client = make("http://testserver", transport=Through(job_service.client))
    feed = tmp_path / "feed.csv"
    feed.write_text("id,title,attributes\na,red shirt,\n,green pear,\nb,blue shoe,blue\n")
    seen = []
    started = answer(client.submit_job(feed))
    assert (started.source, started.dry_run) == ("feed.csv", False)
    job = answer(client.wait_for_job(started.id, progress=seen.append, every_seconds=0.02, timeout=30))
    assert (job.state, job.added, job.failed, seen[-1]) == ("complete", 1, 2, job)
    assert [(row.line, row.code, row.row["title"]) for row in answer(client.job_errors(job.id))] == [
        (3, "row_id_missing", "green pear"),
        (4, "row_invalid", "blue shoe"),
    ]
    by_path = answer(client.submit_job(source="spring.csv", columns={"id": "nr", "title": "name"}, dry_run=True))
    checked = answer(client.wait_for_job(by_path.id, every_seconds=0.02))
    assert (checked.state, checked.dry_run, checked.done) == ("complete", True, 2)
    assert [one.id for one in answer(client.jobs(limit=2)).jobs] == [by_path.id, job.id]
    with pytest.raises(RequestFailed, match="409 job_finished"):
        answer(client.cancel_job(job.id))
    with pytest.raises(ValueError, match="either a file, a source or an upload"):
        answer(client.submit_job())


def test_a_job_is_submitted_once_cancelled_and_waited_for_only_so_long(make: Any, job_service: JobService) -> None:
    client = make("http://testserver", transport=Through(job_service.client))
    go_on = Event()
    job_service.analyzer.hold(go_on)
    try:
        first = answer(client.submit_job(b'{"id": "a", "title": "shirt"}\n', filename="a.jsonl", idempotency_key="k"))
        again = answer(client.submit_job(b'{"id": "a", "title": "shirt"}\n', filename="a.jsonl", idempotency_key="k"))
        assert again.id == first.id
        with pytest.raises(ServiceTimeout, match=r"not ended within 0\.1 seconds"):
            answer(client.wait_for_job(first.id, every_seconds=0.05, timeout=0.1))
        waiting = answer(client.submit_job(b"id,title\nb,shoe\n"))
        assert answer(client.cancel_job(waiting.id)).state == "cancelled"
    finally:
        go_on.set()
