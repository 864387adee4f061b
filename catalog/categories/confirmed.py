"""A mapping of trees as a sheet, in which a person confirms: a category a row, with its counterparts.

The column `confirmed` is empty until then. "yes" confirms the counterpart of the row, "no" says that there is none, and
another counterpart's id or path confirms that one.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from catalog.categories.files import read_text
from catalog.categories.mapping import Mapped
from catalog.errors import TaxonomyInvalid
from catalog.taxonomy.tree import SEPARATOR, Taxonomy

COLUMNS = ("id", "path", "to", "to_path", "score", "finer", "confirmed", "alternatives")
YES = {"yes", "y", "x", "1", "true", "ok", "\u2713", "\u662f"}
NO = {"no", "n", "-", "0", "false", "none", "\u5426"}
BETWEEN = " | "  # between the alternatives, each "id: path"


@dataclass(frozen=True, slots=True)
class Counterpart:
    """What was confirmed. path: "" where only the id was given. Of a category that has none both are ""."""

    id: str
    path: str

    @property
    def google(self) -> str:
        """As Google takes it: its id, else the whole path."""
        return self.id if self.id.isdecimal() or not self.path else self.path


def as_sheet(
    mapped: Iterable[Mapped], first: Taxonomy, second: Taxonomy, confirmed: Mapping[str, Counterpart] | None = None
) -> str:
    """confirmed: what was confirmed before, which stays so."""
    text = io.StringIO()
    sheet = csv.writer(text, lineterminator="\r\n")
    sheet.writerow(COLUMNS)
    for one in mapped:
        best = next(iter(one.proposals), None)
        said = (confirmed or {}).get(one.node.id)
        offered = [Counterpart(each.node.id, SEPARATOR.join(second.path(each.node.id))) for each in one.proposals]
        others = [*offered[1:], *([said] if said and said.id and said.path and said not in offered else [])]
        sheet.writerow(
            (
                one.node.id,
                SEPARATOR.join(first.path(one.node.id)),
                offered[0].id if offered else "",
                offered[0].path if offered else "",
                f"{best.score:.3f}" if best else "",
                "yes" if best and best.finer else "",
                _cell(said, offered[:1]),
                BETWEEN.join(f"{each.id}: {each.path}" for each in others),
            )
        )
    return "\ufeff" + text.getvalue()


def _cell(said: Counterpart | None, best: Sequence[Counterpart]) -> str:
    """What is written of a confirmed counterpart. Google's id 1 would be read as a yes, so its path stands for it."""
    if said is None:
        return ""
    if said in best:
        return "yes"
    return (said.path if said.id.casefold() in YES | NO else said.id) or said.id or said.path or "no"


def confirmed_in(path: Path) -> dict[str, Counterpart]:
    """The sheet's confirmed rows: a category's id -> its counterpart. Raises FileNotReadable, TaxonomyInvalid."""
    rows = _rows(path)
    known: dict[str, Counterpart] = {}
    for _, row in rows:
        pairs = [(row["to"], row["to_path"]), *(_pair(one) for one in row["alternatives"].split(BETWEEN) if one)]
        for id, to_path in pairs:
            known[id] = known[to_path.casefold()] = Counterpart(id, to_path)
    found: dict[str, Counterpart] = {}
    for line, row in rows:
        said = row["confirmed"].strip()
        if not said:
            continue
        if said.casefold() in YES and row["to"]:
            counterpart = Counterpart(row["to"], row["to_path"])
        elif said.casefold() in NO:
            counterpart = Counterpart("", "")
        else:
            counterpart = known.get(said) or known.get(said.casefold()) or _written(said, line)
        if found.setdefault(row["id"], counterpart) != counterpart:
            raise TaxonomyInvalid(f"Line {line}: {row['id']!r} is confirmed twice, as two different categories.")
    return found


def _written(said: str, line: int) -> Counterpart:
    """A counterpart that nobody proposed. Raises TaxonomyInvalid for what can be neither an id nor a path."""
    if said.isdecimal():
        return Counterpart(said, "")
    if SEPARATOR.strip() in said:
        return Counterpart("", said)
    raise TaxonomyInvalid(
        f"Line {line}: {said!r} in the column confirmed is neither yes nor no nor the id or the path of a category."
    )


def _pair(alternative: str) -> tuple[str, str]:
    id, _, to_path = alternative.partition(": ")
    return id.strip(), to_path.strip()


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Line and cells, of a sheet that a spreadsheet program may have saved with other delimiters."""
    text = read_text(path)
    header = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=max(",;\t", key=header.count), restval="")
    if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
        raise TaxonomyInvalid(f"{path.name} is no mapping of trees: it has no column {missing[0]!r}.")
    return [(reader.line_num, {name: row[name] for name in COLUMNS}) for row in reader]
