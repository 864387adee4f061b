"""The checks that ship."""

from collections.abc import Iterable, Mapping

from catalog.product import StoredProduct
from catalog.quality.audit.group_findings import group_findings
from catalog.quality.audit.run import Check
from catalog.quality.finding import Finding
from catalog.quality.groups import Grouping, Item


class Groups(Check):
    """Products that are listed twice, and variants. figures: "distinct", how many different products there are."""

    def __init__(self) -> None:
        self._items: list[Item] = []
        self._grouping = Grouping()

    def learn(self, stored: StoredProduct) -> None:
        self._items.append(Item.of(stored))

    def of_catalogue(self) -> Iterable[Finding]:
        self._grouping.add_all(self._items)
        self._items.clear()
        yield from group_findings(self._grouping)

    def figures(self) -> Mapping[str, float]:
        return {"distinct": len(self._grouping.groups())}


def shipped_checks() -> list[Check]:
    """New ones, as each holds what it has learnt."""
    return [Groups()]
