"""The entries of a category tree: nodes, tags and attributes."""

import re
from dataclasses import dataclass

SEPARATOR = " > "


@dataclass(frozen=True, slots=True)
class Node:
    """One category. A synonym is another name for it, or a whole path such as "Clothing > Hat".

    google: the id of the category in Google's product taxonomy, or "". attributes: names of the properties that its
    products can have; None for those of its parent.
    """

    id: str
    label: str
    label_zh: str
    parent: str | None
    synonyms: tuple[str, ...] = ()
    google: str = ""
    attributes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of products. It applies to a title that contains one of the lower-case patterns as whole words.

    attributes: those of which the tag is a value, such as Fabric of "denim"; () if any category can have it.
    """

    name: str
    label_zh: str
    patterns: tuple[str, ...]
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attribute:
    """A property with at most one value for each product, such as the colour.

    words: for a property that no picture tells, of each value the words, apart by "|", without which in its text no
    product is said to have the value. A shoe looks the same for men and for everyone.
    """

    name: str
    values: tuple[str, ...]
    words: tuple[str, ...] = ()

    def may_be_said(self, value: str, text: str) -> bool:
        """Whether the text has words of the value, or none are needed."""
        if not self.words:
            return True
        words = "|".join(map(re.escape, self.words[self.values.index(value)].split("|")))
        # Chinese has no spaces that words could end at.
        return bool(re.search(rf"(?<![a-z0-9])(?:{words})(?:['\u2019]?s)?(?![a-z0-9])", text.lower()))
