"""An Excel workbook (.xlsx) -> its sheet of products as CSV, a row at a time, so that it is read as any table is.

Formulas stand for the values that Excel last calculated.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime, time
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from catalog.errors import FeedDamaged, FeedFormatUnsupported, installing
from catalog.feeds.columns import known

if TYPE_CHECKING:
    from openpyxl.cell.read_only import ReadOnlyCell
    from openpyxl.workbook.workbook import Workbook

WORKBOOK = "xl/workbook.xml"  # the entry of the zip that makes it one
LOOKED_AT = 10  # rows of a sheet, one of which is the header
ZEROS = re.compile("0{2,}")  # the format of a number that is written with leading zeros
# The currency of a number's format: [$€-407], "EUR", or the sign by itself.
CURRENCY = re.compile(r'\[\$([^\]\-]{1,8})|"\s*([A-Z]{3}|[^\w\s.,]{1,2})\s*"|([€£¥])')


class SheetText(io.RawIOBase):
    """A sheet as a stream of CSV. Reading raises FeedDamaged."""

    def __init__(self, file: BinaryIO, book: "Workbook", name: str) -> None:
        self._file, self._book = file, book
        self._rows = rows(book, name)
        self._held = bytearray()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        while size < 0 or len(self._held) < size:
            row = next(self._rows, None)
            if row is None:
                break
            line = io.StringIO()
            csv.writer(line, lineterminator="\n").writerow(row)
            self._held += line.getvalue().encode("utf-8", "replace")
        end = len(self._held) if size < 0 else size
        found = bytes(self._held[:end])
        del self._held[:end]
        return found

    def close(self) -> None:
        self._book.close()
        self._file.close()
        super().close()


def open_sheet(file: BinaryIO) -> BinaryIO:
    """file: a workbook, whose size must have been checked; it is closed with the stream, or where it cannot be read.

    Raises FeedFormatUnsupported and FeedDamaged.
    """
    with ExitStack() as undo:
        undo.callback(file.close)
        book = opened(file)
        undo.callback(book.close)
        stream = SheetText(file, book, sheet_of_products(book))
        undo.pop_all()
    return cast(BinaryIO, stream)


def opened(file: BinaryIO) -> "Workbook":
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise FeedFormatUnsupported(
            f"To read an Excel workbook, openpyxl is needed. {installing('excel')} Or save it as CSV (UTF-8)."
        ) from None
    try:
        return load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except MemoryError:
        raise
    except Exception:
        raise FeedDamaged("The Excel workbook is corrupt or truncated.") from None


def sheet_of_products(book: "Workbook") -> str:
    """The one visible sheet whose first rows name known columns, else the first. Raises FeedFormatUnsupported for
    several, of which all but one would be left out.
    """
    names = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not names:
        raise FeedFormatUnsupported("The Excel workbook has no visible sheet.")
    having = [name for name in names if names_columns(book, name)] if len(names) > 1 else names
    if len(having) > 1:
        shown = ", ".join(f'"{name[:40]}"' for name in having[:5])
        raise FeedFormatUnsupported(
            f"The Excel workbook has {len(having)} sheets of products ({shown}). Save each as a workbook of its own."
        )
    return having[0] if having else names[0]


def names_columns(book: "Workbook", name: str) -> bool:
    for _, row in zip(range(LOOKED_AT), rows(book, name), strict=False):
        if sum(known(cell) for cell in row if cell) > 1:
            return True
    return False


def rows(book: "Workbook", name: str) -> Iterator[Sequence[str]]:
    """Raises FeedDamaged."""
    sheet = book[name]
    # What programs write of a sheet's size is often wrong.
    sheet.reset_dimensions()
    number = 0
    try:
        for row in sheet.iter_rows():
            number += 1
            cells = [cell_text(cell) for cell in row]
            while cells and not cells[-1]:
                cells.pop()
            yield cells
    except (MemoryError, GeneratorExit):
        raise
    except Exception:
        raise FeedDamaged(f"The Excel workbook is corrupt: no row can be read after row {number:,}.") from None


def cell_text(cell: "ReadOnlyCell") -> str:
    """As a person sees it, where that says more than the value: leading zeros, a currency, a date without a time."""
    value: Any = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, int | float):
        return number_text(value, cell.number_format or "")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def number_text(value: int | float, form: str) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if ZEROS.fullmatch(form) and isinstance(value, int):
        return str(value).zfill(len(form))
    currency = CURRENCY.search(form)
    if currency:
        amount = f"{value:.2f}" if abs(round(value, 2) - value) < 1e-9 else repr(value)
        return f"{amount} {currency[1] or currency[2] or currency[3]}"
    return repr(value)
