"""Every cell of a feed against the truth: right, told of (by a warning, a bad row, a refusal), or wrong in silence."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from catalog.errors import CatalogError
from catalog.feeds import BadRow, Row, open_feed
from catalog.product import as_text
from tests.support.feed_corpus.cases import WRAPPINGS, Case
from tests.support.feed_corpus.faults import FAULTS
from tests.support.feed_corpus.products import Truth
from tests.support.feed_corpus.systems import SYSTEMS


class Verdict(NamedTuple):
    right: int = 0
    told: int = 0
    wrong: tuple[str, ...] = ()

    def __add__(self, other: "Verdict") -> "Verdict":  # type: ignore[override]
        return Verdict(self.right + other.right, self.told + other.told, self.wrong + other.wrong)


def judged(one: Case, folder: Path) -> Verdict:
    """Every cell of the feed: right, told of, or wrong in silence."""
    tells = SYSTEMS[one.system].tells
    path = folder / WRAPPINGS[one.wrapping].name
    path.write_bytes(one.data)
    try:
        rows = list(open_feed(path))
    except CatalogError:
        return Verdict(told=len(tells) * len(one.truths))
    bad = sum(isinstance(row, BadRow) for row in rows)
    found = {key: row for row in rows if isinstance(row, Row) for key in (row.id, row.product.title)}
    verdict = Verdict()
    for truth in one.truths:
        row = found.get(truth.id) or found.get(truth.title)
        if row is None:
            verdict += Verdict(told=len(tells)) if bad else Verdict(wrong=(f"{one.name}: {truth.id} is lost",))
        else:
            verdict += judged_row(one, truth, row, tells)
    return verdict


def judged_row(one: Case, truth: Truth, row: Row, tells: Sequence[str]) -> Verdict:
    told = bool(row.warnings)
    right, reported, wrong = 0, 0, []
    for field in tells:
        expected, value = wanted(truth, field), read(row, field)
        lost = field in FAULTS[one.fault].loses
        if value == expected or (lost and value in ("", None, ())):
            right += 1
        elif told:
            reported += 1
        else:
            wrong.append(f"{one.name}: {truth.id} {field}: {value!r} instead of {expected!r}")
    return Verdict(right, reported, tuple(wrong))


def wanted(truth: Truth, field: str) -> Any:
    return truth.images[0] if field == "first_image" else getattr(truth, field)


def read(row: Row, field: str) -> Any:
    product = row.product
    if field == "images":
        return tuple(dict.fromkeys(row.references))  # as they are read
    if field == "first_image":
        return next(iter(row.references), "")
    if field == "colour":
        return as_text(product.attributes.get("colour", ""))
    if field == "active":
        return product.status == "active"
    if field == "available":
        return product.availability == "in_stock"
    return getattr(product, field)
