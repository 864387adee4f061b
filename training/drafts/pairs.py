"""Facts of products with the texts that they have, from a file or from an index, and which of them are held out."""

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from catalog.drafts import Fact, Verified, verified
from catalog.drafts.style import prompt, told, traced
from catalog.drafts.write import BREAK
from catalog.errors import FeedDamaged, FeedEncodingInvalid, FileNotReadable, TooFewProducts
from catalog.product import StoredProduct
from catalog.quality.completeness.given import key_of

NAMED = ("title", "category", "product_type")  # facts by which a product is called
MIN_PAIRS, HELD_OUT = 5, 0.2  # that can be taught; share of the texts that the figures are measured on


class Pair(NamedTuple):
    """known: without a description, which is the text."""

    known: Verified
    text: str

    @property
    def prompt(self) -> str:
        return prompt(told(self.known))


def read_pairs(path: Path) -> Iterator[Pair]:
    """JSON Lines: {"facts": {"title": "Striped shirt", "colour": ["red", "blue"]}, "text": "…"}.

    Raises FileNotReadable, FeedEncodingInvalid or FeedDamaged.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield from (_pair(line, number) for number, line in enumerate(file, 1) if line.strip())
    except UnicodeDecodeError:
        raise FeedEncodingInvalid("The file is not UTF-8. Save it as UTF-8.") from None
    except OSError:
        raise FileNotReadable(f"{path.name!r} does not exist or cannot be read.") from None


def pairs_of(products: Iterable[StoredProduct]) -> Iterator[Pair]:
    """What is verified of each product but its description, and its description."""
    for stored in products:
        known = verified(stored.product, stored.understanding, stored.judgement)
        if known.description:
            yield Pair(replace(known, description=None), known.description.value)


def teachable(pairs: Iterable[Pair]) -> list[Pair]:
    """With those sentences of the texts that say nothing beyond the facts, since others would teach to invent. Of equal
    facts the first pair. Raises TooFewProducts.
    """
    found: dict[str, Pair] = {}
    for pair in pairs:
        text = " ".join(one.strip() for one in BREAK.split(pair.text) if traced(one, told(pair.known)))
        if text:
            found.setdefault(pair.prompt, pair._replace(text=text))
    if (count := len({pair.text for pair in found.values()})) < MIN_PAIRS:
        raise TooFewProducts(
            f"{MIN_PAIRS} different texts or more are needed that say nothing beyond their facts. There are {count}."
        )
    return list(found.values())


def split(pairs: Sequence[Pair], seed: int) -> tuple[list[Pair], list[Pair]]:
    """Those to learn from, and those that are held out: equal texts are on one side, as variants have them."""
    texts = sorted({pair.text for pair in pairs})
    random.Random(f"{seed}/held out").shuffle(texts)
    held = set(texts[: max(1, round(HELD_OUT * len(texts)))])
    return [pair for pair in pairs if pair.text not in held], [pair for pair in pairs if pair.text in held]


def _pair(line: str, number: int) -> Pair:
    try:
        row: Any = json.loads(line)
    except ValueError:
        raise FeedDamaged(f"Line {number} is not JSON.") from None
    facts, text = (row.get("facts"), row.get("text")) if isinstance(row, dict) else (None, None)
    if not isinstance(facts, dict) or not isinstance(text, str):
        raise FeedDamaged(f"Line {number} is no object with an object `facts` and a string `text`.")
    values = [
        (name, value) for name, given in facts.items() for value in (given if isinstance(given, list) else [given])
    ]
    plain = [(name, " ".join(str(value).split())) for name, value in values]
    found = [Fact(key_of(name), name, value, name) for name, value in plain if value]
    brand = next((fact for fact in found if fact.key == "brand"), None)
    named = tuple(fact for fact in found if fact.key in NAMED)
    others = tuple(fact for fact in found if fact.key not in (*NAMED, "brand"))
    return Pair(Verified(named, brand, None, others), " ".join(text.split()))
