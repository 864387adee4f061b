"""Faults of a title that need no other product to be seen."""

import re
from collections import Counter
from collections.abc import Iterator

from catalog.quality.finding import Evidence

SHORT, SHORT_HAN = 15, 6  # characters; a Chinese word has two
FEW_WORDS = 3
HAN = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
LETTERS = re.compile(r"[^\W\d_]")
WORDS = re.compile(r"[^\W\d_]{3,}")
CAPITALS = 0.9  # of the letters
TIMES = 3  # a word may stand twice: "Salt Mill and Pepper Mill"
TWICE = re.compile(r"\b([^\W\d_]{3,}) \1\b", re.IGNORECASE)
MARKUP = re.compile(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>|&(?:[a-z]{2,8}|#\d{2,5}|#x[0-9a-f]{2,5});", re.IGNORECASE)
PROMOTION = re.compile(
    r"\b(?:free (?:shipping|delivery|gift|returns)\b"
    r"|(?:best|lowest|low|special|great|unbeatable) (?:price|deal|offer)s?\b"
    r"|(?:buy|shop|order) (?:now|today|online)\b"
    r"|on sale\b|sale!|(?:big|hot|flash|mega|summer|winter|clearance)[- ]sale\b"
    r"|\d{1,2} ?% (?:off|discount)\b|buy \d get \d\b"
    r"|(?:limited (?:offer|time)|clearance|hurry|money[- ]back)\b"
    r"|versandkostenfrei|sonderangebot|livraison gratuite)"
    r"|!{2,}|[★☆✅🔥]|(?=[包特促清秒限买])(?:包邮|特价|促销|清仓|秒杀|限时|买一送一)",
    re.IGNORECASE,
)


def title_faults(title: str) -> Iterator[tuple[str, Evidence]]:
    """Codes of findings, each with the words that are it."""
    if not title.strip():
        return
    if is_short(title):
        yield "title_too_short", Evidence("title", title, 0, len(title))
    if is_shouted(title):
        yield "title_capitals", Evidence("title", title, 0, len(title))
    if word := repeated(title):
        yield "title_repeats", word
    for code, pattern in (("title_promotion", PROMOTION), ("title_markup", MARKUP)):
        if one := pattern.search(title):
            yield code, Evidence("title", one[0], one.start(), one.end())


def is_short(title: str) -> bool:
    if HAN.search(title):
        return len(title.strip()) < SHORT_HAN
    return len(title.strip()) < SHORT and len(title.split()) < FEW_WORDS


def is_shouted(title: str) -> bool:
    """Whether several words and nearly all letters are capitals."""
    if sum(map(str.isupper, title)) < CAPITALS * SHORT:
        return False
    letters = [letter for letter in LETTERS.findall(title) if letter.lower() != letter.upper()]
    capitals = sum(letter.isupper() for letter in letters)
    return len(letters) >= SHORT and len(WORDS.findall(title)) >= FEW_WORDS and capitals >= CAPITALS * len(letters)


def repeated(title: str) -> Evidence | None:
    """A word that stands twice in a row, or too often."""
    if one := TWICE.search(title):
        return Evidence("title", one[0], one.start(), one.end())
    counts = Counter(word.casefold() for word in WORDS.findall(title))
    [(word, times)] = counts.most_common(1) or [("", 0)]
    if times < TIMES:
        return None
    first = next(one for one in WORDS.finditer(title) if one[0].casefold() == word)
    return Evidence("title", first[0], first.start(), first.end())
