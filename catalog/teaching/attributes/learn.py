"""An attribute's values of examples -> the head that tells them, and which values it may give.

As with categories, every figure is of examples that were left out with all that are nearly the same. A value is given
only where the lower 95 % bound of its precision among them meets the target (`catalog.model.contract`).
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from catalog.arrays import MODALITIES, Floats, Modalities
from catalog.filing import Categories
from catalog.model.contract import Outcome, Promise, Targets, promise
from catalog.model.taught_attributes import TaughtAttribute, ValueRule
from catalog.teaching.attributes.values import RARE, Cell, Values, read_values
from catalog.teaching.examples import Example, Ints, Views
from catalog.teaching.head.calibrate import Measured, temperature_of
from catalog.teaching.head.fit import Lesson, fit
from catalog.teaching.learned import Names

HAVING = 0.1  # least share of a category's examples with a value, for its products to have the attribute


class ValueReport(NamedTuple):
    """products: that have the value; outcomes: what is promised where it is given, by what is read."""

    value: str
    products: int
    outcomes: dict[Modalities, Outcome]


@dataclass(frozen=True)
class AttributeReport:
    """examples: products with a value; several: those with more than one; rare: those of values that too few have.
    right: the share of the examples whose likeliest value is right, as they were read; given: the share that is given a
    value, and given_right the share of these that is right. read: by which modalities most of them were read.
    """

    name: str
    examples: int
    several: int
    rare: int
    right: float
    given: float
    given_right: float
    read: Modalities
    values: tuple[ValueReport, ...]

    @property
    def learnt(self) -> bool:
        """Whether there were values to tell apart."""
        return any(one.outcomes for one in self.values)

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        values = [
            {"value": one.value, "products": one.products, "claims": [claim(*each) for each in one.outcomes.items()]}
            for one in self.values
        ]
        return asdict(self) | {"values": values}


def claim(modalities: Modalities, outcome: Outcome) -> dict[str, Any]:
    return {"modalities": modalities, "promise" if isinstance(outcome, Promise) else "unpromised": asdict(outcome)}


@dataclass(frozen=True)
class FiledExamples:
    """The examples that taught the categories. nodes: where each is filed; measured: what the model says of them."""

    lesson: Lesson
    nodes: Sequence[str]
    measured: Sequence[Measured]
    categories: Categories

    @cached_property
    def found(self) -> list[str]:
        """The node that the model files each view in, unseen; "" where it abstains, and where it is not judged."""
        found_V = [""] * len(self.lesson.views.example_V)
        for one in self.measured:
            decided = self.categories.decided(one.score_VC, one.log_odds_V.tolist(), one.choice)
            for row, (category, _) in zip(one.rows, decided, strict=True):
                found_V[row] = category.id if category else ""
        return found_V

    def having(self, known: Ints) -> frozenset[str]:
        """The nodes whose products have an attribute: of their examples, or of those of the nearest node above that has
        any, a share of HAVING is among the known ones.
        """
        tree, every = self.categories.taxonomy, Counter[str]()
        mine = Counter[str]()
        for node in self.nodes:
            every.update(tree.ancestors(node))
        for number in known:
            mine.update(tree.ancestors(self.nodes[number]))
        nearest = {
            node.id: next((above for above in reversed(tree.ancestors(node.id)) if every[above]), "")
            for node in tree.nodes
        }
        return frozenset(node for node, above in nearest.items() if above and mine[above] >= HAVING * every[above])


class Held(NamedTuple):
    """What the head says of each judged view, unseen. best_V: the likeliest value; score_V: its probability; right_V:
    whether it is right; having_V: whether a product that is filed as the view is has the attribute.
    """

    choice_V: NDArray[np.str_]
    own_V: NDArray[np.bool_]
    best_V: Ints
    score_V: Floats
    right_V: NDArray[np.bool_]
    having_V: NDArray[np.bool_]


def learn_all(
    attributes: Collection[str],
    examples: Sequence[Example],
    filed: FiledExamples,
    targets: Targets,
    names: Names,
    progress: Callable[[str], object],
) -> tuple[tuple[TaughtAttribute, ...], tuple[AttributeReport, ...]]:
    """-> those of which some value can be promised, and what is to be told of each."""
    own: list[TaughtAttribute] = []
    told: list[AttributeReport] = []
    for name in attributes:
        progress(f"attribute {name}")
        attribute, report = learn(name, [one.attributes.get(name, ()) for one in examples], filed, targets, names)
        own += [attribute] if attribute else []
        told.append(report)
    return tuple(own), tuple(told)


def learn(
    name: str, cells: Sequence[Cell], filed: FiledExamples, targets: Targets, names: Names
) -> tuple[TaughtAttribute | None, AttributeReport]:
    """cells: of each example its values. None for an attribute of which no value can be promised."""
    values = read_values(cells)
    if not values.learnable:
        return None, report_of(name, values, None, {})
    known = np.flatnonzero(values.share_NC.any(1))
    whole = replace(filed.lesson, leaves_NC=values.share_NC, names_CE=value_vectors(values.names, names))
    part, having = whole.only(known), filed.having(known)
    learnt = fit(part)
    kept_V, judged_V = np.isin(whole.views.example_V, known), part.views.judged_V
    having_V = np.array([node in having for node in filed.found])[kept_V][judged_V]
    right_VC = (part.leaves_NC[part.views.example_V] > 0)[judged_V]
    rule = ValueRule(name, values.names, having, {}, {})
    rule, held = judged(rule, part.views.only(judged_V), learnt.held_out_VC[judged_V], right_VC, having_V)
    asked = {choice: targets.of_attribute(name, choice) for choice in rule.temperature}
    outcomes = {choice: promises(held, choice, values.names, target) for choice, target in asked.items()}
    least = {
        choice: {value: one.threshold for value, one in found.items() if isinstance(one, Promise)}
        for choice, found in outcomes.items()
    }
    rule = replace(rule, least=least)
    attribute = TaughtAttribute(learnt.head, rule) if any(least.values()) else None
    return attribute, report_of(name, values, held, outcomes)


def value_vectors(values: Sequence[str], names: Names) -> Floats:
    """(V, E): of each value what the model reads in its name; zeros for RARE."""
    named = [value for value in values if value != RARE]
    vector_VE = names.embed(named)
    return np.concatenate([vector_VE, np.zeros((len(values) - len(named), vector_VE.shape[1]), np.float32)])


def judged(
    rule: ValueRule, views: Views, score_VC: Floats, right_VC: NDArray[np.bool_], having_V: NDArray[np.bool_]
) -> tuple[ValueRule, Held]:
    """The rule with its temperatures, and what it makes of the scores. right_VC: which values each view has."""
    probability_VC = np.zeros_like(score_VC)
    for choice in MODALITIES:
        rows = np.flatnonzero(views.choice_V == choice)
        if len(rows):
            temperature = {choice: temperature_of(score_VC[rows], right_VC[rows])}
            rule = replace(rule, temperature={**rule.temperature, **temperature})
            probability_VC[rows] = rule.probabilities(score_VC[rows], choice)
    best_V = probability_VC.argmax(1).astype(np.int64)
    right_V = np.take_along_axis(right_VC, best_V[:, None], 1)[:, 0]
    return rule, Held(views.choice_V, views.own_V, best_V, probability_VC.max(1), right_V, having_V)


def promises(held: Held, choice: Modalities, names: Sequence[str], target: float) -> dict[str, Outcome]:
    """By value; RARE is none."""
    found: dict[str, Outcome] = {}
    for number, name in enumerate(names):
        mine_V = (held.choice_V == choice) & (held.best_V == number)
        asked_V = mine_V & held.having_V
        if name != RARE:
            found[name] = promise(held.score_V[asked_V], held.right_V[asked_V], target, int(mine_V.sum()))
    return found


def report_of(
    name: str, values: Values, held: Held | None, outcomes: Mapping[Modalities, Mapping[str, Outcome]]
) -> AttributeReport:
    counted_V = (values.share_NC > 0).sum(0)
    rare = int(counted_V[values.names.index(RARE)]) if RARE in values.names else 0
    told = [
        ValueReport(value, int(count), {choice: found[value] for choice, found in outcomes.items()})
        for value, count in zip(values.names, counted_V, strict=True)
        if value != RARE
    ]
    told.sort(key=lambda one: -one.products)
    right = given = given_right = 0.0
    read: Modalities = "both"
    if held and held.own_V.any():
        read = max(MODALITIES, key=lambda choice: int((held.own_V & (held.choice_V == choice)).sum()))
        own = np.flatnonzero(held.own_V)
        right_V, given_V = (
            held.right_V[own],
            np.array([is_given(held, row, values.names, outcomes) for row in own.tolist()]),
        )
        right, given = float(right_V.mean()), float(given_V.mean())
        given_right = float(right_V[given_V].mean()) if given_V.any() else 0.0
    examples = int(values.share_NC.any(1).sum())
    return AttributeReport(name, examples, values.several, rare, right, given, given_right, read, tuple(told))


def is_given(held: Held, row: int, names: Sequence[str], outcomes: Mapping[Modalities, Mapping[str, Outcome]]) -> bool:
    outcome = outcomes[held.choice_V[row]].get(names[held.best_V[row]])
    return bool(held.having_V[row] and isinstance(outcome, Promise) and held.score_V[row] >= outcome.threshold)
