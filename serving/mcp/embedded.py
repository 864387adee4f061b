"""The service in this process, without Ray and without a port, and a client of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import httpx
from starlette.middleware import Middleware

from catalog.model.folder import read_config, shipped_model
from catalog.storage.database import open_database
from catalog.understand import Understander
from serving.api.app import build_app
from serving.api.services import Services
from serving.calls import in_loop, in_threads
from serving.client import AsyncClient
from serving.deployments.index import stored
from serving.inference.local import LocalBackend
from serving.inference.models import Models
from serving.jobs.jobs import Jobs
from serving.jobs.jobs_api import JobsApi
from serving.middleware.guard import RequestGuardMiddleware
from serving.settings.schema import Settings
from serving.storage.store_api import StoreApi

ADDRESS = "http://127.0.0.1"  # nothing is listened on


@asynccontextmanager
async def embedded(settings: Settings) -> AsyncIterator[AsyncClient]:
    """A client of all of the service over the index of the settings; nobody else reaches it, so it asks for no key.

    Raises what `open_index` and `Understander.load` do.
    """
    width = read_config(settings.model or shipped_model()).embedding_width
    database = open_database(settings.state_database)
    owned = await asyncio.to_thread(stored, settings, width, database)
    store = StoreApi(in_threads(owned))
    load = partial(Understander.load, settings.model, settings.device, settings.cache_megabytes)
    backend = LocalBackend(load, settings, store.taught_files)
    models = Models(backend)
    jobs = Jobs(settings.state_folder / "jobs", models, store, settings, database)
    try:
        await jobs.start()
        await backend.loaded()
        services = Services(models, store, JobsApi(in_loop(jobs)))
        app = build_app(services, settings, [Middleware(RequestGuardMiddleware, settings=settings)])
        async with AsyncClient(ADDRESS, "", transport=httpx.ASGITransport(app)) as client:
            yield client
    finally:
        await jobs.close()
        owned.close()
        if database:
            database.close()
