"""Pictures of a request are decoded apart from all else, within a budget, and no longer than somebody waits."""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from catalog.product import Product
from catalog.understand import Understander
from serving.api.context import RequestContext, decoded
from serving.api.decoding import DECODERS, Allowance
from serving.errors import DeadlineExceeded, ImagesTooCostly
from serving.inference.backend import ModelInfo
from serving.inference.local import LocalBackend
from serving.settings.schema import Settings
from tests.support.malformed.costly_images import repeated_scan
from tests.support.malformed.images import encode, speckled
from tests.support.malformed.large_content import uri
from tests.support.services import SETTINGS, tiny_client, tiny_server, tiny_services, tiny_store
from tests.support.tiny import tiny_onnx_folder

INFO = ModelInfo("v", "t", 32, (), ("LATIN",), 32, {}, "v")
IMAGE = encode(speckled(), "PNG")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Understander:
    return Understander.load(tiny_onnx_folder(tmp_path_factory.mktemp("model")))


@pytest.fixture
def context(model: Understander, tmp_path: Path) -> Iterator[RequestContext]:
    with tiny_store(tmp_path) as store:
        services = tiny_services(LocalBackend(lambda: model, SETTINGS), store, tmp_path / "jobs")
        yield RequestContext(services, SETTINGS)


def test_what_is_over_the_budget_is_an_error_of_its_own_and_text_is_unharmed(
    model: Understander, tmp_path: Path
) -> None:
    costly = uri(repeated_scan(800, 800, 40))
    items = [{"id": str(number), "title": "shirt", "images": [costly]} for number in range(8)]
    items.append({"id": "words", "title": "shirt"})
    settings = Settings(batch_wait_seconds=0.001, decode_seconds=0.005)
    with tiny_client(model, tmp_path, settings) as client:
        answer = client.post("/v1/products/analyze", json={"items": items})
    codes = [result["error"] and result["error"]["code"] for result in answer.json()["results"]]
    assert answer.status_code == 200
    assert codes.count("pictures_too_costly") >= len(items) - 1 - DECODERS
    assert codes[-1] is None


def test_the_last_image_within_the_budget_is_stopped_on_its_way() -> None:
    product = Product("a", images=(encode(speckled(600, 600), "PNG"),))
    with pytest.raises(ImagesTooCostly, match=r"took 0\.001 seconds of processor time"):
        decoded(product, 32, Allowance(0.001))
    ended = Allowance(60)
    ended.end()
    with pytest.raises(DeadlineExceeded, match="not ready in time"):
        decoded(product, 32, ended)


def test_text_is_read_while_all_decoders_are_busy(context: RequestContext) -> None:
    async def read() -> None:
        free = threading.Event()
        busy = [context.decoders.submit(free.wait, 60) for _ in range(DECODERS)]
        waiting = asyncio.create_task(context.prepare([Product("a", images=(IMAGE,))], INFO))
        [texts] = await context.prepare([Product("b", "shirt")], INFO)
        assert texts.id == "b"  # type: ignore[union-attr]
        assert not waiting.done()
        free.set()
        [image] = await waiting
        assert len(image.pixels_NCHW) == 1  # type: ignore[union-attr]
        assert all(one.result() for one in busy)

    asyncio.run(read())


def test_when_nobody_waits_what_is_queued_is_dropped(context: RequestContext) -> None:
    async def leave() -> None:
        free = threading.Event()
        for _ in range(DECODERS):
            context.decoders.submit(free.wait, 60)
        products = [Product(str(number), images=(IMAGE,)) for number in range(20)]
        waiting = asyncio.create_task(context.prepare(products, INFO))
        while context.decoders._work_queue.qsize() < DECODERS:
            await asyncio.sleep(0)
        assert context.decoders._work_queue.qsize() == DECODERS, "one request's images queue before all of the next's"
        queued = [context.decoders._work_queue.get_nowait() for _ in range(DECODERS)]
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError, match=r"^$"):
            await waiting
        assert all(one.future.cancelled() for one in queued)
        free.set()

    asyncio.run(leave())


@pytest.mark.slow
def test_a_search_is_answered_while_an_attack_is_decoded(model: Understander, tmp_path: Path) -> None:
    costly = uri(repeated_scan(1_600, 1_600, 150))
    items = [{"id": str(number), "images": [costly] * 8} for number in range(2)]
    settings = Settings(batch_wait_seconds=0.001, decode_seconds=0.5, request_timeout_seconds=110)
    with tiny_server(model, tmp_path, settings) as address, ThreadPoolExecutor(1) as pool:
        httpx.put(f"{address}/v1/products/a", json={"title": "red shirt"}, timeout=60).raise_for_status()
        attack = pool.submit(httpx.post, f"{address}/v1/products/analyze", json={"items": items}, timeout=120)
        slowest, during = 0.0, 0
        while not attack.done():
            began = time.monotonic()
            answer = httpx.post(f"{address}/v1/search", json={"text": "shirt"}, timeout=60)
            slowest, during = max(slowest, time.monotonic() - began), during + 1
            assert answer.status_code == 200
        assert attack.result().status_code == 200, attack.result().text
        codes = [result["error"]["code"] for result in attack.result().json()["results"]]
    assert codes == ["pictures_too_costly"] * 2
    assert during > 1
    assert slowest < 60
