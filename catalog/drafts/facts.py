"""What is verified of a product: the merchant's own fields, what people confirmed, and what the model promises."""

import re
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from catalog.lexicon.colours import spellings
from catalog.lexicon.people import PEOPLE
from catalog.product import Judgement, Product, Understanding, each_value
from catalog.quality.completeness.given import NOTHING, key_of
from catalog.synonyms import attribute_name
from catalog.taxonomy.tree import Taxonomy

CONFIRMED = ("accept", "correct")
HAN = re.compile(r"[\u3400-\u9fff]")
PART = " > "


class Fact(NamedTuple):
    """key: by which facts of one meaning are known; name: as the source spells it; value: as it stands there; chinese:
    the same by a table, "" where none has it.

    source: "title", "description", "brand", "product_type", "category", or a name behind "attributes.", "verdict." or
    "model.".
    """

    key: str
    name: str
    value: str
    source: str
    chinese: str = ""


@dataclass(frozen=True, slots=True)
class Verified:
    """named: what the product is called, best first; description: None without one; brand: None without one."""

    named: tuple[Fact, ...]
    brand: Fact | None
    description: Fact | None
    attributes: tuple[Fact, ...]

    def __bool__(self) -> bool:
        return bool(self.named or self.brand or self.description or self.attributes)


def verified(
    product: Product, read: Understanding, judgement: Judgement | None = None, taxonomy: Taxonomy | None = None
) -> Verified:
    """read: what the model, or a person who judged it, says of it. taxonomy: for the Chinese name of its category.

    What the model says counts where its category is accepted unseen, or a person confirmed it: what it gives then is
    promised by its contract, or proven.
    """
    source = _source(read, judgement)
    brand, description = _field("brand", product.brand), _field("description", product.description)
    category = _category(read, taxonomy) if source else None
    kind = _field("product_type", product.product_type.rpartition(PART)[2])
    named = (_field("title", product.title), category, kind)
    attributes = _attributes(product, read, source)
    brand = brand or next((one for one in attributes if one.key == "brand"), None)
    others = tuple(one for one in attributes if one.key != "brand")
    return Verified(tuple(one for one in named if one), brand, description, others)


def _attributes(product: Product, read: Understanding, source: str) -> list[Fact]:
    """The merchant's, then the model's of other names."""
    given = [(name, value, "attributes") for name, values in product.attributes.items() for value in each_value(values)]
    owned = {attribute_name(name) for name, *_ in given}
    of_model = [(name, found.name, source) for name, found in read.attributes.items() if source]
    facts = list[Fact]()
    for name, value, origin in (*given, *(one for one in of_model if attribute_name(one[0]) not in owned)):
        value = " ".join(value.split())
        if value.casefold() not in NOTHING:
            facts.append(Fact(key_of(name), name, value, f"{origin}.{name}", in_chinese(value)))
    return facts


def _source(read: Understanding, said: Judgement | None) -> str:
    """Who stands for what the model says: "" where nobody does."""
    if said and said.verdict in CONFIRMED and not said.conflicting:
        return "verdict"
    return "model" if read.decision == "auto" else ""


def _category(read: Understanding, taxonomy: Taxonomy | None) -> Fact | None:
    category = read.category
    if category is None:
        return None
    chinese = ""
    if taxonomy:
        chinese = next((node.label_zh for node in taxonomy.nodes if node.id == category.id), "")
    return Fact("category", "category", category.path[-1], "category", chinese)


def _field(name: str, text: str) -> Fact | None:
    value = " ".join(text.split())
    return None if value.casefold() in NOTHING else Fact(name, name, value, name)


def in_chinese(value: str) -> str:
    """A colour or a word for people in Chinese, by the lexicon; "" for anything else."""
    return _chinese().get(value.casefold(), "")


@cache
def _chinese() -> dict[str, str]:
    found: dict[str, str] = {}
    for one in spellings().values():
        if one.exact and HAN.search(one.text):
            found.setdefault(one.colour.name, one.text)
    named = {people: word for word, people in reversed([*PEOPLE.items()]) if HAN.search(word)}
    return found | {word: named[people] for word, people in PEOPLE.items() if people in named and word.isascii()}
