"""What reviews speak of: the names of `aspects.toml`, those of the catalogue, and those that one product's reviews name
often.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from catalog.language.reviews.opinions import chinese, english
from catalog.language.reviews.sentences import HAN

MIN_REVIEWS, MIN_SHARE = 3, 0.01  # that name it, for a name that nobody has listed
MAX_NAMES = 20
# "the strap", "its battery life"; "表带很…" at the start of a clause.
ENGLISH = re.compile(r"\b(?:the|this|its|my|your|their|our|these|those)\s+([a-z]{3,})(?:\s+([a-z]{3,}))?\b")
CHINESE = re.compile(
    r"(?:^|[\s,\uff0c\u3002\uff01!\uff1f?\uff1b;\u3001~\u2026])([\u3400-\u9fff]{2,4}?)(?:也|都|还|真的)?(?:很|太|非常|挺|特别|有点|比较|超级|超)"
)


class Named(NamedTuple):
    """Where a text names an aspect: the first character and the one after the last."""

    aspect: str
    start: int
    end: int


@dataclass(frozen=True)
class Aspects:
    """names: a word or words in lower case -> the aspect; what is Chinese is found within others, the rest as words."""

    names: Mapping[str, str]
    pattern: re.Pattern[str]

    @classmethod
    def of(cls, names: Mapping[str, str]) -> "Aspects":
        """names: see the class. Of names that overlap in a text the longest is found."""
        longest = sorted(names, key=len, reverse=True)
        english = "|".join(re.escape(name) for name in longest if not HAN.search(name))
        chinese = "|".join(re.escape(name) for name in longest if HAN.search(name))
        parts = [rf"(?<![a-z0-9])(?:{english})(?![a-z0-9])"] if english else []
        return cls(names, re.compile("|".join([*parts, *([chinese] if chinese else [])]) or r"(?!)"))

    def find(self, text: str) -> Iterator[Named]:
        """text: in lower case."""
        for match in self.pattern.finditer(text):
            yield Named(self.names[match[0]], match.start(), match.end())

    def having(self, names: Mapping[str, str]) -> "Aspects":
        """With further names; the ones that are there stay what they are."""
        return Aspects.of({**names, **self.names}) if names else self


@cache
def listed() -> Aspects:
    """Those of `aspects.toml`."""
    names: dict[str, str] = {}
    for aspect, row in _table()["names"].items():
        names |= {name.strip(): aspect for language in ("en", "zh") for name in row[language].split(",")}
    return Aspects.of(names)


def aspects_of(texts: Sequence[str], attributes: Iterable[str] = (), title: str = "") -> Aspects:
    """Those of one product's reviews. texts: in lower case. attributes: names of the product's own. title: of the
    product, whose words are no aspect of it.
    """
    own = {name.lower(): name.lower() for name in attributes if len(name) > 1}
    known = listed().having(own)
    return known.having({name: name for name in _frequent(texts, known, title.lower())})


def _frequent(texts: Sequence[str], known: Aspects, title: str) -> list[str]:
    """Names that enough reviews have, the most frequent first."""
    left_out = _common() | set(re.findall(r"[a-z]+", title))
    counts = Counter[str]()
    for text in texts:
        counts.update(set(_candidates(text, left_out)))
    least = max(MIN_REVIEWS, MIN_SHARE * len(texts))
    found = [
        name
        for name, count in sorted(counts.items(), key=lambda row: (-row[1], row[0]))
        if count >= least and name not in known.names and not (HAN.search(name) and name in title)
    ]
    return [name for name in found if not _within(name, counts)][:MAX_NAMES]


def _within(name: str, counts: Mapping[str, int]) -> bool:
    """Whether most of those who say the word say it in a longer name ("power" in "power cord")."""
    longer = [count for other, count in counts.items() if other.startswith(f"{name} ")]
    return max(longer, default=0) > counts[name] / 2


def _candidates(text: str, left_out: Collection[str]) -> Iterator[str]:
    for match in ENGLISH.finditer(text):
        first, second = match[1], match[2]
        if first in left_out or _is_opinion(first):
            continue
        yield first
        if second and second not in left_out and not _is_opinion(second):
            yield f"{first} {second}"
    for match in CHINESE.finditer(text):
        if match[1] not in left_out and not any(chinese().weights(match[1])):
            yield match[1]


@cache
def _common() -> frozenset[str]:
    """Words that stand where a name would, and name no aspect."""
    lines = (line for language in _table()["common"].values() for line in language)
    return frozenset(word.strip() for line in lines for word in line.split(","))


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads(files(__package__).joinpath("aspects.toml").read_text(encoding="utf-8"))
    return table


@cache
def _is_opinion(word: str) -> bool:
    return any(english().weights(word))
