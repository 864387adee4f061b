"""Traces for OpenTelemetry, where an endpoint is configured; else nothing of it is even imported.

A request is one span, its stages are children. All are made when the request has been answered, from what was
written down of it, so that tracing adds nothing to a request but its export, which a thread does.
"""

import os
import time
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

import catalog
from catalog.errors import ConfigInvalid, installing
from serving.settings.schema import Settings
from serving.telemetry.request_trace import RequestTrace

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor

EXPORTER = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
STANDARD = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
EXPORT_SECONDS = 1.0


class Tracer(Protocol):
    def trace(
        self,
        headers: Mapping[str, str],
        name: str,
        attributes: Mapping[str, str | int],
        seconds: float,
        found: RequestTrace,
    ) -> None:
        """A request that ended now and took so many seconds. headers: its own, for a traceparent (W3C)."""
        ...


def check_tracing(settings: Settings) -> bool:
    """Whether an endpoint is configured. Raises ConfigInvalid where one is, but the extra is not installed."""
    standard = any(os.environ.get(name) for name in STANDARD)
    if not (settings.otlp_endpoint or standard) or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    try:
        import_module(EXPORTER)
    except ModuleNotFoundError:
        raise ConfigInvalid(f"Tracing requires more packages. {installing('otel')}") from None
    return True


def tracer(settings: Settings) -> Tracer | None:
    """None where tracing is not configured. Raises ConfigInvalid."""
    if not check_tracing(settings):
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    endpoint = settings.otlp_endpoint
    if endpoint and not endpoint.endswith("/v1/traces"):
        endpoint = endpoint.rstrip("/") + "/v1/traces"
    exporter = OTLPSpanExporter(endpoint=endpoint)
    return SpanTracer(BatchSpanProcessor(exporter, schedule_delay_millis=1000 * EXPORT_SECONDS))


class SpanTracer:
    """Gives spans to a processor of OpenTelemetry's."""

    def __init__(self, processor: "SpanProcessor") -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        ours = {"service.version": catalog.__version__}
        if not os.environ.get("OTEL_SERVICE_NAME"):
            ours["service.name"] = "shelflens"
        self.provider = TracerProvider(resource=Resource.create(ours))
        self.provider.add_span_processor(processor)
        self.spans = self.provider.get_tracer("shelflens")
        self.propagator = TraceContextTextMapPropagator()

    def trace(
        self,
        headers: Mapping[str, str],
        name: str,
        attributes: Mapping[str, str | int],
        seconds: float,
        found: RequestTrace,
    ) -> None:
        from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

        ended = time.time()
        caller = self.propagator.extract(headers)
        span = self.spans.start_span(name, caller, SpanKind.SERVER, attributes, start_time=nanoseconds(ended - seconds))
        for stage in found.stages:
            started = nanoseconds(stage.ended - stage.seconds)
            child = self.spans.start_span(stage.name, set_span_in_context(span), start_time=started)
            child.end(nanoseconds(stage.ended))
        if int(attributes["http.response.status_code"]) >= 500:
            span.set_status(Status(StatusCode.ERROR))
        span.end(nanoseconds(ended))


def nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
