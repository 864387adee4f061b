"""Operations without I/O: a generator yields requests to send and seconds to wait, and returns the result.

`Client` and `AsyncClient` run the same generators, so they share everything, retries included.
"""

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, Generic, ParamSpec, TypeAlias, TypeVar, overload

import httpx

from serving.client.errors import ServiceTimeout, ServiceUnreachable, failed

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """repeatable: whether the request is idempotent; target: a file that the answer goes to, in place of memory."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    data: Mapping[str, str] | None = None
    files: Mapping[str, tuple[str, bytes]] | None = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True
    target: Path | None = None

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


# Yields requests and seconds to wait. A request is answered, or raises an error of httpx.
Steps: TypeAlias = Generator[Request | float, httpx.Response, T]


@dataclass(frozen=True, slots=True)
class Retries:
    """Retries after 429, 503 or a broken connection.

    limit: number of retries. wait_seconds: the wait before the first, doubled for each further one. Retry-After can
    make it longer. A retry with a wait above longest_seconds is not made.
    """

    limit: int = 3
    wait_seconds: float = 0.5
    longest_seconds: float = 30.0

    def wait(self, attempt: int, response: httpx.Response | None) -> float | None:
        """Seconds to wait after an attempt, counted from 0. None: no more retries."""
        if attempt >= self.limit:
            return None
        # Jitter: clients that were refused together must not return together.
        seconds = self.wait_seconds * 2**attempt * random.uniform(0.75, 1.0)
        seconds = max(seconds, retry_after(response)) if response is not None else seconds
        return seconds if seconds <= self.longest_seconds else None


def retry_after(response: httpx.Response) -> float:
    """Seconds that the response's Retry-After asks to wait: a number or a date (RFC 9110, 10.2.3). 0 if it has none."""
    value = response.headers.get("retry-after", "")
    if value.isdecimal():
        return float(value)
    try:
        date = parsedate_to_datetime(value)
        return (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    except (ValueError, OverflowError):
        return 0.0


def answered(request: Request, retries: Retries) -> Steps[httpx.Response]:
    """Send, and retry, until success. Raises RequestFailed, ServiceUnreachable or ServiceTimeout."""
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
            # A request answered by 429 had no effect.
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
    """A method written as steps: on a `Client` it returns the result, on an `AsyncClient` an awaitable."""

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
