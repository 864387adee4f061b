"""The bytes of a document -> its sentences, each with its heading or page. The bytes are untrusted."""

import re
from collections.abc import Iterator

from catalog.errors import DocumentEmpty, DocumentFormatUnsupported, DocumentTooLarge
from catalog.feeds.texts.markup import plain_text
from catalog.knowledge.document import MAX_BYTES, MAX_LETTERS, MAX_PIECES, Kind, Piece
from catalog.questions.passages import sentences

SUFFIXES: dict[str, Kind] = {
    "md": "markdown",
    "markdown": "markdown",
    "html": "html",
    "htm": "html",
    "pdf": "pdf",
    "txt": "text",
}
MAX_HEADING = 200  # letters
HEADING = re.compile(r"[ ]{0,3}(#{1,6})\s+(.+?)\s*#*\s*$")
# What marks a list, a quotation or a row of a table before the words of a line.
MARK = re.compile(r"\s*(?:[-*+>]|\d{1,3}[.)])\s+|\s*\|\s*")
RULE = re.compile(r"[\s|:=*_-]*$")
EMPHASIS = re.compile(r"(\*\*|__|`)")
HAN_BREAK = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef])\0(?=[\u3000-\u9fff])")  # which no space stands for
HTML_HEADING = re.compile(r"<h([1-6])\b[^<>]{0,500}>", re.IGNORECASE)
BLOCK = re.compile(r"</?(?:p|div|li|ul|ol|tr|td|th|table|dt|dd|dl|br|section|article|h[1-6])\b[^<>]{0,500}>", re.I)
UNSEEN = re.compile(r"<(script|style|template|noscript)\b", re.IGNORECASE)


def kind_of(name: str, content: bytes) -> Kind:
    """By the first bytes, else by the name's end. Raises DocumentFormatUnsupported."""
    if content[:1024].lstrip().startswith(b"%PDF-"):
        return "pdf"
    kind = SUFFIXES.get(name.rpartition(".")[2].casefold())
    if kind in (None, "pdf") or b"\0" in content[:1024]:
        raise DocumentFormatUnsupported
    return kind


def read_document(name: str, content: bytes) -> tuple[Kind, list[Piece]]:
    """Raises DocumentTooLarge, DocumentFormatUnsupported, DocumentDamaged or DocumentEmpty; ConfigInvalid where pypdf
    is needed and missing.
    """
    if len(content) > MAX_BYTES:
        raise DocumentTooLarge(f"The document has {len(content):,} bytes; the limit is {MAX_BYTES:,}.")
    kind = kind_of(name, content)
    if kind == "pdf":
        from catalog.knowledge.pdf import pages_of

        pieces = [piece for number, text in enumerate(pages_of(content), 1) for piece in _cut(text, "", number)]
    else:
        text = content.decode("utf-8-sig", "replace")
        if len(text) > MAX_LETTERS:
            raise DocumentTooLarge(f"The document has {len(text):,} letters; the limit is {MAX_LETTERS:,}.")
        blocks = {"markdown": _markdown, "html": _html, "text": _text}[kind](text)
        pieces = [piece for heading, block in blocks for piece in _cut(block, heading)]
    if not pieces:
        raise DocumentEmpty
    if len(pieces) > MAX_PIECES:
        raise DocumentTooLarge(f"The document has {len(pieces):,} sentences; the limit is {MAX_PIECES:,}.")
    return kind, pieces


def _cut(text: str, heading: str, page: int | None = None) -> list[Piece]:
    """At most a piece more than the limit of a whole document."""
    found: list[Piece] = []
    for block in text.split("\n\n"):
        found += [Piece(sentence, heading, page) for _, sentence in sentences(block, MAX_PIECES + 1)]
        if len(found) > MAX_PIECES:
            break
    return found


def _text(text: str) -> Iterator[tuple[str, str]]:
    yield "", text


def _markdown(text: str) -> Iterator[tuple[str, str]]:
    """Each heading with the text below it. Lines of a paragraph are joined. Marks of lists, tables and emphasis are
    left out; a link keeps its words.
    """
    heading, blocks, ended = "", list[list[str]](), True
    for line in text.splitlines():
        if found := HEADING.match(line[:1000]):
            yield heading, _paragraphs(blocks)
            heading, blocks, ended = found[2][:MAX_HEADING], [], True
        elif RULE.match(line):
            ended = True
        elif ended or MARK.match(line):
            blocks.append([_plain_line(line)])
            ended = False
        else:
            blocks[-1].append(_plain_line(line).strip())
    yield heading, _paragraphs(blocks)


def _paragraphs(blocks: list[list[str]]) -> str:
    return "\n\n".join(HAN_BREAK.sub("", "\0".join(lines)).replace("\0", " ") for lines in blocks)


def _plain_line(line: str) -> str:
    start = MARK.match(line)
    line = line[start.end() :] if start else line
    return EMPHASIS.sub("", line).replace(" | ", "\n").rstrip("| ")


def _html(text: str) -> Iterator[tuple[str, str]]:
    text = _without_unseen(text)
    start, heading = 0, ""
    for match in HTML_HEADING.finditer(text):
        if match.start() < start:
            continue
        yield heading, _plain_html(text[start : match.start()])
        end = text.find("</h", match.end(), match.end() + 2 * MAX_HEADING)
        end = match.end() if end < 0 else end
        heading = " ".join(plain_text(text[match.end() : end]).split())[:MAX_HEADING]
        start = end
    yield heading, _plain_html(text[start:])


def _without_unseen(text: str) -> str:
    """Without scripts and styles; one that does not end takes the rest with it."""
    parts, start, lowered = list[str](), 0, text.casefold() if text.isascii() else text.lower()
    while found := UNSEEN.search(text, start):
        parts.append(text[start : found.start()])
        end = lowered.find(f"</{found[1].lower()}", found.end())
        if end < 0 or len(lowered) != len(text):
            return "".join(parts)
        start = end
    return "".join([*parts, text[start:]])


def _plain_html(text: str) -> str:
    """Each block a paragraph of its own."""
    return "\n\n".join(" ".join(plain_text(part).split()) for part in BLOCK.sub("\0", text).split("\0") if part.strip())
