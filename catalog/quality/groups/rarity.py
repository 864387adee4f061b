"""How rare a word is in the catalogue: 1 if one product has it, 0 if all have."""

import math
from collections import Counter
from collections.abc import Callable, Iterable

from catalog.quality.groups.facts import Facts

# Products that a catalogue has at least, as far as rarity goes: among three products, what two share is no common word.
LEAST = 1000
ASKED = 60  # titles that an estimate is made from
Words = frozenset[str]


class Weights(dict[str, float]):
    """Word -> rarity, worked out when it is asked for. A word that no product has is as rare as can be."""

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts
        self.scale = 1.0

    def __missing__(self, word: str) -> float:
        self[word] = weight = 1 - math.log(self._counts.get(word) or 1) * self.scale
        return weight


class Rarity:
    """of, in_texts: the rarity of a word in titles, and in titles and descriptions together. of_piece: of a part of a
    model number.
    """

    of: Callable[[str], float]
    in_texts: Callable[[str], float]
    of_piece: Callable[[str], float]

    def __init__(self, products: Iterable[Facts] = ()) -> None:
        self._count = 0
        self._titles, self._texts = Counter[str](), Counter[str]()
        self._pieces = Counter[str]()
        self._wordings: set[Words] = set()
        self._holders: dict[str, list[Words]] = {}
        self._together: dict[Words, int] = {}
        self._weights = Weights(self._titles), Weights(self._texts), Weights(self._pieces)
        self.of, self.in_texts, self.of_piece = (each.__getitem__ for each in self._weights)
        for one in products:
            self.add(one)

    def add(self, product: Facts) -> None:
        self._count += 1
        self._titles.update(product.title.words | product.title.codes)
        self._texts.update(product.words)
        self._pieces.update(product.pieces)
        self._together.clear()
        if product.marks not in self._wordings:
            self._wordings.add(product.marks)
            for mark in product.marks:
                self._holders.setdefault(mark, []).append(product.marks)
        for weights in self._weights:
            weights.scale = 1 / math.log(max(self._count, LEAST))
            weights.clear()

    def wordings_with(self, marks: Words) -> int:
        """How many wordings have them all, estimated from those that have the rarest. Titles that differ in colour and
        size are of one wording.
        """
        found = self._together.get(marks)
        if found is None:
            holders = min((self._holders.get(mark, []) for mark in marks), key=len, default=[])
            step = max(len(holders) // ASKED, 1)
            found = step * sum(marks <= other for other in holders[::step])
            self._together[marks] = found
        return found

    def titles_with(self, word: str) -> int:
        return self._titles.get(word, 0)
