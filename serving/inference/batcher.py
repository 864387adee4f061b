"""Questions that arrive one by one, answered in batches by the threads of a model.

A batch costs little more than its largest question, so questions wait for each other; but a lone one has nobody to
wait for. How many to expect is what the last batch had: one client asks and is answered at once, sixteen that come
back at the same time are waited for, for `wait_seconds` at most.
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

# How much later patient questions count as asked: whoever comes in the meantime passes them, and yet they get a turn.
PATIENCE_SECONDS = 1.0
# Above so many questions a batch takes no less time for each of them, so more are not waited for.
ENOUGH = 4

Q = TypeVar("Q")
A = TypeVar("A")


class WorkerPool(NamedTuple):
    """Where batches are worked on: a lone question by `whole`, a thread that has all cores; many at once by `per_core`,
    so many `threads` with a core each, as cores that need not wait for each other do more.
    """

    whole: Executor
    per_core: Executor
    threads: int


class BatchFacts(NamedTuple):
    """What happened to a question. size: questions in its batch; the seconds it queued, and those the batch took."""

    size: int
    queue_seconds: float
    work_seconds: float


class Waiting(NamedTuple, Generic[Q, A]):
    """In the order of their turns: by `turn`, and as they came."""

    turn: float
    number: int
    question: Q
    answer: asyncio.Future[tuple[A, BatchFacts]]
    since: float


class Batcher(Generic[Q, A]):
    """Joins questions into batches for `work`; the next ones gather while the pool works."""

    def __init__(
        self,
        work: Callable[[list[Q]], Sequence[A]],
        pool: WorkerPool,
        batch_size: int,
        wait_seconds: float,
        expire_seconds: float,
    ) -> None:
        """work: gives one answer for each of at least one question, in their order; runs in the threads of `pool`.

        batch_size: the most questions that are worked on at once. wait_seconds: the most that a free thread waits for
        companions. expire_seconds: a question that has waited longer than that is not worked on, since whoever asked
        has gone.
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

    async def ask(self, questions: Sequence[Q], patient: bool = False) -> list[tuple[A, BatchFacts]]:
        """One answer for each question (at least one), in their order. Cancelled, it takes its questions back.

        patient: see PATIENCE_SECONDS. Raises DeadlineExceeded, or whatever `work` raised.
        """
        loop = asyncio.get_running_loop()
        now = time.monotonic()
        turn = now + PATIENCE_SECONDS if patient else now
        asked = [Waiting[Q, A](turn, next(self._numbers), each, loop.create_future(), now) for each in questions]
        for waiting in asked:
            heappush(self._waiting, waiting)
        self._arrived.set()
        self._go_on()
        return list(await asyncio.gather(*(waiting.answer for waiting in asked)))

    def _go_on(self) -> None:
        """The next batch, if someone waits and a thread is free."""
        if self._waiting and self._free and (self._gathering is None or self._gathering.done()):
            self._arrived = asyncio.Event()
            self._gathering = asyncio.create_task(self._gather())
            self._gathering.add_done_callback(lambda _: self._go_on())

    async def _gather(self) -> None:
        """Wait until about as many questions are there as the last batch had; work on them."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.wait_seconds):
                while len(self._waiting) < self._expected:
                    self._arrived.clear()
                    await self._arrived.wait()
        batch = self._take(min(self.batch_size // self.pool.threads or 1, -(-len(self._waiting) // self._free)))
        if batch:
            self._expected = min(len(batch), ENOUGH)
            alone = len(batch) == 1 and not self._waiting and not self._working
            places, thread = (self.pool.threads, self.pool.whole) if alone else (1, self.pool.per_core)
            self._free -= places
            task = asyncio.create_task(self._answer(batch, thread))
            self._working[task] = time.monotonic()
            task.add_done_callback(lambda _: self._freed(task, places))

    def _freed(self, task: asyncio.Task[None], places: int) -> None:
        self._working.pop(task)
        self._free += places
        self._go_on()

    def _take(self, limit: int) -> list[Waiting[Q, A]]:
        """The next batch, without the questions that nobody waits for any more; it may be empty."""
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

    async def _answer(self, batch: list[Waiting[Q, A]], thread: Executor) -> None:
        """Whatever becomes of the batch, everyone in it is told."""
        started = time.monotonic()
        try:
            questions = [waiting.question for waiting in batch]
            answers = await asyncio.get_running_loop().run_in_executor(thread, self.work, questions)
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
