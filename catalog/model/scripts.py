"""Words in a script that a text encoder was not taught are noise to it: all become the same few tokens. They are left
out, and where they are the most of a text, all of it is.
"""

import unicodedata
from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

from catalog.taxonomy.tree import Taxonomy


class Readable(NamedTuple):
    """What can be read of a text ("" if nothing), and whether any word was left out."""

    text: str
    left_out: bool


def plain_letters(text: str) -> str:
    """Full-width, stylised and circled letters and digits as the plain ones (NFKC), as they are read and searched."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def readable(text: str, scripts: Collection[str]) -> Readable:
    """scripts: as the first words of letters' Unicode names, such as "LATIN", or "HAN". Digits and signs have none."""
    if text.isascii() and "LATIN" in scripts:
        return Readable(text, False)
    known = unknown = 0
    kept = []
    for letter in text:
        script = script_of(letter)
        foreign = script != "" and script not in scripts
        kept.append(" " if foreign else letter)
        known += _weight(letter) if script and not foreign else 0
        unknown += _weight(letter) if foreign else 0
    if not unknown:
        return Readable(text, False)
    return Readable("" if unknown >= known else " ".join("".join(kept).split()), True)


def readable_names(text: str, taxonomy: Taxonomy, scripts: Collection[str]) -> Readable | None:
    """As `readable`, but categories named in another script, or in Chinese, by their English labels. None if there is
    no such name.

    A text encoder knows fewer Chinese names than the tree does. A name of several categories stays where their labels
    differ, and so does one of a single character that can be read: it is more often a part of another word.
    """
    parts, end, left_out = [], 0, False
    for found in () if text.isascii() else taxonomy.names_in(text):
        labels = {node.label for node in found.nodes}
        foreign = (len(found.name) > 1 and not found.name.isascii()) or readable(found.name, scripts).left_out
        if len(labels) == 1 and foreign:
            before = readable(text[end : found.start], scripts)
            parts += [before.text, *labels]
            end, left_out = found.start + len(found.name), left_out or before.left_out
    if not parts:
        return None
    after = readable(text[end:], scripts)
    return Readable(" ".join(" ".join([*parts, after.text]).split()), left_out or after.left_out)


@lru_cache(4096)
def script_of(letter: str) -> str:
    """The script of a letter; "" of what is none. A full-width, stylised or superscript letter counts as the plain one.

    A mark goes with the script that its name begins with; accents, whose names begin with "COMBINING", with any.
    """
    plain = unicodedata.normalize("NFKC", letter)[:1]
    if unicodedata.category(plain)[0] not in "LM":
        return ""
    script = unicodedata.name(plain, "").partition(" ")[0]
    if script in ("COMBINING", "VARIATION", "MODIFIER"):
        return ""
    return "HAN" if script in ("CJK", "IDEOGRAPHIC") else script


def _weight(letter: str) -> int:
    """A letter without case (an ideograph, a syllable, a consonant that stands for one) says as much as two with it."""
    return 2 if unicodedata.category(letter) == "Lo" else 1
