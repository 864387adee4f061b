"""What a product of each category is expected to have: learned from the merchant's own catalogue in one pass.

A property is expected where the merchant usually fills it; one that the category tree names sooner than another.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from catalog.index.records import likeliest
from catalog.product import StoredProduct
from catalog.quality.completeness.channels import Path, channels
from catalog.quality.completeness.given import FIELDS, NUMBERS, given, is_general, key_of, names_given
from catalog.quality.completeness.images import is_plain
from catalog.quality.completeness.proposals import Record, Words, candidates
from catalog.quality.completeness.vocabulary import Vocabulary
from catalog.synonyms import letters_of, plain_words
from catalog.taxonomy.tree import Taxonomy

ALL = ""  # the node above all
LEAST = 20  # products of a category that say what is usual in it; with fewer, the one above says it
USUAL_LISTED, USUAL = 0.2, 0.5  # share of a category's products with a property that the tree names, or does not
SAMPLE = 5_000  # products whose words are read
OWN_FIELDS = frozenset((*FIELDS, *NUMBERS, "images", "price", "availability")) - {"brand"}
NEARLY_ALL = 0.95
PLACEHOLDER = 3  # products of nothing in common that have one image


class Expected(NamedTuple):
    """A property: key, as `given` has it; name, as the merchant or the tree spells it; share: of the category's
    products that have it.
    """

    key: str
    name: str
    share: float


class Asked(NamedTuple):
    """Something that the product should have: keys, of which one list is to be filled; cost as of _Fault."""

    part: str
    cost: float
    code: str
    name: str
    any: tuple[tuple[str, ...], ...]
    channels: tuple[str, ...] = ()


@dataclass
class _Level:
    """What is filled, and what the sample's words say, in one category; names: the merchant's, by key."""

    products: int = 0
    sampled: int = 0

    def __post_init__(self) -> None:
        self.filled: Counter[str] = Counter()
        self.said: Counter[str] = Counter()
        self.names: dict[str, Counter[str]] = defaultdict(Counter)


@dataclass
class _Image:
    """first: a title with it; common: words that all titles with it have."""

    first: str
    products: int = 1
    common: frozenset[str] = frozenset()


class Expectations:
    """Of a catalogue: `learn` each product once, then `settle`; or make it with `of`."""

    def __init__(
        self, taxonomy: Taxonomy | None = None, sells_on: Sequence[str] = ("google", "shopify"), seed: int = 0
    ) -> None:
        """taxonomy: says what a category's products can have; sells_on: names of channels."""
        self.taxonomy, self.channels = taxonomy, tuple(channels()[name] for name in sells_on)
        self._chosen: list[StoredProduct] = []
        self._draw, self._learnt = random.Random(seed), 0
        self.record = Record()
        self.vocabularies: dict[str, Vocabulary] = defaultdict(Vocabulary)
        self._levels: dict[str, _Level] = defaultdict(_Level)
        self._images: dict[str, _Image] = {}
        self._branded = self._with_brand = self._measured = self._plain = 0
        self._known: dict[str, tuple[Expected, ...]] = {}
        self._names: dict[tuple[str, str], str] = {}
        self.asked: dict[tuple[str, tuple[Path, ...]], list[Asked]] = {}

    @classmethod
    def of(
        cls,
        products: Iterable[StoredProduct],
        taxonomy: Taxonomy | None = None,
        sells_on: Sequence[str] = ("google", "shopify"),
        seed: int = 0,
    ) -> "Expectations":
        """Learnt and settled."""
        found = cls(taxonomy, sells_on, seed)
        for stored in products:
            found.learn(stored)
        found.settle()
        return found

    def learn(self, stored: StoredProduct) -> None:
        self._count(stored)
        if self._learnt < SAMPLE:
            self._chosen.append(stored)
        elif (place := self._draw.randrange(self._learnt + 1)) < SAMPLE:
            self._chosen[place] = stored
        self._learnt += 1

    def settle(self) -> None:
        """Read the words of SAMPLE of the products, now that all are known."""
        for vocabulary in self.vocabularies.values():
            vocabulary.settle()
        for stored in self._chosen:
            self._judge(stored)
        self._chosen.clear()

    def expected(self, stored: StoredProduct) -> tuple[Expected, ...]:
        """The properties that a product of its category should have, the most usual first."""
        nodes = nodes_of(stored)
        if nodes[-1] not in self._known:
            self._known[nodes[-1]] = self._expected(nodes)
        return self._known[nodes[-1]]

    def name(self, key: str, stored: StoredProduct) -> str:
        """How the property is called: by the merchant, or by the tree."""
        node = nodes_of(stored)[-1]
        if (key, node) not in self._names:
            self._names[key, node] = self._name(key, node, self._listed(node))
        return self._names[key, node]

    def vocabulary(self, key: str) -> Vocabulary | None:
        return self.vocabularies.get(key)

    @property
    def brand_is_in_titles(self) -> bool:
        """Whether the merchant's titles usually name the brand."""
        return self._branded >= LEAST and self._with_brand >= USUAL * self._branded

    @property
    def backgrounds_are_plain(self) -> bool:
        """Whether nearly all of the merchant's products have a first image with a background of one colour."""
        return self._measured >= LEAST and self._plain >= NEARLY_ALL * self._measured

    def is_placeholder(self, stored: StoredProduct) -> bool:
        """Whether other products have the same image that have no word of their titles in common with it."""
        image = self._images.get(stored.hashes.images)
        return image is not None and image.products >= PLACEHOLDER and not image.common

    def sharing(self, stored: StoredProduct) -> int:
        """How many products have this image."""
        image = self._images.get(stored.hashes.images)
        return image.products if image else 0

    def _count(self, stored: StoredProduct) -> None:
        values = given(stored)
        for node in nodes_of(stored):
            level = self._levels[node]
            level.products += 1
            level.filled.update(values.keys() - OWN_FIELDS)
            for name in names_given(stored.product):
                level.names[key_of(name)][name] += 1
        for key in values.keys() - OWN_FIELDS:
            self.vocabularies[key].add(values[key])
        if stored.product.brand:
            self._branded += 1
            self._with_brand += has_words(stored.product.title, stored.product.brand)
        if "images" in values:
            self._count_image(stored)

    def _count_image(self, stored: StoredProduct) -> None:
        product = stored.product
        if stored.understanding.image_measures:
            self._measured += 1
            self._plain += is_plain(stored.understanding.image_measures[0])
        image = self._images.setdefault(stored.hashes.images, _Image(product.title, 0))
        image.products += 1
        if image.products > 1:
            own = frozenset(plain_words(product.title)) - frozenset(plain_words(product.brand))
            before = image.common if image.products > 2 else frozenset(plain_words(image.first))
            image.common = before & own

    def _judge(self, stored: StoredProduct) -> None:
        """Find what is filled as if it were missing, and count what else the words say."""
        words, values, node = Words(stored), given(stored), nodes_of(stored)[-1]
        listed = self._listed(node)
        said = []
        for key in {*listed, *(values.keys() - OWN_FIELDS)}:
            name = self._name(key, node, listed)
            found = candidates(key, name, stored, words, self.vocabularies.get(key), values.get(key, ()))
            if key in values:
                self.record.add(key, found, values[key])
            if found or key in values:
                said.append(key)
        for node in nodes_of(stored):
            self._levels[node].sampled += 1
            self._levels[node].said.update(said)

    def _listed(self, node: str) -> Mapping[str, str]:
        """Key -> name of what the tree says that products of the category can have."""
        try:
            names = self.taxonomy.attributes_of(node) if self.taxonomy and node else None
        except KeyError:  # of another tree
            names = None
        return {key_of(name): name for name in reversed(names or ())}

    def _name(self, key: str, node: str, listed: Mapping[str, str]) -> str:
        """The merchant's in the category itself; else the merchant's that fits any category; else the tree's."""
        own, everywhere = (self._levels[one].names.get(key, Counter()) for one in (node, ALL))
        general = Counter({name: times for name, times in everywhere.items() if is_general(name)})
        named = own or general or (Counter() if key in listed else everywhere)
        return named.most_common(1)[0][0] if named else listed.get(key, key)

    @cached_property
    def _of_any(self) -> frozenset[str]:
        """Keys of what the tree names for some category."""
        nodes = self.taxonomy.nodes if self.taxonomy else ()
        return frozenset(key_of(name) for node in nodes for name in node.attributes or ())

    def _expected(self, nodes: Sequence[str]) -> tuple[Expected, ...]:
        filled = next((one for node in reversed(nodes) if (one := self._levels[node]).products >= LEAST), None)
        told = next((one for node in reversed(nodes) if (one := self._levels[node]).sampled >= LEAST), None)
        listed = self._listed(nodes[-1])
        # What others have says little of a kind of which there are few: tomatoes need no gender, sandals no sleeve.
        foreign = filled is not self._levels[nodes[-1]]
        unfit = self._of_any if listed else frozenset()
        found = []
        for key in {*listed, *(filled.filled if filled else ())}:
            if foreign and key not in listed and (filled is self._levels[ALL] or key in unfit):
                continue
            share = filled.filled[key] / filled.products if filled else 0.0
            usual = share >= (USUAL_LISTED if key in listed else USUAL)
            said = told.said[key] / told.sampled if told and key in listed else 0.0
            if usual or said >= USUAL:
                found.append(Expected(key, self._name(key, nodes[-1], listed), max(share, said)))
        return tuple(sorted(found, key=lambda one: (-one.share, one.key)))


def nodes_of(stored: StoredProduct) -> tuple[str, ...]:
    """Ids of the categories of a product, ALL first."""
    category = stored.understanding.category or likeliest(stored.understanding)
    return (ALL, *(category.path_ids or (category.id,))) if category else (ALL,)


def has_words(text: str, words: str) -> bool:
    """Whether the words stand in the text, with or without spaces and signs."""
    return letters_of(words) in letters_of(text)
