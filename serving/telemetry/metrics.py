"""What Prometheus reads at /metrics.

Counts and times belong to the process that requests reach first: on Ray Serve the proxy of each node, which is to
be scraped by itself, as a counter that is read now here and now there makes no sense. What is the same wherever one
asks (models, index, jobs) is asked for at each scrape, by the route.
"""

from collections.abc import Mapping
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
        self.requests = Counter(
            "shelflens_requests",
            "Answered requests; code is that of the error, empty where there is none.",
            ["route", "method", "status", "code"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "shelflens_request_duration_seconds",
            "From a request's headers to the last byte of its answer.",
            ["route"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.running = Gauge("shelflens_requests_running", "Requests under way.", registry=self.registry)
        self.rejected = Counter(
            "shelflens_rejected_requests",
            "Requests turned away before any work was done on them, by the error's code.",
            ["reason"],
            registry=self.registry,
        )
        self.stages = Histogram(
            "shelflens_stage_duration_seconds",
            "What a request's time went to: decode, queue (for the model), model, index.",
            ["stage"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.batches = Histogram(
            "shelflens_batch_products",
            "Products in a forward pass, counted once for each product in it.",
            buckets=SIZES,
            registry=self.registry,
        )
        self._add_counters_of_items()

    def _add_counters_of_items(self) -> None:
        self.items = Counter("shelflens_items", "Products and texts that requests brought.", registry=self.registry)
        self.failed = Counter(
            "shelflens_failed_items", "Those that had an error of their own.", ["code"], registry=self.registry
        )
        self.queries = Counter(
            "shelflens_query_texts",
            "Texts of searches, by where their embeddings came from: cache or model.",
            ["source"],
            registry=self.registry,
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
