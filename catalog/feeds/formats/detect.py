"""Which format a feed has, told by its first bytes; its name only decides what they leave open."""

import io
from typing import Literal

from catalog.errors import FeedEmpty, FeedEncodingInvalid, FeedFormatUnsupported
from catalog.feeds.formats.lines import utf8
from catalog.feeds.formats.tables import DELIMITERS

Format = Literal["csv", "jsonl", "parquet", "folder", "zip"]
SAMPLE = 100  # lines
TABLES = (".csv", ".tsv", ".txt", ".tab")
FEEDS = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")  # in a zip, where a .txt is most often a note
# First bytes -> what to say of the format they begin.
FOREIGN = {
    b"\x1f\x8b": "The feed is compressed with gzip. Decompress it first.",
    b"BZh": "The feed is compressed with bzip2. Decompress it first.",
    b"\x28\xb5\x2f\xfd": "The feed is compressed with Zstandard. Decompress it first.",
    b"\xd0\xcf\x11\xe0": "The feed is an Excel workbook. Save it as CSV (UTF-8).",
    b"\xff\xd8\xff": "The feed is a single image. Give the folder that contains it.",
    b"\x89PNG": "The feed is a single image. Give the folder that contains it.",
    b"GIF8": "The feed is a single image. Give the folder that contains it.",
    b"\xff\xfe\x00\x00": "The feed is UTF-32. Save it as UTF-8.",
    b"\x00\x00\xfe\xff": "The feed is UTF-32. Save it as UTF-8.",
}


def format_of(head: bytes, name: str) -> Format:
    """Raises FeedEmpty, FeedFormatUnsupported, FeedEncodingInvalid, FeedDamaged."""
    for start, message in FOREIGN.items():
        if head.startswith(start):
            raise FeedFormatUnsupported(message)
    if head.startswith(b"PAR1"):
        return "parquet"
    text = b"".join(utf8(io.BytesIO(head))).lstrip()
    check_encoding(text)
    if not text:
        raise FeedEmpty
    line = text.splitlines()[0].rstrip()
    if b"\0" in line:
        raise FeedFormatUnsupported
    if line == b"{":
        raise FeedFormatUnsupported("The feed is one JSON document over several lines. Write one object per line.")
    if line.startswith(b"{"):
        return "jsonl"
    if not name.lower().endswith(TABLES):
        check_is_table(line)
    return "csv"


def check_encoding(text: bytes) -> None:
    """text: the feed's beginning. Raises FeedEncodingInvalid where most of its lines are no UTF-8, and the others are
    ASCII: a line that alone is not valid is left to fail alone.
    """
    lines = [line for line in text.splitlines()[:SAMPLE] if line.strip()]
    foreign = [line for line in lines if not line.isascii()]
    wrong = sum(not is_utf8(line) for line in foreign)
    if 2 <= wrong == len(foreign) and 2 * wrong >= len(lines) and b"\0" not in text:
        raise FeedEncodingInvalid


def is_utf8(line: bytes) -> bool:
    try:
        return bool(line.decode())
    except UnicodeDecodeError:
        return False


def check_is_table(line: bytes) -> None:
    """line: the first, of a file whose name does not say that it is a table. Raises FeedFormatUnsupported."""
    if line.startswith(b"["):
        raise FeedFormatUnsupported("The feed is a JSON array. Write one object per line, without brackets and commas.")
    if line.startswith(b"<"):
        raise FeedFormatUnsupported("The feed is XML or HTML. Send CSV, TSV, JSONL or Parquet.")
    if not any(mark.encode() in line for mark in DELIMITERS):
        raise FeedFormatUnsupported
