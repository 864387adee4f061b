"""Files of reviews, and what is said of rows that cannot be kept."""

from pathlib import Path

import pytest

from catalog.errors import FeedColumnsInvalid, FeedDamaged, FeedEncodingInvalid, FeedFormatUnsupported, FileNotReadable
from catalog.language.reviews import Review
from catalog.language.reviews.files import read_reviews


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


def test_tables_and_lines(tmp_path: Path) -> None:
    table = written(
        tmp_path / "reviews.csv",
        '\ufeffProduct_ID,review_id,Text,Rating,Date\na,1,"Good,\nreally",5,2026-01-01T00:00:00Z\na,2,,1,\nb,3,x,many,\n',
    )
    rows = list(read_reviews(table))
    assert rows[0].review == Review("1", "Good,\nreally", 5.0, 1767225600.0)
    assert [(row.line, row.reason) for row in rows[1:]] == [
        (4, "it has no product, no id or no text"),
        (5, "its rating is no number, or its time is not ISO 8601"),
    ]
    lines = written(tmp_path / "reviews.jsonl", '{"product": "a", "id": 7, "body": "很好", "stars": 4}\n\n')
    assert [row.review for row in read_reviews(lines)] == [Review("7", "很好", 4.0)]
    half = written(tmp_path / "half.jsonl", '{"product": "a", "id": "7", "text": "\\ud83d"}\n')
    assert [row.reason for row in read_reviews(half)] == ["half of a character is missing in it"]


@pytest.mark.parametrize(
    ("name", "text", "error", "said"),
    [
        ("a.csv", "id,text\n1,x\n", FeedColumnsInvalid, "needs a column product_id"),
        ("a.xml", "<a/>", FeedFormatUnsupported, "by its suffix"),
        ("a.jsonl", "{", FeedDamaged, "Line 1 is not JSON"),
        ("a.jsonl", "[]", FeedDamaged, "Line 1 is not a JSON object"),
    ],
)
def test_files_that_are_none(tmp_path: Path, name: str, text: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        list(read_reviews(written(tmp_path / name, text)))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotReadable, match=r"none\.csv"):
        list(read_reviews(tmp_path / "none.csv"))
    with pytest.raises(FeedEncodingInvalid, match="not UTF-8"):
        list(read_reviews(written(tmp_path / "a.csv", "product,id,text\na,1,很好\n", "gb18030")))
