"""The cells of an attribute's column -> the values that can be learnt, and which of them each product has."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from catalog.arrays import Floats
from catalog.synonyms import SEVERAL

FEWEST = 5  # products with a value: of fewer, no precision that may be asked for can be proven
RARE = ""

Cell = tuple[str, ...]


class Values(NamedTuple):
    """names: the values in order, and RARE for all those of fewer than FEWEST products, if there are any. share_NC: of
    each product the share that it has in each, in all 1; 0 for one without a value. several: how many products have
    more than one value.
    """

    names: tuple[str, ...]
    share_NC: Floats
    several: int

    @property
    def learnable(self) -> bool:
        """Whether there is anything to tell apart."""
        return len(self.names) > 1


def read_values(cells: Sequence[Cell]) -> Values:
    """Spellings that differ in case and spaces alone are one value. A cell such as "Black / White" is two values where
    both stand alone elsewhere, else one: "Salt & Pepper".
    """
    alone = frozenset(key(value) for cell in cells for value in cell if len(parts(value)) == 1)
    keys = [list(dict.fromkeys(one for value in cell for one in parted(value, alone))) for cell in cells]
    spellings = Counter(" ".join(part.split()) for cell in cells for value in cell for part in (value, *parts(value)))
    spelt = {key(text): text for text, _ in reversed(spellings.most_common())}  # the commonest last
    counted = Counter(one for found in keys for one in found)
    names = sorted(one for one, count in counted.items() if count >= FEWEST)
    place = {one: number for number, one in enumerate(names)}
    share_NC = np.zeros((len(cells), len(names) + 1), np.float32)
    for row, found in enumerate(keys):
        for one in found:
            share_NC[row, place.get(one, len(names))] += 1 / len(found)
    rare = share_NC[:, -1].any()
    shown = tuple(spelt[one] for one in names)
    several = sum(len(found) > 1 for found in keys)
    return Values((*shown, RARE) if rare else shown, share_NC if rare else share_NC[:, :-1], several)


def parted(value: str, alone: frozenset[str]) -> list[str]:
    """The keys of the values that are in it."""
    found = [key(part) for part in parts(value)]
    return found if alone.issuperset(found) else [key(value)]


def parts(value: str) -> list[str]:
    """ "Black / White" -> both; "36/38" and "10,5" stay whole, as a number may be written so."""
    found = [part.strip() for part in SEVERAL.split(value) if part.strip()]
    worded = all(any(letter.isalpha() for letter in part) for part in found)
    return found if len(found) > 1 and worded else [value]


def key(value: str) -> str:
    return " ".join(value.split()).casefold()
