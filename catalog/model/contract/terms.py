"""A contract: what is accepted unseen of each branch of the tree, and what decides it for one product.

A branch is a node of the level below the root, or a root that is a leaf. A claim of several branches holds for them
together, not for each of them.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

from catalog.arrays import MODALITIES, Modalities, choice
from catalog.errors import CheckpointInvalid
from catalog.model.contract.binomial import is_at_least, is_below, lower_bound, needed
from catalog.model.contract.targets import Targets
from catalog.model.contract.threshold import Outcome, Promise, Unpromised
from catalog.model.contract.values import ValueClaim
from catalog.product import CategoryScore, Scored, Understanding

FILE = "contract.json"
About = Literal["leaves", "nodes"]


@dataclass(frozen=True, slots=True)
class Claim:
    """about: that the leaves below these branches are right, or that these nodes are."""

    modalities: Modalities
    about: About
    nodes: tuple[str, ...]
    outcome: Outcome

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        modalities, about, nodes = values["modalities"], values["about"], values["nodes"]
        if modalities not in MODALITIES or about not in ("leaves", "nodes") or not isinstance(nodes, list):
            raise ValueError(modalities)
        outcome = Promise(**values["promise"]) if "promise" in values else Unpromised(**values["unpromised"])
        return cls(modalities, about, tuple(nodes), outcome)

    def to_dict(self) -> dict[str, Any]:
        name = "promise" if isinstance(self.outcome, Promise) else "unpromised"
        nodes = list(self.nodes)
        return {"modalities": self.modalities, "about": self.about, "nodes": nodes, name: asdict(self.outcome)}


class Kept(NamedTuple):
    """A category that may be accepted unseen, and the claim that promises it."""

    category: CategoryScore
    claim: Claim


# Without slots: cached_property stores its value in the instance's __dict__.
@dataclass(frozen=True)
class Contract:
    """A model folder's contract.json. By modality choice, a node is in at most one claim about leaves and one about
    nodes. values: of attributes that are promised; others are given as they were calibrated. targets: that it was
    fitted for, with ids of nodes; None: by a release before.
    """

    claims: tuple[Claim, ...] = ()
    values: tuple[ValueClaim, ...] = ()
    targets: Targets | None = None

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """None if the model folder has none. Raises CheckpointInvalid."""
        if not (folder / FILE).is_file():
            return None
        try:
            found = json.loads((folder / FILE).read_text(encoding="utf-8"))
            claims = tuple(Claim.from_dict(claim) for claim in found["claims"])
            values = tuple(ValueClaim.from_dict(claim) for claim in found.get("values", ()))
            return cls(claims, values, Targets.from_dict(found["targets"]) if "targets" in found else None)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise CheckpointInvalid(f"The model's {FILE} is not valid.") from None

    def save(self, folder: Path) -> None:
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False)
        (folder / FILE).write_text(text + "\n", encoding="utf-8")

    def to_dict(self) -> dict[str, Any]:
        said: dict[str, Any] = {"claims": [claim.to_dict() for claim in self.claims]}
        said |= {"values": [claim.to_dict() for claim in self.values]} if self.values else {}
        return said | ({"targets": self.targets.to_dict()} if self.targets else {})

    def keep(self, category: CategoryScore, leaf: bool, modalities: Modalities) -> Kept | None:
        """What of a category may be accepted unseen: itself, an ancestor where only that is promised, or nothing.

        leaf: whether the category is one.
        """
        level, claim = self.deciding(category, leaf, modalities)
        if claim is None or isinstance(claim.outcome, Unpromised):
            return None
        sure = category.path_scores[level] >= claim.outcome.threshold
        return Kept(cut(category, level), claim) if sure else None

    def deciding(self, category: CategoryScore, leaf: bool, modalities: Modalities) -> tuple[int, Claim | None]:
        """The claim that decides such a category, and the level of the node whose score it asks for."""
        of_leaves = self._claim_of.get((modalities, "leaves", branch(category))) if leaf else None
        if of_leaves is None or isinstance(of_leaves.outcome, Unpromised):
            for level in upper_levels(category, leaf):
                if found := self._claim_of.get((modalities, "nodes", category.path_ids[level])):
                    return level, found
        return len(category.path_ids) - 1, of_leaves

    def accepting(self, category: CategoryScore, modalities: Modalities) -> Claim | None:
        """The claim by which a category was kept."""
        of_node = self._claim_of.get((modalities, "nodes", category.id))
        return of_node or self._claim_of.get((modalities, "leaves", branch(category)))

    def gives(self, attribute: str, found: Scored, modalities: Modalities) -> bool:
        """Whether a value may be given: of an attribute that is promised, one that is."""
        if attribute not in self._attributes:
            return True
        outcome = self._value_of.get((modalities, attribute, found.name))
        return isinstance(outcome, Promise) and found.score >= outcome.threshold

    def obeyed(self, found: Understanding) -> Understanding:
        """An answer of the model as it was fitted, not accepted unseen where the promise that accepted it has ended."""
        if found.decision != "auto" or found.category is None:
            return found
        claim = self.accepting(found.category, choice(found.modalities_used))
        return found.to_review() if claim and isinstance(claim.outcome, Unpromised) else found

    def with_verdicts(self, verdicts: Iterable[tuple[Claim, bool]]) -> Self:
        """The contract after people judged products that it accepted: each claim, and whether the product was right.

        They count as further held-out products. A promise ends where its bound falls below the target, or where the
        verdicts alone prove it to be below: an old measurement does not outweigh what is seen now.
        """
        counts = Counter(verdicts)
        return replace(self, claims=tuple(_judged(one, counts[one, True], counts[one, False]) for one in self.claims))

    @property
    def promised(self) -> tuple[tuple[Modalities, str], ...]:
        """The modality choices and nodes of which something is promised."""
        kept = [claim for claim in self.claims if isinstance(claim.outcome, Promise)]
        return tuple((claim.modalities, node) for claim in kept for node in claim.nodes)

    @cached_property
    def _claim_of(self) -> dict[tuple[Modalities, About, str], Claim]:
        return {(claim.modalities, claim.about, node): claim for claim in self.claims for node in claim.nodes}

    @cached_property
    def _attributes(self) -> frozenset[str]:
        """Of which something was to be promised."""
        return frozenset(claim.attribute for claim in self.values)

    @cached_property
    def _value_of(self) -> dict[tuple[Modalities, str, str], Outcome]:
        return {(claim.modalities, claim.attribute, claim.value): claim.outcome for claim in self.values}


def branch(category: CategoryScore) -> str:
    return category.path_ids[:2][-1]


def upper_levels(category: CategoryScore, leaf: bool) -> Sequence[int]:
    """Levels at which a node can stand for the category, the deepest first: its ancestors, and itself if it is no leaf.

    The root only stands for a leaf right below it: of a deep tree it says next to nothing.
    """
    depth = len(category.path_ids)
    if not leaf:
        return range(depth - 1, 0, -1)
    return (0,) if depth == 2 else range(depth - 2, 0, -1)


def cut(category: CategoryScore, level: int) -> CategoryScore:
    """The ancestor of this level, or the category itself."""
    end = level + 1
    return CategoryScore(
        category.path_ids[level], category.path[:end], category.path_scores[:end], category.path_ids[:end]
    )


def _judged(claim: Claim, right: int, wrong: int) -> Claim:
    if isinstance(claim.outcome, Unpromised) or not right + wrong:
        return claim
    target = claim.outcome.target
    products, errors = claim.outcome.products + right + wrong, claim.outcome.errors + wrong
    outcome: Outcome
    if is_below(target, right + wrong, wrong):
        outcome = Unpromised(target, right + wrong, wrong, needed(wrong, target))
    elif is_at_least(target, products, errors):
        bound = lower_bound(products, errors)
        outcome = replace(claim.outcome, products=products, errors=errors, bound=bound)
    else:
        outcome = Unpromised(target, products, errors, needed(errors, target))
    return replace(claim, outcome=outcome)
