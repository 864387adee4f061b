"""Sales as a shop exports them -> units a week of each product."""

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from catalog.demand.outlook import History
from catalog.errors import SalesInvalid

NAMES = {
    "id": ("id", "product_id", "sku", "item_id", "product"),
    "week": ("week", "date", "day", "ordered_at", "created_at", "timestamp"),
    "units": ("units", "quantity", "qty", "sales", "sold"),
}
MAX_WEEKS = 1040


def read_sales(path: Path) -> list[History]:
    """Read a CSV or Parquet file with a column for the product, for the week (its number, or a date) and for the units.
    Each history begins with the product's first sale. Raises SalesInvalid.
    """
    table = _table(path)
    columns = {meaning: _column(table, names) for meaning, names in NAMES.items()}
    found: dict[str, dict[int, float]] = {}
    for id, week, units in zip(*(columns[name] for name in ("id", "week", "units")), strict=True):
        weeks = found.setdefault(str(id), {})
        number = week_number(week)
        weeks[number] = weeks.get(number, 0.0) + _units(units)
    return histories(found)


def histories(found: dict[str, dict[int, float]]) -> list[History]:
    """found: by id and number of the week. Raises SalesInvalid."""
    numbers = [number for weeks in found.values() for number in weeks]
    if not numbers:
        raise SalesInvalid("The file has no sales.")
    last = max(numbers)
    if last - min(numbers) >= MAX_WEEKS:
        raise SalesInvalid(f"The sales span more than {MAX_WEEKS:,} weeks.")
    return [
        History(id, np.array([weeks.get(number, 0.0) for number in range(min(weeks), last + 1)]))
        for id, weeks in found.items()
    ]


def week_number(value: Any) -> int:
    """A number as it is; a date as the number of its week since Monday, 1 January 1. Raises SalesInvalid."""
    if isinstance(value, int):
        return value
    try:
        if isinstance(value, float | str) and str(value).strip().removesuffix(".0").isdecimal():
            return int(float(value))
        day = value if isinstance(value, date) else datetime.fromisoformat(str(value).strip())
    except ValueError:
        raise SalesInvalid(f"{str(value)[:40]!r} is neither the number of a week nor a date (ISO 8601).") from None
    return (day.toordinal() - 1) // 7


def _units(value: Any) -> float:
    try:
        units = float(value)
    except (TypeError, ValueError):
        units = np.nan
    if not 0 <= units < np.inf:
        raise SalesInvalid(f"{str(value)[:40]!r} is not a number of units, of at least 0.")
    return units


def _table(path: Path) -> pa.Table:
    try:
        return pq.read_table(path) if path.suffix == ".parquet" else pa_csv.read_csv(path)
    except (OSError, pa.ArrowException):
        raise SalesInvalid("The file is not a CSV or Parquet file that can be read.") from None


def _column(table: pa.Table, names: Iterable[str]) -> list[Any]:
    for column in table.column_names:
        if column.strip().lower() in names:
            return table[column].to_pylist()
    raise SalesInvalid(f"The file has no column with one of these names: {', '.join(names)}.")
