"""The catalogue as a file over HTTP: in each format, of several pages, and as slow as its reader."""

import asyncio
import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from catalog.index.exports import load, read_parquet
from catalog.index.product_index import CHUNK, open_index
from catalog.product import StoredProduct
from catalog.understand import Understander
from serving.api.app import build_app
from serving.calls import in_threads
from serving.client import AsyncClient, Client, RequestFailed
from serving.inference.local import LocalBackend
from serving.middleware.guard import RequestGuardMiddleware
from serving.settings.schema import Settings
from serving.storage.store import CatalogStore
from serving.storage.store_api import StoreApi
from tests.support.services import SETTINGS, tiny_services
from tests.support.stored import WIDTH, quick_folder, random_products, same
from tests.support.tiny import tiny_onnx_folder
from tests.support.transport import Through

# An answer that abstains has no category, unlike those that are made up.
PRODUCTS = [one for one in random_products(4 * CHUNK) if one.understanding.decision != "abstain"]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    model = Understander.load(tiny_onnx_folder(tmp_path_factory.mktemp("export") / "model"))
    with quick_folder() as folder:
        index = open_index(folder / "index", WIDTH)
        index.upsert(PRODUCTS)
        store = CatalogStore(index, folder)
        services = tiny_services(LocalBackend(lambda: model, SETTINGS), StoreApi(in_threads(store)), folder / "jobs")
        with TestClient(build_app(services, SETTINGS)) as client:
            yield client
        store.close()


def exported(client: TestClient, query: str) -> bytes:
    response = client.get(f"/v1/export?{query}")
    assert response.status_code == 200, response.text
    return response.content


def by_id(products: list[StoredProduct]) -> dict[str, StoredProduct]:
    return {stored.id: stored for stored in products}


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_what_is_exported_can_be_loaded(client: TestClient, form: str, tmp_path: Path) -> None:
    file = tmp_path / f"all.{form}"
    file.write_bytes(exported(client, f"format={form}"))
    with open_index(tmp_path / "loaded", WIDTH) as index:
        load(file, index)
        assert index.count() == len(PRODUCTS)
        for wanted, found in zip(PRODUCTS, index.get([stored.id for stored in PRODUCTS]), strict=True):
            assert same(wanted, found)


def test_parquet_is_one_group_of_thousands_whatever_the_pages(client: TestClient) -> None:
    file = pq.ParquetFile(io.BytesIO(exported(client, "")))
    assert (file.metadata.num_rows, file.metadata.num_row_groups) == (len(PRODUCTS), 1)
    assert "embedding" not in pq.read_schema(io.BytesIO(exported(client, "embeddings=false"))).names


def test_each_format_has_its_type_its_name_and_its_embeddings(client: TestClient) -> None:
    kinds = {"parquet": "application/vnd.apache.parquet", "jsonl": "application/x-ndjson", "csv": "text/csv"}
    for form, kind in kinds.items():
        headers = client.get(f"/v1/export?format={form}").headers
        assert headers["content-type"].startswith(kind)
        assert headers["content-disposition"] == f'attachment; filename="catalogue.{form}"'
    sheet = list(csv.DictReader(io.StringIO(exported(client, "format=csv").decode())))
    assert {row["id"] for row in sheet} == by_id(PRODUCTS).keys()
    assert "embedding" not in sheet[0]
    assert "embedding" in exported(client, "format=csv&embeddings=true").decode().splitlines()[0]
    assert "embedding" not in json.loads(exported(client, "format=jsonl&embeddings=false").splitlines()[0])
    refused = client.get("/v1/export?format=xlsx")
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "request_invalid")


def test_both_clients_write_a_file_that_is_whole(client: TestClient, tmp_path: Path) -> None:
    with Client("http://testserver", transport=Through(client)) as asking:
        asking.export(tmp_path / "one.parquet")
        with pytest.raises(RequestFailed, match="422 request_invalid"):
            asking.export(tmp_path / "two.csv", format="xlsx")  # type: ignore[arg-type]

    async def other() -> None:
        async with AsyncClient("http://testserver", transport=Through(client)) as asking:
            await asking.export(tmp_path / "three.csv", format="csv")

    asyncio.run(other())
    assert sum(map(len, read_parquet(tmp_path / "one.parquet"))) == len(PRODUCTS)
    assert (tmp_path / "three.csv").read_bytes() == exported(client, "format=csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.parquet", "three.csv"]


class SkippingLoop(asyncio.SelectorEventLoop):
    """Its clock is set forward without anyone having to wait."""

    skipped = 0.0

    def time(self) -> float:
        return super().time() + self.skipped


@pytest.mark.parametrize(("path", "parts"), [("/v1/export", 9), ("/v1/feedback", 2)])
def test_an_export_has_its_time_limit_for_each_part(path: str, parts: int) -> None:
    """Others have it for the whole answer."""
    limit = 30.0
    sent: list[Message] = []

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SkippingLoop)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(9):
            loop.skipped += 0.4 * limit
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            await send({"type": "http.response.body", "body": b"part", "more_body": True})

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    async def ask() -> None:
        guard = RequestGuardMiddleware(slow, Settings(request_timeout_seconds=limit))
        await guard({"type": "http", "method": "GET", "path": path, "headers": []}, receive, send)

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        runner.run(ask())
    assert [message.get("body") for message in sent[1:]] == [b"part"] * parts
