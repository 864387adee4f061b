"""Reviews in files, as review systems export them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from catalog.language.reviews.review import MAX_ID, MAX_TEXT, Review
from catalog.language.texts.rows import TextRow, check_columns, pick, read_rows

PRODUCT = ("product_id", "product", "sku", "商品编号")
ID = ("review_id", "id", "评论编号")
TEXT = ("text", "review", "body", "content", "评论", "内容")
RATING = ("rating", "stars", "score", "评分")
WRITTEN = ("written_at", "date", "created_at", "time", "日期", "时间")


class ReviewRow(NamedTuple):
    """review: None where the row cannot be kept, for the reason."""

    line: int
    product: str
    review: Review | None
    reason: str = ""


def read_reviews(path: Path) -> Iterator[ReviewRow]:
    """Raises FeedColumnsInvalid without a column for the product, the review's id or its text, or what `read_rows`
    does.
    """
    for number, row in enumerate(read_rows(path)):
        if not number:
            check_columns(row, PRODUCT, ID, TEXT)
        yield _read(row)


def _read(row: TextRow) -> ReviewRow:
    product, id, text = pick(row, PRODUCT), pick(row, ID), pick(row, TEXT)
    if not (product and id and text):
        return ReviewRow(row.line, product, None, "it has no product, no id or no text")
    if any("\ud800" <= letter <= "\udfff" for letter in product + id + text):
        return ReviewRow(row.line, "", None, "half of a character is missing in it")
    if max(len(product), len(id)) > MAX_ID or len(text) > MAX_TEXT:
        return ReviewRow(row.line, product, None, "its id or its text is too long")
    try:
        review = Review(id, text, _rating(pick(row, RATING)), _moment(pick(row, WRITTEN)))
    except ValueError:
        return ReviewRow(row.line, product, None, "its rating is no number, or its time is not ISO 8601")
    return ReviewRow(row.line, product, review)


def _rating(cell: str) -> float | None:
    """Raises ValueError."""
    if not cell:
        return None
    rating = float(cell)
    if not 0 <= rating <= 100:
        raise ValueError
    return rating


def _moment(cell: str) -> float | None:
    """Without a time zone UTC is meant. Raises ValueError."""
    if not cell:
        return None
    moment = datetime.fromisoformat(cell)
    return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
