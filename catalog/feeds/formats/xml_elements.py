"""The element of one product as XML -> its cells.

The parser is expat without a DTD: entities that a document declares are never read, so none expands; those of HTML are
resolved. Names stand as written ("g:image_link"). Elements within elements become objects, repeated ones lists.
"""

import html
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from xml.parsers import expat

from catalog.errors import RowInvalid
from catalog.feeds.cells import MAX_DEPTH, FeedLimits

LONE_AMPERSAND = re.compile(rb"&(?!#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)")
# Elements of HTML: a text with these is markup.
MARKUP_NAMES = "a b br div em font h1 h2 h3 h4 h5 h6 hr i img li ol p span strong sub sup table tbody td tr u ul"
MARKUP = frozenset(MARKUP_NAMES.split())
ADDRESS = ("href", "url", "src")
# What nearly all products are: elements with nothing but text, of the characters that XML allows, without attributes.
NAME = r"[A-Za-z_][A-Za-z0-9_.-]*+(?::[A-Za-z_][A-Za-z0-9_.-]*+)?+"
TEXT = r"(?:[^<>&\x00-\x08\x0b-\x1f\ufffe\uffff]++|&(?:amp|lt|gt|quot|apos);)*+"
SPACE = " \t\r\n"
OPENED = re.compile(rf"<({NAME})>")
ELEMENT = re.compile(rf"<({NAME})>({TEXT})</\1>")
MAX_NAMES = 4096  # that are remembered


class Names(dict[str, str]):
    """The name of an element -> how it is written. prefixes: of names, and what to write for them."""

    def __init__(self, prefixes: Mapping[str, str]) -> None:
        super().__init__()
        self._prefixes = prefixes

    def __missing__(self, name: str) -> str:
        prefix, colon, rest = name.partition(":")
        written = self._prefixes[prefix] + rest if colon and prefix in self._prefixes else name
        if len(self) < MAX_NAMES:
            self[name] = written
        return written


def read_element(data: bytes, names: Names, limits: FeedLimits) -> dict[str, Any]:
    """data: UTF-8. A lone & stands for itself. Raises ExpatError, RowInvalid, UnicodeDecodeError."""
    plain = plain_cells(data.decode(), names)
    if plain and len(plain) < limits.max_values:
        return plain
    try:
        return parsed(data, names, limits)
    except expat.ExpatError:
        mended = LONE_AMPERSAND.sub(b"&amp;", data)
        if mended == data:
            raise
        return parsed(mended, names, limits)


def plain_cells(text: str, names: Names) -> dict[str, Any] | None:
    """As the parser would tell them; None where anything but ELEMENTs is within, or several of one name."""
    opened = OPENED.match(text)
    if not opened or not text.endswith(close := f"</{opened[1]}>"):
        return None
    parts = ELEMENT.split(text[opened.end() : -len(close)])  # what is between two elements, a name, a text
    if "".join(parts[::3]).strip(SPACE):
        return None
    found = {
        names[name]: resolved(value).strip() if "&" in value else value.strip()
        for name, value in zip(parts[1::3], parts[2::3], strict=True)
    }
    if 3 * len(found) != len(parts) - 1:
        return None
    if not are_ordered(tuple(found)):
        return {name: value for name, value in found.items() if name.startswith("g:")} | found
    return found


def resolved(text: str) -> str:
    """With XML's five entities as what they mean."""
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&apos;", "'")
    return text.replace("&amp;", "&")


@lru_cache(maxsize=1024)
def are_ordered(names: tuple[str, ...]) -> bool:
    """Whether these are in the order of `cells`."""
    return list(names) == sorted(names, key=lambda name: not name.startswith("g:"))


def parsed(data: bytes, names: Names, limits: FeedLimits) -> dict[str, Any]:
    tree = Tree(names, limits)
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.UseForeignDTD(True)  # without this an unknown entity would end the parse
    parser.ExternalEntityRefHandler = lambda *_: 1
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.text
    parser.SkippedEntityHandler = tree.entity
    parser.Parse(data, True)
    return tree.value


class Tree:
    """What the parser tells of one product, as values: text, a list of repeated elements, or an object of others."""

    def __init__(self, names: Names, limits: FeedLimits) -> None:
        self._names, self._limits = names, limits
        self._open: list[tuple[str, dict[str, str], list[str | tuple[str, Any]]]] = [("", {}, [])]
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1 + len(attributes)
        if len(self._open) > MAX_DEPTH:
            raise RowInvalid(f"The row is nested more than {MAX_DEPTH} levels deep.")
        if self._count > self._limits.max_values:
            raise RowInvalid(f"The row has more than {self._limits.max_values:,} values, which is the limit.")
        self._open.append((self._names[name], attributes, []))

    def end(self, _: str) -> None:
        name, attributes, parts = self._open.pop()
        held = self._open[-1][2]
        if len(self._open) == 1:
            held.append((name, cells(attributes, parts)))
        elif not attributes and len(parts) == 1 and isinstance(parts[0], str):  # by far the most
            held.append((name, parts[0].strip()))
        else:
            held += named(name, attributes, parts)

    def text(self, text: str) -> None:
        self._open[-1][2].append(text)

    def entity(self, name: str, is_parameter: bool) -> None:
        """One that XML does not know, such as HTML's &nbsp;."""
        self.text(html.unescape(f"&{name};"))

    @property
    def value(self) -> dict[str, Any]:
        held = self._open[0][2]
        return dict(held[0][1]) if held and not isinstance(held[0], str) else {}


def cells(attributes: dict[str, str], parts: list[Any]) -> dict[str, Any]:
    """Of a product: its elements, those of Google Merchant's names first, which win over RSS's own; its attributes."""
    children = [part for part in parts if not isinstance(part, str)]
    children.sort(key=lambda child: not child[0].startswith("g:"))
    found = gathered(children)
    return found | {name: value for name, value in plain(attributes).items() if name not in found}


def plain(attributes: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in attributes.items() if not name.startswith(("xmlns", "xml:", "xsi:"))}


def named(name: str, attributes: dict[str, str], parts: list[Any]) -> list[tuple[str, Any]]:
    """An element as one value, and what else its attributes say, as "price@currency"."""
    attributes = plain(attributes) if attributes else attributes
    value = content(name, parts)
    if not attributes:
        return [(name, value)]
    if isinstance(value, dict):
        return [(name, attributes | value)]
    if value == "":
        where = next((attributes[key] for key in ADDRESS if key in attributes), None)
        if where is not None:
            kind = attributes.get("rel", "alternate")
            return [(name if kind == "alternate" else f"{name}@{kind}", where)]
        return [(name, attributes)]
    if "name" in attributes:  # <param name="Colour">Red</param>
        return [(name, {attributes["name"]: value})]
    return [(name, value), *((f"{name}@{key}", item) for key, item in attributes.items())]


def content(name: str, parts: list[Any]) -> Any:
    children = [part for part in parts if not isinstance(part, str)]
    if not children:
        return "".join(parts).strip()
    if any(child.lower() in MARKUP for child, _ in children) or any(
        isinstance(part, str) and part.strip() for part in parts
    ):
        return "".join(map(written, parts)).strip()
    names = {child for child, _ in children}
    if len(names) == 1 and (len(children) > 1 or is_list(name, children[0][0])):
        return [value for _, value in children]
    return gathered(children)


def is_list(name: str, child: str) -> bool:
    """<images><image/></images>."""
    stem = child.lower()[: max(3, len(child) - 2)]
    return name.lower().startswith(stem) or child.lower() in ("item", "value", "li")


def written(part: Any) -> str:
    """Markup that stands in the document without being escaped, as it was."""
    if isinstance(part, str):
        return part
    name, value = part
    if isinstance(value, str):
        return f"<{name}>{value}</{name}>"
    items = value if isinstance(value, list) else [item for pair in value.items() for item in [pair]]
    return "".join(written(item if isinstance(item, tuple) else (name, item)) for item in items)


def gathered(children: list[Any]) -> dict[str, Any]:
    """Name -> value; of several elements of one name a list, or one object, if each is a name with its value."""
    found: dict[str, Any] = {}
    several = set[str]()
    for name, value in children:
        if name not in found:
            found[name] = value
        elif name in several:
            found[name].append(value)
        else:
            found[name] = [found[name], value]
            several.add(name)
    for name in several:
        if all(isinstance(value, dict) and len(value) == 1 for value in found[name]):
            found[name] = gathered([pair for value in found[name] for pair in value.items()])
    return found
