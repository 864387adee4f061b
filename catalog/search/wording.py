"""The words of a query against the names of the category tree, which are known in English and in Chinese."""

from collections.abc import Collection
from typing import NamedTuple

from catalog.model.scripts import readable
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
    """scripts: those that the model can read; see `readable`."""
    read = _in_labels(text, taxonomy, scripts)
    node = taxonomy.named(read)
    return Wording(text, read, bool(taxonomy.names_in(read)), (node.id,) if node else ())


def _in_labels(text: str, taxonomy: Taxonomy, scripts: Collection[str]) -> str:
    """Categories named in a script that the model cannot read are named by their English labels instead. Then no other
    word of such a script is left, lest so many of them make the model leave out the whole. A name of several
    categories stays where their labels differ.
    """
    parts, end, changed = [], 0, False
    for found in taxonomy.names_in(text):
        labels = {node.label for node in found.nodes}
        if len(labels) == 1 and readable(found.name, scripts).left_out:
            parts += [readable(text[end : found.start], scripts).text, *labels]
            end, changed = found.start + len(found.name), True
    if not changed:
        return text
    return " ".join(" ".join([*parts, readable(text[end:], scripts).text]).split())
