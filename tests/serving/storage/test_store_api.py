"""`StoreApi` and `JobsApi` against what they pass on to: each method, with the same parameters and answer."""

import asyncio
import inspect
from collections.abc import Callable

import pytest

from serving.calls import Call
from serving.jobs.jobs import Jobs
from serving.jobs.jobs_api import JobsApi
from serving.storage.store import CatalogStore
from serving.storage.store_api import StoreApi

OWN = {StoreApi: {"close"}, JobsApi: {"close", "start"}}  # only who made the object begins and ends it
ANSWERS_LESS = {"upsert"}  # a job does not need its products back


def methods(one: type) -> dict[str, inspect.Signature]:
    """Those of a part that it derives from, too."""
    public = {name: method for name, method in inspect.getmembers(one, callable) if not name.startswith("_")}
    return {name: inspect.signature(method, eval_str=True) for name, method in public.items()}


@pytest.mark.parametrize(("api", "target"), [(StoreApi, CatalogStore), (JobsApi, Jobs)])
def test_each_method_is_passed_on_as_it_is(api: type, target: type) -> None:
    passed, there = methods(api), methods(target)
    assert passed.keys() == there.keys() - OWN[api]
    for name, signature in passed.items():
        assert signature.parameters == there[name].parameters, name
        if name not in ANSWERS_LESS:
            assert signature.return_annotation == there[name].return_annotation, name


@pytest.mark.parametrize("api", [StoreApi, JobsApi])
def test_what_is_not_repeated_are_methods(api: type[StoreApi | JobsApi]) -> None:
    assert api.ONCE
    assert methods(api).keys() >= api.ONCE


@pytest.mark.parametrize("api", [StoreApi, JobsApi])
def test_each_method_calls_its_namesake_with_its_arguments(api: Callable[[Call], object]) -> None:
    for name, signature in methods(api).items():  # type: ignore[arg-type]
        called = list[tuple[object, ...]]()

        async def call(*given: object, called: list[tuple[object, ...]] = called) -> None:
            called.append(given)

        arguments = tuple(range(len(signature.parameters) - 1))
        asyncio.run(getattr(api(call), name)(*arguments))
        assert called == [(name, *arguments)]
