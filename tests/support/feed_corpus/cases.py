"""Every system in every encoding and delimiter with every fault."""

import csv
import io
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from tests.support.feed_corpus.faults import FAULTS, Fault
from tests.support.feed_corpus.products import Truth, products
from tests.support.feed_corpus.systems import SYSTEMS, Cells


class Wrapping(NamedTuple):
    encoding: str
    delimiter: str
    name: str = "feed.csv"


WRAPPINGS = {
    "utf-8 comma": Wrapping("utf-8", ","),
    "utf-8 semicolon": Wrapping("utf-8", ";"),
    "utf-8 tab": Wrapping("utf-8", "\t", "feed.tsv"),
    "utf-8 pipe": Wrapping("utf-8", "|", "feed.txt"),
    "utf-8 with a mark": Wrapping("utf-8-sig", ","),
    "utf-16": Wrapping("utf-16", "\t", "feed.txt"),
    "windows-1252": Wrapping("cp1252", ";"),
    "gb18030": Wrapping("gb18030", ","),
}


def table_bytes(rows: Sequence[Cells], wrapping: Wrapping) -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, delimiter=wrapping.delimiter, lineterminator="\r\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(wrapping.encoding, "xmlcharrefreplace")


@dataclass(frozen=True)
class Case:
    """A feed, and the products that it was made from."""

    system: str
    wrapping: str
    fault: str
    truths: tuple[Truth, ...]
    data: bytes

    @property
    def name(self) -> str:
        return f"{self.system}, {self.wrapping}, {self.fault}"


def cases(seed: int, rows: int) -> Iterator[Case]:
    """Every system in every wrapping with every fault."""
    for system in SYSTEMS:
        for wrapping in WRAPPINGS:
            for fault in FAULTS:
                yield case(system, wrapping, fault, rows, seed)


def case(system: str, wrapping: str, fault: str, rows: int, seed: int) -> Case:
    truths = tuple(products(random.Random(f"{seed} {system} {wrapping} {fault}"), rows))
    written, spoilt = SYSTEMS[system].row, FAULTS[fault]
    table = [spoilt_row(one, written, spoilt) for one in truths]
    table = spoilt.rows(table) if spoilt.rows else table
    data = table_bytes(table, WRAPPINGS[wrapping])
    return Case(system, wrapping, fault, truths, spoilt.data(data) if spoilt.data and "16" not in wrapping else data)


def spoilt_row(one: Truth, written: Callable[[Truth], Cells], fault: Fault) -> Cells:
    """The row with each cell that tells a spoilt field spoilt: found by writing the product with the field changed."""
    row = written(one)
    for field, spoil in (fault.cells or {}).items():
        for name in telling(one, written, field):
            if row[name]:
                row[name] = spoil(row[name])
    return row


def telling(one: Truth, written: Callable[[Truth], Cells], field: str) -> list[str]:
    """The columns that tell the field and nothing else of the product."""
    value = getattr(one, field)
    changed: dict[str, Any] = {field: f"{value}?" if isinstance(value, str) else (value or 0) + 1}
    other = replace(one, **changed)
    before, after = written(one), written(other)
    return [name for name in before if before[name] != after[name] and name not in SHARED]


# Cells that hold several things at once: a fault of one is not one of all.
SHARED = (
    *("Variant SKU", "SKU", "Reference #", "listing-id", "Product Code/SKU", "model", "url_key", "meta_title(en-gb)"),
    *("additional_attributes", "Feature(Name:Value:Position)"),
)
