"""A feed that outgrows one machine: the steps of `catalog.ingest`, its middle two in a pool of Ray actors.

Ray Data streams the feed's chunks through the actors and gives them back in order, so the ledger's rules stay those of
`catalog.ingest.pipeline.ingest`. The feed is read on this machine; images are read by the actors, so their folder
must be one that every node sees. Each actor asks the cluster's index what it knows already.
"""

import logging
import os
import pickle
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.data import ActorPoolStrategy, DataContext, Datasource, ReadTask, read_datasource
from ray.data.block import BlockMetadata

from catalog.errors import ConfigInvalid
from catalog.feeds import BadRow, Row
from catalog.index.product_index import ProductIndex, open_index
from catalog.ingest.load import ImageSource, load
from catalog.ingest.pipeline import CHUNK, Knows, Results, tasks, understand
from catalog.understand import Understander, batch_size
from serving.deployments.local_ray import WITHOUT_METRICS


@dataclass(frozen=True)
class Pool:
    """The actors: how many, on what share of a GPU and of the processor each (0 GPUs: on the CPU)."""

    actors: int = 1
    gpus: float = 0.0
    cpus: float = 1.0


@dataclass(frozen=True)
class ActorSpec:
    """What an actor needs to make its own: the model, the images, and the cluster's index to ask, if there is one.

    thumbnails, strict: see `catalog.ingest.load.load`.
    """

    source: ImageSource
    model: Path | None = None
    index: str | None = None
    thumbnails: bool = False
    strict: bool = False


class IngestActor:
    """Loads and understands one chunk of tasks at a time."""

    def __init__(self, step: ActorSpec, device: str) -> None:
        self.source, self.thumbnails, self.strict = step.source, step.thumbnails, step.strict
        self.understander = Understander.load(step.model, device)
        self.batch_size = batch_size(device)
        self.index: ProductIndex | None = open_index(step.index, create=False) if step.index else None

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[bytes]]:
        return {"chunk": [pickle.dumps(self.process(pickle.loads(chunk))) for chunk in batch["chunk"]]}

    def process(self, chunk: list[Any]) -> list[Any]:
        known = self.index.hashes([task.row.id for task in chunk]) if self.index else [None] * len(chunk)
        asked = [task._replace(known=version) for task, version in zip(chunk, known, strict=True)]
        loaded = [load(task, self.source, self.understander, self.thumbnails, self.strict) for task in asked]
        return understand(loaded, self.understander, self.batch_size)


class Chunks(Datasource):
    """The feed's chunks from a position on, one pickled chunk a block, so that each goes to an actor by itself."""

    supports_distributed_reads = False

    def __init__(self, feed: Iterable[Row | BadRow], position: int, chunk: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.feed, self.position, self.chunk = feed, position, chunk

    def estimate_inmemory_data_size(self) -> None:
        return None

    def get_read_tasks(self, parallelism: int, *_: Any, **__: Any) -> list[ReadTask]:
        return [ReadTask(self.read, BlockMetadata(None, None, None, None))]

    def read(self) -> Iterator[Any]:
        import pyarrow as pa

        for chunk in tasks(self.feed, lambda ids: [None] * len(ids), self.position, self.chunk):
            yield pa.table({"chunk": [pickle.dumps(chunk)]})


def connect(address: str) -> None:
    """Join a Ray cluster, or start one of this machine alone ("local")."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    alone = address == "local"
    ray.init(
        address=address,
        include_dashboard=False if alone else None,
        log_to_driver=False,
        logging_level=logging.ERROR,
        ignore_reinit_error=True,
        _system_config=WITHOUT_METRICS if alone else None,
    )


def check(pool: Pool) -> None:
    """Raises ConfigInvalid for a pool that the cluster has no room for; Ray itself would wait for ever."""
    has = ray.cluster_resources()  # type: ignore[no-untyped-call]
    for name, each in (("CPU", pool.cpus), ("GPU", pool.gpus)):
        if each * pool.actors > has.get(name, 0):
            raise ConfigInvalid(
                f"{pool.actors} actors need {each * pool.actors:g} {name}s; the cluster has {has.get(name, 0):g}."
            )


class RayWorker:
    """A `catalog.ingest.run.Worker` by a pool of actors. Ray must be running."""

    def __init__(self, spec: ActorSpec, pool: Pool) -> None:
        self.spec, self.pool = spec, pool

    def results(self, feed: Iterable[Row | BadRow], knows: Knows, position: int = 0) -> Results:
        """As of a `LocalWorker`, but that each actor asks the cluster's index itself, in the place of `knows`."""
        check(self.pool)
        context = DataContext.get_current().copy()
        context.execution_options.preserve_order = True
        context.target_max_block_size = 1  # bytes: never join two chunks
        context.enable_progress_bars = False
        with DataContext.current(context):
            # Reading takes no processor for itself: with as many actors as processors it would wait for one for ever.
            source = read_datasource(Chunks(feed, position, CHUNK), override_num_blocks=1, num_cpus=0)
            dataset = source.map_batches(
                IngestActor,
                fn_constructor_args=(self.spec, "cuda" if self.pool.gpus else "cpu"),
                batch_size=1,
                compute=ActorPoolStrategy(size=self.pool.actors),
                num_gpus=self.pool.gpus,
                num_cpus=self.pool.cpus,
            )
            for row in dataset.iter_rows():
                yield pickle.loads(row["chunk"])
