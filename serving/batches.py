"""Questions that arrive one by one, answered in batches by one thread.

A batch costs little more than its largest question, so questions wait for each other; but a lone one has nobody to
wait for. How many to expect is what the last batch had: one client asks and is answered at once, sixteen that come
back at the same time are waited for, for `wait_seconds` at most.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from typing import Generic, NamedTuple, TypeVar

from serving.errors import DeadlineExceeded

Q = TypeVar("Q")
A = TypeVar("A")


class BatchFacts(NamedTuple):
    """What happened to a question. size: questions in its batch; the seconds it queued, and those the batch took."""

    size: int
    queue_seconds: float
    work_seconds: float


class Waiting(NamedTuple, Generic[Q, A]):
    question: Q
    answer: asyncio.Future[tuple[A, BatchFacts]]
    since: float


class Batcher(Generic[Q, A]):
    """Joins questions into batches for `work`, one batch at a time; the next one gathers meanwhile."""

    def __init__(
        self,
        work: Callable[[list[Q]], Sequence[A]],
        thread: Executor,
        batch_size: int,
        wait_seconds: float,
        expire_seconds: float,
    ) -> None:
        """work: gives one answer for each of at least one question, in their order; runs in `thread`.

        wait_seconds: the most that a free `thread` waits for companions. expire_seconds: a question that has waited
        longer than that is not worked on, since whoever asked has gone.
        """
        self.work = work
        self.thread = thread
        self.batch_size = batch_size
        self.wait_seconds = wait_seconds
        self.expire_seconds = expire_seconds
        self._waiting: deque[Waiting[Q, A]] = deque()
        self._expected = 1
        self._arrived = asyncio.Event()
        self._batches: asyncio.Task[None] | None = None
        self._busy_since: float | None = None

    @property
    def busy_seconds(self) -> float:
        """How long the batch under way has taken so far; 0 when there is none."""
        since = self._busy_since
        return time.monotonic() - since if since is not None else 0.0

    async def ask(self, questions: Sequence[Q]) -> list[tuple[A, BatchFacts]]:
        """One answer for each question (at least one), in their order. Cancelled, it takes its questions back.

        Raises DeadlineExceeded, or whatever `work` raised.
        """
        loop = asyncio.get_running_loop()
        now = time.monotonic()
        asked = [Waiting[Q, A](question, loop.create_future(), now) for question in questions]
        self._waiting.extend(asked)
        if self._batches is None or self._batches.done():
            self._arrived = asyncio.Event()
            self._batches = loop.create_task(self._run())
        self._arrived.set()
        return list(await asyncio.gather(*(waiting.answer for waiting in asked)))

    async def _run(self) -> None:
        """Batch after batch until nobody waits."""
        while self._waiting:
            await self._gather()
            batch = self._take()
            if batch:
                self._expected = len(batch)
                await self._answer(batch)

    async def _gather(self) -> None:
        """Wait until as many questions are there as the last batch had."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.wait_seconds):
                while len(self._waiting) < self._expected:
                    self._arrived.clear()
                    await self._arrived.wait()

    def _take(self) -> list[Waiting[Q, A]]:
        """The next batch, without the questions that nobody waits for any more; it may be empty."""
        batch: list[Waiting[Q, A]] = []
        oldest = time.monotonic() - self.expire_seconds
        while self._waiting and len(batch) < self.batch_size:
            waiting = self._waiting.popleft()
            if waiting.answer.done():
                continue
            if waiting.since < oldest:
                waiting.answer.set_exception(DeadlineExceeded())
            else:
                batch.append(waiting)
        return batch

    async def _answer(self, batch: list[Waiting[Q, A]]) -> None:
        """Whatever becomes of the batch, everyone in it is told."""
        loop = asyncio.get_running_loop()
        self._busy_since = started = time.monotonic()
        try:
            answers = await loop.run_in_executor(self.thread, self.work, [waiting.question for waiting in batch])
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
            self._busy_since = None
            for waiting in batch:
                waiting.answer.cancel()  # does nothing to one that is answered
