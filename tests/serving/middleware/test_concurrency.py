"""Too much work is refused before it costs anything, by count and in our words."""

import asyncio
import json
from typing import Any

import pytest
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.errors import Overloaded
from serving.middleware import proxy
from serving.middleware.concurrency import ConcurrencyLimit
from serving.middleware.proxy import ConcurrencyLimitMiddleware, RetryUntilRoutedMiddleware


async def ask(app: ASGIApp, method: str = "POST") -> tuple[int, dict[str, Any]]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app({"type": "http", "method": method, "path": "/v1/search", "headers": []}, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])


def test_places_are_counted_and_given_back() -> None:
    concurrency = ConcurrencyLimit(3)
    with concurrency.admitted(2), concurrency.admitted():
        with pytest.raises(Overloaded, match="at capacity"), concurrency.admitted():
            pass
        assert concurrency.in_flight == 3
    assert concurrency.in_flight == 0


def test_more_than_there_are_places_for_goes_alone() -> None:
    concurrency = ConcurrencyLimit(3)
    with concurrency.admitted(5), pytest.raises(Overloaded, match="at capacity"), concurrency.admitted():
        pass
    with concurrency.admitted(), pytest.raises(Overloaded, match="at capacity"), concurrency.admitted(5):
        pass


def test_the_concurrency_limit_gives_a_place_back_with_the_last_byte_of_the_answer() -> None:
    async def run() -> None:
        answering, gone = asyncio.Event(), asyncio.Event()

        async def slow_to_end(scope: Scope, receive: Receive, send: Send) -> None:
            await answering.wait()
            await JSONResponse({})(scope, receive, send)
            await gone.wait()

        limited = ConcurrencyLimitMiddleware(slow_to_end, limit=2)
        asked = [asyncio.create_task(ask(limited)) for _ in range(2)]
        await asyncio.sleep(0)
        status, body = await ask(limited)
        assert (status, body["error"]["code"]) == (429, "overloaded")
        answering.set()
        while limited.concurrency.in_flight:
            await asyncio.sleep(0)
        assert not any(one.done() for one in asked)
        gone.set()
        assert [status for status, _ in await asyncio.gather(*asked)] == [200, 200]

    asyncio.run(run())


def test_what_only_reads_passes_the_full_concurrency_limit() -> None:
    limited = ConcurrencyLimitMiddleware(JSONResponse({}), limit=1)
    with limited.concurrency.admitted():
        assert asyncio.run(ask(limited, "GET"))[0] == 200
        assert asyncio.run(ask(limited, "PUT"))[0] == 429


def test_a_proxy_asks_again_until_it_knows_the_application() -> None:
    answers: list[ASGIApp] = [PlainTextResponse("no such path", 404), PlainTextResponse("no such path", 404)]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (answers.pop() if answers else JSONResponse({}))(scope, receive, send)

    assert asyncio.run(ask(RetryUntilRoutedMiddleware(app)))[0] == 200


def test_what_the_application_has_not_found_is_said_at_once() -> None:
    assert asyncio.run(ask(RetryUntilRoutedMiddleware(JSONResponse({"error": {}}, 404)))) == (404, {"error": {}})


def test_without_an_application_the_service_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "UNKNOWN_SECONDS", 0.05)
    status, body = asyncio.run(ask(RetryUntilRoutedMiddleware(PlainTextResponse("no such path", 404))))
    assert (status, body["error"]["code"]) == (503, "model_not_ready")
