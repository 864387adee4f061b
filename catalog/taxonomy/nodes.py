"""The entries of a category tree: nodes, tags and attributes."""

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
    """A property with at most one value for each product, such as the colour."""

    name: str
    values: tuple[str, ...]
