"""How rare a word is in the catalogue: 1 if one product has it, 0 if all have."""

import math
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

from catalog.quality.groups.facts import Facts

# Products that a catalogue has at least, as far as rarity goes: among three products, what two share is no common word.
LEAST = 1000
ASKED = 60  # titles that an estimate is made from
MAX_WORDINGS = 20_000
MAX_COUNTED = 500_000  # words; above it those that one product has are forgotten, which are as rare unknown
Words = frozenset[str]


class Weights(dict[str, float]):
    """Word -> rarity, worked out when it is asked for. A word that no product has is as rare as can be. least: how many
    products a word that was not met may have.
    """

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts
        self.scale, self.least = 1.0, 1.0

    def __missing__(self, word: str) -> float:
        self[word] = weight = 1 - math.log(max(self._counts.get(word, 0), self.least)) * self.scale
        return weight


class Rarity:
    """of, in_texts: the rarity of a word in titles, and in titles and descriptions together. of_piece: of a part of a
    model number.
    """

    of: Callable[[str], float]
    in_texts: Callable[[str], float]
    of_piece: Callable[[str], float]

    def __init__(self, products: Iterable[Facts] = ()) -> None:
        self.products, self._least = 0, 1.0
        self._titles, self._texts = Counter[str](), Counter[str]()
        self._pieces = Counter[str]()
        self._wordings = Wordings()
        self._weights = Weights(self._titles), Weights(self._texts), Weights(self._pieces)
        self.of, self.in_texts, self.of_piece = (each.__getitem__ for each in self._weights)
        for one in products:
            self.add(one)

    def add(self, product: Facts) -> None:
        self.products += 1
        self._titles.update(product.title.words | product.title.codes)
        self._texts.update(product.words)
        self._pieces.update(product.pieces)
        self._wordings.add(product.marks)
        for counts in (self._titles, self._texts, self._pieces):
            if len(counts) > MAX_COUNTED:
                for word in [word for word, count in counts.items() if count == 1]:
                    del counts[word]
        self._settle()

    def stand_for(self, products: int) -> None:
        """Take the products so far for a sample of so many. What a sample has not met may have been missed."""
        share = products / max(self.products, 1)
        if share <= 1:
            return
        for counts in (self._titles, self._texts, self._pieces):
            for word in counts:
                counts[word] = round(counts[word] * share)
        self.products, self._least = products, max(share / 2, 1.0)
        self._wordings.stand_for(share)
        self._settle()

    def _settle(self) -> None:
        for weights in self._weights:
            weights.scale = 1 / math.log(max(self.products, LEAST))
            weights.least = self._least
            weights.clear()

    def wordings_with(self, marks: Words) -> int:
        """How many wordings have them all, estimated from those that have the rarest. Titles that differ in colours,
        sizes and measures are of one wording.
        """
        return self._wordings.count(marks)

    def titles_with(self, word: str) -> int:
        return self._titles.get(word, 0)

    def to_dict(self) -> dict[str, Any]:
        counts = {"titles": self._titles, "texts": self._texts, "pieces": self._pieces}
        return {"products": self.products, "least": self._least, **counts, "wordings": self._wordings.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Raises KeyError, TypeError, ValueError or AttributeError for what is none."""
        made = cls()
        made.products, made._least = int(values["products"]), float(values["least"])
        for name, counts in (("titles", made._titles), ("texts", made._texts), ("pieces", made._pieces)):
            counts.update({str(word): int(count) for word, count in values[name].items()})
        made._wordings = Wordings.from_dict(values["wordings"])
        made._settle()
        return made


class Wordings:
    """The wordings of the titles, each once; of many a share, drawn by their letters."""

    def __init__(self) -> None:
        self._every = 1  # one in so many is kept
        self._kept: set[Words] = set()
        self._holders: dict[str, list[Words]] = {}
        self._together: dict[Words, int] = {}

    def add(self, marks: Words) -> None:
        self._together.clear()
        if marks in self._kept or (self._every > 1 and _drawn(marks) % self._every):
            return
        self._kept.add(marks)
        for mark in marks:
            self._holders.setdefault(mark, []).append(marks)
        if len(self._kept) > MAX_WORDINGS:
            self._every *= 2
            rest, self._kept, self._holders = self._kept, set(), {}
            for one in rest:
                self.add(one)

    def stand_for(self, share: float) -> None:
        self._every = round(self._every * share)
        self._together.clear()

    def count(self, marks: Words) -> int:
        found = self._together.get(marks)
        if found is None:
            holders = min((self._holders.get(mark, []) for mark in marks), key=len, default=[])
            step = max(len(holders) // ASKED, 1)
            having = [other for other in holders[::step] if marks <= other]
            texts = {frozenset(mark for mark in other if " " not in mark) for other in having}  # without measures
            each = self._every * step if 2 * len(texts) > len(having) else 1  # a few are met whatever is left out
            found = self._together[marks] = each * len(texts)
        return found

    def to_dict(self) -> dict[str, Any]:
        return {"every": self._every, "kept": [sorted(marks) for marks in self._kept]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        made = cls()
        made._every = int(values["every"])
        for marks in values["kept"]:
            made.add(frozenset(map(str, marks)))
        return made


def _drawn(marks: Words) -> int:
    return zlib.crc32("\n".join(sorted(marks)).encode())
