"""A JSON document, over any lines -> records: a list of products, an object that holds one ({"products": [...]}), or a
single product.

It is read an element at a time by json's own decoder, out of a window on the text. An element that is no valid JSON
costs itself only, where its brackets say where it ends.
"""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from catalog.errors import CatalogError, FeedDamaged, FeedFormatUnsupported, RowCellTooLong, RowInvalid
from catalog.feeds.cells import MAX_DEPTH, FeedLimits, brief
from catalog.feeds.formats.json_lines import SHOWN, DuplicateKey, too_deep, without_duplicates, without_envelope
from catalog.feeds.formats.lines import utf8
from catalog.feeds.rows import UNREAD, Record

# Where a document holds its products, perhaps one within another.
LISTS_NAMES = (
    "products product items data results result records rows entries entry articles catalog catalogue feed"
    " channel item listings listing hits edges nodes goods itemlistelement @graph response"
)
LISTS = frozenset(LISTS_NAMES.split())
OWN = frozenset(("id", "sku", "handle", "gtin", "product_id", "item_id"))  # an object with one of these is a product
MAX_KEYS = 1_000  # of an object that is searched for products
SPACE = re.compile(r"[ \t\r\n]*")
TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*(?:"|\\?\Z)|[\[\]{}]')
BARE = re.compile(r"[^,\[\]{}\"]+")
HOLDS = re.compile(rf'"(?:{"|".join(map(re.escape, sorted(LISTS)))})"\s*:\s*[\[{{]', re.IGNORECASE)
OWNS = re.compile(rf'"(?:{"|".join(OWN)})"\s*:', re.IGNORECASE)
OVERHANG = 64  # characters before the window's end within which an error may be for want of more
PAIRS = {"]": "[", "}": "{"}


class Window:
    """The document's text from the value on that is read next."""

    def __init__(self, stream: BinaryIO, limits: FeedLimits) -> None:
        self._chunks = codecs.iterdecode(utf8(stream), "utf-8", "surrogateescape")
        self._limits = limits
        self._decoder = json.JSONDecoder(object_pairs_hook=without_duplicates)
        self._line, self._counted = 1, 0
        self.text, self.place = "", 0

    def more(self) -> bool:
        """False at the end of the document."""
        self.line()
        chunk = next(self._chunks, "")
        self.text, self.place, self._counted = self.text[self.place :] + chunk, 0, 0
        return chunk != ""

    def line(self) -> int:
        """In which line of the document the window is, from 1."""
        self._line += self.text.count("\n", self._counted, self.place)
        self._counted = self.place
        return self._line

    def peek(self) -> str:
        """The next character that is no white space, "" at the end."""
        while True:
            found = SPACE.match(self.text, self.place)
            self.place = found.end() if found else self.place
            if self.place < len(self.text):
                return self.text[self.place]
            if not self.more():
                return ""

    def take(self, mark: str) -> bool:
        found = self.peek() == mark
        self.place += found
        return found

    def value(self) -> Any:
        """Raises ValueError for what is no JSON, RowInvalid for what is too long; the window stays where it was."""
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self.text, self.place)
            except json.JSONDecodeError as error:
                short = error.msg.startswith("Unterminated") or error.pos >= len(self.text) - OVERHANG
                if not (short and self.more()):
                    raise
                self._check_size()
                continue
            if end == len(self.text) and self.more():  # a number may go on
                continue
            self.place = end
            return value

    def _check_size(self) -> None:
        """Raises RowInvalid."""
        if len(self.text) > self._limits.max_line:
            raise RowCellTooLong(f"The product is longer than the limit of {self._limits.max_line:,} bytes.")
        if self.text.count(",") > 2 * self._limits.max_values:
            raise RowInvalid(f"The row has more than {self._limits.max_values:,} values, which is the limit.")

    def skip(self) -> None:
        """To the end of the value, by its brackets. Raises FeedDamaged where they do not close."""
        line = self.line()
        bare = BARE.match(self.text, self.place)
        if bare:
            self.place = bare.end()
            return
        while (end := self._end()) is None:
            if len(self.text) > 2 * self._limits.max_line or not self.more():
                raise FeedDamaged(f"The JSON document ends within the product that starts in line {line:,}.")
        if not end:
            raise FeedDamaged(f"The JSON document is damaged: nothing can be read from line {line:,} on.")
        self.place = end

    def _end(self) -> int | None:
        """Where the value that starts here ends; 0 where its brackets do not match; None beyond the window."""
        opened = list[str]()
        for token in TOKEN.finditer(self.text, self.place):
            mark = token[0]
            if mark in "[{":
                opened.append(mark)
            elif mark in PAIRS and (not opened or opened.pop() != PAIRS[mark]):
                return 0
            if not opened:
                return token.end()
        return None


def read_json_document(stream: BinaryIO, limits: FeedLimits) -> Iterator[Record]:
    """Raises FeedFormatUnsupported, and FeedDamaged where no more can be read."""
    window = Window(stream, limits)
    yield from elements(window, limits) if window.peek() == "[" else inside(window, limits)


def elements(window: Window, limits: FeedLimits) -> Iterator[Record]:
    window.take("[")
    while (mark := window.peek()) != "]":
        if not mark:
            raise FeedDamaged(f"The JSON document ends within its list of products, in line {window.line():,}.")
        if not window.take(","):
            yield element(window, limits)
    window.take("]")


def element(window: Window, limits: FeedLimits) -> Record:
    line = window.line()
    shown = {UNREAD: window.text[window.place : window.place + SHOWN].encode("utf-8", "replace").decode()}
    try:
        value = window.value()
    except (ValueError, RecursionError, RowInvalid) as error:
        window.skip()
        return Record(line, shown, refusal(error))
    return product(value, line, shown)


def refusal(error: Exception) -> CatalogError:
    if isinstance(error, CatalogError):
        return error
    return RowInvalid(str(error) if isinstance(error, DuplicateKey) else "The product is not valid JSON.")


def product(value: Any, line: int, shown: dict[str, Any]) -> Record:
    if isinstance(value, dict) and isinstance(value.get("node"), dict) and value.keys() <= {"node", "cursor"}:
        value = value["node"]  # GraphQL
    if not isinstance(value, dict):
        return Record(line, shown, RowInvalid("The list holds what is no object with columns."))
    if too_deep(value):
        return Record(line, shown, RowInvalid(f"The row is nested more than {MAX_DEPTH} levels deep."))
    return Record(line, *without_envelope(value, None))


def inside(window: Window, limits: FeedLimits) -> Iterator[Record]:
    """The products in the object that starts here, or itself as the only one."""
    line = window.line()
    pairs = list[tuple[str, Any]]()
    try:
        for key in keys(window):
            start, own = window.peek(), any(key.casefold() in OWN for key, _ in pairs)
            if key.casefold() in LISTS and not own and start in ("[", "{"):
                yield from elements(window, limits) if start == "[" else inside(window, limits)
                return
            pairs.append((key, window.value()))
        found = without_duplicates(pairs)
    except (ValueError, RecursionError, RowInvalid):
        raise FeedDamaged(f"The JSON document is damaged or truncated in line {window.line():,}.") from None
    lists = [value for value in found.values() if isinstance(value, list) and value and isinstance(value[0], dict)]
    if any(key.casefold() in OWN for key in found):
        yield product(found, line, {UNREAD: ""})
    elif len(lists) == 1:
        yield from (product(value, line, {UNREAD: brief(str(value), SHOWN)}) for value in lists[0])
    else:
        names = ", ".join(f'"{brief(key)}"' for key in list(found)[:5])
        raise FeedFormatUnsupported(f"The JSON document holds no list of products. It holds {names or 'nothing'}.")


def keys(window: Window) -> Iterator[str]:
    """Of the object that starts here; whoever asks for the next one has read its value. Raises ValueError."""
    window.take("{")
    for _ in range(MAX_KEYS):
        if window.take("}"):
            return
        key = window.value()
        if not isinstance(key, str) or not window.take(":"):
            raise ValueError
        yield key
        window.take(",")
    raise FeedFormatUnsupported("The JSON document is an object of too many keys, not a list of products.")


def is_document(head: bytes) -> bool:
    """Whether a text that begins so is one document, not an object a line."""
    text = head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    first, _, rest = text.partition("\n")
    if text.startswith("[") or first.strip() in ("{", ""):
        return True
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        goes_on = not first.rstrip().endswith("}") or not rest.lstrip().startswith("{")
        return goes_on and holds_list(first)
    if not isinstance(value, dict) or rest.strip():
        return False
    return holds_list(first) or (len(value) == 1 and isinstance(next(iter(value.values())), list))


def holds_list(text: str) -> bool:
    """Whether a list of products begins in it, and not behind what makes it a product itself."""
    found = HOLDS.search(text)
    return found is not None and OWNS.search(text, 0, found.start()) is None
