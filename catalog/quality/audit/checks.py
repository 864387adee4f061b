"""The checks that ship."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from catalog.product import StoredProduct
from catalog.quality.audit.group_findings import group_findings
from catalog.quality.audit.run import Check
from catalog.quality.completeness import Expectations, completeness
from catalog.quality.conflicts import conflict_findings
from catalog.quality.conflicts.misfiled import OwnCategories
from catalog.quality.finding import Finding
from catalog.quality.groups import Grouping, Item
from catalog.taxonomy.tree import Taxonomy

# Products that lack the same, told of one by one: at most so many, and so large a share of all or a handful.
FEW, FEW_OF_ALL, HANDFUL = 50, 0.1, 3
SHOWN = 20  # products that one finding for many of them names


class Conflicts(Check):
    """Products that contradict themselves, as they were noted when they were read."""

    def of_product(self, stored: StoredProduct) -> Iterable[Finding]:
        return conflict_findings(stored)


class Misfiled(Check):
    """Products under another of the merchant's categories than those that are most like them."""

    def __init__(self) -> None:
        self._categories = OwnCategories()

    def learn(self, stored: StoredProduct) -> None:
        self._categories.learn(stored)

    def of_catalogue(self) -> Iterable[Finding]:
        return self._categories.findings()


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


class Lacks(Check):
    """What products lack. What can be proposed is told of each product; what many lack in the same way, and nothing is
    proposed for, is told of once. figures: "completeness", the mean score, 0 to 100.
    """

    def __init__(self, taxonomy: Taxonomy | None) -> None:
        self._expectations = Expectations(taxonomy)
        self._points, self._products = 0.0, 0
        self._counts = Counter[tuple[str, str]]()
        self._first: dict[tuple[str, str], list[Finding]] = {}

    def learn(self, stored: StoredProduct) -> None:
        self._expectations.learn(stored)

    def settle(self) -> None:
        self._expectations.settle()

    def of_product(self, stored: StoredProduct) -> Iterable[Finding]:
        found = completeness(stored, self._expectations)
        self._points += found.score
        self._products += 1
        for one in found.findings:
            if one.proposed:
                yield one
            else:
                kind = (one.code, one.field)
                self._counts[kind] += 1
                if self._counts[kind] <= FEW:
                    self._first.setdefault(kind, []).append(one)

    def of_catalogue(self) -> Iterable[Finding]:
        few = min(FEW, max(HANDFUL, FEW_OF_ALL * self._products))
        for kind, findings in self._first.items():
            if (count := self._counts[kind]) <= few:
                yield from findings
            else:
                others = tuple(one.product for one in findings[:SHOWN])
                yield replace(findings[0], product="", others=others, said=f"{count:,}")

    def figures(self) -> Mapping[str, float]:
        return {"completeness": round(self._points / max(self._products, 1), 1)}


def shipped_checks(taxonomy: Taxonomy | None = None) -> list[Check]:
    """New ones, as each holds what it has learnt. taxonomy: of the model that filed the products."""
    return [Conflicts(), Misfiled(), Groups(), Lacks(taxonomy)]
