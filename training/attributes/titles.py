"""Titles with known attributes: OA-Mine's in English, DSNER's in Chinese; as tags of tokens."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from catalog.errors import FileNotReadable
from catalog.language.attributes.tagging.tagger import OUTSIDE
from catalog.language.attributes.tagging.tokens import Token

# OA-Mine's names that say the same, and ours.
NAMES = {
    "Age range": "age",
    "Specialty": "feature",
    "Benefit": "benefit",
    "Health benefit": "benefit",
    "Container": "container",
    "Container type": "container",
    "Closure type": "closure",
}
CHINESE = {"cp": "product_type", "pp": "brand", "xh": "model_name", "yl": "material", "gg": "specification"}
CHINESE_KIND = "zh"


@dataclass(frozen=True)
class Title:
    """values: attribute, value as it stands in the text; spans: where, if that is known."""

    text: str
    kind: str
    values: tuple[tuple[str, str], ...]
    spans: tuple[tuple[str, int, int], ...] = ()


def read_oa_mine(path: Path) -> list[Title]:
    """Raises FileNotReadable."""
    titles = []
    for line in _text(path).splitlines():
        row = json.loads(line)
        values = [
            (name_of(name), value.strip())
            for name, given in row["target_scores"].items()
            for value in given
            if value != "n/a"
        ]
        titles.append(Title(row["input"], row["category"].lower(), tuple(dict.fromkeys(values))))
    return titles


def read_tagged(path: Path, names: dict[str, str], separator: str) -> list[Title]:
    """Lines of a character and its tag (B, I, E, S); an empty line ends a title. Raises FileNotReadable."""
    titles = []
    for block in _text(path).split("\n\n"):
        pairs = [line.split(separator) for line in block.splitlines() if separator in line]
        text = "".join(pair[0] or " " for pair in pairs)
        spans: list[tuple[str, int, int]] = []
        for at, (_, tag) in enumerate(pairs):
            if tag[0] in "BS":
                spans.append((names[tag[2:]], at, at + 1))
            elif tag[0] in "IE" and spans:
                spans[-1] = (*spans[-1][:2], at + 1)
        values = tuple((name, text[start:end]) for name, start, end in spans)
        if text:
            titles.append(Title(text, CHINESE_KIND, values, tuple(spans)))
    return titles


def name_of(oa_mine: str) -> str:
    return NAMES.get(oa_mine, oa_mine.lower().replace(" ", "_"))


def tags_of(title: Title, tokens: Sequence[Token]) -> list[str]:
    """Values that begin or end inside a token are left out, and of those that share tokens the longer one is kept."""
    tags = [OUTSIDE] * len(tokens)
    starts = {token.start: at for at, token in enumerate(tokens)}
    ends = {token.end: at + 1 for at, token in enumerate(tokens)}
    spans = title.spans or tuple(_found(title))
    for name, start, end in sorted(spans, key=lambda span: span[1] - span[2]):
        first, last = starts.get(start), ends.get(end)
        if first is None or last is None or any(tag != OUTSIDE for tag in tags[first:last]):
            continue
        tags[first:last] = [f"B-{name}"] + [f"I-{name}"] * (last - first - 1)
    return tags


def _found(title: Title) -> list[tuple[str, int, int]]:
    places = ((name, title.text.find(value), len(value)) for name, value in title.values)
    return [(name, start, start + length) for name, start, length in places if start >= 0]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise FileNotReadable(f"{path.name!r} cannot be read.") from None
