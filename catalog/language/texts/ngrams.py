"""Features of a text that need no model: its character n-grams and words, hashed into buckets."""

import itertools
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from catalog.arrays import Floats

BUCKETS = 2**18
LONGEST = 4  # characters of an n-gram
MAX_LETTERS = 2_000  # of a text; the rest is not read
WORD = re.compile(r"[a-z0-9]+")
SPACES = re.compile(r"\s+")


class Grams(NamedTuple):
    """Of one text: bucket_G, how often each was met in weight_G, as 1 + log(count)."""

    bucket_G: NDArray[np.int64]
    weight_G: Floats

    def weighted(self, idf_B: Floats) -> Floats:
        """(G,): the weights times how rare each bucket is, of norm 1; zeros of an empty text."""
        found_G: Floats = self.weight_G * idf_B[self.bucket_G]
        norm = float(np.linalg.norm(found_G))
        return found_G / np.float32(norm) if norm else found_G


def grams(text: str) -> Grams:
    counts = Counter(map(bucket, _terms(plain(text))))
    bucket_G = np.fromiter(counts, np.int64, len(counts))
    count_G = np.fromiter(counts.values(), np.float32, len(counts))
    return Grams(bucket_G, 1 + np.log(count_G))


def plain(text: str) -> str:
    """In lower case, full-width letters as plain ones, spaces as one."""
    letters = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return SPACES.sub(" ", letters[:MAX_LETTERS].lower()).strip()


def bucket(term: str) -> int:
    """The same on every machine, which Python's own hash is not."""
    return zlib.crc32(term.encode("utf-8", "surrogatepass")) % BUCKETS


def _terms(text: str) -> Iterator[str]:
    """N-grams of 1 to 4 characters; words and pairs of words, marked so that none is an n-gram, too."""
    padded = f" {text} "
    for length in range(1, LONGEST + 1):
        for start in range(len(padded) - length + 1):
            yield padded[start : start + length]
    words = WORD.findall(text)
    yield from (f"\0{word}" for word in words)
    yield from (f"\0{first}\0{second}" for first, second in itertools.pairwise(words))


def inverse_frequencies(texts: Sequence[Grams]) -> Floats:
    """(B,): log((1 + N) / (1 + n)) + 1 of each bucket that n of N texts have (as scikit-learn's smooth idf)."""
    count_B = np.zeros(BUCKETS, np.float32)
    for one in texts:
        count_B[one.bucket_G] += 1
    found_B: Floats = (np.log((1 + len(texts)) / (1 + count_B)) + 1).astype(np.float32)
    return found_B
