"""How many calls of the project lie between a route's handler and the model."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import catalog
import serving
from catalog.model.folder import open_model
from catalog.model.preprocess import Batch
from catalog.model.runtime import ModelOutputs, Runtime, open_runtime
from catalog.understand import Understander
from serving.api.routes.analyze import analyze_products
from serving.inference import batcher
from tests.support.malformed.images import encode, speckled
from tests.support.malformed.large_content import uri
from tests.support.services import tiny_client
from tests.support.tiny import tiny_onnx_folder

MAX_CALLS = 9
PROJECT = tuple(str(Path(package.__file__ or "").parent) for package in (catalog, serving))


class WatchedRuntime:
    """A real runtime that keeps which calls of the project led to its last run.

    The path crosses two borders: the handler's task waits in `Batcher.submit`, a task of the batcher's waits for a
    thread, and the thread runs the model. So the path is the coroutines of the first from the handler on, those of the
    second, and the frames of the third; of each, the ones whose file is in the project.
    """

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.loop: asyncio.AbstractEventLoop | None = None
        self.path: list[str] = []

    def run(self, batch: Batch, evidence: bool) -> ModelOutputs:
        if self.loop:
            chains = [list(coroutines(task.get_coro())) for task in asyncio.all_tasks(self.loop)]
            (handler,) = (chain for chain in chains if analyze_products.__code__ in chain)
            (batch,) = (chain for chain in chains if chain is not handler and any(map(of_batcher, chain)))
            calls = [*handler[handler.index(analyze_products.__code__) :], *batch, *frames(sys._getframe(1))]
            self.path = [code.co_qualname for code in calls if code.co_filename.startswith(PROJECT)]
        return self.runtime.run(batch, evidence)


def of_batcher(code: CodeType) -> bool:
    return code.co_filename == batcher.__file__


def coroutines(awaited: Any) -> Iterator[CodeType]:
    """The code of a coroutine, of the one that it awaits, and so on, outermost first."""
    while hasattr(awaited, "cr_code"):
        yield awaited.cr_code
        awaited = awaited.cr_await


def frames(frame: FrameType | None) -> list[CodeType]:
    """The code of a thread's calls, outermost first."""
    found: list[CodeType] = []
    while frame:
        found.insert(0, frame.f_code)
        frame = frame.f_back
    return found


def test_from_the_handler_to_the_model_are_few_calls(tmp_path: Path) -> None:
    opened = open_model(tiny_onnx_folder(tmp_path / "model"))
    runtime = WatchedRuntime(open_runtime(opened))
    with tiny_client(Understander(opened, runtime), tmp_path / "index") as client:
        assert client.portal
        runtime.loop = client.portal.call(running_loop)
        item = {"id": "a", "title": "red shirt", "images": [uri(encode(speckled(), "PNG"))]}
        client.post("/v1/products/analyze", json={"items": [item]}).raise_for_status()
    assert runtime.path[0] == "analyze_products"
    assert runtime.path[-1] == "Understander.understand_prepared"
    assert len(runtime.path) <= MAX_CALLS, " -> ".join(runtime.path)


async def running_loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()
