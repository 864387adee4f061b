"""The batcher that both model backends use, with plain functions for a model."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from serving.errors import DeadlineExceeded
from serving.inference.batcher import LOW_PRIORITY_SECONDS, Batcher, BatchFacts, WorkerPool

Work = Callable[[list[int]], Sequence[int]]


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    """One thread."""
    with ThreadPoolExecutor(1) as thread:
        yield WorkerPool(thread, thread, 1)


@pytest.fixture
def pair() -> Iterator[WorkerPool]:
    """Two cores: a thread that has both, and two with one each."""
    with ThreadPoolExecutor(1, "all") as all_cores, ThreadPoolExecutor(2, "lane") as per_core:
        yield WorkerPool(all_cores, per_core, 2)


class Model:
    """Doubles numbers. It works on a batch only while `free` is set; `batches` are those it was given, in `threads`."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.threads: list[str] = []
        self.free = threading.Event()
        self.free.set()

    def __call__(self, requests: list[int]) -> list[int]:
        self.batches.append(requests)
        self.threads.append(threading.current_thread().name.split("_")[0])
        assert self.free.wait(10)
        return [2 * request for request in requests]


def batcher(work: Work, pool: WorkerPool, size: int = 4, wait: float = 0.0, expire: float = 10.0) -> Batcher[int, int]:
    return Batcher(work, pool, size, wait, expire)


def run(scenario: Awaitable[Any]) -> Any:
    async def limited() -> Any:
        return await asyncio.wait_for(scenario, 10)

    return asyncio.run(limited())


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


def test_answers_come_in_the_order_of_the_requests(pool: WorkerPool) -> None:
    model = Model()
    assert run(batcher(model, pool).submit(range(10))).answers == [2 * n for n in range(10)]
    assert model.batches == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_next_batch_gathers_while_the_model_works(pool: WorkerPool) -> None:
    model = Model()

    async def scenario() -> None:
        model.free.clear()
        queue = batcher(model, pool)
        first = asyncio.create_task(queue.submit([0]))
        await until(lambda: model.batches)
        others = [asyncio.create_task(queue.submit([n])) for n in (1, 2, 3)]
        await asyncio.sleep(0)
        model.free.set()
        assert [(await task).answers for task in (first, *others)] == [[0], [2], [4], [6]]

    run(scenario())
    assert model.batches == [[0], [1, 2, 3]]


def test_lone_request_waits_for_nobody(pool: WorkerPool) -> None:
    async def scenario() -> list[float]:
        queue = batcher(Model(), pool, wait=5.0)
        return [(await queue.submit([n])).facts[0].queue_seconds for n in range(3)]

    assert max(run(scenario())) < 1.0


def test_as_many_as_last_time_are_waited_for(pool: WorkerPool) -> None:
    model = Model()

    async def scenario() -> None:
        queue = batcher(model, pool, wait=5.0)
        await queue.submit([0, 1])
        first = asyncio.create_task(queue.submit([2]))
        await asyncio.sleep(0.05)
        assert len(model.batches) == 1
        assert (await queue.submit([3])).answers == [6]
        await first

    run(scenario())
    assert model.batches == [[0, 1], [2, 3]]


def test_wait_for_companions_ends(pool: WorkerPool) -> None:
    async def scenario() -> BatchFacts:
        queue = batcher(Model(), pool, wait=0.05)
        await queue.submit([0, 1])
        return (await queue.submit([2])).facts[0]

    facts = run(scenario())
    assert facts.size == 1
    assert 0.04 < facts.queue_seconds < 5.0


def test_facts(pool: WorkerPool) -> None:
    model = Model()

    def slow(requests: list[int]) -> list[int]:
        time.sleep(0.05)
        return model(requests)

    async def scenario() -> list[BatchFacts]:
        return (await batcher(slow, pool, size=2).submit(range(3))).facts

    first, second, last = run(scenario())
    assert [first.size, second.size, last.size] == [2, 2, 1]
    assert first.queue_seconds < 0.05 <= last.queue_seconds
    assert 0.05 <= min(first.work_seconds, last.work_seconds) < 1.0


def test_requests_of_a_caller_that_left_are_not_worked_on(pool: WorkerPool) -> None:
    model = Model()

    async def scenario() -> None:
        model.free.clear()
        queue = batcher(model, pool)
        first = asyncio.create_task(queue.submit([0]))
        await until(lambda: model.batches)
        left = asyncio.create_task(queue.submit([1, 2]))
        stays = asyncio.create_task(queue.submit([3]))
        await asyncio.sleep(0)
        left.cancel()
        model.free.set()
        assert (await stays).answers == [6]
        await first

    run(scenario())
    assert model.batches == [[0], [3]]


def test_caller_may_leave_while_its_batch_is_worked_on(pool: WorkerPool) -> None:
    model = Model()

    async def scenario() -> None:
        model.free.clear()
        queue = batcher(model, pool)
        left, stays = asyncio.create_task(queue.submit([0])), asyncio.create_task(queue.submit([1]))
        await until(lambda: model.batches)
        left.cancel()
        model.free.set()
        assert (await stays).answers == [2]
        assert (await queue.submit([2])).answers == [4]

    run(scenario())
    assert model.batches == [[0, 1], [2]]


def test_request_that_waited_too_long_is_not_worked_on(pool: WorkerPool) -> None:
    model = Model()

    async def scenario() -> None:
        model.free.clear()
        queue = batcher(model, pool, expire=0.05)
        first = asyncio.create_task(queue.submit([0]))
        await until(lambda: model.batches)
        late = asyncio.create_task(queue.submit([1]))
        await asyncio.sleep(0.1)
        in_time = asyncio.create_task(queue.submit([2]))
        await asyncio.sleep(0)
        model.free.set()
        with pytest.raises(DeadlineExceeded, match="in time"):
            await late
        assert (await in_time).answers == [4]
        await first

    run(scenario())
    assert model.batches == [[0], [2]]


@pytest.mark.parametrize("fails", [lambda _: 1 // 0, lambda requests: requests[1:]], ids=["raises", "too few answers"])
def test_failure_reaches_everyone_and_the_next_batch_is_answered(pool: WorkerPool, fails: Work) -> None:
    model = Model()

    def work(requests: list[int]) -> Sequence[int]:
        return fails(requests) if 0 in requests else model(requests)

    async def scenario() -> None:
        queue = batcher(work, pool, size=2)
        found = await asyncio.gather(*(queue.submit([n]) for n in range(3)), return_exceptions=True)
        assert [isinstance(result, Exception) for result in found] == [True, True, False]
        assert queue.busy_seconds == 0.0

    run(scenario())
    assert model.batches == [[2]]


def test_thread_that_is_gone_leaves_nobody_hanging(pool: WorkerPool) -> None:
    pool.per_core.shutdown()
    with pytest.raises(RuntimeError, match="after shutdown"):
        run(batcher(Model(), pool).submit([0]))


def test_busy_seconds(pool: WorkerPool) -> None:
    model = Model()

    async def scenario() -> None:
        model.free.clear()
        queue = batcher(model, pool)
        assert queue.busy_seconds == 0.0
        task = asyncio.create_task(queue.submit([0]))
        await until(lambda: model.batches)
        await asyncio.sleep(0.02)
        assert queue.busy_seconds >= 0.02
        model.free.set()
        await task
        assert queue.busy_seconds == 0.0

    run(scenario())


def test_one_batcher_in_one_loop_after_another(pool: WorkerPool) -> None:
    queue = batcher(Model(), pool, wait=0.01)
    assert run(queue.submit([1, 2])).answers == [2, 4]
    assert run(queue.submit([3])).answers == [6]


def test_lone_request_has_all_cores(pair: WorkerPool) -> None:
    model = Model()

    async def scenario() -> None:
        queue = batcher(model, pair)
        for n in range(3):
            assert (await queue.submit([n])).answers == [2 * n]

    run(scenario())
    assert model.threads == ["all"] * 3


def test_many_requests_are_shared_among_cores_at_the_same_time(pair: WorkerPool) -> None:
    model = Model()

    async def scenario() -> None:
        model.free.clear()
        queue = batcher(model, pair, size=8)
        task = asyncio.create_task(queue.submit(range(6)))
        await until(lambda: len(model.batches) == 2)
        model.free.set()
        assert (await task).answers == [2 * n for n in range(6)]

    run(scenario())
    assert sorted(model.batches) == [[0, 1, 2], [3, 4, 5]]
    assert model.threads == ["lane", "lane"]


def test_nothing_else_runs_while_one_request_has_all_cores(pair: WorkerPool) -> None:
    model = Model()

    async def scenario() -> None:
        model.free.clear()
        queue = batcher(model, pair)
        first = asyncio.create_task(queue.submit([0]))
        await until(lambda: model.batches)
        others = asyncio.create_task(queue.submit([1, 2]))
        await asyncio.sleep(0.05)
        assert model.batches == [[0]]
        model.free.set()
        await first
        assert (await others).answers == [2, 4]

    run(scenario())
    assert model.threads == ["all", "lane", "lane"]


def test_low_priority_lets_others_pass_and_have_their_turn(pool: WorkerPool) -> None:
    model = Model()

    async def scenario() -> None:
        model.free.clear()
        queue = batcher(model, pool, size=2)
        first = asyncio.create_task(queue.submit([0]))
        await until(lambda: model.batches)
        later = asyncio.create_task(queue.submit([1, 2, 3], low_priority=True))
        await asyncio.sleep(0)
        passes = asyncio.create_task(queue.submit([4]))
        await asyncio.sleep(LOW_PRIORITY_SECONDS + 0.05)
        late = asyncio.create_task(queue.submit([5]))
        await asyncio.sleep(0)
        model.free.set()
        await asyncio.gather(first, later, passes, late)

    run(scenario())
    assert model.batches == [[0], [4, 1], [2, 3], [5]]
