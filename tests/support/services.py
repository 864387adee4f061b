"""The service in one process over tiny real parts, for tests of its routes."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from fastapi.testclient import TestClient

from catalog.index.product_index import open_index
from catalog.understand import Understander
from serving.api.app import build_app
from serving.api.services import Services
from serving.inference.analyzer import Analyzer
from serving.inference.local import LocalAnalyzer
from serving.inference.models import Models
from serving.jobs.jobs import Jobs
from serving.settings.schema import Settings
from serving.storage.store import CatalogStore
from tests.support.live_server import listening

WIDTH = 32  # of a tiny model's embeddings
SETTINGS = Settings(batch_wait_seconds=0.001)


@contextmanager
def tiny_shelf(folder: Path) -> Iterator[CatalogStore]:
    store = CatalogStore(open_index(folder, WIDTH), folder)
    try:
        yield store
    finally:
        store._close()


@contextmanager
def tiny_client(
    model: Understander, folder: Path, settings: Settings = SETTINGS, shadow: Understander | None = None
) -> Iterator[TestClient]:
    """A client of the whole application. folder: of the index."""
    analyzers = [LocalAnalyzer(lambda one=one: one, settings) for one in (model, shadow) if one]  # type: ignore[misc]
    models = Models(*analyzers)
    with tiny_shelf(folder) as store:
        jobs = Jobs(folder / "jobs", models, store, settings)
        with TestClient(build_app(Services(models, store, jobs), settings)) as client:
            assert client.portal
            client.portal.call(jobs.start)
            wait_until_ready(client)
            yield client
            client.portal.call(jobs.close)


def tiny_services(analyzer: Analyzer, store: CatalogStore, folder: Path, settings: Settings = SETTINGS) -> Services:
    """Services that work no jobs off. folder: for the jobs."""
    models = Models(analyzer)
    return Services(models, store, Jobs(folder, models, store, settings))


@contextmanager
def tiny_server(model: Understander, folder: Path, settings: Settings = SETTINGS) -> Iterator[str]:
    """The address of the whole application, which works no jobs off, over real HTTP. folder: of the index."""
    with tiny_shelf(folder) as store:
        services = tiny_services(LocalAnalyzer(lambda: model, settings), store, folder / "jobs", settings)
        try:
            with listening(build_app(services, settings)) as address:
                deadline = time.monotonic() + 60
                while httpx.get(f"{address}/readyz").status_code != 200:
                    assert time.monotonic() < deadline
                    time.sleep(0.02)
                yield address
        finally:
            asyncio.run(services.jobs.close())


def free_port() -> int:
    """A port of the loopback that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_ready(client: TestClient) -> None:
    deadline = time.monotonic() + 60
    while client.get("/readyz").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def occupy(analyzer: LocalAnalyzer, until: threading.Event) -> None:
    """Keep all of the model's threads from working until the event is set, for a minute at most."""
    pool = analyzer._pool
    for thread in (pool.whole, *[pool.per_core] * pool.threads):
        thread.submit(until.wait, 60)
