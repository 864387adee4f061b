"""What is written down of a request: one log line, metrics, a trace; and what every answer has."""

import asyncio
import json
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from catalog.errors import ConfigInvalid
from serving.middleware import stack as module
from serving.middleware.access_log import AccessLogMiddleware
from serving.middleware.api_keys import add_key
from serving.middleware.stack import shared_middlewares
from serving.settings.schema import Settings
from serving.telemetry.logs import start_logs
from serving.telemetry.metrics import Metrics
from serving.telemetry.request_trace import (
    FACTS_HEADER,
    RequestTrace,
    collecting,
    current_trace,
    from_header,
    timed,
    to_header,
)
from serving.telemetry.tracing import EXPORTER, SpanTracer, tracer
from tests.support.asgi_client import application, client

SEARCH, ANALYZE = "/v1/search", "/v1/products/analyze"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(keys=tmp_path / "keys.json")


@pytest.fixture
def lines(settings: Settings, capsys: pytest.CaptureFixture[str]) -> Iterator["Lines"]:
    """The log lines so far, with the logs as the service has them."""
    before = {name: (logging.getLogger(name).handlers[:], logging.getLogger(name).propagate) for name in module_roots()}
    start_logs(settings)
    yield Lines(capsys)
    for name, (handlers, propagate) in before.items():
        logger = logging.getLogger(name)
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(logging.NOTSET)


def module_roots() -> tuple[str, ...]:
    return ("serving", "catalog")


class Lines:
    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self.captured = captured
        self.text = ""

    def __call__(self) -> list[dict[str, Any]]:
        self.text = self.captured.readouterr().err
        return [json.loads(line) for line in self.text.splitlines()]


def ask(app: ASGIApp, *requests: tuple[str, str], **options: Any) -> list[httpx.Response]:
    async def scenario() -> list[httpx.Response]:
        async with client(app) as asking:
            return [await asking.request(method, path, **options) for method, path in requests]

    return asyncio.run(scenario())


def samples(text: str) -> dict[str, float]:
    """Each series of an exposition as it is written: name{label="value"} -> number."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


class Behind:
    """Hands a request on as Ray Serve's proxy does: the scope is pickled, headers come back as they are."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        import pickle

        kept = {name: value for name, value in scope.items() if name not in ("app", "router")}
        await self.app(pickle.loads(pickle.dumps(kept)), receive, send)


def through_a_proxy(settings: Settings) -> ASGIApp:
    app: ASGIApp = Behind(application(settings))
    for layer in shared_middlewares(settings):
        app = layer.cls(app, *layer.args, **layer.kwargs)
    return app


@pytest.mark.parametrize("build", [application, through_a_proxy])
def test_one_line_for_each_request(settings: Settings, lines: "Lines", build: Any) -> None:
    key = add_key(settings.keys, "shop")
    headers = {"Authorization": f"Bearer {key}", "X-Request-Id": "order-66"}
    ask(build(settings), ("POST", f"{ANALYZE}?secret=1"), headers=headers, content=b'{"title": "red shirt"}')
    [line] = lines()
    assert line.pop("seconds") >= 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", line.pop("timestamp"))
    assert line == {
        "event": "request",
        "level": "info",
        "logger": "serving.middleware.access_log",
        "request_id": "order-66",
        "route": ANALYZE,
        "method": "POST",
        "status": 200,
        "key": "shop",
        "items": 2,
        "with_image": 1,
        "with_text": 2,
        "model": "abc",
        "stages": {"decode": 0.25, "queue": 0.1, "model": 0.2},
    }
    assert "secret" not in lines.text
    assert key not in lines.text


@pytest.mark.parametrize("build", [application, through_a_proxy])
def test_a_failure_is_told_without_products_and_paths(settings: Settings, lines: "Lines", build: Any) -> None:
    [answer] = ask(build(settings), ("PUT", "/v1/products/my-secret-id"), content=b"{}")
    assert answer.status_code == 500
    failure, line = lines()
    assert (failure["level"], failure["exception"]) == ("error", "ValueError")
    assert failure["request_id"] == line["request_id"] == answer.headers["x-request-id"]
    assert failure["places"][-1].startswith("tests.support.asgi_client:fail:")
    assert (line["level"], line["route"], line["code"]) == ("error", "/v1/products/{id}", "model_failed")
    assert not re.search(r"red striped|secret|/root|/home|/tmp|\.py", lines.text), lines.text


def test_at_debug_the_exceptions_text_is_there(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings = settings.model_copy(update={"log_level": "debug"})
    start_logs(settings)
    ask(application(settings), ("GET", "/v1/products/7"))
    assert json.loads(capsys.readouterr().err.splitlines()[0])["words"] == "red striped shirt"


def test_lines_for_people(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    start_logs(settings.model_copy(update={"log_format": "console"}))
    ask(application(settings), ("POST", SEARCH))
    [line] = capsys.readouterr().err.splitlines()
    assert "request" in line
    assert "route=/v1/search" in line
    assert "\x1b" not in line


def test_probes_are_written_down_only_when_they_fail(settings: Settings, lines: "Lines") -> None:
    ask(application(settings), ("GET", "/healthz"), ("GET", "/metrics"), ("POST", "/healthz"))
    assert [(line["route"], line["status"]) for line in lines()] == [("/healthz", 405)]


@pytest.mark.parametrize("build", [application, through_a_proxy])
def test_what_was_turned_away_is_written_down_too(settings: Settings, lines: "Lines", build: Any) -> None:
    settings = settings.model_copy(update={"rate_per_minute": 1, "max_body_bytes": 2_000})
    app = build(settings)
    ask(app, ("POST", SEARCH), ("POST", SEARCH))
    ask(build(settings), ("POST", SEARCH), content=bytes(3_000))
    add_key(settings.keys, "shop")
    ask(build(settings), ("POST", SEARCH))
    assert [(line["status"], line.get("code")) for line in lines()] == [
        (200, None),
        (429, "rate_limited"),
        (413, "body_too_large"),
        (401, "api_key_missing"),
    ]


def test_a_client_that_left(settings: Settings, lines: "Lines") -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        raise AssertionError

    scope = {
        "type": "http",
        "method": "POST",
        "path": SEARCH,
        "headers": [],
        "query_string": b"",
        "http_version": "1.1",
    }
    asyncio.run(application(settings)(scope, receive, send))
    [line] = lines()
    assert (line["status"], line["code"]) == (499, "client_left")


@pytest.mark.parametrize("started", [True, False])
def test_a_client_that_leaves_while_it_is_answered(settings: Settings, lines: "Lines", started: bool) -> None:
    """Whoever waits for `receive`, as Ray Serve does, learns of it; the service has not failed."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        if started:
            await send({"type": "http.response.start", "status": 200, "headers": []})

    messages = iter([{"type": "http.request"}, {"type": "http.disconnect"}])

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        pass

    fronted: ASGIApp = app
    for layer in shared_middlewares(settings):
        fronted = layer.cls(fronted, *layer.args, **layer.kwargs)
    scope = {"type": "http", "method": "GET", "path": SEARCH, "headers": [], "query_string": b""}
    asyncio.run(fronted(scope, receive, send))
    [line] = lines()
    assert (line["level"], line["status"]) == ("info", 200 if started else 499)


@pytest.mark.parametrize("build", [application, through_a_proxy])
def test_metrics(settings: Settings, build: Any) -> None:
    settings = settings.model_copy(update={"rate_per_minute": 2})
    requests = [("POST", ANALYZE), ("GET", "/v1/products/1"), ("GET", "/v1/products/2"), ("BREW", "/tea")]
    answers = ask(build(settings), *requests, ("GET", "/metrics"))
    assert answers[-1].headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answers[-1].headers["content-length"] == str(len(answers[-1].content))
    found = samples(answers[-1].text)
    expected = {
        f'shelflens_requests_total{{code="",method="POST",route="{ANALYZE}",status="200"}}': 1,
        'shelflens_requests_total{code="model_failed",method="GET",route="/v1/products/{id}",status="500"}': 1,
        'shelflens_requests_total{code="rate_limited",method="GET",route="/v1/products/{id}",status="429"}': 1,
        'shelflens_requests_total{code="not_found",method="OTHER",route="other",status="404"}': 1,
        'shelflens_rejected_requests_total{reason="rate_limited"}': 1,
        f'shelflens_request_duration_seconds_count{{route="{ANALYZE}"}}': 1,
        'shelflens_stage_duration_seconds_sum{stage="decode"}': 0.25,
        'shelflens_stage_duration_seconds_sum{stage="queue"}': 0.1,
        'shelflens_stage_duration_seconds_sum{stage="model"}': 0.2,
        'shelflens_batch_products_bucket{le="4.0"}': 2,
        'shelflens_batch_products_bucket{le="2.0"}': 0,
        "shelflens_items_total": 2,
        "shelflens_requests_running": 1,
        "shelflens_gauge": 1,
    }
    assert {name: found.get(name) for name in expected} == expected
    assert not [name for name in found if name.endswith("_created")]


def test_two_applications_count_by_themselves(settings: Settings) -> None:
    ask(application(settings), ("POST", SEARCH))
    [answer] = ask(application(settings), ("GET", "/metrics"))
    assert "shelflens_requests_total{" not in answer.text


@pytest.mark.parametrize("status", [500, 503, None])
def test_metrics_never_fail(status: int | None) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if status is None:
            await asyncio.Event().wait()
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"not metrics"})

    [answer] = ask(AccessLogMiddleware(app, Metrics()), ("GET", "/metrics"))
    assert answer.status_code == 200
    assert samples(answer.text)["shelflens_requests_running"] == 1


def test_every_answer_is_safe_for_browsers(settings: Settings) -> None:
    add_key(settings.keys, "shop")
    page, script, health, refused = ask(
        application(settings), ("GET", "/"), ("GET", "/page/app.js"), ("GET", "/healthz"), ("POST", SEARCH)
    )
    for answer in (page, script, health, refused):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert len(answer.headers.get_list("x-request-id")) == 1
    assert page.headers["content-security-policy"].startswith("default-src 'self';")
    assert refused.headers["content-security-policy"].startswith("default-src 'none';")


@pytest.mark.parametrize("build", [application, through_a_proxy])
def test_no_client_sees_or_sends_the_facts(settings: Settings, build: Any) -> None:
    [answer] = ask(build(settings), ("POST", ANALYZE), headers={FACTS_HEADER.decode(): "{}"})
    assert answer.status_code == 200
    assert FACTS_HEADER.decode() not in answer.headers


def test_facts_survive_their_header() -> None:
    with collecting() as found:
        with timed("index"):
            current_trace().add_item(False, True)
        current_trace().add_error(ConfigInvalid())
        current_trace().model = "é"
    assert from_header(to_header(found)) == found
    assert found.failed == {"config_invalid": 1}
    assert [stage.name for stage in found.stages] == ["index"]
    current_trace().add_item(True, True)
    assert current_trace() == RequestTrace()


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    made = SpanTracer(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(module, "tracer", lambda settings: made)
    return exporter


@pytest.mark.parametrize("build", [application, through_a_proxy])
def test_a_trace_has_the_request_and_its_stages(settings: Settings, spans: InMemorySpanExporter, build: Any) -> None:
    trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    ask(build(settings), ("POST", ANALYZE), headers={"traceparent": f"00-{trace}-{parent}-01"})
    *stages, request = spans.get_finished_spans()
    assert request.name == f"POST {ANALYZE}"
    assert (f"{request.context.trace_id:032x}", f"{request.parent.span_id:016x}") == (trace, parent)
    assert request.attributes["http.response.status_code"] == 200
    assert [span.name for span in stages] == ["decode", "queue", "model"]
    for span in stages:
        assert span.context.trace_id == request.context.trace_id
        assert span.parent.span_id == request.context.span_id
    assert [seconds(span) for span in stages] == pytest.approx([0.25, 0.1, 0.2], abs=1e-6)
    assert stages[1].end_time == pytest.approx(stages[2].start_time, abs=1e6)


def seconds(span: ReadableSpan) -> float:
    return (span.end_time - span.start_time) / 1e9


def test_a_request_without_a_traceparent_or_with_a_wrong_one_begins_a_trace(
    settings: Settings, spans: InMemorySpanExporter
) -> None:
    ask(application(settings), ("POST", SEARCH), ("GET", "/v1/products/1"))
    ask(application(settings), ("POST", SEARCH), headers={"traceparent": "00-nonsense"})
    found = spans.get_finished_spans()
    assert [span.parent for span in found] == [None] * 3
    assert len({span.context.trace_id for span in found}) == 3
    assert [span.status.is_ok for span in found] == [True, False, True]


def test_tracing_is_off_unless_configured(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_SDK_DISABLED"):
        monkeypatch.delenv(name, raising=False)
    assert tracer(settings) is None
    monkeypatch.setitem(sys.modules, EXPORTER, None)
    with pytest.raises(ConfigInvalid, match=r"\[otel\]"):
        tracer(settings.model_copy(update={"otlp_endpoint": "http://127.0.0.1:1"}))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(ConfigInvalid, match=r"\[otel\]"):
        tracer(settings)
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert tracer(settings) is None
