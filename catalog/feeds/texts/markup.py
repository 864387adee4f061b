"""HTML -> its visible text.

Not `html.parser`: it is quadratic (a minute for 200 KB of "<!--"), and descriptions are untrusted. This is linear.
"""

import html
import re
from functools import lru_cache
from html.entities import html5

WITHIN_WORDS = (
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark nobr q s samp small span strike"
    " strong sub sup time tt u var wbr"
)
BETWEEN_WORDS = (
    "address area article aside audio base blockquote body br button canvas caption center col colgroup dd details"
    " div dl dt embed fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header hr html"
    " iframe img input legend li link main map meta nav noscript object ol optgroup option p param picture pre section"
    " select source summary svg table tbody td textarea tfoot th thead title tr track ul video path"
)
INLINE, UNSEEN = frozenset(WITHIN_WORDS.split()), frozenset(("script", "style", "xml"))
NAMES = INLINE | UNSEEN | frozenset(BETWEEN_WORDS.split())
SWITCHES = "selected|checked|disabled|hidden|nowrap|noshade|controls|autoplay|loop|muted|allowfullscreen|async|defer"
# Attributes, whose values may hold a ">", or what is left of them.
REST = r"""(?:(?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+(?=>)|[^<>]*)"""
# A tag of HTML, if its name is one, or of another namespace, as Word writes "<o:p>". Behind its name stands nothing or
# an attribute: there is no tag in "a<b and c>d".
TAG = re.compile(
    rf"<(?:/?([a-z][a-z0-9]*+(?::[a-z]++)?+)(?:\s*+/?+|\s++(?=[^<>]*=|(?:{SWITCHES})\b){REST})"
    rf"|!--[^<>]*|[!?][a-z\[]{REST})>",
    re.IGNORECASE,
)
# Those that end without a semicolon are few: "&copy=2" is a part of an address.
ENTITY = re.compile(
    r"&(?:#[0-9]{1,7};?|#x[0-9a-f]{1,6};?|[a-z][a-z0-9]{1,31};|(?:amp|lt|gt|quot|nbsp|copy|reg)(?![a-z0-9=]))", re.I
)
# What most tags are: those of paragraphs and lists, without attributes.
SIMPLE_TAG = re.compile(r"<(?:/?(?:p|div|li|ul|ol|h[1-6]|tr|td)|br ?/?)>", re.IGNORECASE)
MAX_ESCAPES = 4  # how often a text was escaped, one time upon the other


def plain_text(text: str) -> str:
    """The text without tags, scripts and styles, with entities resolved, also those that were escaped again."""
    for _ in range(MAX_ESCAPES):
        plain = unescaped(without_tags(text) if "<" in text else text)
        if plain == text:
            break
        text = plain
    return text


def unescaped(text: str) -> str:
    """ "&amp;" -> "&", once."""
    found = text.count("&")
    if found == text.count("& "):
        return text
    if found == text.count("&amp;"):
        return text.replace("&amp;", "&")
    return ENTITY.sub(lambda entity: character(entity[0]), text)


@lru_cache(maxsize=1024)
def character(entity: str) -> str:
    name = entity[1:]
    if name.startswith("#"):
        return html.unescape(entity)
    # A shop that writes its titles in capitals has "CAF&EACUTE;" as well.
    return html5.get(name) or html5.get(name.lower(), "").upper() or entity


def without_tags(text: str) -> str:
    """A space in place of a tag, unless it stands within a word, as "cot<b>ton</b>"."""
    text = text.replace("<![CDATA[", " ").replace("]]>", " ")
    simple = SIMPLE_TAG.sub(" ", text)
    if "<" not in simple:
        return simple
    text = without_comments(text) if "<!--" in text else text
    parts: list[str] = []
    position, unseen = 0, ""
    for tag in TAG.finditer(text):
        name = (tag[1] or "").lower()
        if name and name not in NAMES and ":" not in name:
            continue
        if not unseen:
            parts.append(text[position : tag.start()])
            parts.append("" if name in INLINE else " ")
            unseen = name if name in UNSEEN and tag[0][1] != "/" and tag[0][-2] != "/" else ""
        elif name == unseen and tag[0][1] == "/":
            unseen = ""
        position = tag.end()
    if not unseen:
        parts.append(text[position:])
    return "".join(parts)


def without_comments(text: str) -> str:
    """A space in place of each. One that does not end is left to be taken for a tag."""
    parts: list[str] = []
    position = 0
    while (start := text.find("<!--", position)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        parts.append(text[position:start])
        position = end + 3
    return " ".join([*parts, text[position:]])
