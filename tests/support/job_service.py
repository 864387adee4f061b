"""A service with jobs over tiny real parts, and what tests ask of it."""

import csv
import io
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import httpx2
from fastapi.testclient import TestClient

from catalog.index.product_index import open_index
from catalog.model.preprocess import Prepared
from catalog.storage.database import SharedDatabase
from catalog.understand import Understander
from serving.api.app import build_app
from serving.calls import in_threads
from serving.errors import Overloaded
from serving.inference.backend import Answer, Fetch
from serving.inference.batcher import BatchResult
from serving.inference.local import LocalBackend
from serving.inference.models import Models
from serving.jobs.jobs import Jobs
from serving.settings.schema import Settings
from serving.storage.shared_files import SharedFiles
from serving.storage.store import CatalogStore
from serving.storage.store_api import StoreApi
from tests.support.services import WIDTH, assembled, wait_until_ready

Row = Mapping[str, str]


class Watched(LocalBackend):
    """A real backend that says which products it was asked about together, and runs `before` each time."""

    def __init__(self, load: Callable[[], Understander], settings: Settings, fetch: Fetch | None = None) -> None:
        super().__init__(load, settings, fetch)
        self.asked: list[list[str]] = []
        self.before: Callable[[Sequence[Prepared]], None] = lambda products: None

    async def understand(
        self, products: Sequence[Prepared], top_k: int, evidence: bool, low_priority: bool = False, taught: str = ""
    ) -> BatchResult[Answer]:
        self.before(products)
        self.asked.append([product.id for product in products])
        return await super().understand(products, top_k, evidence, low_priority, taught)

    def exchange(self, model: Understander) -> None:
        """As when a replica of another model takes this one's place."""
        self._model = self.pool.all_cores.submit(lambda: model)
        self._model.result()
        self._batcher = None

    def hold(self, until: Event, after: int = 0) -> None:
        """From so many products on, answer Overloaded as long as the event is not set."""

        def busy(_: Sequence[Prepared]) -> None:
            if sum(map(len, self.asked)) >= after and not until.is_set():
                raise Overloaded

        self.before = busy


class JobService:
    """A running service."""

    def __init__(self, client: TestClient, jobs: Jobs, store: CatalogStore, analyzer: Watched, uploads: Path) -> None:
        self.client, self.jobs, self.store, self.analyzer, self.uploads = client, jobs, store, analyzer, uploads

    def upload(
        self,
        content: str | bytes,
        name: str = "feed.csv",
        key: str | None = None,
        **fields: str,
    ) -> httpx2.Response:
        headers = {"Idempotency-Key": key} if key else {}
        data = content.encode() if isinstance(content, str) else content
        return self.client.post("/v1/jobs", files={"file": (name, data)}, data=fields, headers=headers)

    def submit(self, content: str | bytes, name: str = "feed.csv", **fields: str) -> str:
        response = self.upload(content, name, **fields)
        assert response.status_code == 202, response.text
        return str(response.json()["id"])

    def job(self, id: str) -> dict[str, Any]:
        response = self.client.get(f"/v1/jobs/{id}")
        assert response.status_code == 200, response.text
        return dict(response.json())

    def ended(self, id: str) -> dict[str, Any]:
        return self.wait(id, lambda job: job["state"] not in ("queued", "running"))

    def wait(self, id: str, until: Callable[[dict[str, Any]], bool], seconds: float = 60) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while not until(job := self.job(id)):
            assert time.monotonic() < deadline, job
            time.sleep(0.02)
        return job

    def ingested(self, content: str | bytes, name: str = "feed.csv", **fields: str) -> dict[str, Any]:
        return self.ended(self.submit(content, name, **fields))

    def errors(self, id: str) -> list[dict[str, Any]]:
        response = self.client.get(f"/v1/jobs/{id}/errors")
        assert (response.status_code, response.headers["content-type"]) == (200, "application/x-ndjson")
        return [json.loads(line) for line in response.text.splitlines()]

    def kept(self) -> dict[str, bytes]:
        """The files of uploads and jobs, by name, in the folder or the database."""
        files = self.jobs._files.kept
        names = files.names() if isinstance(files, SharedFiles) else [path.name for path in self.uploads.iterdir()]
        return {name: b"".join(files.parts(name)) for name in names}

    def stored(self) -> list[str]:
        return sorted(product.id for batch in self.store._index.scan() for product in batch)


@contextmanager
def office(
    folder: Path,
    model: Understander,
    settings: Settings,
    store_type: type[CatalogStore] = CatalogStore,
    start: bool = True,
    database: SharedDatabase | None = None,
    index: str = "",
) -> Iterator[JobService]:
    """folder: of the index and of what the service keeps. start: whether jobs are worked off. database: of the state,
    and index: where it is, if these are not in the folder.
    """
    store = store_type(open_index(index or folder / "index", WIDTH), folder, database=database)
    asked = StoreApi(in_threads(store))
    analyzer = Watched(lambda: model, settings, asked.taught_files)
    services, jobs = assembled(Models(analyzer), asked, folder / "jobs", settings, database)
    try:
        with TestClient(build_app(services, settings)) as client:
            assert client.portal is not None
            wait_until_ready(client)
            if start:
                client.portal.call(jobs.start)
            try:
                yield JobService(client, jobs, store, analyzer, folder / "jobs" / "uploads")
            finally:
                client.portal.call(jobs.close)
    finally:
        store.close()


def counts(job: Mapping[str, Any]) -> dict[str, Any]:
    """What became of its rows, but for zeros."""
    names = ("total", "done", "failed", "skipped", "added", "updated")
    return {name: job[name] for name in names if job[name] != 0}


def rows(count: int, **fields: str) -> list[dict[str, str]]:
    return [{"id": f"p{n}", "title": f"red shirt {n}", "brand": "Halden", **fields} for n in range(count)]


def as_csv(rows: Sequence[Row]) -> str:
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def as_json_lines(rows: Sequence[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)
