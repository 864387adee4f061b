"""The products of a catalogue in groups: one product listed twice, and the variants of one product.

facts of each -> candidates -> comparisons, scored -> groups by correlation clustering -> families of variants
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, NamedTuple, Self

import numpy as np

from catalog.model.contract import Outcome, Promise, promise
from catalog.product import Product, StoredProduct
from catalog.quality.groups.candidates import Candidates
from catalog.quality.groups.clustering import cluster, core, mean_score
from catalog.quality.groups.facts import Facts, read
from catalog.quality.groups.features import AXES, Axis
from catalog.quality.groups.pairs import Comparison, Vectors, compare
from catalog.quality.groups.rarity import Rarity
from catalog.quality.groups.reasons import Reason, reasons
from catalog.quality.groups.scorer import Scorer

Kind = Literal["duplicate", "variant", "look-alike", "different"]
LOOKS_ALIKE = 0.4  # likeness from which two products that are not one are worth a look
# At most the score of variants where groups of duplicates are made.
APART = -1.5


NO_VECTORS: Vectors = MappingProxyType({})


class Item(NamedTuple):
    """A product, its vectors of unit length, and the ids of stored products that an index finds near them. facts: what
    `read` makes of it, where that is known.
    """

    product: Product
    vectors: Vectors = NO_VECTORS
    near: Sequence[str] = ()
    facts: Facts | None = None

    @classmethod
    def of(cls, stored: StoredProduct, near: Sequence[str] = ()) -> Self:
        read_any = stored.understanding.modalities_used and stored.understanding.embedding.size
        return cls(stored.product, {"both": stored.understanding.embedding} if read_any else {}, near)


class Link(NamedTuple):
    """likeness: see `Comparison`. score: log-odds of one product, but for rivals. contradictions: what each axis along
    which the two contradict each other has taken from it. apart: these axes.
    """

    likeness: float
    score: float
    contradictions: Mapping[str, float]
    apart: frozenset[Axis]
    one_article: bool


class PairVerdict(NamedTuple):
    """What two products are to each other. score: log-odds that they are one; the reasons' weights add up to it.
    axes: what variants differ in.
    """

    kind: Kind
    axes: tuple[Axis, ...]
    score: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """One product, by the ids under which it is listed. sure: those that may be merged unseen, by the contract."""

    products: tuple[str, ...]
    sure: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Family:
    """The variants of one product, of which each may be listed several times. axes: what they differ in."""

    groups: tuple[Group, ...]
    axes: tuple[Axis, ...] = ()


@dataclass(slots=True)
class _Known:
    facts: Facts
    title: str
    vectors: Vectors
    nearest: list[tuple[float, str]] = field(default_factory=list)  # the two likest others


class Grouping:
    """The products of one catalogue. ignored: axes that do not part products; for a comparison of prices, colours.
    contract: from which score two products may be merged unseen; none may without one. rarity: of a whole catalogue,
    of which these are some products; it is not learned from them.
    """

    def __init__(
        self,
        scorer: Scorer | None = None,
        contract: Outcome | None = None,
        ignored: Collection[Axis] = (),
        rarity: Rarity | None = None,
    ) -> None:
        self._scorer = scorer or Scorer.shipped()
        self._threshold = contract.threshold if isinstance(contract, Promise) else np.inf
        self._ignored = frozenset(ignored)
        self._learns = rarity is None
        self._rarity = rarity or Rarity()
        self._candidates = Candidates(self._rarity)
        self._known: dict[str, _Known] = {}
        self._links: dict[tuple[str, str], Link] = {}
        self._groups: list[list[str]] = []
        self._group_of: dict[str, list[str]] = {}

    def add_all(self, items: Iterable[Item], pairs: Iterable[tuple[str, str]] | None = None) -> None:
        """Add products, and group all anew. pairs: of ids, where only these are to be compared, as those of two shops
        each of which lists a product once.
        """
        new = [(item, self._know(item)) for item in items]
        for _, facts in new if self._learns else ():
            self._rarity.add(facts)
        for _, facts in new if self._learns or pairs is None else ():
            self._candidates.add(facts)
        if pairs is None:
            pairs = [(facts.id, other) for item, facts in new for other in self._near(item, facts)]
        for pair in pairs:
            self._link(*pair)
        for (one, other), link in self._links.items():
            self._note(one, other, link.likeness)
            self._note(other, one, link.likeness)
        edges = [(self.duplicate_score(*pair), *pair) for pair in self._links]
        self._groups = cluster(self._known, edges, self.duplicate_score)
        self._group_of = {one: group for group in self._groups for one in group}

    def add(self, item: Item) -> Group:
        """A new product joins the group that it is likest to, or is one of its own. The other groups stay."""
        facts = self._know(item)
        self._rarity.add(facts)
        near = self._near(item, facts)
        self._candidates.add(facts)
        for other in near:
            link = self._link(facts.id, other)
            self._note(facts.id, other, link.likeness)
            self._note(other, facts.id, link.likeness)
        groups = {id(group): group for group in (self._group_of[other] for other in near)}
        scored = [
            (mean_score([facts.id], group, self.duplicate_score), n, group) for n, group in enumerate(groups.values())
        ]
        best = max(scored, key=lambda one: (one[0], -one[1]), default=None)
        if best and best[0] > 0:
            best[2].append(facts.id)
            self._group_of[facts.id] = best[2]
        else:
            self._group_of[facts.id] = [facts.id]
            self._groups.append(self._group_of[facts.id])
        return self._group(self._group_of[facts.id])

    def groups(self) -> list[Group]:
        return [self._group(group) for group in self._groups]

    def families(self) -> list[Family]:
        """Groups by what they are variants of."""
        first_of = {group[0]: self._group(group) for group in self._groups}
        edges: list[tuple[float, str, str]] = []
        for one, other in list(self._links):
            left, right = self._group_of[one][0], self._group_of[other][0]
            if left != right:
                edges.append((self.family_score(left, right), min(left, right), max(left, right)))
        families = []
        for firsts in cluster(first_of, set(edges), self.family_score):
            pairs = [(one, other) for n, one in enumerate(firsts) for other in firsts[n + 1 : n + 30]]
            apart = frozenset[Axis]().union(*(self._link(*pair).apart for pair in pairs))
            families.append(
                Family(tuple(first_of[one] for one in firsts), tuple(axis for axis in AXES if axis in apart))
            )
        return families

    def judge(self, one: str, other: str) -> PairVerdict:
        """What two products that were added are to each other, and why."""
        found = self.comparison(one, other)
        told = reasons(
            found, self._known[one].facts, self._known[other].facts, self._scorer, self._rarity, self._rival(one, other)
        )
        kind, axes = self.kind(one, other)
        return PairVerdict(kind, axes, sum(reason.weight for reason in told), told)

    def kind(self, one: str, other: str) -> tuple[Kind, tuple[Axis, ...]]:
        """What two products that were added are to each other, and the axes along which they contradict each other."""
        link = self._link(one, other)
        return self._kind(one, other, link), tuple(axis for axis in AXES if axis in link.apart)

    def is_one_article(self, one: str, other: str) -> bool:
        """Whether the GTIN is the same."""
        return self._link(one, other).one_article

    def comparison(self, one: str, other: str) -> Comparison:
        """With the rival, which the other products make."""
        found = self._compared(one, other)
        found.set("nearer rival", self._gap(one, other, found.likeness))
        return found

    def candidates(self) -> list[tuple[str, str]]:
        """The pairs that were compared."""
        return list(self._links)

    def duplicate_score(self, one: str, other: str) -> float:
        """The log-odds of one product; variants are none."""
        link = self._link(one, other)
        score = link.score + self._rivals_part(one, other, link)
        score -= sum(link.contradictions.get(axis, 0.0) for axis in self._ignored)
        return min(score, APART) if link.apart - self._ignored and not link.one_article else score

    def family_score(self, one: str, other: str) -> float:
        """The log-odds of one product, were it not for the axes along which variants differ."""
        link = self._link(one, other)
        rivals = 0.0 if link.apart else self._rivals_part(one, other, link)
        return link.score + rivals - sum(link.contradictions.values())

    def _kind(self, one: str, other: str, link: Link) -> Kind:
        if self.duplicate_score(one, other) > 0:
            return "duplicate"
        if link.apart and self.family_score(one, other) > 0:
            return "variant"
        return "look-alike" if link.likeness >= LOOKS_ALIKE else "different"

    def _know(self, item: Item) -> Facts:
        facts = item.facts or read(item.product)
        self._known[facts.id] = _Known(facts, item.product.title, item.vectors)
        return facts

    def _near(self, item: Item, facts: Facts) -> list[str]:
        near = [other for other in item.near if other in self._known and other != facts.id]
        return list(dict.fromkeys([*self._candidates.near(facts), *near]))

    def _compared(self, one: str, other: str) -> Comparison:
        left, right = self._known[one], self._known[other]
        return compare(left.facts, right.facts, self._rarity, (left.vectors, right.vectors))

    def _link(self, one: str, other: str) -> Link:
        pair = (one, other) if one < other else (other, one)
        link = self._links.get(pair)
        if link is None:
            found = self._compared(*pair)
            total, contradictions = self._scorer.score(found.values)
            link = Link(found.likeness, total, contradictions, found.apart, "same gtin" in found.values)
            self._links[pair] = link
        return link

    def _note(self, one: str, other: str, likeness: float) -> None:
        nearest = self._known[one].nearest
        if (likeness, other) not in nearest:
            self._known[one].nearest = sorted([*nearest, (likeness, other)], reverse=True)[:2]

    def _gap(self, one: str, other: str, likeness: float) -> float:
        """By how much another product is liker to either of them."""
        return max(self._likest_other(one, other)[0], self._likest_other(other, one)[0], likeness) - likeness

    def _likest_other(self, one: str, but: str) -> tuple[float, str]:
        return next((found for found in self._known[one].nearest if found[1] != but), (0.0, ""))

    def _rivals_part(self, one: str, other: str, link: Link) -> float:
        return self._scorer.part("nearer rival", self._gap(one, other, link.likeness))

    def _rival(self, one: str, other: str) -> str:
        _, rival = max(self._likest_other(one, other), self._likest_other(other, one))
        return self._known[rival].title if rival else ""

    def _group(self, group: Sequence[str]) -> Group:
        sure = core(group, self._threshold, self.duplicate_score) if len(group) > 1 else []
        return Group(tuple(group), tuple(sure))


def promised(scores: Sequence[float], same: Sequence[bool], target: float = 0.98) -> Outcome:
    """From which score pairs may be merged unseen, by pairs that people have judged and that taught nothing: the lower
    95 % bound of the precision reaches the target.
    """
    return promise(np.array(scores, np.float32), np.array(same, bool), target)
