"""Shopify's product taxonomy (MIT), as its repository publishes it: `dist`, or LANGUAGE/categories.txt of it.

A line is "gid://shopify/TaxonomyCategory/ap-1 : Animals & Pet Supplies > Live Animals".
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from catalog.categories.files import chinese, chosen, read_text
from catalog.categories.paths import Category, path_key, tree_of
from catalog.errors import FileNotReadable, TaxonomyInvalid
from catalog.taxonomy.tree import Taxonomy

FILE = "categories.txt"
GID = "gid://shopify/TaxonomyCategory/"
LINE = re.compile(rf"{GID}(\S+)\s*: (.+)")
VERSION = re.compile(r"# Shopify Product Taxonomy.*: (\S+)")
RULES = "*from_shopify*.yml"
RULE = re.compile(r"product_category_id: (\S+)\s+output:\s+product_category_id:\s+- '(\d+)'")

Names = Mapping[str, tuple[str, ...]]  # id -> path


def read_shopify(path: Path, languages: Sequence[str] = ()) -> Taxonomy:
    """path: a folder with LANGUAGE/categories.txt, or one such file. languages: as of `read_source`.

    Google's ids come from the rules of Shopify's repository, where the folder has them. Raises FileNotReadable,
    TaxonomyInvalid.
    """
    files = chosen(_files(path), languages)
    texts = {language: read_text(file) for language, file in files.items()}
    names = {language: with_distinct_siblings(paths_in(text)) for language, text in texts.items()}
    label, *others = names
    if not names[label]:
        raise TaxonomyInvalid(f"{files[label].name} has no line such as '{GID}aa : Apparel & Accessories'.")
    zh = chinese(list(names))
    google = _google_ids(path)
    categories = [
        Category(
            found,
            f"The category {id}",
            id,
            google.get(id, ""),
            names[zh].get(id, ()) if zh else (),
            tuple(names[other][id] for other in others if other != zh and id in names[other]),
        )
        for id, found in names[label].items()
    ]
    version = VERSION.search(texts[label])
    return tree_of(categories, f"shopify {version[1]}" if version else "shopify")


def paths_in(text: str) -> dict[str, tuple[str, ...]]:
    """Id -> path, of the lines of a categories.txt."""
    found = (LINE.fullmatch(line.strip()) for line in text.splitlines())
    return {one[1]: tuple(part.strip() for part in one[2].split(" > ")) for one in found if one}


def with_distinct_siblings(names: Names) -> dict[str, tuple[str, ...]]:
    """In some languages siblings have equal names: the later ones get their id beside it."""
    found: dict[str, tuple[str, ...]] = {}
    seen: set[tuple[str, ...]] = set()
    for id, path in names.items():
        above = found.get(id.rpartition("-")[0], path[:-1])
        whole = (*above, path[-1])
        if path_key(whole) in seen:
            whole = (*above, f"{path[-1]} ({id})")
        seen.add(path_key(whole))
        found[id] = whole
    return found


def google_rules(text: str) -> dict[str, str]:
    """Shopify's id -> Google's."""
    return dict(RULE.findall(text))


def _files(path: Path) -> dict[str, Path]:
    if not path.is_dir():
        return {"en" if path.parent.name == "" else path.parent.name: path}
    found = {file.parent.name: file for file in sorted(path.rglob(FILE))}
    if not found:
        raise FileNotReadable(f"{path.name!r} has no {FILE}, as the folder dist of Shopify's repository has it.")
    return found


def _google_ids(path: Path) -> dict[str, str]:
    """By the newest rules in the folder."""
    rules = sorted(path.rglob(RULES)) if path.is_dir() else []
    return google_rules(read_text(rules[-1])) if rules else {}
