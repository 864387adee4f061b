"""A cell's words as they are stored: without markup, exporters' escapes and characters that nobody sees.

    cell -> text -> escapes -> markup -> characters decoded wrongly -> unseen characters -> NFC -> white space

Every step is linear: cells are untrusted, and have up to a million characters. Most are plain and take none.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Any

from ftfy import TextFixerConfig, fix_encoding
from ftfy.badness import BADNESS_RE, is_bad

from catalog.feeds.cells import LONGEST_NO_VALUE, check_text, is_missing, is_plain, unplain_text
from catalog.feeds.texts.markup import plain_text

# A line break or a tab as its escape, which ends where a word may begin: "\times" is none. A quotation mark likewise.
ESCAPE = re.compile(r"(?<!\\)\\++(?:n|[rt](?![a-z])|([\"'/]))")
UNICODE_ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
# "C:\new", "\\server\notes", "shoes\red", "\new.jpg".
FILES = "jpe?g|png|gif|webp|svg|pdf|docx?|xlsx?|csv|txt|zip|exe|dll|ini|bat|html?|php|mp4"
WINDOWS_PATH = re.compile(rf"(?<![a-z])[a-z]:\\|\\[^nrtu\"'/\\]|\\[\w-]*\.(?:{FILES})\b", re.IGNORECASE)
EXCEL_ESCAPE = re.compile(r"_x00[01][0-9A-Fa-f]_")
# Direction marks, zero-width spaces, byte order marks, soft hyphens, annotations. Joiners are apart: emoji, Persian and
# Hindi are written with them.
UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffc"
)
JOINERS = "(?<![^\u0000-\u024f\u2000-\u206f])[\u200c\u200d]|[\u200c\u200d](?![^\u0000-\u024f\u2000-\u206f])"
FORMATS = re.compile(f"[{UNSEEN}]|{JOINERS}")
CONTROLS = re.compile("[\x00-\x08\x0e-\x1b\x7f]")
UNKNOWN = re.compile("[\x80-\x84\x86-\x9f]")
# Where UTF-8 was read as another encoding, a letter stands before a sign or a control character. The first character is
# found fast, by one set; each alternative looks back at it.
SIGNS = "\x80-\xbf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122"
CYRILLIC, OTHERS = "\u0412\u0413\u0420\u0421\u0432", "\u221a\u2248\u201a\u0392\u039e\u039f\u03b2\u0101"
ALWAYS = "\x80-\x84\x86-\x9f\ufffd\u0192"
MOJIBAKE = (
    f"(?<=[{ALWAYS}])|(?<=[\xc2-\xf4])[{SIGNS}]|(?<=[\xc2\xc3]) |(?<=[{OTHERS}])[^\\s\\w]"
    f"|(?<=[{CYRILLIC}])[{SIGNS}\u0402-\u040f\u0450-\u045f]"
)
SUSPECT = re.compile(f"[{ALWAYS}\xc2-\xf4{CYRILLIC}{OTHERS}](?:{MOJIBAKE})")
# Half of a letter, the other half lost; a word of accents only, which was another script.
HALVES = (
    "(?<=\ufffd)|(?<=[a-z\xdf-\xff]\xc3)|(?<=\xc3)[a-z]|(?<=\xc2)(?<![^\\W\\d_]\xc2)(?![^\\W\\d_])"
    "|(?<=[\xc0-\xd6\xd8-\xf6\xf8-\xff])[\xc0-\xd6\xd8-\xf6\xf8-\xff]{4}"
)
MISDECODED = re.compile(f"[\xc0-\xff\ufffd](?:{HALVES})")
AROUND = 12  # characters that are shown on both sides of it
MENDING = TextFixerConfig(unescape_html=False, restore_byte_a0=False, replace_lossy_sequences=False, explain=False)
# "\xc3 la carte": a space that does not break has become one that does. In a longer sequence that would be a guess.
SPACE = re.compile("[\xc2\xc3] ")
SPACE_IN_SEQUENCE = re.compile("[\xe0-\xf4][^\x00-\x7f]{0,2} ")
# One Greek, Cyrillic or Hebrew letter among others may well be a Latin letter with a sign, as in "SK\xc5\xae".
ALONE = re.compile("(?<![\u0250-\u07ff])[\u0250-\u07ff](?![\u0250-\u07ff])")
# Letters for which the exporting program had no character: "Stra?enschuh", but not "page?id=1"; or all of them.
LOST = re.compile(r"(?<![\w/.?&=#%-])[^\W\d_]+\?[^\W\d_]{2,}+(?!=)|(?<!\S)\?{3,}(?!\S)")


def words(value: Any, column: str) -> str:
    """The cell's text cleaned, "" where it has no value. Raises RowInvalid."""
    if isinstance(value, str):
        if is_plain(value):
            return value
        if len(value) <= LONGEST_NO_VALUE:
            return short_words(value, column)
    return unplain_words(value, column)


@lru_cache(maxsize=8192)
def short_words(value: str, column: str) -> str:
    """Brands and colours repeat from row to row."""
    return unplain_words(value, column)


def unplain_words(value: Any, column: str) -> str:
    found = value.strip() if isinstance(value, str) else ""
    if len(found) > LONGEST_NO_VALUE and not found.startswith("="):
        check_text(found, column)
    else:
        found = unplain_text(value, column)
    if is_clean(found):
        return found
    clean = cleaned(found)
    return "" if len(clean) <= LONGEST_NO_VALUE and is_missing(clean) else clean


def is_clean(text: str) -> bool:
    return (
        text.isascii() and text.isprintable() and not ("<" in text or "&" in text or "\\" in text or "  " in text)
    ) and not ("_x00" in text or text.startswith("'"))


def cleaned(text: str) -> str:
    if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@"):
        text = text[1:]  # a shop's guard against formulas
    if "\\" in text or "_x00" in text:
        text = without_escapes(text)
    if "<" in text or "&" in text:
        text = plain_text(text)
    if not text.isascii():
        text = mended(text)
        text = unicodedata.normalize("NFC", text)
    if not text.isprintable():
        text = UNKNOWN.sub("\ufffd", CONTROLS.sub("", without_unseen(text)))
    return " ".join(text.split())


def without_unseen(text: str) -> str:
    """Without zero-width spaces, byte order marks, soft hyphens and marks of direction."""
    return text if text.isprintable() else FORMATS.sub("", text)


def without_escapes(text: str) -> str:
    r"""Exporters' escapes as what they mean: "A castle.\nWith a moat." has a line break. Windows' paths stay."""
    parts = re.split(r"(\s+)", EXCEL_ESCAPE.sub(" ", text))
    return "".join(part if "\\" not in part or WINDOWS_PATH.search(part) else resolved(part) for part in parts)


def resolved(part: str) -> str:
    part = ESCAPE.sub(lambda escape: escape[1] or " ", part)
    return UNICODE_ESCAPES.sub(utf_16, part)


def utf_16(escapes: re.Match[str]) -> str:
    try:
        return bytes.fromhex(escapes[0].replace("\\u", "")).decode("utf-16-be")
    except UnicodeDecodeError:
        return escapes[0]


def mended(text: str) -> str:
    """ "Caf\xc3\xa9" -> "Caf\xe9"; the text itself where it is not certain what it was."""
    if not SUSPECT.search(text):
        return text
    guessing = SPACE_IN_SEQUENCE.search(text) is not None
    restoring = SPACE.search(text) is not None and not guessing
    config = MENDING._replace(restore_byte_a0=restoring, decode_inconsistent_utf8=not guessing)
    found = fix_encoding(text, config).replace("\xe2\u201e\xa2", "\u2122")
    return text if "\ufffd" in found or is_bad(found) or (ALONE.search(found) and not ALONE.search(text)) else found


def may_be_misdecoded(text: str) -> bool:
    """False for a text of which no line is: see `misdecoded`."""
    if "?" in text and LOST.search(text):
        return True
    return not text.isascii() and (MISDECODED.search(text) or SUSPECT.search(text)) is not None


def misdecoded(text: str) -> str:
    """The first place of the text whose letters were visibly decoded wrongly, or are lost; "" where there is none."""
    found = LOST.search(text) if "?" in text else None
    if not found and not text.isascii():
        found = MISDECODED.search(text) or (SUSPECT.search(text) and BADNESS_RE.search(text))
    return text[max(0, found.start() - AROUND) : found.end() + AROUND] if found else ""
