"""Documents beside the products: care instructions, manuals, answers to frequent questions."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

Kind = Literal["markdown", "html", "pdf", "text"]
Scope = Literal["shop", "category", "brand", "product"]

MAX_BYTES = 8 * 1024 * 1024
MAX_PAGES = 500
MAX_LETTERS = 2_000_000  # of the text of a document
MAX_PIECES = 5_000  # sentences of a document
MAX_DOCUMENTS = 10_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A sentence of a document, as it is written there. heading: the one above it, or ""; page: from 1, of a PDF."""

    text: str
    heading: str = ""
    page: int | None = None


class Tie(NamedTuple):
    """What a document is about. target: the id of a product or a category, or a brand's name; "" for the whole shop."""

    scope: Scope
    target: str = ""


class Document(NamedTuple):
    """A document that is kept. name: of its file; pieces: how many sentences; created: seconds since 1970; given_by:
    the name of the API key.
    """

    id: int
    name: str
    kind: Kind
    tie: Tie
    pieces: int
    created: float
    given_by: str
