"""Which stored products double others: found when they are stored, by their nearest ones in the index.

A pair is noted of the product that came later, so that it is told once.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from catalog.index.keys import numbers_of
from catalog.index.near import Sought
from catalog.index.product_index import ProductIndex
from catalog.product import Double, StoredProduct
from catalog.quality.arrivals.statistics import Statistics
from catalog.quality.groups import Grouping, Item
from catalog.quality.groups.facts import Facts, read
from catalog.quality.groups.rarity import Rarity
from catalog.quality.groups.scorer import Scorer

RARE_WORDS = 5
MAX_NOTED = 10  # doubles of one product
Pair = tuple[str, str]
# Of these products, the pairs of which a person has said that they are no doubles.
Dismissed = Callable[[Sequence[str]], Collection[frozenset[str]]]


class Doubles:
    """Of one index. Not for several threads at once."""

    def __init__(self, index: ProductIndex, words: Path, dismissed: Dismissed = lambda ids: ()) -> None:
        """words: a file for how rare they are, see `Statistics`."""
        self._index, self._dismissed = index, dismissed
        self._statistics = Statistics(index, words)
        self._scorer = Scorer.shipped()

    def stored(self, ids: Sequence[str]) -> set[str]:
        """Which of these are stored."""
        self._statistics.rarity  # noqa: B018 - counted before the products are stored that are then added
        return {id for id, there in zip(ids, self._index.stored(ids), strict=True) if there}

    def renoted(self, products: Sequence[StoredProduct], known: Collection[str]) -> list[StoredProduct]:
        """Those stored products whose doubles are others than are noted of them, with these: some of the given ones,
        and of others. known: ids of the given ones that were stored before, as something else.
        """
        if not products:
            return []
        facts = {stored.id: read(stored.product) for stored in products}
        for id in facts.keys() - set(known):
            self._statistics.add(facts[id])
        rarity = self._statistics.rarity  # which looks each time whether it is still that of the index
        near = self._index.near([_sought(stored, facts[stored.id], rarity) for stored in products])
        holders = self._index.doubled_by(list(known)) if known else []
        for holder in holders:
            for double in holder.doubles:
                if double.other in near and holder.id not in [one.id for one in near[double.other]]:
                    near[double.other].append(holder)
        every = {one.id: one for one in (*chain.from_iterable(near.values()), *holders, *products)}
        looked_at = frozenset(facts)
        return _changed(every, looked_at, self._pairs(products, near, facts, every, rarity))

    def without(self, ids: Sequence[str]) -> list[StoredProduct]:
        """The other products of which these are noted, without them."""
        gone = frozenset(ids)
        return [
            replace(one, doubles=tuple(double for double in one.doubles if double.other not in gone))
            for one in self._index.doubled_by(ids)
            if one.id not in gone
        ]

    def save(self) -> None:
        self._statistics.save()

    def forget(self) -> None:
        """Leave nothing of what the products say."""
        self._statistics.forget()

    def _pairs(
        self,
        products: Sequence[StoredProduct],
        near: Mapping[str, Sequence[StoredProduct]],
        facts: dict[str, Facts],
        every: Mapping[str, StoredProduct],
        rarity: Rarity,
    ) -> dict[Pair, Double]:
        """By the later and the earlier product, the later's double. Where both have found each other, both must say
        so.
        """
        found: dict[Pair, Double] = {}
        refuted: set[Pair] = set()
        for stored in products:
            others = [every[other.id] for other in near[stored.id]]
            for other, double in self._compared(stored, others, facts, rarity).items():
                late, early = (stored.id, other) if _is_later(stored, every[other]) else (other, stored.id)
                if double is None:
                    refuted.add((late, early))
                else:
                    found[late, early] = double._replace(other=early)
        for pair in refuted:
            found.pop(pair, None)
        said = {frozenset(pair) for pair in found} & set(self._dismissed([one.id for one in products]) if found else ())
        return {pair: double for pair, double in found.items() if frozenset(pair) not in said}

    def _compared(
        self, stored: StoredProduct, others: Sequence[StoredProduct], facts: dict[str, Facts], rarity: Rarity
    ) -> dict[str, Double | None]:
        """By the ids of the others, what they are to the product."""
        grouping = Grouping(self._scorer, rarity=rarity)
        for one in others:
            if one.id not in facts:
                facts[one.id] = read(one.product)
        items = [Item.of(one)._replace(facts=facts[one.id]) for one in (stored, *others)]
        grouping.add_all(items, [(stored.id, one.id) for one in others])
        alike = [one.id for one in others if _double(grouping, stored.id, one.id)]
        # What is nearer to one of these than the product speaks against it.
        grouping.add_all((), [(id, one.id) for id in alike for one in others if one.id != id])
        return {one.id: _double(grouping, stored.id, one.id) if one.id in alike else None for one in others}


def _sought(stored: StoredProduct, facts: Facts, rarity: Rarity) -> Sought:
    understanding = stored.understanding
    words = sorted(facts.title.words | facts.codes, key=lambda word: (-rarity.of(word), word))[:RARE_WORDS]
    joined = [one for one in facts.title.joined if not one.isalpha() and not one.isdigit()]
    embedding = understanding.embedding if understanding.modalities_used else understanding.embedding[:0]
    numbers = numbers_of(replace(stored.product, id=""))
    return Sought(stored.id, embedding, " ".join([*words, *sorted(joined)]), numbers)


def _double(grouping: Grouping, one: str, other: str) -> Double | None:
    kind, axes = grouping.kind(one, other)
    if kind == "duplicate":
        score = grouping.duplicate_score(one, other)
        return Double(kind, other, score, same_article=grouping.is_one_article(one, other))
    return Double(kind, other, grouping.family_score(one, other), axes) if kind == "variant" else None


def _is_later(one: StoredProduct, other: StoredProduct) -> bool:
    return (one.added_at or 0, one.id) > (other.added_at or 0, other.id)


def _changed(
    every: Mapping[str, StoredProduct], looked_at: Collection[str], found: Mapping[Pair, Double]
) -> list[StoredProduct]:
    """What is noted of a pair without a product that was looked at stays."""
    noted: dict[str, list[Double]] = {}
    for (late, _), double in found.items():
        noted.setdefault(late, []).append(double)
    changed = []
    for id, stored in every.items():
        kept = [] if id in looked_at else [double for double in stored.doubles if double.other not in looked_at]
        doubles = _strongest([*kept, *noted.get(id, ())])
        if doubles != stored.doubles:
            changed.append(replace(stored, doubles=doubles))
    return changed


def _strongest(doubles: Iterable[Double]) -> tuple[Double, ...]:
    """Duplicates first."""
    return tuple(sorted(doubles, key=lambda one: (one.kind, -one.score, one.other))[:MAX_NOTED])
