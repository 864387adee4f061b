"""Which format a feed has, told by its first bytes; its name only decides what they leave open."""

from typing import Literal

from catalog.errors import FeedEmpty, FeedFormatUnsupported
from catalog.feeds.formats.json_documents import is_document
from catalog.feeds.formats.tables import DELIMITERS

Format = Literal["csv", "jsonl", "json", "xml", "parquet", "folder", "zip"]
TABLES = (".csv", ".tsv", ".txt", ".tab")
# In a zip, where a .txt is most often a note; a .json or .xml is the feed only where there is no other.
FEEDS = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
DOCUMENTS = (".xml", ".json")
TAR, TAR_PLACE = b"ustar", 257
# First bytes -> what to say of the format they begin.
FOREIGN = {
    b"BZh": "The feed is compressed with bzip2. Decompress it first, or compress it with gzip.",
    b"\x28\xb5\x2f\xfd": "The feed is compressed with Zstandard. Decompress it first, or compress it with gzip.",
    b"\xd0\xcf\x11\xe0": "The feed is an old or protected Excel workbook. Save it as .xlsx or as CSV (UTF-8).",
    b"\xff\xd8\xff": "The feed is a single image. Give the folder that contains it.",
    b"\x89PNG": "The feed is a single image. Give the folder that contains it.",
    b"GIF8": "The feed is a single image. Give the folder that contains it.",
}


def check_bytes(head: bytes) -> None:
    """Raises FeedFormatUnsupported for what is no text."""
    for start, message in FOREIGN.items():
        if head.startswith(start):
            raise FeedFormatUnsupported(message)
    if head[TAR_PLACE:].startswith(TAR):
        raise FeedFormatUnsupported("The feed is a tar archive. Send a zip.")


def format_of(head: bytes, name: str) -> Format:
    """head: UTF-8. Raises FeedEmpty, FeedFormatUnsupported."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        raise FeedEmpty
    line = text.splitlines()[0].rstrip()
    if b"\0" in line:
        raise FeedFormatUnsupported
    if line.startswith(b"{") or (line.startswith(b"[") and not name.lower().endswith(TABLES)):
        return "json" if is_document(text) else "jsonl"
    if line.startswith(b"<") and not name.lower().endswith(TABLES):
        return "xml"
    if not name.lower().endswith(TABLES) and not any(mark.encode() in line for mark in DELIMITERS):
        raise FeedFormatUnsupported
    return "csv"
