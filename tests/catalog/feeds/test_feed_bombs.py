"""Feeds that are bombs end in an error that names the limit."""

from pathlib import Path

import pytest

from catalog.errors import CatalogError
from catalog.feeds import FeedLimits
from catalog.feeds.columns import MAX_COLUMNS
from catalog.images import archives
from tests.catalog.feeds.test_malformed_feeds import zipped
from tests.support.feed_files import read

GUIDE = Path(__file__).parents[3] / "docs" / "catalog.md"
SMALL = FeedLimits(max_values=100, max_rows=50, max_empty=20, max_bad=10)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("f.csv", "id,title\n" + "\n" * 30, "more than 20 empty lines one after another"),
        ("f.csv", "id,title\n" + ",\n" * 30, "more than 20 empty lines one after another"),
        ("f.jsonl", '{"id": "a", "title": "x"}\n' + "\n" * 30, "more than 20 empty lines one after another"),
        ("f.csv", "id,title\n" + '1,"x\n' * 30, "Of the first 11 rows 11 cannot be read"),
        ("f.csv", "id,title\n" + ",x\n" * 30, "Of the first 11 rows 11 cannot be read"),
        ("f.csv", "id,title\n" + "".join(f"{n},x\n" for n in range(60)), "more than 50 rows, which is the limit"),
        ("f.csv", "id,title" + "," * 30_000, "names more than 20,000 columns; the limit is 1,000"),
    ],
)
def test_a_bomb_ends_at_the_limit_that_it_names(tmp_path: Path, name: str, content: str, told: str) -> None:
    with pytest.raises(CatalogError, match=told):
        read(tmp_path, name, content, limits=SMALL)


def test_a_line_of_many_values_is_a_bad_row_alone(tmp_path: Path) -> None:
    many = '{"id": "a", "title": [' + "[]," * 200 + "1]}\n"
    rows = read(tmp_path, "f.jsonl", many + '{"id": "b", "title": "x"}\n', limits=SMALL)
    assert [row.id for row in rows] == ["", "b"]


def test_entries_of_a_zip_are_counted_before_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_ENTRIES", 3)
    many = zipped(**{f"{number}.csv": b"" for number in range(4)})
    with pytest.raises(CatalogError, match="more than 3 entries"):
        read(tmp_path, "f.zip", many)


def test_the_documented_limits_are_those_that_are_kept() -> None:
    limits = FeedLimits()
    kept = {
        "rows": limits.max_rows,
        "empty lines one after another": limits.max_empty,
        "rows that cannot be read, where they are the most": limits.max_bad,
        "columns": MAX_COLUMNS,
        "a line of text (images as data URIs included)": limits.max_line,
        "values of a line, by its delimiters": limits.max_values,
        "a row's cells together": limits.max_row,
        "a cell": limits.max_cell,
        "an id": limits.max_id,
        "images of a product": limits.max_images,
        "lines of a quoted cell": limits.max_quoted_lines,
        "entries of a zip": archives.MAX_ENTRIES,
        "the list of entries of a zip": archives.MAX_DIRECTORY,
        f"unpacked over packed size of a zip or of gzip, beyond {archives.FREE:,} bytes": archives.MAX_RATIO,
    }
    table = GUIDE.read_text(encoding="utf-8").partition("| a feed's limit |")[2].partition("\n\n")[0]
    told = {name: int(figure.split()[0].replace(",", "")) for _, name, figure, *_ in map(cells, table.splitlines()[2:])}
    assert told == kept


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")]
