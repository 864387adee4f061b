"""Colours as pairs are compared by them: what offers of one product may call each other's is one."""

import unicodedata
from collections.abc import Mapping
from functools import cache

from catalog.lexicon.colours import spellings


@cache
def names() -> Mapping[str, str]:
    """A word in lower case, with and without accents -> the colour."""
    known = {one.text: one.colour.like for one in spellings().values() if one.says != "field"}
    plain = {_without_accents(text): like for text, like in known.items()}
    joined = {_joined(text): like for text, like in known.items()}
    return {**joined, **plain, **known}


@cache
def phrases() -> Mapping[str, str]:
    """Colours of several words, of which one alone would be another -> the same as one word."""
    known, found = names(), dict[str, str]()
    for text in sorted(known, key=lambda text: (-len(text), text)):
        words = text.replace("-", " ").split()
        if len(words) > 1 and {known[word] for word in words if word in known} != {known[text]}:
            found[text] = known[text] if known[text] in words else _joined(text)
    return found


def _without_accents(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFC", "".join(one for one in letters if not "\u0300" <= one <= "\u036f"))


def _joined(text: str) -> str:
    return text.replace(" ", "").replace("-", "")
