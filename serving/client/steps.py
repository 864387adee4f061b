"""What a client does, apart from doing it: an operation is a generator that asks for requests to be sent and for time
to pass, and returns its answer. So `Client` and `AsyncClient` share all of it, retries too.
"""

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Generator, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, TypeAlias, TypeVar, overload

import httpx

from serving.client.errors import ServiceTimeout, ServiceUnreachable, failed

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """repeatable: sent twice it comes to the same as sent once."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    data: Mapping[str, str] | None = None
    files: Mapping[str, tuple[str, bytes]] | None = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True

    def arguments(self) -> dict[str, Any]:
        """For `request` of both clients of httpx."""
        return {
            "method": self.method,
            "url": self.path,
            "params": self.query or None,
            "json": self.json,
            "data": self.data,
            "files": self.files,
            "content": self.content,
            "headers": self.headers,
        }


# Yields requests, which are answered or raise httpx's errors, and seconds to wait.
Steps: TypeAlias = Generator[Request | float, httpx.Response, T]


@dataclass(frozen=True, slots=True)
class Retries:
    """After 429, 503 or a broken connection. most: after the first attempt; wait_seconds: before the first of them,
    twice as long before each next one, unless the service says when (Retry-After). One that would have to wait for
    longer than longest_seconds is not made.
    """

    limit: int = 3
    wait_seconds: float = 0.5
    longest_seconds: float = 30.0

    def wait(self, attempt: int, response: httpx.Response | None) -> float | None:
        """How many seconds to wait after an attempt, counted from 0; None: give up."""
        if attempt >= self.limit:
            return None
        asked = response.headers.get("retry-after", "") if response is not None else ""
        # Clients that were refused together must not come back together.
        seconds = self.wait_seconds * 2**attempt * random.uniform(0.75, 1.0)
        seconds = max(seconds, float(asked)) if asked.isdecimal() else seconds
        return seconds if seconds <= self.longest_seconds else None


def answered(request: Request, retries: Retries) -> Steps[httpx.Response]:
    """Send until the answer is good. Raises RequestFailed, ServiceUnreachable or ServiceTimeout."""
    attempt = 0
    while True:
        response = None
        try:
            response = yield request
        except (httpx.ConnectTimeout, httpx.ConnectError):  # nothing was sent
            again = True
        except httpx.TimeoutException:
            raise ServiceTimeout from None
        except httpx.RequestError:
            again = request.repeatable
        else:
            if response.is_success:
                return response
            # 429 is said before anything is done.
            again = response.status_code == 429 or (response.status_code == 503 and request.repeatable)
        seconds = retries.wait(attempt, response) if again else None
        if seconds is None:
            raise failed(response) if response is not None else ServiceUnreachable() from None
        yield seconds
        attempt += 1


class Blocking(ABC):
    @abstractmethod
    def _run(self, steps: Steps[T]) -> T: ...


class Awaiting(ABC):
    @abstractmethod
    async def _run(self, steps: Steps[T]) -> T: ...


class operation(Generic[P, T]):  # noqa: N801 (a decorator)
    """A method that is written as steps: called on a client it gives the answer, on an asynchronous one what to await
    for it.
    """

    def __init__(self, steps: Callable[Concatenate[Any, P], Steps[T]]) -> None:
        self._steps = steps

    @overload
    def __get__(self, client: None, owner: type) -> Callable[Concatenate[Any, P], Steps[T]]: ...

    @overload
    def __get__(self, client: Blocking, owner: type) -> Callable[P, T]: ...

    @overload
    def __get__(self, client: Awaiting, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...

    def __get__(self, client: Any, owner: type) -> Any:
        if client is None:
            return self._steps

        @wraps(self._steps)
        def run(*args: P.args, **kwargs: P.kwargs) -> Any:
            return client._run(self._steps(client, *args, **kwargs))

        return run
