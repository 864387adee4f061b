"""Documents: read from untrusted bytes, kept beside the products, and found by what is asked."""

import io
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from catalog.errors import (
    CatalogError,
    DocumentDamaged,
    DocumentEmpty,
    DocumentFormatUnsupported,
    DocumentNotFound,
    DocumentTooLarge,
)
from catalog.knowledge import Piece, Tie
from catalog.knowledge.document import MAX_BYTES, MAX_PIECES
from catalog.knowledge.reading import read_document
from catalog.knowledge.store import NAME, DocumentStore
from catalog.storage.postgres import StateDatabase

MARKDOWN = b"""# Care of wool

Wash by **hand** at 30 degrees. Do not bleach.

## Drying
- Dry flat.
* Do not tumble dry.

| Part | Material |
|---|---|
| Strap | Leather |
"""
HTML = """<html><head><style>p { color: red }</style></head><body><h1>Returns</h1><p>Send it back within 30 days.</p>
<script>alert("never read")</script>
<h2>\u9000\u8d27</h2><ul><li>\u4e03\u5929\u65e0\u7406\u7531\u9000\u8d27\u3002</li></ul>"""


def written(content: bytes, name: str = "care.md") -> list[tuple[str, str]]:
    return [(piece.heading, piece.text) for piece in read_document(name, content)[1]]


def pdf(*pages: str) -> bytes:
    """A PDF with a line of text on each page."""
    from pypdf import PdfWriter
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

    writer = PdfWriter()
    for text in pages:
        page = writer.add_blank_page(300, 300)
        font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
        fonts = DictionaryObject(
            {NameObject("/F1"): DictionaryObject({NameObject(k): NameObject(v) for k, v in font.items()})}
        )
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 20 200 Td ({text}) Tj ET".encode())
        page[NameObject("/Contents")] = writer._add_object(stream)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_lines_of_a_paragraph_are_one_text() -> None:
    wrapped = "Delivery is free\nfrom 50 EUR. It takes\ntwo days.\n\n\u9000\u8d27\n\u514d\u8d39\u3002"
    texts = ["Delivery is free from 50 EUR.", "It takes two days.", "\u9000\u8d27\u514d\u8d39\u3002"]
    assert written(wrapped.encode()) == [("", text) for text in texts]


def test_markdown_is_read_without_its_marks() -> None:
    assert written(MARKDOWN) == [
        ("Care of wool", "Wash by hand at 30 degrees."),
        ("Care of wool", "Do not bleach."),
        ("Drying", "Dry flat."),
        ("Drying", "Do not tumble dry."),
        ("Drying", "Part"),
        ("Drying", "Material"),
        ("Drying", "Strap"),
        ("Drying", "Leather"),
    ]


def test_html_is_read_by_its_headings_without_scripts() -> None:
    assert written(HTML.encode(), "faq.html") == [
        ("Returns", "Send it back within 30 days."),
        ("\u9000\u8d27", "\u4e03\u5929\u65e0\u7406\u7531\u9000\u8d27\u3002"),
    ]


def test_a_pdf_is_read_page_by_page() -> None:
    kind, pieces = read_document("manual.pdf", pdf("Press the red button.", "The warranty is two years."))
    assert kind == "pdf"
    assert pieces == [Piece("Press the red button.", "", 1), Piece("The warranty is two years.", "", 2)]


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.exe", b"MZ", DocumentFormatUnsupported),
        ("a.md", b"\0\0", DocumentFormatUnsupported),
        ("a.pdf", b"no PDF", DocumentFormatUnsupported),
        ("a.pdf", b"%PDF-1.7\nbroken", DocumentDamaged),
        ("a.md", b"# \n---\n", DocumentEmpty),
        ("a.txt", b"x" * (MAX_BYTES + 1), DocumentTooLarge),
        ("a.txt", b"Yes. No. " * MAX_PIECES, DocumentTooLarge),
    ],
)
def test_what_cannot_be_read_is_refused(name: str, content: bytes, error: type[CatalogError]) -> None:
    with pytest.raises(error, match=r"."):
        read_document(name, content)


@pytest.mark.parametrize("hostile", ["<h1" * 100_000, "<h1>" * 100_000, "<script>" * 100_000, "<!--" * 100_000])
def test_hostile_html_takes_linear_time(hostile: str) -> None:
    with suppress(CatalogError):
        read_document("a.html", hostile.encode())


def test_a_pdf_of_too_many_pages_is_refused() -> None:
    from pypdf import PdfWriter

    writer, out = PdfWriter(), io.BytesIO()
    for _ in range(501):
        writer.add_blank_page(10, 10)
    writer.write(out)
    with pytest.raises(DocumentTooLarge, match="more than 500 pages"):
        read_document("long.pdf", out.getvalue())


@pytest.fixture
def store(tmp_path: Path, database: StateDatabase | None) -> Iterator[DocumentStore]:
    store = DocumentStore(database or tmp_path / NAME)
    yield store
    store.close()


def add(store: DocumentStore, name: str, tie: Tie, *texts: str) -> int:
    return store.add(name, "text", tie, [Piece(text, "Care") for text in texts], "").id


def test_sentences_are_found_by_words_and_by_what_they_are_about(store: DocumentStore) -> None:
    add(store, "care.txt", Tie("product", "7"), "Tumble dry low.", "Made by hand.", "Machine wash cold.")
    add(store, "other.txt", Tie("product", "8"), "Machine wash hot.")
    found = store.passages("Can I wash it in the machine?", [Tie("product", "7"), Tie("shop")])
    assert found[0].text == "Machine wash cold."
    assert (found[0].document, found[0].name, found[0].product, found[0].by) == ("care.txt", "Care", "7", "document")
    assert "Machine wash hot." not in {passage.text for passage in found}
    assert store.passages("", [Tie("product", "7")]) == []


def test_documents_are_listed_replaced_deleted_and_erased(store: DocumentStore) -> None:
    assert store.page() == []
    shop = add(store, "faq.txt", Tie("shop"), "Returns are free.")
    add(store, "care.txt", Tie("product", "7"), "Wash cold.")
    again = add(store, "care.txt", Tie("product", "7"), "Wash hot.", "Dry flat.")
    assert [(one.id, one.pieces) for one in store.page()] == [(shop, 1), (again, 2)]
    assert [one.id for one in store.tied([Tie("product", "7")])] == [again]
    assert [one.id for one in store.page(limit=1, after=shop)] == [again]
    store.erase(["7", "unknown"])
    assert store.file.scrub()
    assert [one.id for one in store.page()] == [shop]
    assert store.passages("wash", [Tie("product", "7")]) == []
    store.delete(shop)
    with pytest.raises(DocumentNotFound, match="no document"):
        store.delete(shop)


def test_nothing_is_made_before_the_first_document(tmp_path: Path) -> None:
    store = DocumentStore(tmp_path / NAME)
    assert store.page() == []
    assert store.tied([Tie("shop")]) == []
    assert store.passages("wash", [Tie("shop")]) == []
    store.erase(["1"])
    assert store.file.scrub()
    assert not list(tmp_path.iterdir())
    store.close()
