"""A merchant's own tree: one path a line, a table with a column of paths or of parents, or our own JSON."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from catalog.categories.files import read_text
from catalog.categories.paths import Category, tree_of
from catalog.errors import ConfigInvalid, TaxonomyInvalid
from catalog.feeds.texts.markup import unescaped
from catalog.taxonomy.tree import Taxonomy

STEP = re.compile("[>\u203a\u00bb]")  # ">" and its typographic forms
OTHER_STEPS = ("/", "|", "\\", "::")  # which may as well be of a name
DELIMITERS = "\t;,|"
LOOKED_AT = 200  # rows
# What a column is called, lower case without spaces, _ and -.
NAMES = {
    "path": (
        "path", "fullpath", "fullname", "categorypath", "pathname", "breadcrumb", "breadcrumbs", "producttype",
        "taxonomypath", "kategoriepfad", "pfad", "chemin", "ruta", "路径", "类目路径", "分类路径",
    ),
    "name": (
        "name", "label", "title", "categoryname", "category", "categories", "kategorie", "nom", "catégorie", "nombre",
        "categoría", "名称", "类目", "分类", "类目名称", "分类名称",
    ),
    "id": ("id", "categoryid", "code", "categorycode", "key", "gid", "nodeid", "编号", "类目id", "分类id"),
    "parent": ("parent", "parentid", "parentcategory", "parentcategoryid", "parentcode", "父类目", "上级", "父id"),
    "label_zh": ("labelzh", "namezh", "zh", "zhcn", "chinese", "中文", "中文名", "中文名称"),
    "google": ("google", "googleid", "googleproductcategory", "googlecategory"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table that the caller names, "" for those to be recognised; separator: between a path's steps,
    "" for ">".
    """

    path: str = ""
    id: str = ""
    separator: str = ""


class Row(NamedTuple):
    where: str
    cells: Mapping[str, str]  # by field of NAMES


def read_paths(path: Path, columns: Columns) -> Taxonomy:
    """Raises FileNotReadable, FeedEncodingInvalid, TaxonomyInvalid, ConfigInvalid for a column that is not there."""
    text = read_text(path)
    if path.suffix.lower() == ".json" or text.lstrip().startswith("{"):
        return Taxonomy.from_json(text)
    table = _table(text, path, columns)
    if table is None:
        lines = ((f"Line {n}", line.strip()) for n, line in enumerate(text.splitlines(), 1))
        rows = [Row(where, {"path": line}) for where, line in lines if line and not line.startswith("#")]
    else:
        rows = table
    by_parent = any("parent" in row.cells for row in rows) and not columns.path
    found = _by_parents(rows) if by_parent else _by_paths(rows, columns.separator)
    return tree_of(found, path.stem)


def _table(text: str, path: Path, columns: Columns) -> list[Row] | None:
    """The rows of a table; None for a file of lines."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    named = path.suffix.lower() in (".csv", ".tsv")
    if not (named or columns.path or "\t" in first):
        return None
    delimiter = max(DELIMITERS, key=first.count) if named else "\t" if "\t" in first else ","
    try:
        reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True)
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if any(map(str.strip, row))]
    except csv.Error:
        raise TaxonomyInvalid(f"{path.name}: a quoted cell does not end where it should.") from None
    if not rows:
        raise TaxonomyInvalid("The file has no categories.")
    places, headed = _places(rows[0][1], [cells for _, cells in rows[1 : LOOKED_AT + 1]], columns)
    return [
        Row(f"Line {line}", {field: cells[at] for field, at in places.items() if at < len(cells)})
        for line, cells in rows[headed:]
    ]


def _places(header: Sequence[str], rows: Sequence[Sequence[str]], columns: Columns) -> tuple[dict[str, int], bool]:
    """Field -> column, and whether the first row is a header."""
    folded = [re.sub(r"[\s_-]", "", name.casefold()) for name in header]
    places = {
        field: next(at for at, name in enumerate(folded) if name in known)
        for field, known in NAMES.items()
        if any(name in known for name in folded)
    }
    for field, name in (("path", columns.path), ("id", columns.id)):
        if name and name not in header:
            raise ConfigInvalid(f"There is no column {name!r}, only {', '.join(map(repr, header))}.")
        if name:
            places[field] = header.index(name)
    headed = bool(places)
    if "path" in places or {"name", "parent", "id"} <= places.keys():
        return places, True
    of_paths = [at for at in range(len(header)) if any(STEP.search(row[at]) for row in rows if at < len(row))]
    if not headed and not of_paths:
        of_paths = [at for at, cell in enumerate(header) if STEP.search(cell)]
    if len(of_paths) == 1:
        return places | {"path": of_paths[0]}, headed or not STEP.search(header[of_paths[0]])
    if not of_paths and ("name" in places or len(header) == 1):
        return {"path": 0} | places | ({"path": places["name"]} if "name" in places else {}), headed
    raise TaxonomyInvalid(
        f"Which column holds the paths? Name it: --path COLUMN, one of {', '.join(map(repr, header))}."
    )


def _by_paths(rows: Sequence[Row], separator: str) -> Iterator[Category]:
    paths = [unescaped(row.cells.get("path", "")) for row in rows]
    if not separator and not any(map(STEP.search, paths)):
        _check_separator(paths)
    for row, path in zip(rows, paths, strict=True):
        steps = path.split(separator) if separator else STEP.split(path)
        names = tuple(" ".join(step.split()) for step in steps)
        names = names[:-1] if len(names) > 1 and not names[-1] else names  # "Home > Garden >"
        yield _category(row, names)


def _check_separator(paths: Sequence[str]) -> None:
    """Raises TaxonomyInvalid where another mark than ">" may part the steps: it may be of the names as well."""
    for mark in OTHER_STEPS:
        if found := next((path for path in paths if mark in path.strip(mark)), None):
            raise TaxonomyInvalid(
                f"No path has '>', and some have {mark!r}, as {found[:80]!r}. If it parts the steps, say"
                f" --separator '{mark}'; if it belongs to the names, say --separator '>'."
            )


def _by_parents(rows: Sequence[Row]) -> Iterator[Category]:
    """parent: the id of another row, or its name where the table has no ids."""
    known: dict[str, Row] = {}
    for row in rows:
        key = row.cells.get("id") or row.cells.get("name", "")
        if (other := known.setdefault(key, row)) is not row:
            raise TaxonomyInvalid(f"{row.where}: {key!r} is that of {other.where[:1].lower()}{other.where[1:]}, too.")
    for row in rows:
        yield _category(row, tuple(" ".join(unescaped(one.cells.get("name", "")).split()) for one in _line(row, known)))


def _line(row: Row, known: Mapping[str, Row]) -> list[Row]:
    """The row and those above it, top first."""
    line = [row]
    while (parent := line[0].cells.get("parent", "")) and (parent in known or parent != "0"):
        if parent not in known:
            raise TaxonomyInvalid(f"{line[0].where}: there is no category {parent!r}, its parent.")
        if known[parent] in line:
            raise TaxonomyInvalid(f"{row.where}: the category lies below itself.")
        line.insert(0, known[parent])
    return line


def _category(row: Row, names: tuple[str, ...]) -> Category:
    cells = row.cells
    zh = cells.get("label_zh", "")
    return Category(names, row.where, cells.get("id", ""), cells.get("google", ""), (zh,) if zh else ())
