"""A product feed -> rows, one at a time: CSV, TSV, JSON, JSONL, XML, Parquet, a folder of images, or a zip of these.

    bytes -> UTF-8 (encodings) -> records (formats) -> folded -> rows

The format is detected from the content. A row that cannot be read becomes a `BadRow`; the others are unaffected.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast

from catalog.errors import CatalogError, ConfigInvalid, FeedEmpty, FeedFormatUnsupported, FeedInvalid, FileNotReadable
from catalog.feeds.cells import FeedLimits
from catalog.feeds.columns import PRICES, Columns
from catalog.feeds.encodings.names import UTF8, encoding_named
from catalog.feeds.encodings.recognise import encoding_of
from catalog.feeds.encodings.streams import GZIP, as_utf8, unpacked
from catalog.feeds.folding import fold
from catalog.feeds.formats.detect import DOCUMENTS, FEEDS, Format, check_bytes, format_of
from catalog.feeds.formats.excel import WORKBOOK, open_sheet
from catalog.feeds.formats.folders import archive_images, folder_images, image_records
from catalog.feeds.formats.json_documents import read_json_document
from catalog.feeds.formats.json_lines import read_json_lines
from catalog.feeds.formats.lines import read_some
from catalog.feeds.formats.objects import with_columns
from catalog.feeds.formats.parquet import count_rows, read_parquet
from catalog.feeds.formats.tables import read_table
from catalog.feeds.formats.xml_documents import read_xml_document
from catalog.feeds.prices import Money, PriceReading, currency_codes, how_read, marks_of, yen_of
from catalog.feeds.reader import RowReaders
from catalog.feeds.rows import BadRow, Record, Row
from catalog.images.archives import Archive, leads_out

HEAD, CHUNK = 64 * 1024, 1024 * 1024
# Rows whose text is looked at, and characters of a cell; rows whose prices are, and characters of these rows.
SAMPLE, SAMPLE_CHARACTERS = 100, 1_000
SAMPLE_PRICES, SAMPLE_SIZE = 1_000, 16_000_000
READERS = {"jsonl": read_json_lines, "json": read_json_document, "xml": read_xml_document}


@dataclass(frozen=True)
class Feed:
    """The rows of a feed, in order. Iterating again gives the same ones. It can be sent to another process.

    entry: the feed's name inside a zip, None for a zip or a folder of images; total: how many rows there are, where
    that is cheaply known; currency: of prices without one, and of a sign that it shares with others, such as ¥ and $;
    encoding: of its text, as the name of a codec; gzipped: whether it is compressed; workbook: whether it is a sheet of
    Excel, which is read as CSV.
    """

    path: Path
    format: Format
    mapping: Mapping[str, str] = field(default_factory=dict)
    limits: FeedLimits = field(default_factory=FeedLimits)
    archive: Archive | None = None
    entry: str | None = None
    total: int | None = None
    currency: str = ""
    encoding: str = UTF8
    gzipped: bool = False
    workbook: bool = False

    def __iter__(self) -> Iterator[Row | BadRow]:
        """Raises FeedDamaged where nothing further can be read, and FeedInvalid at its limits."""
        bad, readers = 0, RowReaders(self.limits, self.money)
        for number, row in enumerate(readers.rows(fold(self.records))):
            bad += isinstance(row, BadRow)
            if number >= self.limits.max_rows:
                raise FeedInvalid(
                    f"The feed has more than {self.limits.max_rows:,} rows, which is the limit. Split it."
                )
            if bad > self.limits.max_bad and 2 * bad > number:
                raise FeedInvalid(
                    f"Of the first {number + 1:,} rows {bad:,} cannot be read, the last in line {row.line:,}:"
                    f" {row.error.message if isinstance(row, BadRow) else 'see those that failed.'}"
                )
            yield row

    @cached_property
    def money(self) -> Money:
        """What the first rows say of the prices: how each column marks thousands and decimals, and that a ¥ among
        Chinese words is a yuan, among Japanese ones a yen.
        """
        text, prices = self._sample
        yen = self.currency if self.currency in ("CNY", "JPY") else yen_of(text)
        columns = {column: marks_of(value for value, _ in values) for column, values in prices.items()}
        return Money(self.currency, yen, columns)

    @property
    def price_readings(self) -> tuple[PriceReading, ...]:
        """How each column of prices is read, by the first rows."""
        return tuple(how_read(column, values, self.money) for column, values in self._sample[1].items())

    @cached_property
    def _sample(self) -> tuple[str, dict[str, list[tuple[object, str]]]]:
        """Of the first rows the text, and for each column of prices these, each with the row's currency."""
        texts, prices, size = list[str](), dict[str, list[tuple[object, str]]](), 0
        if self.format in ("folder", "zip"):
            return "", prices
        with suppress(CatalogError):
            for number, (record, columns) in enumerate(islice(self.records(), SAMPLE_PRICES)):
                cells = [cell for cell in record.cells.values() if isinstance(cell, str)]
                size += sum(map(len, cells))
                if number < SAMPLE:
                    texts += [cell[:SAMPLE_CHARACTERS] for cell in cells]
                currency = next((record.cells.get(name) for name in columns.fields.get("currency", ())), None)
                for column in price_columns(columns):
                    price = (record.cells.get(column), currency if isinstance(currency, str) else "")
                    prices.setdefault(column, []).append(price)
                if size > SAMPLE_SIZE:
                    break
        return "\n".join(texts), prices

    @property
    def root(self) -> Path:
        """The folder that the paths of images start from, unless they are in `archive`."""
        return self.path if self.format == "folder" else self.path.parent

    @cached_property
    def fingerprint(self) -> str:
        """The same for a feed with the same contents and the same mapping, whatever it is called. In hexadecimal."""
        encoding = "" if self.encoding == UTF8 else f" {self.encoding}"
        found = hashlib.sha256((repr(sorted(self.mapping.items())) + self.currency + encoding).encode())
        if self.format == "folder":
            for path in folder_images(self.path):
                status = os.stat(self.path / path, follow_symlinks=False)
                found.update(f"{path!r} {status.st_size} {status.st_mtime_ns}\n".encode())
        else:
            with open_file(self.path) as stream:
                while chunk := stream.read(CHUNK):
                    found.update(chunk)
        return found.hexdigest()

    def records(self) -> Iterator[tuple[Record, Columns]]:
        """As the feed has them: those of one product are not joined."""
        if self.format == "csv":
            return read_table(self.open_bytes, self.mapping, self.limits)
        if self.format in READERS:
            return with_columns(self.objects, self.mapping)
        if self.format == "parquet":
            return read_parquet(self.open_bytes, self.mapping)
        return image_records(archive_images(self.archive) if self.archive else folder_images(self.path))

    def objects(self) -> Iterator[Record]:
        """The records of a format in which each has columns of its own."""
        with self.open_bytes() as stream:
            yield from READERS[self.format](stream, self.limits)

    def open_bytes(self) -> BinaryIO:
        """The feed's text as UTF-8, or its Parquet, also out of a zip. Raises FileNotReadable."""
        if self.workbook:
            return open_sheet(
                workbook_in(self.archive, self.entry) if self.archive and self.entry else open_file(self.path)
            )
        if self.archive and self.entry:
            stream = open_entry(self.archive, self.entry, self.gzipped)
            stream = copied(stream) if self.format == "parquet" else stream
        else:
            stream = open_file(self.path, self.gzipped)
        return as_utf8(stream, self.encoding)


def price_columns(columns: Columns) -> list[str]:
    return [column for field in PRICES for column in columns.fields.get(field, ())]


def open_feed(
    path: Path,
    mapping: Mapping[str, str] | None = None,
    limits: FeedLimits | None = None,
    currency: str = "",
    encoding: str = "",
) -> Feed:
    """Recognise the feed's format, encoding and columns. mapping: see `catalog.feeds.columns.recognise`; currency: see
    `Feed`; encoding: of its text, by any usual name, "": it is recognised.

    Raises FileNotReadable, ConfigInvalid for a currency or an encoding that is none, and FeedInvalid for what is wrong
    with the feed as a whole.
    """
    if currency and currency not in currency_codes():
        raise ConfigInvalid(f"{currency[:40]!r} is not a currency. Give its three letters, such as EUR.")
    feed = replace(recognised(path, mapping or {}, limits or FeedLimits(), encoding), currency=currency)
    if next(iter(feed), None) is None:
        raise FeedEmpty
    return feed


def recognised(path: Path, mapping: Mapping[str, str], limits: FeedLimits, encoding: str = "") -> Feed:
    """Raises FileNotReadable, ConfigInvalid, FeedInvalid."""
    if path.is_dir():
        return Feed(path, "folder", mapping, limits, total=len(folder_images(path)))
    head = read_head(lambda: open_file(path))
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return in_archive(Archive(path), mapping, limits, encoding)
    gzipped = head.startswith(GZIP)
    found, used = as_read(lambda: open_file(path, gzipped), path.name, encoding, gzipped)
    total = count_rows(lambda: open_file(path)) if found == "parquet" else None
    return Feed(path, found, mapping, limits, total=total, encoding=used, gzipped=gzipped)


def as_read(open_bytes: Callable[[], BinaryIO], name: str, encoding: str, gzipped: bool) -> tuple[Format, str]:
    """-> the format and the encoding of a file, unpacked. name: the file's. encoding: the user's word for it."""
    head = read_head(open_bytes)
    check_bytes(head)
    if head.startswith(b"PAR1"):
        if gzipped:
            raise FeedFormatUnsupported("The feed is Parquet that is compressed with gzip. Decompress it first.")
        return "parquet", UTF8
    used = encoding_named(encoding) if encoding else encoding_of(open_bytes)
    return format_of(read_head(lambda: as_utf8(open_bytes(), used)), name.lower().removesuffix(".gz")), used


def in_archive(archive: Archive, mapping: Mapping[str, str], limits: FeedLimits, encoding: str = "") -> Feed:
    """The one feed that the zip holds, or all its images."""
    names = [entry.filename for entry in archive.files]
    if "[Content_Types].xml" in names:
        if WORKBOOK not in names:
            raise FeedFormatUnsupported("The feed is a document of Office. Save it as .xlsx or as CSV (UTF-8).")
        return Feed(archive.path, "csv", mapping, limits, workbook=True)
    if "content.xml" in names and "mimetype" in names:
        raise FeedFormatUnsupported("The feed is an OpenDocument sheet. Save it as .xlsx or as CSV (UTF-8).")
    feeds = (
        with_ending(names, FEEDS) or workbooks(names) or with_ending(names, DOCUMENTS) or with_ending(names, (".gz",))
    )
    if len(feeds) > 1:
        shown = ", ".join(ascii(name) for name in feeds[:5])
        raise FeedFormatUnsupported(f"The zip holds {len(feeds)} feeds ({shown}); it must hold exactly one.")
    if not feeds:
        return Feed(archive.path, "zip", mapping, limits, archive, total=len(archive_images(archive)))
    [entry] = feeds
    if leads_out(entry):
        raise FeedFormatUnsupported("The path of the feed in the zip leads outside the zip.")
    inside = archive.within(str(PurePosixPath(entry).parent).removeprefix("."))
    if workbooks([entry]):
        return Feed(archive.path, "csv", mapping, limits, inside, entry, workbook=True)
    gzipped = read_head(lambda: archive.open(entry)).startswith(GZIP)
    found, used = as_read(lambda: open_entry(archive, entry, gzipped), entry, encoding, gzipped)
    total = count_rows(lambda: copied(open_entry(inside, entry))) if found == "parquet" else None
    return Feed(archive.path, found, mapping, limits, inside, entry, total, encoding=used, gzipped=gzipped)


def with_ending(names: Iterable[str], endings: tuple[str, ...]) -> list[str]:
    """Those with one of the endings, or with one before ".gz"."""
    every = (*endings, *(f"{ending}.gz" for ending in endings))
    return [name for name in names if name.lower().endswith(every)]


def workbooks(names: Iterable[str]) -> list[str]:
    """Excel's, without the files by which it locks those that are open."""
    return [name for name in names if name.lower().endswith(".xlsx") and not PurePosixPath(name).name.startswith("~$")]


def read_head(open_bytes: Callable[[], BinaryIO]) -> bytes:
    with open_bytes() as stream:
        return read_some(stream, HEAD)


def open_file(path: Path, gzipped: bool = False) -> BinaryIO:
    """Raises FileNotReadable; also for what is not a file, as a pipe, which could be read only once."""
    try:
        if path.is_file():
            return unpacked(path.open("rb"), path.stat().st_size) if gzipped else path.open("rb")
    except (OSError, ValueError):
        pass
    raise FileNotReadable(f'"{path.name}" does not exist or cannot be read.')


def open_entry(archive: Archive, entry: str, gzipped: bool = False) -> BinaryIO:
    """A feed in a zip."""
    stream = archive.open(entry)
    return unpacked(stream, archive.packed_size(entry)) if gzipped else stream


def copied(stream: BinaryIO) -> BinaryIO:
    """A copy in a temporary file without a name, for Parquet, which is read from its end."""
    return filled(tempfile.TemporaryFile(), stream)


def workbook_in(archive: Archive, entry: str) -> BinaryIO:
    """A copy of a workbook in a zip. Raises FeedInvalid for one that is damaged, encrypted, or a bomb."""
    copy = tempfile.NamedTemporaryFile(suffix=".xlsx")  # noqa: SIM115  whoever asked for the bytes closes it
    try:
        found = filled(copy, archive.open(entry))
        if WORKBOOK not in [file.filename for file in Archive(Path(copy.name)).files]:
            raise FeedFormatUnsupported("The .xlsx in the zip is no Excel workbook.")
    except BaseException:
        copy.close()
        raise
    return found


def filled(copy: IO[bytes], stream: BinaryIO) -> BinaryIO:
    with stream:
        while chunk := read_some(stream, CHUNK):
            copy.write(chunk)
    copy.flush()
    copy.seek(0)
    return cast(BinaryIO, copy)
