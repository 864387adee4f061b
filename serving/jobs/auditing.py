"""The store as an audit asks it: all products, and a place for what is found."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from catalog.index.backend import in_chunks
from catalog.product import StoredProduct
from catalog.quality.audit import Run
from catalog.quality.finding import Finding
from serving.jobs.loop_bridge import LoopBridge
from serving.storage.store_api import StoreApi

FINDINGS_AT_ONCE = 500


class StoredCatalogue:
    """A `catalog.quality.audit.run.Keeper`, and what is audited."""

    def __init__(self, store: StoreApi, call: LoopBridge) -> None:
        self._store, self._call = store, call

    def scan(self) -> Iterator[Sequence[StoredProduct]]:
        products, after = self._call(self._store.products)
        yield products
        while after:
            self._call.check()
            products, after = self._call(partial(self._store.products, after))
            yield products

    def begin(self) -> None:
        self._call(self._store.begin_audit)

    def stage(self, findings: Iterable[Finding]) -> None:
        for some in in_chunks(findings, FINDINGS_AT_ONCE):
            self._call.check()
            self._call(partial(self._store.stage_findings, list(some)))

    def finish(self, products: int, figures: Mapping[str, float]) -> Run:
        return self._call(partial(self._store.finish_audit, products, figures))
