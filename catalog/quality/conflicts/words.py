"""Words against the merchant's own fields: only what cannot both be true."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from catalog.language.attributes.found import FoundAttribute
from catalog.language.attributes.grammar.labelled import labelled_in
from catalog.language.attributes.grammar.read import by_grammar
from catalog.lexicon.sizes import LETTERS, letter_size
from catalog.product import Product, as_text, each_value
from catalog.quality.conflicts.amounts import CONTENTS, COUNTS, contents_differ, count_differs, may_mean_any
from catalog.quality.conflicts.colours import ANY, Named, colours_in, plain
from catalog.quality.conflicts.sexes import sex_in, sex_of
from catalog.quality.finding import Evidence, Finding, Source
from catalog.synonyms import attribute_name, letters_of

SIZE = re.compile(rf"\bsize\s?[:\-]?\s?({LETTERS})\b(?!\s?(?:-|/|to\b)\s?{LETTERS}\b)", re.IGNORECASE)


class Words(NamedTuple):
    """Words of a product that say a value."""

    source: Source
    text: str
    start: int
    end: int


def title_colours(product: Product) -> list[Named]:
    """The colours of the title; none where it may have several more, or no word that says a colour for certain."""
    if ANY.search(product.title):
        return []
    found = colours_in(product.title, product.brand)
    return found if any(one.certain for one in found) else []


def words_against_fields(product: Product) -> Iterator[Finding]:
    grammar: list[FoundAttribute] | None = None
    for name, values in product.attributes.items():
        known, given = attribute_name(name), [value for value in each_value(values) if value.strip()]
        words: Words | None = None
        if not given:
            continue
        if known == "colour":
            words = _colour(product, given)
        elif known == "gender":
            words = _gender(product, given)
        elif known == "size" and SIZE.search(product.title):
            words = _size(product.title, given)
        elif known in CONTENTS or known in COUNTS:
            if any(map(may_mean_any, (product.title, *given))):
                continue
            grammar = by_grammar(product.title) if grammar is None else grammar
            words = _amount(product.title, grammar, known, given)
        if words:
            yield _finding(product, name, as_text(values), words)
    if words := _brand(product):
        yield _finding(product, "brand", product.brand, words)


def _finding(product: Product, field: str, said: str, words: Words) -> Finding:
    shown = words.text[words.start : words.end]
    sides = (Evidence(words.source, shown, words.start, words.end), Evidence("field", said))
    return Finding("title_and_field_differ", product.id, 1.0, field=field, said=said, proposed=shown, evidence=sides)


def _colour(product: Product, given: Sequence[str]) -> Words | None:
    named = title_colours(product)
    fields = [plain(value) for value in given]
    if not named or not all(fields):
        return None
    if frozenset().union(*(one.may_be for one in named)) & frozenset().union(*fields):
        return None
    first = next(one for one in named if one.certain)
    return Words("title", product.title, first.start, first.end)


def _gender(product: Product, given: Sequence[str]) -> Words | None:
    said, fields = sex_in(product.title), {sex_of(value) for value in given}
    if said is None or None in fields or said.sex in fields:
        return None
    return Words("title", product.title, said.start, said.end)


def _size(title: str, given: Sequence[str]) -> Words | None:
    """Sizes by letters: those by numbers differ by country."""
    said = SIZE.search(title)
    if said is None or not all(map(letter_size, given)):
        return None
    same = letter_size(said[1]) in map(letter_size, given)
    return None if same else Words("title", title, said.start(1), said.end(1))


def _amount(title: str, found: Sequence[FoundAttribute], field: str, given: Sequence[str]) -> Words | None:
    one = contents_differ(found, title, given) if field in CONTENTS else None
    if one is None and field in COUNTS and len(given) == 1:
        one = count_differs(found, title, given[0])
    return Words("title", title, one.start, one.end) if one else None


def _brand(product: Product) -> Words | None:
    """The brand that a label in the description gives, such as "Brand: Nike"."""
    if not product.brand or "brand" not in product.description.lower():
        return None
    for one in labelled_in(product.description):
        if one.name == "brand" and not _alike(one.value, product.brand, product.title):
            return Words("description", product.description, one.start, one.end)
    return None


def _alike(said: str, brand: str, title: str) -> bool:
    """Whether one may stand for the other, or the title has the field's."""
    one, other, words = (letters_of(text) for text in (said, brand, title))
    return not one or not other or one in other or other in one or other in words
