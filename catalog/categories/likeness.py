"""How alike the names of two trees' categories are: by their letters, and by what a text encoder makes of them."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from catalog.arrays import Floats
from catalog.taxonomy.tree import SEPARATOR, Node

WORD = re.compile(r"[^\W_]+")
APOSTROPHE = re.compile("['\u2019]")
JOINING = {"and", "of", "for", "the", "with", "und", "et", "y"}
ENDINGS = (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("s", ""))
SHORTEST_PLURAL = 4
PIECE, HAN_PIECE = 3, 2  # characters
PARTS = re.compile(r"\s*(?:&|,|/|\band\b)\s*")
PART = 0.9  # likeness of a name to one that lists it among others: "Kitchen" to "Kitchen & Dining"
ALIKE = 0.95  # the most of names that are not equal
# Cosines of the encoder: up to here two names have nothing in common; from here on they mean the same.
UNRELATED, SAME = 0.2, 0.45
# Likeness by letters below which a name may be of another language. In one language the letters know better.
FOREIGN = 0.1

Embed = Callable[[Sequence[str]], Floats]


class Likeness:
    """Of each name of the first nodes to each of the second, from 0 to 1; 1 for equal words."""

    def __init__(self, first: Sequence[Node], second: Sequence[Node], embed: Embed | None) -> None:
        of_id = {node.id: node for node in first}
        self._first = [[*names_of(node), *within(node, of_id.get(node.parent or ""))] for node in first]
        self._size = len(second)
        rows = [(at, name) for at, node in enumerate(second) for name in names_of(node)]
        self._starts = [row for row, (at, _) in enumerate(rows) if not row or rows[row - 1][0] != at]
        self._rows = len(rows)
        self._equal: dict[str, list[int]] = defaultdict(list)
        for at, name in rows:
            self._equal[name].append(at)
        self._listing: dict[str, list[int]] = defaultdict(list)
        for at, node in enumerate(second):
            for part in PARTS.split(node.label.casefold()):
                self._listing[words_of(part)].append(at)
        pieces = [pieces_of(name) for _, name in rows]
        counts = Counter(piece for one in pieces for piece in one)
        self._rarity = {piece: math.log(1 + len(rows) / count) for piece, count in counts.items()}
        self._unknown = math.log(1 + len(rows))
        self._with = self._index(pieces)
        self._meant: dict[int, Floats] = {}
        strangers = [row for row in range(len(first)) if self._by_words(row).max() < FOREIGN] if embed else []
        if embed and strangers:
            self._second_MD = embed([node.label for node in second])
            vectors = embed([first[row].label for row in strangers])
            self._meant = dict(zip(strangers, vectors, strict=True))

    def of(self, row: int) -> Floats:
        """(M,): how alike this one of the first nodes is to each of the second."""
        like_M = self._by_words(row)
        if row in self._meant:
            return np.maximum(like_M, by_meaning(self._second_MD @ self._meant[row]))
        return like_M

    def _by_words(self, row: int) -> Floats:
        """(M,): of the name that is the most alike."""
        best_M = np.zeros(self._size, np.float32)
        for name in self._first[row]:
            like_M = np.minimum(self._by_letters(name), ALIKE) ** 2
            like_M[self._listing.get(name, [])] = PART
            like_M[self._equal.get(name, [])] = 1
            best_M = np.maximum(best_M, like_M)
        return best_M

    def _by_letters(self, name: str) -> Floats:
        """(M,): the cosine of their pieces, each of which counts for more the rarer it is."""
        found = [
            (*self._with[piece], weight)
            for piece, weight in self._weights(pieces_of(name)).items()
            if piece in self._with
        ]
        if not found:
            return np.zeros(self._size, np.float32)
        places = np.concatenate([at for at, _, _ in found])
        parts = np.concatenate([weight * weights for _, weights, weight in found])
        like_R = np.bincount(places, parts, self._rows)
        return np.maximum.reduceat(like_R, self._starts).astype(np.float32)

    def _index(self, pieces: Sequence[Counter[str]]) -> dict[str, tuple[NDArray[np.intp], Floats]]:
        """A piece -> the names that have it, and its weight in each."""
        found: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for row, one in enumerate(pieces):
            for piece, weight in self._weights(one).items():
                found[piece].append((row, weight))
        return {
            piece: (np.array([row for row, _ in all]), np.array([weight for _, weight in all], np.float32))
            for piece, all in found.items()
        }

    def _weights(self, pieces: Counter[str]) -> dict[str, float]:
        """Of unit length together."""
        weights = {piece: count * self._rarity.get(piece, self._unknown) for piece, count in pieces.items()}
        length = math.sqrt(sum(weight**2 for weight in weights.values()))
        return {piece: weight / length for piece, weight in weights.items()}


def by_meaning(cosine_M: Floats) -> Floats:
    """Of an encoder's cosines: from UNRELATED on, in a straight line to SAME."""
    return np.clip((cosine_M - UNRELATED) / (SAME - UNRELATED), 0, 1).astype(np.float32) * np.float32(ALIKE)


def names_of(node: Node) -> list[str]:
    """In every language, as words."""
    given = (node.label, node.label_zh, *(name for name in node.synonyms if SEPARATOR not in name))
    return list(dict.fromkeys(filter(None, map(words_of, given)))) or [node.label.casefold()]


def within(node: Node, parent: Node | None) -> list[str]:
    """Its name behind the parent's: "Hoses" in "Garden" are "Garden Hoses"."""
    if parent is None:
        return []
    both = f"{parent.label} {node.label}", f"{parent.label_zh} {node.label_zh}"
    return list(dict.fromkeys(map(words_of, both)))


def words_of(name: str) -> str:
    """Singular, in lower case, without the words that only join others: "Men's Hats & Caps" -> "mens hat cap"."""
    words = WORD.findall(APOSTROPHE.sub("", name.casefold()))
    return " ".join(singular(word) for word in words if word not in JOINING)


def singular(word: str) -> str:
    """By English endings; what they make of another word is the same in both trees."""
    if not word.isascii() or len(word) < SHORTEST_PLURAL or word.endswith(("ss", "us", "is")):
        return word
    for ending, instead in ENDINGS:
        if word.endswith(ending):
            return word[: -len(ending)] + instead
    return word


def pieces_of(name: str) -> Counter[str]:
    """The words, and each one's pieces of a few characters."""
    found = Counter[str]()
    for word in name.split():
        size = PIECE if word.isascii() else HAN_PIECE
        padded = f"<{word}>"
        found[word] += 1
        found.update(padded[at : at + size] for at in range(len(padded) - size + 1))
    return found
