"""What was accepted or corrected, as a patch of the merchant's feed: one row for each product, with what changes."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from catalog.feeds.columns import PREFIX
from catalog.feeds.formats.sheet import to_cell
from catalog.feeds.rewriting.placing import FIELD_NAMES
from catalog.quality.audit.changes import changes
from catalog.quality.audit.history import Told
from catalog.synonyms import attribute_name


def patch(corrections: Iterable[Told], columns: Mapping[str, str]) -> list[dict[str, str]]:
    """-> rows by column, of which the first is the id; what does not change of a product is left out of its row. Of
    several corrections of one field the last counts.

    columns: as of `columns_of`; a field without one is called as it is.
    """
    rows: dict[str, dict[str, str]] = {}
    own = columns.get("id", "id")
    for product, values in changes(corrections).items():
        row = rows.setdefault(product, {own: product})
        for field, value in values.items():
            column = columns.get(attribute_name(FIELD_NAMES.get(field, field)), field)
            row[f"{column}_corrected" if column == own else column] = value
    return list(rows.values())


def as_sheet(rows: Sequence[Mapping[str, str]]) -> str:
    """CSV."""
    header = list({column: None for row in rows for column in row}) or ["id"]
    written = io.StringIO()
    sheet = csv.writer(written)
    sheet.writerow(map(to_cell, header))
    sheet.writerows([to_cell(row.get(column)) for column in header] for row in rows)
    return written.getvalue()


def columns_of(used: Mapping[str, str | None]) -> dict[str, str]:
    """For `patch`: field or attribute -> column. used: the columns of a feed, each with what it is read as, if it is;
    the first of several counts.
    """
    found: dict[str, str] = {}
    for column, field in used.items():
        if field:
            found.setdefault(attribute_name(field.removeprefix(PREFIX)), column)
    return found
