"""Read Shopify's product taxonomy (MIT): categories with their attributes, and both in several languages.

The folder has LANGUAGE/categories.txt, LANGUAGE/attribute_values.txt, attributes.yml and categories/*.yml, as in the
`dist` and `data` of its repository.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from catalog.categories.shopify import paths_in
from catalog.errors import FileNotReadable

LINE = re.compile(r"gid://shopify/\w+/(\S+)\s*: (.+)")
VALUE = re.compile(r"(.+) \[(.+)\]")


@dataclass(frozen=True)
class ShopifyTaxonomy:
    """names: language -> category id -> path, top first. attributes: category id -> names of its attributes, English.
    values: language -> value id -> name. values_of: an attribute's English name -> ids of its values. values_from: an
    attribute that has the values of another -> that one.
    """

    names: Mapping[str, Mapping[str, tuple[str, ...]]]
    attributes: Mapping[str, tuple[str, ...]]
    values: Mapping[str, Mapping[str, str]]
    values_of: Mapping[str, tuple[str, ...]]
    values_from: Mapping[str, str]

    @classmethod
    def load(cls, folder: Path) -> "ShopifyTaxonomy":
        """Raises FileNotReadable."""
        try:
            languages = sorted(path.parent.name for path in folder.glob("*/categories.txt"))
            texts = {name: (folder / name / "categories.txt").read_text(encoding="utf-8") for name in languages}
            names = {language: paths_in(text) for language, text in texts.items()}
            values, values_of = {}, defaultdict(list)
            for language in languages:
                if (path := folder / language / "attribute_values.txt").is_file():
                    values[language] = {id: name for id, name, _ in _values(path)}
            for id, _, attribute in _values(folder / "en" / "attribute_values.txt"):
                values_of[attribute].append(id)
            friendly, values_from = _attribute_names(folder / "attributes.yml")
            attributes = {
                id: tuple(friendly[each] for each in given if each in friendly)
                for path in sorted((folder / "categories").glob("*.yml"))
                for id, given in _category_attributes(path)
            }
        except (OSError, UnicodeDecodeError):
            raise FileNotReadable("The folder of Shopify's taxonomy cannot be read.") from None
        return cls(names, attributes, values, {name: tuple(ids) for name, ids in values_of.items()}, values_from)


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if found := LINE.fullmatch(line.strip()):
            yield found[1], found[2]


def _values(path: Path) -> Iterator[tuple[str, str, str]]:
    """-> id, name, attribute"""
    for id, text in _lines(path):
        if found := VALUE.fullmatch(text):
            yield id, found[1], found[2]


# The files are written by a program, one key a line, so that a few lines read them.


def _attribute_names(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Id -> name, and name -> name of the attribute with its values where that is another."""
    names: dict[str, str] = {}
    others: dict[str, str] = {}
    name = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        key, _, value = line.strip().removeprefix("- ").partition(": ")
        if key == "name":
            name = value.strip("'\"")
        elif key == "friendly_id":
            names[value] = name
        elif key == "values_from":
            others[name] = value
    return names, {name: names[other] for name, other in others.items() if other in names}


def _category_attributes(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    id, key = "", ""
    attributes: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("- id: "):
            if id:
                yield id, tuple(attributes)
            id, attributes = line.removeprefix("- id: "), []
        elif line.startswith("  - ") and key == "attributes":
            attributes.append(line.removeprefix("  - "))
        else:
            key = line.strip().partition(":")[0]
    if id:
        yield id, tuple(attributes)
