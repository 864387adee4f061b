"""Google's product taxonomy, as Google publishes it: a category a line, with its id ("166 - Apparel & Accessories") or
its path alone; or as a nested set, "126 | [ 251- 730] | Apparel & Accessories".

The numbers of a nested set are running ones, not Google's ids. Without ids a category is called by its whole path,
which Google takes in their place.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from catalog.categories.files import chinese, chosen, read_text
from catalog.categories.paths import Category, tree_of
from catalog.errors import FileNotReadable, TaxonomyInvalid
from catalog.taxonomy.names import split_path
from catalog.taxonomy.tree import SEPARATOR, Taxonomy

NAME = re.compile(r"taxonomy(?:-with-ids)?\.([A-Za-z-]+)\.txt")
WITH_ID = re.compile(r"(\d+) - (.+)")
NESTED = re.compile(r"\d+ \| \[ *(\d+)- *(\d+)\] \| (.+)")
VERSION = re.compile(r"# Google_Product_Taxonomy_Version: (\S+)")


class Line(NamedTuple):
    """where: such as "Line 3"; id: Google's, or ""."""

    where: str
    path: tuple[str, ...]
    id: str = ""


def read_google(path: Path, languages: Sequence[str] = ()) -> Taxonomy:
    """path: a file, or a folder with taxonomy-with-ids.LANGUAGE.txt of several languages. languages: as of
    `read_source`. Raises FileNotReadable, TaxonomyInvalid.
    """
    files = chosen(_files(path), languages)
    texts = {language: read_text(file) for language, file in files.items()}
    label, *others = texts
    lines = lines_in(texts[label])
    if others and not lines[0].id:
        raise TaxonomyInvalid("Files without ids cannot be brought together in several languages. Give one of them.")
    names = {other: {line.id: line.path for line in lines_in(texts[other]) if line.id} for other in others}
    zh = chinese(list(names))
    categories = [
        Category(
            line.path,
            line.where,
            line.id,
            line.id or SEPARATOR.join(line.path),
            names[zh].get(line.id, ()) if zh else (),
            tuple(names[other][line.id] for other in others if other != zh and line.id in names[other]),
        )
        for line in lines
    ]
    version = VERSION.search(texts[label])
    return tree_of(categories, f"google {version[1]}" if version else "google")


def lines_in(text: str) -> list[Line]:
    """Raises TaxonomyInvalid where there are none."""
    rows = [(f"Line {number}", line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    rows = [(where, row) for where, row in rows if row and not row.startswith("#")]
    if not rows:
        raise TaxonomyInvalid("The file has no categories.")
    if any(NESTED.fullmatch(row) for _, row in rows):
        return _nested(rows)
    if not any(WITH_ID.fullmatch(row) for _, row in rows):
        return [Line(where, split_path(row)) for where, row in rows]
    found = [(where, _matched(WITH_ID, row, where)) for where, row in rows]
    return [Line(where, split_path(one[2]), one[1]) for where, one in found]


def _matched(form: re.Pattern[str], row: str, where: str) -> re.Match[str]:
    if found := form.fullmatch(row):
        return found
    raise TaxonomyInvalid(f"{where} is not written as the others are: {row[:80]!r}.")


def _nested(rows: Sequence[tuple[str, str]]) -> list[Line]:
    """Those within whose numbers a category's lie are above it, wherever their lines are."""
    found = [(where, _matched(NESTED, row, where)) for where, row in rows]
    lines, above = [], list[tuple[str, int]]()
    for where, one in sorted(found, key=lambda item: int(item[1][1])):
        above = [outer for outer in above if outer[1] > int(one[2])] + [(one[3].strip(), int(one[2]))]
        lines.append(Line(where, tuple(name for name, _ in above)))
    return lines


def _files(path: Path) -> dict[str, Path]:
    if not path.is_dir():
        named = NAME.fullmatch(path.name)
        return {named[1] if named else "en": path}
    names = [(NAME.fullmatch(file.name), file) for file in sorted(path.iterdir(), reverse=True)]
    found = {named[1]: file for named, file in names if named}
    if not found:
        raise FileNotReadable(f"{path.name!r} has no file such as taxonomy-with-ids.en-US.txt, as Google publishes it.")
    return found
