"""What is to be known of a request beyond its status: how many products, which model, how long each stage took.

The routes tell it here as they go. Whoever saw the request first (`serving.middleware.access_log`) makes of it one log
line, the metrics and a trace. On Ray Serve that is the proxy, so the facts go there in a header of the answer, which no
client ever sees: one process counts, however many gateways answer.
"""

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from catalog.errors import CatalogError
from serving.calls import Call, in_loop

FACTS_HEADER = b"x-shelflens-facts"
# What a header may hold; a request of very many stages loses the last of them.
MAX_STAGES = 64


class Stage(NamedTuple):
    """decode, queue (for the model), model, index. ended: seconds since 1970."""

    name: str
    seconds: float
    ended: float


@dataclass
class RequestTrace:
    """items: products (or texts) to work on; failed: of these, how many have which error code. batches: how many
    products were in the batch of each. kept_queries: texts to search for whose embeddings were known;
    read_queries: those that the model read.
    """

    items: int = 0
    with_image: int = 0
    with_text: int = 0
    model: str = ""
    failed: dict[str, int] = field(default_factory=dict)
    stages: list[Stage] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    kept_queries: int = 0
    read_queries: int = 0

    def add_item(self, has_image: bool, has_text: bool) -> None:
        self.items += 1
        self.with_image += has_image
        self.with_text += has_text

    def add_error(self, error: CatalogError) -> None:
        self.failed[error.code] = self.failed.get(error.code, 0) + 1

    def add_stage(self, name: str, seconds: float, before: float = 0.0) -> None:
        """A stage that ended `before` seconds ago."""
        if len(self.stages) < MAX_STAGES:
            self.stages.append(Stage(name, seconds, time.time() - before))

    def add_batches(self, batches: Iterable[tuple[int, float, float]]) -> None:
        """The ways of the request's products through the model, which have just ended. For each: how many were in its
        batch, its seconds in the queue, the seconds of its batch. The longest of each are the request's stages.
        """
        found = list(batches)
        if not found:  # no product reached a model
            return
        sizes, queued, worked = zip(*found, strict=True)
        self.batches += sizes
        self.add_stage("queue", max(queued), before=max(worked))
        self.add_stage("model", max(worked))


_current: ContextVar[RequestTrace | None] = ContextVar("request_trace", default=None)


def current_trace() -> RequestTrace:
    """The trace of the request under way. Outside of one, a trace that nobody reads."""
    return _current.get() or RequestTrace()


@contextmanager
def collecting() -> Iterator[RequestTrace]:
    """The trace of one request, filled by all that runs inside."""
    found = RequestTrace()
    token = _current.set(found)
    try:
        yield found
    finally:
        _current.reset(token)


@contextmanager
def timed(stage: str) -> Iterator[None]:
    """What runs inside is a stage of the request, also if it fails."""
    started = time.perf_counter()
    try:
        yield
    finally:
        current_trace().add_stage(stage, time.perf_counter() - started)


def timed_calls(target: object, stage: str) -> Call:
    """Calls asynchronous methods of an object; each call is a stage of the request."""
    call = in_loop(target)

    async def timed_call(method: str, *args: object, **options: object) -> Any:
        with timed(stage):
            return await call(method, *args, **options)

    return timed_call


def to_header(found: RequestTrace) -> bytes:
    return json.dumps(asdict(found), separators=(",", ":")).encode("ascii")


def from_header(value: bytes) -> RequestTrace:
    read = json.loads(value)
    return RequestTrace(**{**read, "stages": [Stage(*stage) for stage in read["stages"]]})
