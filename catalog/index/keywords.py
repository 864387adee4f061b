"""Words as BM25 term weights, computed here rather than by an engine, so that every engine finds the same.

A product's weights hold the frequency and length part of BM25 (k 1.2, b 0.75); the engine multiplies each term by its
rarity (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009).

Japanese, Korean, Thai and their like do not part all words by spaces, and a tokenizer parts them in a query otherwise
than in a longer text. So they are indexed by their n-grams, too: two letters, or three of an alphabet without spaces.
"""

import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from catalog.index.backend import Terms
from catalog.index.records import valid_unicode
from catalog.model.scripts import plain_letters

if TYPE_CHECKING:
    import qdrant_edge

# Words of a typical title, category path and attributes together; a longer text weighs each of its words less.
TYPICAL_WORDS = 30
# A query of more words is no search any more but a document; each costs a look-up.
MAX_QUERY_TERMS = 64


# A number by itself: not the 8 of "8GB", but that of "第8代", whose neighbours are whole words.
NUMBER = re.compile(r"(?<![^\W_\u2e80-\ua4cf\uac00-\ud7af])\d+(?![^\W_\u2e80-\ua4cf\uac00-\ud7af])")


K, B = 1.2, 0.75
# A word has about so many n-grams.
GRAMS_OF_A_WORD = 3

HAN = "\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
KANA = "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
HANGUL = "\u1100-\u11ff\u3131-\u318e\uac00-\ud7af"
# Thai, Lao, Tibetan, Burmese, Khmer: alphabets, so two letters say little.
ALPHABETS = "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff"
# The tokenizer writes some Arabic words otherwise where they stand alone.
ARABIC = "\u0620-\u065f\u066e-\u06d3\u06d5-\u06ff\u0750-\u077f"
EMOJI = "\u2600-\u27bf\u2b50-\u2b55\U0001f000-\U0001faff"
GRAMMED = re.compile(
    f"(?P<whole>[{ARABIC}]+|[{EMOJI}])|(?P<alphabet>[{ALPHABETS}]+)"
    f"|(?P<syllables>[{HANGUL}]+|(?<![{HAN}])[{HAN}]*[{KANA}][{KANA}{HAN}]*)"
)
# A word, or a run of signs of which a part may be one.
UNSPACED = f"{HAN}{KANA}{HANGUL}{ALPHABETS}{ARABIC}{EMOJI}"
WORD = re.compile(rf"(?P<run>[{UNSPACED}]+)|[^\W_{UNSPACED}]+")
LONGEST_PART = 8
SIZES: dict[str, tuple[int, ...]] = {
    "alphabet": (2, 3),
    "syllables": (1, 2),
}  # of n-grams; a query has the longest that it can
JAPANESE, IDEOGRAPHS = re.compile(f"[{KANA}]"), re.compile(f"[{HAN}]+")


def document_terms(text: str) -> Terms:
    text = _plain(text)
    terms: dict[int, float] = {}
    for bm25, part in (*_parts(text), *_ideographs(text)):
        found = bm25.embed_document(part)
        terms = dict(zip(found.indices, found.values, strict=True)) | terms
    grams = Counter(_grams(text))
    length = 1 - B + B * grams.total() / (TYPICAL_WORDS * GRAMS_OF_A_WORD)
    terms = {_number(gram): n * (K + 1) / (n + K * length) for gram, n in grams.items()} | terms
    return Terms(list(terms), list(terms.values()))


def query_terms(text: str) -> Terms:
    """Each word and each n-gram once, with weight 1. Empty if the text has no words."""
    return _asked(number for reading in _readings(_plain(text)) for number in reading)


def wordings(text: str) -> list[Terms]:
    """The query by its words, and by n-grams where it has any: a product that has all of either has the query."""
    return [terms for reading in _readings(_plain(text)) if (terms := _asked(iter(reading))).indices]


def matched(text: str, terms: Terms) -> tuple[str, ...]:
    """The words of a query that a product has, as the query writes them: of a text without spaces the longest parts."""
    both = frozenset(query_terms(text).indices) & frozenset(terms.indices)
    found: list[str] = []
    for word in WORD.finditer(_plain(text)) if both else ():
        found += _parts_in(word[0], both) if word["run"] else [word[0]] if _has(word[0], both, any) else []
    return tuple(dict.fromkeys(found))


def _parts_in(run: str, both: frozenset[int]) -> list[str]:
    start, found = 0, list[str]()
    while start < len(run):
        ends = range(min(len(run), start + LONGEST_PART), start, -1)
        end = next((end for end in ends if _has(run[start:end], both, all)), start)
        found += [run[start:end]] if end > start else []
        start = max(end, start + 1)
    return found


def _has(part: str, both: frozenset[int], enough: Callable[[Iterable[bool]], bool]) -> bool:
    numbers = query_terms(part).indices
    return len(numbers) > 0 and enough(number in both for number in numbers)


def _asked(numbers: Iterator[int]) -> Terms:
    indices = list(dict.fromkeys(numbers))[:MAX_QUERY_TERMS]
    return Terms(indices, [1.0] * len(indices))


def _readings(text: str) -> list[list[int]]:
    grams = [_number(gram) for gram in _grams(text, asked=True)]
    return [_words(text), *([_words(GRAMMED.sub(" ", text)) + grams] if grams else [])]


def _words(text: str) -> list[int]:
    return [index for bm25, part in _parts(text) for index in bm25.embed_query(part).indices]


def _plain(text: str) -> str:
    """Full-width and half-width letters, circled numbers and the like are the plain ones."""
    return plain_letters(valid_unicode(text))


def _grams(text: str, asked: bool = False) -> list[str]:
    """The n-grams of a product, or those that a query asks for; also whole words and signs that a tokenizer misses."""
    grams: list[str] = []
    for match in () if text.isascii() else GRAMMED.finditer(text):
        run, sizes = match[0], SIZES.get(match.lastgroup or "", (len(match[0]),))
        for size in (min(sizes[-1], len(run)),) if asked else sizes:
            grams += _cut(run, size)
    return grams


def _cut(run: str, size: int) -> list[str]:
    return [run[start : start + size] for start in range(len(run) - size + 1)]


def _number(gram: str) -> int:
    return zlib.crc32(gram.encode()) & 0x7FFF_FFFF


def _ideographs(text: str) -> "list[tuple[qdrant_edge.Bm25, str]]":
    """Those of a Japanese text, as a query of ideographs alone would have them: as Chinese words, and by themselves."""
    if not JAPANESE.search(text):
        return []
    words, plain = _tokenizers()
    runs = IDEOGRAPHS.findall(text)
    parts = [gram for run in runs for size in (1, 2) for gram in _cut(run, size)]
    return [(words, " ".join(runs)), (plain, " ".join(parts))]


def _parts(text: str) -> "list[tuple[qdrant_edge.Bm25, str]]":
    """The text for the tokenizer that knows Chinese, and the numbers, which it drops, for the one that does not."""
    words, numbers = _tokenizers()
    return [(words, text), (numbers, " ".join(NUMBER.findall(text)))]


@cache
def _tokenizers() -> "tuple[qdrant_edge.Bm25, qdrant_edge.Bm25]":
    import qdrant_edge

    def bm25(tokenizer: qdrant_edge.TokenizerType) -> qdrant_edge.Bm25:
        config = qdrant_edge.Bm25Config(
            avg_len=TYPICAL_WORDS,
            tokenizer=tokenizer,
            language="english",  # the stemmer's: "shoe" finds "shoes"
            # No word is left out: On, Her and Off White are brands, and rarity weighs "the" down to almost nothing.
            stopwords=qdrant_edge.StopwordsSet(),
            lowercase=True,
            ascii_folding=True,
        )
        return qdrant_edge.Bm25(config)

    return bm25(qdrant_edge.TokenizerType.Multilingual), bm25(qdrant_edge.TokenizerType.Word)
