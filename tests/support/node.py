"""A node of a service whose state and index are in one PostgreSQL, as a process: python -m tests.support.node PLACE
MODEL FOLDER. Its first line says where it answers; it ends with its standard input.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from catalog.index.product_index import open_index
from catalog.origin import as_index_model
from catalog.storage.database import open_database
from catalog.understand import Understander
from serving.api.app import build_app
from serving.api.services import Services
from serving.calls import in_loop, in_threads
from serving.inference.local import LocalBackend
from serving.inference.models import Models
from serving.jobs.jobs import Jobs
from serving.jobs.jobs_api import JobsApi
from serving.middleware.header_timeout import HeaderTimeoutProtocol
from serving.middleware.stack import joined_middlewares
from serving.settings.schema import Settings
from serving.storage.store import CatalogStore
from serving.storage.store_api import StoreApi
from tests.support.services import WIDTH


async def serve(place: str, model: Path, folder: Path) -> None:
    settings = Settings(state=place, index=place, model=model, batch_wait_seconds=0.001, max_body_bytes=100_000)
    understander = Understander.load(model)
    database = open_database(place)
    store = CatalogStore(open_index(place, WIDTH), folder, [as_index_model(understander)], database=database)
    asked = StoreApi(in_threads(store))
    models = Models(LocalBackend(lambda: understander, settings, asked.taught_files))
    jobs = Jobs(folder / "jobs", models, asked, settings, database)
    await jobs.start()
    app = build_app(Services(models, asked, JobsApi(in_loop(jobs))), settings, joined_middlewares(settings))
    config = uvicorn.Config(app, port=0, log_level="error", http=HeaderTimeoutProtocol)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    print("http://{}:{}".format(*server.servers[0].sockets[0].getsockname()), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.should_exit = True
    await serving
    await jobs.close()
    store.close()


class Node:
    """A running one. address: where it answers."""

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process, self.address = process, address

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def nodes(count: int, place: str, model: Path, folder: Path) -> Iterator[list[Node]]:
    """Each with a folder of its own."""
    command = [sys.executable, "-m", "tests.support.node", place, str(model)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen([*command, str(folder / str(n))], **pipes) for n in range(count)]  # type: ignore[call-overload]
    try:
        yield [Node(process, process.stdout.readline().strip()) for process in processes]
    finally:
        for process in processes:
            process.communicate(timeout=60)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
