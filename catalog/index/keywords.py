"""Words as BM25 term weights, computed here rather than by an engine, so that every engine finds the same.

A product's weights hold the frequency and length part of BM25 (k 1.2, b 0.75); the engine multiplies each term by its
rarity (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009).
"""

import re
from functools import cache
from typing import TYPE_CHECKING

from catalog.index.backend import Terms
from catalog.index.records import valid_unicode

if TYPE_CHECKING:
    import qdrant_edge

# Words of a typical title, category path and attributes together; a longer text weighs each of its words less.
TYPICAL_WORDS = 30
# A query of more words is no search any more but a document; each costs a look-up.
MAX_QUERY_TERMS = 64


# A number by itself: not the 8 of "8GB", but that of "第8代", whose neighbours are whole words.
NUMBER = re.compile(r"(?<![^\W_\u2e80-\ua4cf\uac00-\ud7af])\d+(?![^\W_\u2e80-\ua4cf\uac00-\ud7af])")


def document_terms(text: str) -> Terms:
    indices: list[int] = []
    weights: list[float] = []
    for bm25, part in _parts(text):
        terms = bm25.embed_document(part)
        indices += terms.indices
        weights += terms.values
    return Terms(indices, weights)


def query_terms(text: str) -> Terms:
    """Each word once, with weight 1. Empty if the text has no words."""
    indices = [index for bm25, part in _parts(text) for index in bm25.embed_query(part).indices]
    return Terms(indices[:MAX_QUERY_TERMS], [1.0] * len(indices[:MAX_QUERY_TERMS]))


def _parts(text: str) -> "list[tuple[qdrant_edge.Bm25, str]]":
    """The text for the tokenizer that knows Chinese, and the numbers, which it drops, for the one that does not."""
    words, numbers = _tokenizers()
    text = valid_unicode(text)
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
