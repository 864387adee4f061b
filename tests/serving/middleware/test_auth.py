"""Who may come in (API keys, scopes, pages in browsers), how often, and how many at once."""

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.errors import KeysRequired, RateLimited, TooManyConcurrent
from serving.middleware.api_keys import Keys, add_key
from serving.middleware.auth import check_access
from serving.middleware.rate_limits import ClientLimits
from serving.middleware.stack import shared_middlewares
from serving.settings.schema import Settings
from tests.support.asgi_client import Work, application, client

SEARCH, ANALYZE, JOBS = "/v1/search", "/v1/products/analyze", "/v1/jobs"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(keys=tmp_path / "keys.json")


def ask(settings: Settings, method: str, path: str, base: str = "http://test", **options: Any) -> httpx.Response:
    async def scenario() -> httpx.Response:
        transport = httpx.ASGITransport(application(settings))
        async with httpx.AsyncClient(transport=transport, base_url=base) as asking:
            return await asking.request(method, path, **options)

    return asyncio.run(scenario())


def code(response: httpx.Response) -> str | None:
    return response.json()["error"]["code"] if response.status_code >= 400 else None


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_without_keys_this_machine_needs_none(settings: Settings) -> None:
    assert ask(settings, "POST", SEARCH).status_code == 200
    assert ask(settings, "POST", SEARCH, headers=bearer("whatever")).status_code == 200


def test_where_keys_exist_they_are_needed_also_on_this_machine(settings: Settings) -> None:
    key = add_key(settings.keys, "shop")
    missing = ask(settings, "POST", SEARCH)
    assert (missing.status_code, code(missing)) == (401, "api_key_missing")
    assert missing.headers["www-authenticate"] == 'Bearer realm="shelflens"'
    assert missing.json()["error"]["type"] == "authentication_error"
    assert missing.headers["x-request-id"]
    for wrong in (key + "x", "sl_", "ü"):
        refused = ask(settings, "POST", SEARCH, headers={"Authorization": f"Bearer {wrong}".encode()})
        assert (refused.status_code, code(refused)) == (401, "api_key_invalid")
        assert "www-authenticate" in refused.headers
    for given in (f"Basic {key}", key, "Bearer", "Bearer "):
        assert code(ask(settings, "POST", SEARCH, headers={"Authorization": given})) == "api_key_missing"
    for given in (f"Bearer {key}", f"bearer {key}", f"BEARER  {key} "):
        assert ask(settings, "POST", SEARCH, headers={"Authorization": given}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/healthz", "/page/app.js"])
def test_some_addresses_are_open(settings: Settings, path: str) -> None:
    add_key(settings.keys, "shop")
    assert ask(settings, "GET", path).status_code == 200


def test_ray_serves_own_health_needs_no_key(settings: Settings) -> None:
    """Its proxy answers it behind this; the application here has nothing there."""
    add_key(settings.keys, "shop")
    assert ask(settings, "GET", "/-/healthz").status_code == 404


@pytest.mark.parametrize("path", ["/metrics", "/nothing", "/v1/", "/page", "/healthz/", "/-/routes"])
def test_all_others_are_not(settings: Settings, path: str) -> None:
    add_key(settings.keys, "shop")
    assert code(ask(settings, "GET", path)) == "api_key_missing"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", SEARCH, True),
        ("POST", ANALYZE, True),
        ("GET", JOBS, True),
        ("GET", "/metrics", True),
        ("POST", JOBS, False),
        ("PUT", "/v1/products/7", False),
        ("DELETE", "/v1/products/7", False),
        ("PATCH", "/v1/products/7", False),
        ("POST", "/v1/products/7/similar", False),
        ("PUT", ANALYZE, False),
        ("PATCH", ANALYZE, False),
        ("DELETE", ANALYZE, False),
        ("PUT", SEARCH, False),
    ],
)
def test_a_key_that_reads(settings: Settings, method: str, path: str, allowed: bool) -> None:
    key = add_key(settings.keys, "shop", "read")
    answer = ask(settings, method, path, headers=bearer(key))
    assert (answer.status_code, code(answer)) == ((200, None) if allowed else (403, "scope_insufficient"))


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_what_no_list_has_is_nowhere_for_a_key_that_reads(settings: Settings, method: str) -> None:
    key = add_key(settings.keys, "shop", "read")
    answer = ask(settings, method, "/v1/new", headers=bearer(key))
    assert (answer.status_code, code(answer)) == (404, "not_found")


def test_a_key_that_writes_does_everything(settings: Settings) -> None:
    key = add_key(settings.keys, "shop")
    assert ask(settings, "POST", JOBS, headers=bearer(key)).status_code == 200


def test_beyond_this_machine_nobody_comes_in_without_a_key(settings: Settings) -> None:
    wide = settings.model_copy(update={"host": "0.0.0.0"})
    with pytest.raises(KeysRequired, match="shelflens keys add"):
        check_access(wide, Keys(wide.keys))
    assert code(ask(wide, "POST", SEARCH)) == "api_key_missing"
    # The proxy may listen where the settings do not say: what counts is also where the request came in.
    assert code(ask(settings, "POST", SEARCH, base="http://10.1.2.3")) == "api_key_missing"
    insecure = wide.model_copy(update={"insecure": True})
    check_access(insecure, Keys(wide.keys))
    assert ask(insecure, "POST", SEARCH, base="http://10.1.2.3").status_code == 200
    add_key(wide.keys, "shop")
    check_access(wide, Keys(wide.keys))
    assert code(ask(insecure, "POST", SEARCH)) == "api_key_missing"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "localhost"])
def test_this_machine_has_several_names(settings: Settings, host: str) -> None:
    here = settings.model_copy(update={"host": host})
    check_access(here, Keys(here.keys))
    assert ask(here, "POST", SEARCH).status_code == 200


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]
)
def test_pages_of_others_change_nothing(settings: Settings, site: str, status: int) -> None:
    answer = ask(settings, "POST", JOBS, headers={"Sec-Fetch-Site": site})
    assert (answer.status_code, code(answer)) == (status, None if status == 200 else "cross_site")
    assert ask(settings, "GET", JOBS, headers={"Sec-Fetch-Site": site}).status_code == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://evil.example", 403),
        ("http://test.evil.example", 403),
        ("http://test:81", 403),
        ("null", 403),
        ("", 403),
        ("http://test", 200),
    ],
)
def test_pages_of_others_are_known_by_their_origin_too(settings: Settings, origin: str, status: int) -> None:
    answer = ask(settings, "POST", JOBS, headers={"Origin": origin})
    assert (answer.status_code, code(answer)) == (status, None if status == 200 else "cross_site")
    # The browser has looked at more than Host, which a proxy may change.
    told = ask(settings, "POST", JOBS, headers={"Origin": origin, "Sec-Fetch-Site": "same-origin"})
    assert told.status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 403),
        ("evil.example:8000", 403),
        ("localhost:8000", 200),
        ("a.localhost", 200),
        ("shelflens:8000", 200),
        ("127.0.0.1:8000", 200),
        ("[::1]:80", 200),
    ],
)
def test_a_foreign_name_for_this_machine_is_not_answered(settings: Settings, host: str, status: int) -> None:
    answer = ask(settings, "GET", JOBS, base="http://127.0.0.1:8000", headers={"Host": host})
    assert answer.status_code == status


def test_with_keys_browsers_need_one_anyway(settings: Settings) -> None:
    headers = bearer(add_key(settings.keys, "shop")) | {"Sec-Fetch-Site": "cross-site", "Host": "shop.example"}
    assert ask(settings, "POST", JOBS, base="http://127.0.0.1:8000", headers=headers).status_code == 200


def test_no_body_of_a_stranger_is_taken(settings: Settings) -> None:
    add_key(settings.keys, "shop")
    read = 0

    async def body() -> Any:
        nonlocal read
        for _ in range(100):
            read += 1
            yield bytes(65_536)

    async def scenario() -> tuple[httpx.Response, httpx.Response]:
        async with client(application(settings)) as asking:
            small = await asking.post(SEARCH, content=bytes(100))
            return small, await asking.post(SEARCH, content=body())

    small, large = asyncio.run(scenario())
    assert [answer.status_code for answer in (small, large)] == [401, 401]
    assert "connection" not in small.headers
    assert large.headers["connection"] == "close"


def test_a_stranger_who_sends_slowly_is_cut_off(settings: Settings) -> None:
    add_key(settings.keys, "shop")
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.3)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": SEARCH, "query_string": b"", "http_version": "1.1"}
    scope["headers"] = [(b"content-length", b"50")]
    started = time.monotonic()
    asyncio.run(application(settings)(scope, receive, send))
    assert time.monotonic() - started < 5
    assert sent[0]["status"] == 401
    assert (b"connection", b"close") in sent[0]["headers"]


def test_so_many_requests_a_minute(settings: Settings) -> None:
    settings = settings.model_copy(update={"rate_per_minute": 3})
    keys = {name: add_key(settings.keys, name) for name in ("a", "b")}
    work = Work()

    async def scenario() -> None:
        async with client(application(settings, work)) as asking:
            async with asyncio.timeout(30):
                answers = [await asking.post(SEARCH, headers=bearer(keys["a"])) for _ in range(5)]
                assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
                refused = answers[-1]
                assert code(refused) == "rate_limited"
                assert refused.json()["error"]["type"] == "overloaded_error"
                assert 55 <= int(refused.headers["retry-after"]) <= 60
                assert (await asking.post(SEARCH, headers=bearer(keys["b"]))).status_code == 200
                assert (await asking.get("/metrics", headers=bearer(keys["a"]))).status_code == 200
                assert (await asking.get("/healthz")).status_code == 200

    asyncio.run(scenario())
    assert len(work.bodies) == 4


def test_those_without_a_key_share_one_rate(settings: Settings) -> None:
    settings = settings.model_copy(update={"rate_per_minute": 1})

    async def scenario() -> list[int]:
        async with client(application(settings)) as asking:
            return [(await asking.post(SEARCH)).status_code for _ in range(2)]

    assert asyncio.run(scenario()) == [200, 429]


def test_after_the_time_that_was_named_a_request_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    limits = ClientLimits(rate_per_minute=2, concurrent=0)

    def ask_once() -> None:
        with limits.admitted("shop"):
            pass

    ask_once()
    now += 20
    ask_once()
    with pytest.raises(RateLimited, match="2 requests per minute") as caught:
        ask_once()
    assert caught.value.retry_seconds == 40
    now += 39
    with pytest.raises(RateLimited, match="2 requests per minute"):
        ask_once()
    now += 1.001
    ask_once()


def test_so_many_at_once(settings: Settings) -> None:
    settings = settings.model_copy(update={"concurrent_per_key": 2})
    keys = {name: add_key(settings.keys, name) for name in ("a", "b")}

    async def scenario() -> None:
        work = Work()
        async with client(application(settings, work)) as asking:
            work.open.clear()
            held = [asyncio.create_task(asking.post(SEARCH, headers=bearer(keys["a"]))) for _ in range(2)]
            while len(work.bodies) < 2:
                await asyncio.sleep(0.001)
            refused = await asking.post(SEARCH, headers=bearer(keys["a"]))
            assert (refused.status_code, code(refused)) == (429, "too_many_concurrent")
            assert refused.headers["retry-after"] == "1"
            other = asyncio.create_task(asking.post(SEARCH, headers=bearer(keys["b"])))
            work.open.set()
            assert {answer.status_code for answer in await asyncio.gather(*held, other)} == {200}
            assert (await asking.post(SEARCH, headers=bearer(keys["a"]))).status_code == 200

    asyncio.run(scenario())


def test_a_client_that_has_its_answer_may_ask_again(settings: Settings) -> None:
    """Also where the application, as Ray Serve does, goes on for a while after its answer's last byte."""
    settings = settings.model_copy(update={"concurrent_per_key": 1})

    async def lasting(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})
        await asyncio.sleep(0.5)

    async def scenario() -> list[int]:
        app: ASGIApp = lasting
        for layer in shared_middlewares(settings):
            app = layer.cls(app, *layer.args, **layer.kwargs)
        statuses: list[int] = []
        answered = asyncio.Event()

        async def receive() -> Message:
            return {"type": "http.request"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
            else:
                answered.set()

        tasks = []
        for _ in range(3):
            answered.clear()
            scope = {"type": "http", "method": "POST", "path": SEARCH, "headers": [], "query_string": b""}
            tasks.append(asyncio.create_task(app(scope, receive, send)))  # type: ignore[arg-type]
            await answered.wait()
        await asyncio.gather(*tasks)
        return statuses

    assert asyncio.run(scenario()) == [204, 204, 204]


def test_a_request_that_fails_gives_its_place_back() -> None:
    limits = ClientLimits(rate_per_minute=0, concurrent=1)
    with pytest.raises(ValueError, match="broken"), limits.admitted("shop"):
        raise ValueError("broken")
    with (
        limits.admitted("shop"),
        pytest.raises(TooManyConcurrent, match=r"limit of concurrent requests \(1\)"),
        limits.admitted("shop"),
    ):
        pass


def test_a_large_request_is_refused_before_its_body_is_read(settings: Settings) -> None:
    app = application(settings.model_copy(update={"rate_per_minute": 1}))
    happened: list[str] = []

    async def receive() -> Message:
        happened.append("read")
        return {"type": "http.request", "body": b"x", "more_body": False}

    async def send(message: Message) -> None:
        happened.append(str(message.get("status", "body")))

    async def scenario() -> None:
        headers = [(b"host", b"localhost"), (b"content-length", b"10000000")]
        scope = {"type": "http", "method": "POST", "path": SEARCH, "headers": headers, "query_string": b""}
        for _ in range(2):
            happened.clear()
            await app(scope, receive, send)  # type: ignore[arg-type]

    asyncio.run(scenario())
    assert happened[:2] == ["429", "body"]
