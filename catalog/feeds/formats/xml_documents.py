"""XML -> records: RSS 2.0 and Atom with Google Merchant's names, or any document whose products are repeated elements.

The document is cut into the texts of its products, and each is parsed by itself (`xml_elements`), so that one that is
not well-formed costs itself only, and no more than one is in memory.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple
from xml.parsers import expat

from catalog.errors import (
    CatalogError,
    FeedDamaged,
    FeedEmpty,
    FeedFormatUnsupported,
    RowCellTooLong,
    RowEncodingInvalid,
    RowInvalid,
)
from catalog.feeds.cells import FeedLimits
from catalog.feeds.formats.json_lines import SHOWN
from catalog.feeds.formats.lines import utf8
from catalog.feeds.formats.xml_elements import Names, read_element
from catalog.feeds.rows import UNREAD, Record

HEAD, DEEPEST = 256 * 1024, 40
# What a product is usually called; else it is the outermost element that is repeated and has others within.
PRODUCTS = frozenset(
    b"item entry product offer shopitem article artikel produkt produit producto prodotto row record good".split()
)
NAMESPACE = re.compile(rb"xmlns:([A-Za-z_][\w.-]*)\s*=\s*[\"']([^\"']{1,200})[\"']")
NAMESPACES = {b"http://base.google.com/ns/1.0": "g:", b"http://www.w3.org/2005/Atom": ""}
ATTRIBUTES = rb"(?P<attributes>(?:\s(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*)?/?)"
ANY_NAME = rb"(?P<name>[^\s<>/!?]+)"
CLOSED_BY = {b"<!--": b"-->", b"<![CDATA[": b"]]>"}


def tag_pattern(name: bytes) -> re.Pattern[bytes]:
    """A tag of this name, or what opens a part of the document in which no tags are."""
    return re.compile(rb"<!--|<!\[CDATA\[|<(?P<close>/?)" + name + ATTRIBUTES + rb">")


ANY_TAG = tag_pattern(ANY_NAME)


class Shape(NamedTuple):
    """root, product: elements' names; nested: whether products hold products."""

    root: bytes
    product: bytes
    nested: bool
    names: Names


class Piece(NamedTuple):
    """The text of one product. cut: it was too long, and this is its beginning."""

    line: int
    data: bytes
    cut: bool = False


def read_xml_document(stream: BinaryIO, limits: FeedLimits) -> Iterator[Record]:
    """Raises FeedFormatUnsupported, and FeedDamaged where no more can be read."""
    cutter = Cutter(stream, limits)
    for piece in cutter:
        yield record(piece, cutter.shape, limits)


def record(piece: Piece, shape: Shape, limits: FeedLimits) -> Record:
    line, data, cut = piece
    error: CatalogError
    try:
        if cut:
            raise RowCellTooLong(f"The product is longer than the limit of {limits.max_line:,} bytes.")
        return Record(line, read_element(data, shape.names, limits))
    except UnicodeDecodeError as found:
        where = line + data.count(b"\n", 0, found.start)
        error = RowEncodingInvalid(f"The row is not valid UTF-8, in line {where:,}.")
    except expat.ExpatError as found:
        error = RowInvalid(f"The product is not well-formed XML, in line {line + found.lineno - 1:,}.")
    except CatalogError as found:
        error = found
    return Record(line, {UNREAD: data[:SHOWN].decode("utf-8", "replace")}, error)


class Cutter:
    """The texts of the products, one at a time. Raises FeedDamaged where the document ends too early."""

    def __init__(self, stream: BinaryIO, limits: FeedLimits) -> None:
        self._chunks = utf8(stream)
        self._limit = limits.max_line
        self._data, self._line, self._counted = b"", 1, 0
        # In the data: where the product begins, and from where the next tag is looked for. depth: of the latter.
        self._start = self._place = self._depth = 0
        self._cut, self._passed = b"", 0
        while len(self._data) < HEAD and self._more():
            pass
        self.shape = shape_of(self._data)
        self._tag = tag_pattern(re.escape(self.shape.product))
        self._close = b"</" + self.shape.product

    def __iter__(self) -> Iterator[Piece]:
        while (tag := self._next()) is not None:
            closes, empty = bool(tag["close"]), tag["attributes"].endswith(b"/")
            if self._depth and not closes and not self.shape.nested:
                yield self._piece(tag.start())  # of a product without an end
                self._depth = 0
            if not self._depth and not closes:
                self._line, self._start = self._line_at(tag.start()), tag.start()
            inside = self._depth > 0 or not closes
            self._depth += 0 if empty else 1 if not closes else -1 if self._depth else 0
            self._place = tag.end()
            if inside and not self._depth:
                yield self._piece(tag.end())
        if self._depth:
            raise FeedDamaged(f"The XML document ends within the product that starts in line {self._line:,}.")
        if b"</" + self.shape.root not in self._data:
            raise FeedDamaged("The XML document ends before its last tag: products may be missing.")

    def _piece(self, end: int) -> Piece:
        data, cut = self._cut or self._data[self._start : end], bool(self._cut)
        self._cut = b""
        return Piece(self._line, data, cut)

    def _line_at(self, place: int) -> int:
        line = self._line + self._passed + self._data.count(b"\n", self._counted, place)
        self._passed, self._counted = 0, place
        return line

    def _next(self) -> re.Match[bytes] | None:
        """The next tag of a product, None at the end of the document."""
        while True:
            tag = self._tag.search(self._data, self._place)
            if tag and tag["close"] is not None:
                return tag
            if tag and (end := self._skipped(tag)):
                self._place = end
                continue
            last = tag.start() if tag else self._data.rfind(b"<", self._place)
            self._place = last if last >= 0 else len(self._data)
            if len(self._data) - self._place > self._limit:
                raise FeedDamaged("The XML document has markup that does not end.")
            if not self._more():
                return None

    def _skipped(self, opened: re.Match[bytes]) -> int:
        """The end of a comment or of a CDATA section, 0 where that is beyond the data. A section with the end of a
        product within has no end itself.
        """
        end = self._data.find(CLOSED_BY[opened[0]], opened.end())
        close = self._data.find(self._close, opened.end(), end if end >= 0 else len(self._data))
        if close >= 0 and self._depth and opened[0] != b"<!--":
            return opened.end()
        return end + 3 if end >= 0 else 0

    def _more(self) -> bool:
        """False at the end of the document. What is read is let go of, also the rest of a product that is too long."""
        if self._depth and self._place - self._start > self._limit:
            self._cut = self._cut or self._data[self._start : self._start + SHOWN]
            self._start = self._place
        keep = min(self._start, self._place) if self._depth else self._place
        chunk = next(self._chunks, b"")
        if chunk:
            self._passed += self._data.count(b"\n", self._counted, keep)
            self._data = self._data[keep:] + chunk
            self._start, self._place, self._counted = self._start - keep, self._place - keep, 0
        return chunk != b""


def shape_of(data: bytes) -> Shape:
    """Told by the document's beginning. Raises FeedFormatUnsupported, FeedEmpty."""
    counts, full = elements(data)
    root = next(iter(counts), (b"",))[0]
    named = [path for path in full if local(path[-1]) in PRODUCTS]
    repeated = [path for path in full if len(path) > 1 and counts[path] > 1]
    single = [path for path in full if len(path) == 2]
    if local(root) == b"html":
        raise FeedFormatUnsupported("The feed is HTML. Send CSV, TSV, JSON, XML or Parquet.")
    if not named and (local(root) in (b"rss", b"feed", b"rdf") or not (repeated or len(single) == 1)):
        raise FeedEmpty("The XML document has no element that is a product, such as <item>, <entry> or <product>.")
    product = min(named or repeated or single, key=lambda path: (len(path), -counts[path]))
    # Directly within a product, another one is the next, and the first lacks its end.
    inner = [path[len(product) :] for path in counts if path[: len(product)] == product]
    nested = any(product[-1] in path[1:] and path[0] != product[-1] for path in inner)
    prefixes = {
        prefix.decode(): NAMESPACES[address] for prefix, address in NAMESPACE.findall(data) if address in NAMESPACES
    }
    return Shape(root, product[-1], nested, Names(prefixes))


def local(name: bytes) -> bytes:
    return name.rpartition(b":")[2].lower()


def elements(data: bytes) -> tuple[Counter[tuple[bytes, ...]], dict[tuple[bytes, ...], None]]:
    """-> how often each path of elements occurs, and the paths of those that hold elements or attributes."""
    counts: Counter[tuple[bytes, ...]] = Counter()
    full: dict[tuple[bytes, ...], None] = {}
    path: tuple[bytes, ...] = ()
    place = 0
    while tag := ANY_TAG.search(data, place):
        place = tag.end()
        if tag["name"] is None:
            end = data.find(CLOSED_BY[tag[0]], place)
            place = end + 3 if end >= 0 else len(data)
        elif tag["close"]:
            # An element without an end ends with the one that it is in.
            path = path[: len(path) - 1 - path[::-1].index(tag["name"])] if tag["name"] in path else path
        elif len(path) < DEEPEST:
            if path:
                full[path] = None
            inner = (*path, tag["name"])
            counts[inner] += 1
            if tag["attributes"].strip(b"/ \t\r\n") and path:
                full[inner] = None
            path = path if tag["attributes"].endswith(b"/") else inner
    return counts, full
