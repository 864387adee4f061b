"""What may answer a question: attributes, sentences of texts, and where each comes from.

The text of a passage is a span of its source, letter by letter, so whatever answers can be shown there. Only a price
stands with its currency, and an availability without its underscore.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from catalog.product import Product, StoredProduct, as_text

Source = Literal["attribute", "title", "description", "document", "review"]
By = Literal["feed", "model", "verdict", "document", "review"]

# A sentence ends behind one of these, at a line's end or at a bullet; not behind the point of a number or of "approx.".
END = re.compile(r"(?<=[.!?])[\"')\]]?\s+(?=[^a-z\s])|(?<=[。！？；])|\s*[\r\n]+\s*|\s*[•●▪]\s*|\s+[|]\s+")
MAX_SENTENCE = 400  # letters; a longer one is cut where a clause ends
CLAUSE = re.compile(r"(?<=[,;:，、：])\s*")
MAX_SENTENCES = 400  # of a text
MAX_REVIEWS = 50  # of a product, the newest, that a question is put to
OF_ONE_SHOPPER = 0.5  # how sure it is what a review says, which the shop does not vouch for
# Fields of the offer that a question may be about, with the names by which people ask.
FIELDS = {
    "brand": "brand",
    "price": "price",
    "availability": "availability",
    "gtin": "gtin",
    "mpn": "model number",
    "product_type": "category",
}


@dataclass(frozen=True, slots=True)
class Passage:
    """text: that may answer; name: of an attribute or a field, the heading above the sentence, or the id of the review;
    "" for none.

    start: where the text begins in its source, in letters. by: who says so; score: how sure that is, 0 to 1. product:
    the id of that it is of, or ""; document, page: the document's file and the page in it, where it has pages.
    """

    text: str
    source: Source
    name: str = ""
    start: int = 0
    by: By = "feed"
    score: float = 1.0
    product: str = ""
    document: str = ""
    page: int | None = None


def passages_of(stored: StoredProduct) -> list[Passage]:
    """All that a stored product says of itself."""
    product = stored.product
    found = list(_attributes(stored))
    found += _fields(product)
    if product.title:
        found.append(Passage(product.title, "title", product=product.id))
    found += [
        Passage(text, "description", start=start, product=product.id) for start, text in sentences(product.description)
    ]
    return found


def passages_about(stored: StoredProduct, told: Sequence[Passage], reviews: Mapping[str, str]) -> list[Passage]:
    """What is said of a stored product: by itself, by documents about it (told), and by its reviews (by their ids)."""
    return [*passages_of(stored), *told, *passages_of_reviews(stored.id, reviews)]


def passages_of_reviews(product: str, texts: Mapping[str, str]) -> list[Passage]:
    """Sentences of a product's reviews. texts: by the reviews' ids, which name the passages."""
    return [
        Passage(sentence, "review", id, start, "review", OF_ONE_SHOPPER, product)
        for id, text in texts.items()
        for start, sentence in sentences(text)
    ]


def sentences(text: str, limit: int = MAX_SENTENCES) -> list[tuple[int, str]]:
    """The first sentences of a text, each with where it begins."""
    pieces = (piece for start, part in _split(text, END) for piece in _pieces(start, part))
    return list(islice(pieces, limit))


def _attributes(stored: StoredProduct) -> Iterator[Passage]:
    given = stored.product.attributes
    judged = stored.judgement is not None
    for name, value in stored.attributes.items():
        if name in given:
            yield Passage(as_text(given[name]), "attribute", name, product=stored.id)
        else:
            by: By = "verdict" if judged else "model"
            yield Passage(value.name, "attribute", name, by=by, score=value.score, product=stored.id)


def _fields(product: Product) -> Iterator[Passage]:
    for field, name in FIELDS.items():
        value = getattr(product, field)
        if value not in (None, ""):
            text = f"{value:g} {product.currency}".rstrip() if field == "price" else str(value)
            plain = text.replace("_", " ") if field == "availability" else text
            yield Passage(plain, "attribute", name, product=product.id)


def _split(text: str, at: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    start = 0
    for match in at.finditer(text):
        yield from _trimmed(start, text[start : match.start()])
        start = match.end()
    yield from _trimmed(start, text[start:])


def _trimmed(start: int, part: str) -> Iterator[tuple[int, str]]:
    text = part.strip()
    if any(map(str.isalnum, text)):
        yield start + part.index(text), text


def _pieces(start: int, part: str) -> Sequence[tuple[int, str]]:
    """A sentence that is too long, cut at its clauses, and where it has none, by its length."""
    if len(part) <= MAX_SENTENCE:
        return [(start, part)]
    found = list[tuple[int, str]]()
    for offset, clause in _split(part, CLAUSE):
        found += [(start + offset + at, clause[at : at + MAX_SENTENCE]) for at in range(0, len(clause), MAX_SENTENCE)]
    return found
