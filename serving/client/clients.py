"""The synchronous and the asynchronous client. What they can be asked is in `operations`."""

import asyncio
import os
import time
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

import catalog
from catalog.storage.files import written_whole
from serving.client.operations.audits import AuditOperations
from serving.client.operations.jobs import JobOperations
from serving.client.operations.knowledge import KnowledgeOperations
from serving.client.operations.models import ModelOperations
from serving.client.operations.offers import OfferOperations
from serving.client.operations.products import ProductOperations
from serving.client.operations.reviews import ReviewOperations
from serving.client.operations.shoppers import ShopperOperations
from serving.client.steps import Awaiting, Blocking, Request, Retries, Steps

T = TypeVar("T")

ADDRESS = "http://127.0.0.1:8000"
TIMEOUT_SECONDS = 60.0
CONNECT_SECONDS = 5.0
# The service gives up at the same time.
DEADLINE = "X-Request-Deadline-Seconds"
KEY_VARIABLE = "SHELFLENS_API_KEY"


class Operations(
    ProductOperations,
    JobOperations,
    ModelOperations,
    AuditOperations,
    ShopperOperations,
    ReviewOperations,
    OfferOperations,
    KnowledgeOperations,
):
    """All operations of a client."""


class Client(Operations, Blocking):
    """A synchronous client. Threads may share it. Close it, or use it in a `with` statement.

    address: of the service. api_key: by default the value of SHELFLENS_API_KEY. timeout: seconds for each attempt.
    transport: of httpx, for tests and proxies.
    """

    def __init__(
        self,
        address: str = ADDRESS,
        api_key: str | None = None,
        timeout: float = TIMEOUT_SECONDS,
        retries: Retries | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._retries = retries or Retries()
        self._http = httpx.Client(**settings(address, api_key, timeout), transport=transport)

    def _run(self, steps: Steps[T]) -> T:
        resume = partial(next, steps)
        try:
            while True:
                step = resume()
                if not isinstance(step, Request):
                    time.sleep(step)
                    resume = partial(next, steps)
                    continue
                try:
                    resume = partial(steps.send, self._answer(step))
                except httpx.RequestError as error:
                    resume = partial(steps.throw, error)
        except StopIteration as end:
            return end.value

    def _answer(self, request: Request) -> httpx.Response:
        if request.target is None:
            return self._http.request(**request.arguments())
        with self._http.stream(**request.arguments()) as response:
            if not response.is_success:
                response.read()
                return response
            with written_whole(request.target) as temporary, temporary.open("wb") as file:
                for part in response.iter_bytes():
                    file.write(part)
        return response

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()


class AsyncClient(Operations, Awaiting):
    """The asynchronous `Client`. Each method is a coroutine. Use it in an `async with` statement."""

    def __init__(
        self,
        address: str = ADDRESS,
        api_key: str | None = None,
        timeout: float = TIMEOUT_SECONDS,
        retries: Retries | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._retries = retries or Retries()
        self._http = httpx.AsyncClient(**settings(address, api_key, timeout), transport=transport)

    async def _run(self, steps: Steps[T]) -> T:
        resume = partial(next, steps)
        try:
            while True:
                step = resume()
                if not isinstance(step, Request):
                    await asyncio.sleep(step)
                    resume = partial(next, steps)
                    continue
                try:
                    resume = partial(steps.send, await self._answer(step))
                except httpx.RequestError as error:
                    resume = partial(steps.throw, error)
        except StopIteration as end:
            return end.value

    async def _answer(self, request: Request) -> httpx.Response:
        if request.target is None:
            return await self._http.request(**request.arguments())
        async with self._http.stream(**request.arguments()) as response:
            if not response.is_success:
                await response.aread()
                return response
            with written_whole(request.target) as temporary, temporary.open("wb") as file:
                async for part in response.aiter_bytes():
                    file.write(part)
        return response

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        await self.close()


def settings(address: str, api_key: str | None, timeout: float) -> dict[str, Any]:
    """The arguments of both httpx clients."""
    key = os.environ.get(KEY_VARIABLE, "") if api_key is None else api_key
    headers = {"User-Agent": f"shelflens/{catalog.__version__}", DEADLINE: f"{timeout:.3f}"}
    headers |= {"Authorization": f"Bearer {key}"} if key else {}
    return {
        "base_url": address,
        "headers": headers,
        "timeout": httpx.Timeout(timeout, connect=min(CONNECT_SECONDS, timeout)),
    }
