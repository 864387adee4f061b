"""All checks over a catalogue, which is read twice: first to learn what is usual in it, then to judge each product."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from catalog.product import StoredProduct
from catalog.quality.audit.history import Run
from catalog.quality.finding import Finding


class Check:
    """One kind of fault. A check overrides what it needs; what it keeps of a product should be small."""

    def learn(self, stored: StoredProduct) -> None:
        """Called for every product before any is judged."""

    def settle(self) -> None:
        """Called when all were learnt from."""

    def of_product(self, stored: StoredProduct) -> Iterable[Finding]:
        """Called for every product, after `settle`."""
        return ()

    def of_catalogue(self) -> Iterable[Finding]:
        """What only all products together show. Called last."""
        return ()

    def figures(self) -> Mapping[str, float]:
        """What it can say of the catalogue as a whole, by name; called after all else."""
        return {}


class Keeper(Protocol):
    """Where findings are kept: a `History`, or one in another process."""

    def begin(self) -> None: ...
    def stage(self, findings: Iterable[Finding]) -> None: ...
    def finish(self, products: int, figures: Mapping[str, float]) -> Run: ...


def audit(
    checks: Sequence[Check],
    scan: Callable[[], Iterator[Sequence[StoredProduct]]],
    keeper: Keeper,
    progress: Callable[[int], object] = lambda products: None,
) -> Run:
    """Run checks, which must be new ones. scan: all products with their embeddings, in parts; called twice. progress:
    is told of products as they are read, so of each twice.

    Interrupted, the findings of the run before stay.
    """
    keeper.begin()
    seen = 0
    for products in scan():
        for stored in products:
            for check in checks:
                check.learn(stored)
        seen += len(products)
        progress(len(products))
    for check in checks:
        check.settle()
    for products in scan():
        keeper.stage([one for stored in products for check in checks for one in check.of_product(stored)])
        progress(len(products))
    for check in checks:
        keeper.stage(check.of_catalogue())
    return keeper.finish(seen, {name: value for check in checks for name, value in check.figures().items()})
