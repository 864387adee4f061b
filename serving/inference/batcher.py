"""Requests that arrive one by one, joined into batches for the threads of a model.

A batch costs little more than its largest request, so requests wait for each other; a lone request does not wait. As
many are expected as the last batch had: one client is answered at once; sixteen that send at the same time are waited
for, for `wait_seconds` at most.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from heapq import heappop, heappush
from itertools import count
from typing import Generic, NamedTuple, TypeVar

from serving.errors import DeadlineExceeded

# Requests of low priority are queued as if they came so much later: others pass them, and yet they get a turn.
LOW_PRIORITY_SECONDS = 1.0
# A larger batch takes no less time for each of its requests, so more are not waited for.
ENOUGH = 4

Q = TypeVar("Q")
A = TypeVar("A")


class WorkerPool(NamedTuple):
    """Where batches run. all_cores: one thread that uses every core, for a lone request; per_core: so many `threads`
    with one core each, for many requests at once, as cores that need not wait for each other do more.
    """

    all_cores: Executor
    per_core: Executor
    threads: int


class BatchFacts(NamedTuple):
    """How a request was run. size: requests in its batch; seconds in the queue, and those that the batch took."""

    size: int
    queue_seconds: float
    work_seconds: float


class BatchResult(NamedTuple, Generic[A]):
    """One answer for each request that was submitted, and how each was run."""

    answers: list[A]
    facts: list[BatchFacts]


class Waiting(NamedTuple, Generic[Q, A]):
    """A queued request, ordered by `turn`, then by arrival."""

    turn: float
    number: int
    request: Q
    answer: asyncio.Future[tuple[A, BatchFacts]]
    since: float


class Batcher(Generic[Q, A]):
    """Joins requests into batches for `work`. The next batch gathers while the threads are busy."""

    def __init__(
        self,
        work: Callable[[list[Q]], Sequence[A]],
        pool: WorkerPool,
        batch_size: int,
        wait_seconds: float,
        expire_seconds: float,
    ) -> None:
        """work: gives one answer for each of at least one request, in their order; runs in the threads of `pool`.

        batch_size: limit of the requests that run at once. wait_seconds: limit of the time that a free thread waits for
        more requests. expire_seconds: a request that has waited longer is dropped, since its client has gone.
        """
        self.work = work
        self.pool = pool
        self.batch_size = batch_size
        self.wait_seconds = wait_seconds
        self.expire_seconds = expire_seconds
        self._waiting: list[Waiting[Q, A]] = []  # a heap: the next one is the first
        self._numbers = count()
        self._expected = 1
        self._arrived = asyncio.Event()
        self._gathering: asyncio.Task[None] | None = None
        self._working: dict[asyncio.Task[None], float] = {}  # since when
        self._free = pool.threads

    @property
    def busy_seconds(self) -> float:
        """How long the oldest batch under way has taken so far; 0 when there is none."""
        return time.monotonic() - min(self._working.values()) if self._working else 0.0

    async def submit(self, requests: Sequence[Q], low_priority: bool = False) -> BatchResult[A]:
        """Run at least one request; answers come in their order. Cancelled, it takes its requests back.

        low_priority: see LOW_PRIORITY_SECONDS. Raises DeadlineExceeded, or whatever `work` raised.
        """
        loop = asyncio.get_running_loop()
        now = time.monotonic()
        turn = now + LOW_PRIORITY_SECONDS if low_priority else now
        queued = [Waiting[Q, A](turn, next(self._numbers), each, loop.create_future(), now) for each in requests]
        for waiting in queued:
            heappush(self._waiting, waiting)
        self._arrived.set()
        self._start_next()
        done = await asyncio.gather(*(waiting.answer for waiting in queued))
        return BatchResult([answer for answer, _ in done], [facts for _, facts in done])

    def _start_next(self) -> None:
        """Gather the next batch, if a request waits and a thread is free."""
        if self._waiting and self._free and (self._gathering is None or self._gathering.done()):
            self._arrived = asyncio.Event()
            self._gathering = asyncio.create_task(self._gather())
            self._gathering.add_done_callback(lambda _: self._start_next())

    async def _gather(self) -> None:
        """Wait until about as many requests are there as the last batch had, then run them."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.wait_seconds):
                while len(self._waiting) < self._expected:
                    self._arrived.clear()
                    await self._arrived.wait()
        batch = self._take(min(self.batch_size // self.pool.threads or 1, -(-len(self._waiting) // self._free)))
        if batch:
            self._expected = min(len(batch), ENOUGH)
            alone = len(batch) == 1 and not self._waiting and not self._working
            places, thread = (self.pool.threads, self.pool.all_cores) if alone else (1, self.pool.per_core)
            self._free -= places
            task = asyncio.create_task(self._run(batch, thread))
            self._working[task] = time.monotonic()
            task.add_done_callback(lambda _: self._freed(task, places))

    def _freed(self, task: asyncio.Task[None], places: int) -> None:
        self._working.pop(task)
        self._free += places
        self._start_next()

    def _take(self, limit: int) -> list[Waiting[Q, A]]:
        """The next batch, without the requests that nobody waits for any more. It may be empty."""
        batch: list[Waiting[Q, A]] = []
        oldest = time.monotonic() - self.expire_seconds
        while self._waiting and len(batch) < limit:
            waiting = heappop(self._waiting)
            if waiting.answer.done():
                continue
            if waiting.since < oldest:
                waiting.answer.set_exception(DeadlineExceeded())
            else:
                batch.append(waiting)
        return batch

    async def _run(self, batch: list[Waiting[Q, A]], thread: Executor) -> None:
        """Run a batch in a thread. Each of its requests gets its answer or the error."""
        started = time.monotonic()
        try:
            requests = [waiting.request for waiting in batch]
            answers = await asyncio.get_running_loop().run_in_executor(thread, self.work, requests)
            seconds = time.monotonic() - started
            for waiting, answer in list(zip(batch, answers, strict=True)):
                if not waiting.answer.done():
                    facts = BatchFacts(len(batch), started - waiting.since, seconds)
                    waiting.answer.set_result((answer, facts))
        except Exception as error:
            for waiting in batch:
                if not waiting.answer.done():
                    waiting.answer.set_exception(error)
        finally:
            for waiting in batch:
                waiting.answer.cancel()  # does nothing to one that is answered
