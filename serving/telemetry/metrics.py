"""What Prometheus reads at /metrics.

Counts and times belong to the process that requests reach first: the joined replica, or each node's proxy, which is to
be scraped by itself, as a counter that is read now here and now there makes no sense. What is the same wherever one
asks (models, index, jobs) is asked for at each scrape, by the route.
"""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

from serving.telemetry.request_trace import RequestTrace

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Seconds. A request's limit is 30 by default.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
# Statuses of requests that were turned away before any work was done on them.
REJECTED = frozenset((401, 403, 408, 413, 429, 503))

disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """Of one application, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        counter, histogram = partial(Counter, registry=self.registry), partial(Histogram, registry=self.registry)
        self.requests = counter(
            "shelflens_requests",
            "Answered requests; code is that of the error, empty where there is none.",
            ["route", "method", "status", "code"],
        )
        self.seconds = histogram(
            "shelflens_request_duration_seconds",
            "From a request's headers to the last byte of its answer.",
            ["route"],
            buckets=SECONDS,
        )
        self.running = Gauge("shelflens_requests_running", "Requests under way.", registry=self.registry)
        self.rejected = counter(
            "shelflens_rejected_requests",
            "Requests turned away before any work was done on them, by the error's code.",
            ["reason"],
        )
        self.stages = histogram(
            "shelflens_stage_duration_seconds",
            "What a request's time went to: decode, queue (for the model), model, index.",
            ["stage"],
            buckets=SECONDS,
        )
        self.batches = histogram(
            "shelflens_batch_products",
            "Products in a forward pass, counted once for each product in it.",
            buckets=SIZES,
        )
        self.items = counter("shelflens_items", "Products and texts that requests brought.")
        self.failed = counter("shelflens_failed_items", "Those that had an error of their own.", ["code"])
        self.queries = counter(
            "shelflens_query_texts",
            "Texts of searches, by where their embeddings came from: cache or model.",
            ["source"],
        )

    def observe(self, route: str, method: str, status: int, code: str, seconds: float, found: RequestTrace) -> None:
        """A request that has been answered."""
        self.requests.labels(route, method, str(status), code).inc()
        self.seconds.labels(route).observe(seconds)
        if status in REJECTED:
            self.rejected.labels(code).inc()
        for stage in found.stages:
            self.observe_stage(stage.name, stage.seconds)
        for size in found.batches:
            self.batches.observe(size)
        self.items.inc(found.items)
        self.queries.labels("cache").inc(found.kept_queries)
        self.queries.labels("model").inc(found.read_queries)
        for failure, count in found.failed.items():
            self.failed.labels(failure).inc(count)

    def observe_stage(self, name: str, seconds: float) -> None:
        self.stages.labels(name).observe(seconds)

    def text(self) -> bytes:
        return generate_latest(self.registry)


class ServiceStatus(NamedTuple):
    """How things stand at a scrape; None where nobody could say in time. models: role (active, shadow) -> version.
    indexed: share, 0 to 1. jobs: state -> how many. promises: of the models' contracts, kept or ended -> how many.
    """

    models: Mapping[str, str] | None = None
    taxonomy_version: str = ""
    products: int | None = None
    indexed: float | None = None
    jobs: Mapping[str, int] | None = None
    waiting: int | None = None
    promises: Mapping[str, int] | None = None


def standing(found: ServiceStatus) -> bytes:
    """Exposition of gauges made for this scrape alone: nothing stays of a model that is gone."""
    registry = CollectorRegistry()
    unknown = Gauge(
        "shelflens_unanswered", "1 where a part of the service did not say how it stands.", ["part"], registry=registry
    )
    for part in ("models", "products", "jobs"):
        unknown.labels(part).set(getattr(found, part) is None)
    if found.models is not None:
        labels = ["version", "taxonomy_version", "role"]
        info = Gauge("shelflens_model_info", "The models that are loaded.", labels, registry=registry)
        for role, version in found.models.items():
            info.labels(version, found.taxonomy_version, role).set(1)
    for name, help, value in (
        ("shelflens_index_products", "Products stored in the index.", found.products),
        ("shelflens_index_indexed_ratio", "Share of them that a search need not compare one by one.", found.indexed),
        ("shelflens_requests_waiting", "Requests that wait for the model, or are with it.", found.waiting),
    ):
        if value is not None:
            Gauge(name, help, registry=registry).set(value)
    if found.jobs is not None:
        jobs = Gauge("shelflens_jobs", "Bulk jobs by state.", ["state"], registry=registry)
        for state, count in found.jobs.items():
            jobs.labels(state).set(count)
    if found.promises is not None:
        promises = Gauge("shelflens_promises", "Promises of the models' contracts.", ["state"], registry=registry)
        for state, count in found.promises.items():
            promises.labels(state).set(count)
    return generate_latest(registry)
