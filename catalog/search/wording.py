"""The words of a query against the names of the category tree, which are known in English and in Chinese."""

from collections.abc import Collection
from typing import NamedTuple

from catalog.model.scripts import plain_letters, readable_names
from catalog.taxonomy.tree import Taxonomy


class Wording(NamedTuple):
    """given: the query's words; read: as the model is to read them; named: whether a category's name is among them;
    kinds: the node whose name is all of them, if there is one.
    """

    given: str = ""
    read: str = ""
    named: bool = False
    kinds: tuple[str, ...] = ()


def worded(text: str, taxonomy: Taxonomy, scripts: Collection[str]) -> Wording:
    """scripts: those that the model can read; see `readable_names`."""
    found = readable_names(plain_letters(text), taxonomy, scripts)
    read = found.text if found else plain_letters(text)
    node = taxonomy.named(read)
    return Wording(text, read, bool(taxonomy.names_in(read)), (node.id,) if node else ())
