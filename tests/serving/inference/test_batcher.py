"""The batcher that both analyzers use, with plain functions for a model."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from serving.errors import DeadlineExceeded
from serving.inference.batcher import PATIENCE_SECONDS, Batcher, BatchFacts, WorkerPool

Work = Callable[[list[int]], Sequence[int]]


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    """One thread."""
    with ThreadPoolExecutor(1) as thread:
        yield WorkerPool(thread, thread, 1)


@pytest.fixture
def pair() -> Iterator[WorkerPool]:
    """Two cores: a thread that has both, and two with one each."""
    with ThreadPoolExecutor(1, "whole") as whole, ThreadPoolExecutor(2, "lane") as per_core:
        yield WorkerPool(whole, per_core, 2)


class Model:
    """Doubles numbers. It works on a batch only while `free` is set; `batches` are those it was given, in `threads`."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.threads: list[str] = []
        self.free = threading.Event()
        self.free.set()

    def __call__(self, questions: list[int]) -> list[int]:
        self.batches.append(questions)
        self.threads.append(threading.current_thread().name.split("_")[0])
        assert self.free.wait(10)
        return [2 * question for question in questions]


def batcher(work: Work, pool: WorkerPool, size: int = 4, wait: float = 0.0, expire: float = 10.0) -> Batcher[int, int]:
    return Batcher(work, pool, size, wait, expire)


def answers(found: list[tuple[int, BatchFacts]]) -> list[int]:
    return [answer for answer, _ in found]


def run(scenario: Awaitable[Any]) -> Any:
    async def limited() -> Any:
        return await asyncio.wait_for(scenario, 10)

    return asyncio.run(limited())


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


def test_answers_come_in_the_order_of_the_questions(pool: WorkerPool) -> None:
    model = Model()
    assert answers(run(batcher(model, pool).ask(range(10)))) == [2 * n for n in range(10)]
    assert model.batches == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_next_batch_gathers_while_the_model_works(pool: WorkerPool) -> None:
    model = Model()

    async def scenario() -> None:
        model.free.clear()
        asked = batcher(model, pool)
        first = asyncio.create_task(asked.ask([0]))
        await until(lambda: model.batches)
        others = [asyncio.create_task(asked.ask([n])) for n in (1, 2, 3)]
        await asyncio.sleep(0)
        model.free.set()
        assert [answers(await task) for task in (first, *others)] == [[0], [2], [4], [6]]

    run(scenario())
    assert model.batches == [[0], [1, 2, 3]]


def test_lone_question_waits_for_nobody(pool: WorkerPool) -> None:
    async def scenario() -> list[float]:
        asked = batcher(Model(), pool, wait=5.0)
        return [(await asked.ask([n]))[0][1].queue_seconds for n in range(3)]

    assert max(run(scenario())) < 1.0


def test_as_many_as_last_time_are_waited_for(pool: WorkerPool) -> None:
    model = Model()

    async def scenario() -> None:
        asked = batcher(model, pool, wait=5.0)
        await asked.ask([0, 1])
        first = asyncio.create_task(asked.ask([2]))
        await asyncio.sleep(0.05)
        assert len(model.batches) == 1
        assert answers(await asked.ask([3])) == [6]
        await first

    run(scenario())
    assert model.batches == [[0, 1], [2, 3]]


def test_wait_for_companions_ends(pool: WorkerPool) -> None:
    async def scenario() -> BatchFacts:
        asked = batcher(Model(), pool, wait=0.05)
        await asked.ask([0, 1])
        return (await asked.ask([2]))[0][1]

    facts = run(scenario())
    assert facts.size == 1
    assert 0.04 < facts.queue_seconds < 5.0


def test_facts(pool: WorkerPool) -> None:
    model = Model()

    def slow(questions: list[int]) -> list[int]:
        time.sleep(0.05)
        return model(questions)

    async def scenario() -> list[BatchFacts]:
        return [facts for _, facts in await batcher(slow, pool, size=2).ask(range(3))]

    first, second, last = run(scenario())
    assert [first.size, second.size, last.size] == [2, 2, 1]
    assert first.queue_seconds < 0.05 <= last.queue_seconds
    assert 0.05 <= min(first.work_seconds, last.work_seconds) < 1.0


def test_questions_of_a_caller_that_left_are_not_worked_on(pool: WorkerPool) -> None:
    model = Model()

    async def scenario() -> None:
        model.free.clear()
        asked = batcher(model, pool)
        first = asyncio.create_task(asked.ask([0]))
        await until(lambda: model.batches)
        left = asyncio.create_task(asked.ask([1, 2]))
        stays = asyncio.create_task(asked.ask([3]))
        await asyncio.sleep(0)
        left.cancel()
        model.free.set()
        assert answers(await stays) == [6]
        await first

    run(scenario())
    assert model.batches == [[0], [3]]


def test_caller_may_leave_while_its_batch_is_worked_on(pool: WorkerPool) -> None:
    model = Model()

    async def scenario() -> None:
        model.free.clear()
        asked = batcher(model, pool)
        left, stays = asyncio.create_task(asked.ask([0])), asyncio.create_task(asked.ask([1]))
        await until(lambda: model.batches)
        left.cancel()
        model.free.set()
        assert answers(await stays) == [2]
        assert answers(await asked.ask([2])) == [4]

    run(scenario())
    assert model.batches == [[0, 1], [2]]


def test_question_that_waited_too_long_is_not_worked_on(pool: WorkerPool) -> None:
    model = Model()

    async def scenario() -> None:
        model.free.clear()
        asked = batcher(model, pool, expire=0.05)
        first = asyncio.create_task(asked.ask([0]))
        await until(lambda: model.batches)
        late = asyncio.create_task(asked.ask([1]))
        await asyncio.sleep(0.1)
        in_time = asyncio.create_task(asked.ask([2]))
        await asyncio.sleep(0)
        model.free.set()
        with pytest.raises(DeadlineExceeded, match="in time"):
            await late
        assert answers(await in_time) == [4]
        await first

    run(scenario())
    assert model.batches == [[0], [2]]


@pytest.mark.parametrize(
    "fails", [lambda _: 1 // 0, lambda questions: questions[1:]], ids=["raises", "too few answers"]
)
def test_failure_reaches_everyone_and_the_next_batch_is_answered(pool: WorkerPool, fails: Work) -> None:
    model = Model()

    def work(questions: list[int]) -> Sequence[int]:
        return fails(questions) if 0 in questions else model(questions)

    async def scenario() -> None:
        asked = batcher(work, pool, size=2)
        found = await asyncio.gather(*(asked.ask([n]) for n in range(3)), return_exceptions=True)
        assert [isinstance(answer, Exception) for answer in found] == [True, True, False]
        assert asked.busy_seconds == 0.0

    run(scenario())
    assert model.batches == [[2]]


def test_thread_that_is_gone_leaves_nobody_hanging(pool: WorkerPool) -> None:
    pool.per_core.shutdown()
    with pytest.raises(RuntimeError, match="after shutdown"):
        run(batcher(Model(), pool).ask([0]))


def test_busy_seconds(pool: WorkerPool) -> None:
    model = Model()

    async def scenario() -> None:
        model.free.clear()
        asked = batcher(model, pool)
        assert asked.busy_seconds == 0.0
        task = asyncio.create_task(asked.ask([0]))
        await until(lambda: model.batches)
        await asyncio.sleep(0.02)
        assert asked.busy_seconds >= 0.02
        model.free.set()
        await task
        assert asked.busy_seconds == 0.0

    run(scenario())


def test_one_batcher_in_one_loop_after_another(pool: WorkerPool) -> None:
    asked = batcher(Model(), pool, wait=0.01)
    assert answers(run(asked.ask([1, 2]))) == [2, 4]
    assert answers(run(asked.ask([3]))) == [6]


def test_lone_question_has_all_cores(pair: WorkerPool) -> None:
    model = Model()

    async def scenario() -> None:
        asked = batcher(model, pair)
        for n in range(3):
            assert answers(await asked.ask([n])) == [2 * n]

    run(scenario())
    assert model.threads == ["whole"] * 3


def test_many_questions_are_shared_among_cores_at_the_same_time(pair: WorkerPool) -> None:
    model = Model()

    async def scenario() -> None:
        model.free.clear()
        asked = batcher(model, pair, size=8)
        task = asyncio.create_task(asked.ask(range(6)))
        await until(lambda: len(model.batches) == 2)
        model.free.set()
        assert answers(await task) == [2 * n for n in range(6)]

    run(scenario())
    assert sorted(model.batches) == [[0, 1, 2], [3, 4, 5]]
    assert model.threads == ["lane", "lane"]


def test_nothing_else_runs_while_one_question_has_all_cores(pair: WorkerPool) -> None:
    model = Model()

    async def scenario() -> None:
        model.free.clear()
        asked = batcher(model, pair)
        first = asyncio.create_task(asked.ask([0]))
        await until(lambda: model.batches)
        others = asyncio.create_task(asked.ask([1, 2]))
        await asyncio.sleep(0.05)
        assert model.batches == [[0]]
        model.free.set()
        await first
        assert answers(await others) == [2, 4]

    run(scenario())
    assert model.threads == ["whole", "lane", "lane"]


def test_patient_questions_let_others_pass_and_have_their_turn(pool: WorkerPool) -> None:
    model = Model()

    async def scenario() -> None:
        model.free.clear()
        asked = batcher(model, pool, size=2)
        first = asyncio.create_task(asked.ask([0]))
        await until(lambda: model.batches)
        patient = asyncio.create_task(asked.ask([1, 2, 3], patient=True))
        await asyncio.sleep(0)
        passes = asyncio.create_task(asked.ask([4]))
        await asyncio.sleep(PATIENCE_SECONDS + 0.05)
        late = asyncio.create_task(asked.ask([5]))
        await asyncio.sleep(0)
        model.free.set()
        await asyncio.gather(first, patient, passes, late)

    run(scenario())
    assert model.batches == [[0], [4, 1], [2, 3], [5]]
