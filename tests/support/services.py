"""The service in one process over tiny real parts, for tests of its routes."""

import asyncio
import random
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path

import httpx
from fastapi.testclient import TestClient

from catalog.index.product_index import open_index
from catalog.origin import as_index_model
from catalog.storage.database import SharedDatabase
from catalog.understand import Understander
from serving.api.app import build_app
from serving.api.services import Services
from serving.calls import in_loop, in_threads
from serving.inference.backend import ModelBackend
from serving.inference.local import LocalBackend
from serving.inference.models import Models
from serving.jobs.jobs import Jobs
from serving.jobs.jobs_api import JobsApi
from serving.settings.schema import Settings
from serving.storage.store import CatalogStore
from serving.storage.store_api import StoreApi
from tests.support.live_server import listening

WIDTH = 32  # of a tiny model's embeddings
SETTINGS = Settings(batch_wait_seconds=0.001)


@contextmanager
def tiny_store(folder: Path, *models: Understander) -> Iterator[StoreApi]:
    """models: those that may store, where there are several."""
    store = CatalogStore(open_index(folder, WIDTH), folder, [as_index_model(model) for model in models])
    try:
        yield StoreApi(in_threads(store))
    finally:
        store.close()


def assembled(
    models: Models, store: StoreApi, folder: Path, settings: Settings, database: SharedDatabase | None = None
) -> tuple[Services, Jobs]:
    """What an application needs, and its jobs, which nobody works off yet. folder, database: for the jobs."""
    jobs = Jobs(folder, models, store, settings, database)
    return Services(models, store, JobsApi(in_loop(jobs))), jobs


@contextmanager
def tiny_client(
    model: Understander, folder: Path, settings: Settings = SETTINGS, shadow: Understander | None = None
) -> Iterator[TestClient]:
    """A client of the whole application. folder: of the index."""
    with tiny_store(folder, *([model, shadow] if shadow else [])) as store:
        loaded = [one for one in (model, shadow) if one]
        backends = [LocalBackend(lambda one=one: one, settings, store.taught_files) for one in loaded]  # type: ignore[misc]
        models = Models(*backends)
        services, jobs = assembled(models, store, folder / "jobs", settings)
        with TestClient(build_app(services, settings)) as client:
            assert client.portal
            client.portal.call(jobs.start)
            wait_until_ready(client)
            if shadow:  # it may load after the active model, without which nothing is ready
                wait_until_ready(client, "/v1/models")
            yield client
            client.portal.call(jobs.close)


def tiny_services(backend: ModelBackend, store: StoreApi, folder: Path, settings: Settings = SETTINGS) -> Services:
    """Services that work no jobs off. folder: for the jobs."""
    return assembled(Models(backend), store, folder, settings)[0]


@contextmanager
def tiny_server(model: Understander, folder: Path, settings: Settings = SETTINGS, works: bool = False) -> Iterator[str]:
    """The address of the whole application over real HTTP. folder: of the index; works: whether it works jobs off."""
    with tiny_store(folder) as store:
        models = Models(LocalBackend(lambda: model, settings))
        services, jobs = assembled(models, store, folder / "jobs", settings)
        app = build_app(services, settings)
        if works:
            app.router.lifespan_context = partial(working, jobs)
        try:
            with listening(app) as address:
                deadline = time.monotonic() + 60
                while httpx.get(f"{address}/readyz").status_code != 200:
                    assert time.monotonic() < deadline
                    time.sleep(0.02)
                yield address
        finally:
            asyncio.run(jobs.close())


@asynccontextmanager
async def working(jobs: Jobs, _: object) -> AsyncIterator[None]:
    await jobs.start()
    yield
    await jobs.close()


def free_port() -> int:
    """A port of the loopback that nothing listens on now.

    Below the range that the system gives to outgoing connections, and above Ray's: neither takes it until it is used.
    """
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def wait_until_ready(client: TestClient, path: str = "/readyz") -> None:
    deadline = time.monotonic() + 60
    while client.get(path).status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def occupy(backend: LocalBackend, until: threading.Event) -> None:
    """Keep all of the model's threads from working until the event is set, for a minute at most."""
    pool = backend.pool
    for thread in (pool.all_cores, *[pool.per_core] * pool.threads):
        thread.submit(until.wait, 60)
