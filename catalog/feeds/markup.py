"""HTML -> its visible text.

Not `html.parser`: it is quadratic (a minute for 200 KB of "<!--"), and descriptions are untrusted. This is linear.
"""

import html
import re

# Unmistakable markup; "size < 40 and > 38" is not.
MARKUP = re.compile(r"</?(?:p|br|div|span|ul|ol|li|strong|em|b|i|u|a|h[1-6]|table|tr|td|img)(?:\s[^<>]*)?/?>", re.I)
TAG = re.compile(r"<(!--|/?[a-zA-Z][a-zA-Z0-9]*)([^<>]*)>")
INLINE = frozenset(("a", "abbr", "b", "em", "font", "i", "mark", "s", "small", "span", "strong", "sub", "sup", "u"))
UNSEEN = frozenset(("script", "style"))


def plain_text(text: str) -> str:
    """The text without tags, scripts and styles, with entities resolved and runs of white space collapsed."""
    parts: list[str] = []
    position, unseen = 0, ""
    for tag in TAG.finditer(text):
        name = tag[1].lower()
        if not unseen:
            parts.append(text[position : tag.start()])
            parts.append("" if name.removeprefix("/") in INLINE else " ")
        if name in UNSEEN:
            unseen = name
        elif name == f"/{unseen}":
            unseen = ""
        position = tag.end()
    if not unseen:
        parts.append(text[position:])
    return " ".join(html.unescape("".join(parts)).split())


def has_markup(text: str) -> bool:
    return "<" in text and MARKUP.search(text) is not None
