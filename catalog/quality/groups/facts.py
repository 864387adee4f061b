"""What a product says of itself that can be compared: words, model numbers, measures, colours, sizes, brand, price."""

import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType

from catalog.lexicon.sizes import LETTERS, SIZES, letter_size
from catalog.product import Product, each_value
from catalog.quality.groups.colours import names, phrases
from catalog.quality.groups.measures import as_number, measures
from catalog.synonyms import attribute_name

# A run without spaces, in which signs may part letters from digits.
RUN = re.compile(r"[^\W_]+(?:[-/._+][^\W_]+)*")
PART = re.compile(r"\d++(?:[.,]\d++)*+(?![^\W\d_])|[^\W_]+")
PAIRED_DIGITS = re.compile(r"\d(?=\d)")
HAN = re.compile(r"[\u3400-\u9fff]+")
SIGNS = re.compile(r"[-/._+]")
NO_DIGIT = re.compile(r"\D")
POSSESSIVE = re.compile(r"['\u2019]s\b")
SIZE_WORDS = {word: size for word, size in SIZES.items() if len(word) > 1}  # one letter may be a name's
# "size 42", "uk 8", "8 m us", "14 us"; a letter counts only in capitals, at the end or between signs.
SIZED = re.compile(
    r"\b(?:size|sz|gr(?:ö|oe)(?:ß|ss)e|taille|talla|uk|eu|eur|us)[ .:]*(\d{1,2}(?:[.,]5)?|" + LETTERS + r")\b"
)
SIZED_BEFORE = re.compile(r"(?<![\d.])\b(\d{1,2}(?:[.,]5)?)\s(?:[bdmnw]{1,2}\s)?(?:(?:\(m\)\s)?us|uk|eu|eur)\b")
LETTER = re.compile(r"([SML])(?<![^\s,(/|\-\u2013][SML])(?=\)|\s?[,/|]|\s*$)")
LEAST_CODE = 4
GRAM_BITS = 2048
LONGEST_CODE = 16
PIECE = 6  # signs of a model number that shops write with other ends or in parts
ABBREVIATED = {"ultra hd": "uhd", "full hd": "fhd"}
# Of one product line these are others: "8" and "8 Plus".
EDITION_WORDS = "plus pro lite mini max ultra compact premium edge classic deluxe junior neo se duo ii iii iv"
EDITIONS = frozenset(EDITION_WORDS.split())
Values = Mapping[str, frozenset[float]]
NOTHING: frozenset[str] = frozenset()
NO_MEASURES: Values = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Text:
    """words: without measures, colours and sizes. tokens: of all, in order. joined: neighbours written as one.
    codes: model numbers without signs. numbers: those that have no unit.
    """

    words: frozenset[str]
    tokens: tuple[str, ...]
    joined: frozenset[str]
    codes: frozenset[str]
    measures: Values
    numbers: frozenset[str]
    colours: frozenset[str]
    sizes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Facts:
    """words: of title and description. marks: the title's words and measures. grams: a bit for each three letters of
    the title. pieces: of model numbers in it. codes: model numbers of the title and the maker's own (mpn), without
    signs. gtin: without leading zeros.
    """

    id: str
    title: Text
    more: Text
    words: frozenset[str]
    marks: frozenset[str]
    grams: int
    pieces: frozenset[str]
    brand: str
    codes: frozenset[str]
    gtin: str
    price: float | None


def read(product: Product) -> Facts:
    title, more = read_text(product.title), read_text(product.description)
    options = {attribute_name(name): values for name, values in product.attributes.items()}
    colours = {name for value in each_value(options.get("colour", ())) for name in _colours(plain(value))}
    sizes = {_size(plain(value)) for value in each_value(options.get("size", ()))}
    if colours or sizes:
        title = replace(title, colours=frozenset(colours) or title.colours, sizes=frozenset(sizes) or title.sizes)
    solid = "".join(title.tokens)
    codes = frozenset(_codes(plain(product.mpn), 3)) if product.mpn else NOTHING
    return Facts(
        id=product.id,
        title=title,
        more=more,
        words=title.words | more.words if more.words else title.words,
        marks=title.words.union(f"{name} {value:g}" for name, each in title.measures.items() for value in each),
        grams=_grams(solid),
        pieces=_kept(_pieces(solid)),
        brand=plain(product.brand),
        codes=title.codes | codes if codes else title.codes,
        gtin=NO_DIGIT.sub("", product.gtin).lstrip("0"),
        price=product.price or None,
    )


def _grams(solid: str) -> int:
    """A bit for each three letters: a tenth of the memory of a set, and compared at once."""
    found = 0
    for n in range(len(solid) - 2):
        found |= _bit(solid[n : n + 3])
    return found


@lru_cache(100_000)
def _bit(gram: str) -> int:
    return 1 << zlib.crc32(gram.encode()) % GRAM_BITS


def _pieces(solid: str) -> Iterator[str]:
    """Neighbouring signs with at least two digits and a letter, wherever a shop has put its spaces."""
    for digits in PAIRED_DIGITS.finditer(solid):
        for start in range(max(digits.start() - PIECE + 2, 0), min(digits.start() + 1, len(solid) - PIECE + 1)):
            piece = solid[start : start + PIECE]
            if not piece.isdigit():
                yield piece


def plain(text: str) -> str:
    """In lower case, without accents and possessives."""
    text = unicodedata.normalize("NFKC", text).lower()
    if not text.isascii():
        letters = unicodedata.normalize("NFKD", text)
        text = unicodedata.normalize("NFC", "".join(one for one in letters if not "\u0300" <= one <= "\u036f"))
    return POSSESSIVE.sub("", text)


def read_text(text: str) -> Text:
    if not text:
        return EMPTY
    rest = plain(text)
    sizes = {*LETTER.findall(text)}
    for pattern in (SIZED, SIZED_BEFORE):
        if sized := pattern.findall(rest):
            sizes.update(map(_size, sized))
            rest = pattern.sub(" ", rest)
    found: dict[str, set[float]] = {}
    parts, start = [], 0
    for one in measures(rest):
        found.setdefault(one.dimension, set()).add(one.value)
        parts.append(rest[start : one.start])
        start = one.end
    rest = " ".join([*parts, rest[start:]])
    for phrase, word in (*phrases().items(), *ABBREVIATED.items()):
        rest = rest.replace(phrase, word)
    known = names()
    tokens = tuple(_tokens(rest))
    colours = {known[token] for token in tokens if token in known}
    sizes |= {SIZE_WORDS[token] for token in tokens if token in SIZE_WORDS}
    return Text(
        words=_kept(frozenset(tokens).difference(known, SIZE_WORDS)),
        tokens=tokens,
        joined=_kept(map("".join, runs(tokens))),
        codes=_kept(_codes(rest)),
        measures={name: frozenset(values) for name, values in found.items()} if found else NO_MEASURES,
        numbers=_kept(one for one in tokens if one[0].isdigit() and one.replace(".", "").isdigit()),
        colours=_kept(colours),
        sizes=_kept(sizes),
    )


def _kept(words: Iterable[str]) -> frozenset[str]:
    """One set for all that are empty: most of a catalogue's are, and each would take 216 bytes."""
    return frozenset(words) or NOTHING


def _tokens(text: str) -> Iterator[str]:
    for part in PART.findall(text):
        if part[0].isdigit() and part.replace(".", "").replace(",", "").isdigit():
            yield f"{as_number(part):g}" if len(part) < 7 else part.replace(".", "").replace(",", "")
        elif len(part) > 2 and not part.isascii() and HAN.fullmatch(part):
            yield from (part[n : n + 2] for n in range(len(part) - 1))
        else:
            yield part


def runs(tokens: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Two neighbours, and three that may be a model number in parts."""
    yield from pairwise(tokens)
    for three in zip(tokens, tokens[1:], tokens[2:], strict=False):
        letters = "".join(three)
        if len(letters) <= LONGEST_CODE and not letters.isalpha() and not letters.isdigit():
            yield three


def _codes(text: str, least: int = LEAST_CODE) -> Iterator[str]:
    """Model numbers: of letters and digits, or at least five digits; also the parts of one that are model numbers."""
    for run in RUN.findall(text):
        if run.isalpha():
            continue
        for one in (run,) if run.isalnum() else dict.fromkeys((SIGNS.sub("", run), *SIGNS.split(run))):
            digits = sum(map(str.isdigit, one))
            if digits and len(one) >= least and (digits < len(one) or digits >= LEAST_CODE + 1):
                yield one


def _size(text: str) -> str:
    return letter_size(text) or text.upper().replace(",", ".")


def _colours(text: str) -> Sequence[str]:
    """The colours of a value; the value itself if none is known."""
    for phrase, colour in phrases().items():
        text = text.replace(phrase, colour)
    known = [names()[token] for token in _tokens(text) if token in names()]
    return known or [text]


EMPTY = Text(NOTHING, (), NOTHING, NOTHING, NO_MEASURES, NOTHING, NOTHING, NOTHING)
