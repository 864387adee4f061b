"""A person's verdict on the model's answer: what it makes of the product, and whether two contradict each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple

from catalog.product import CategoryScore, Judgement, Scored, StoredProduct, Understanding, Verdict
from catalog.taxonomy.tree import Taxonomy


@dataclass(frozen=True, slots=True)
class Correction:
    """What is right. None: the model's own answer stays. category: with its path, each score 1. proposed_category: a
    path that the tree lacks, such as "Kitchen > Mugs", or "".
    """

    category: CategoryScore | None = None
    tags: tuple[str, ...] | None = None
    attributes: Mapping[str, str] | None = None
    proposed_category: str = ""


class Said(NamedTuple):
    """A verdict to keep. given_by: as of `Feedback`."""

    product_id: str
    verdict: Verdict
    correction: Correction = Correction()
    comment: str = ""
    given_by: str = ""


@dataclass(frozen=True, slots=True)
class Feedback:
    """One person's verdict on one stored product.

    seen: the category that the verdict was given on, if there was one, and of a rejection also the model's own where a
    person had put that right; None: a release before did not note it.
    created: seconds since 1970. title: the product's, where it is known: it is not kept with the verdict, so that
    nothing of an erased product is. given_by: the name of the API key, "" without keys. group: the id of the first of
    the verdicts that were given as one, 0 for a single one. settles: it was given on a product whose verdicts
    conflicted. conflicting: another person's verdict says otherwise, so neither counts.
    """

    id: int
    product_id: str
    verdict: Verdict
    correction: Correction
    comment: str
    created: float
    title: str = ""
    seen: tuple[CategoryScore, ...] | None = None
    given_by: str = ""
    group: int = 0
    settles: bool = False
    conflicting: bool = False

    @property
    def created_at(self) -> str:
        return datetime.fromtimestamp(self.created, UTC).isoformat(timespec="seconds")

    @property
    def said(self) -> Said:
        return Said(self.product_id, self.verdict, self.correction, self.comment, self.given_by)

    @property
    def category(self) -> CategoryScore | None:
        """The category that the person says is right, where it is known."""
        if self.verdict == "reject" or self.correction.proposed_category:
            return None
        return self.correction.category or next(iter(self.seen or ()), None)

    def concerns(self, answer: Understanding) -> bool:
        """Whether it says anything of a model's answer. A rejection does of the category that was seen and of what lies
        below it, not of another one by another model.
        """
        if self.verdict != "reject" or self.seen is None:
            return True
        found = answer.category
        return any(found.lies_in(wrong) for wrong in self.seen) if found else not self.seen


def seen_in(stored: StoredProduct, verdict: Verdict) -> tuple[CategoryScore, ...]:
    """What a verdict that is given now is on: see `Feedback`."""
    own = stored.judgement.answer.category if stored.judgement and verdict == "reject" else None
    found = {category.id: category for category in (stored.understanding.category, own) if category}
    return tuple(found.values())


def applied(stored: StoredProduct, feedback: Feedback | None) -> StoredProduct:
    """The product as the verdict has it; without one that concerns the model's answer, as the model has it. One of
    which people say different things waits for a person, with the model's answer.
    """
    answer = stored.judgement.answer if stored.judgement else stored.understanding
    if feedback is None or not (feedback.conflicting or feedback.concerns(answer)):
        return replace(stored, understanding=answer, judgement=None)
    proposed = feedback.correction.proposed_category
    judgement = Judgement(feedback.verdict, answer, proposed, feedback.conflicting)
    if feedback.conflicting:
        return replace(stored, understanding=answer.to_review(), judgement=judgement)
    said = answer if feedback.verdict == "reject" else _corrected(answer, feedback)
    return replace(stored, understanding=said, judgement=judgement)


def reopened(stored: StoredProduct, taken_back: Feedback) -> StoredProduct:
    """The product to apply what is left to. A release before did not keep the model's own answer: what it accepted or
    corrected waits for a person again.
    """
    if stored.judgement or taken_back.verdict == "reject":
        return stored
    return replace(stored, understanding=replace(stored.understanding, decision="review"))


def _corrected(understanding: Understanding, feedback: Feedback) -> Understanding:
    right = feedback.correction
    unnoted = understanding.category if feedback.seen is None else None  # by a release before: what the model says now
    if right.proposed_category:  # what the tree lacks is not what the model found in it
        understanding = replace(understanding, category=None, tags=(), attributes={}, decision="abstain")
    elif category := feedback.category or unnoted:
        understanding = _judged(understanding, category)
    if right.tags is not None:
        understanding = replace(understanding, tags=tuple(Scored(name, 1.0) for name in right.tags))
    if right.attributes is not None:
        scored = {name: Scored(value, 1.0) for name, value in right.attributes.items()}
        understanding = replace(understanding, attributes=scored)
    return understanding


def _judged(found: Understanding, category: CategoryScore) -> Understanding:
    """With a category that a person stands for, whom no product is unfamiliar to."""
    return replace(
        found,
        category=replace(category, path_scores=(1.0,) * len(category.path)),
        alternatives=tuple(other for other in found.alternatives if other.id != category.id),
        decision="auto",
        notes=tuple(note for note in found.notes if note != "unfamiliar"),
    )


def conflicting(verdicts: Sequence[Feedback]) -> frozenset[int]:
    """The ids of those that conflict. verdicts: all on one product as it now is, the first one first.

    The last verdict of each person counts, and all agree or none does. Who judges a product in conflict settles it:
    what was said before counts no more. So it does once someone judges of whom no name is known.
    """
    counting: dict[str, Feedback] = {}
    for verdict in verdicts:
        if verdict.settles or not verdict.given_by:
            counting.clear()
        counting.pop("", None)
        counting[verdict.given_by] = verdict
    people = list(counting.values())
    return frozenset(one.id for one in people if any(contradict(one, other) for other in people))


def contradict(one: Feedback, other: Feedback) -> bool:
    """Whether both cannot be right. A category and one above it can, and so can a rejection of another category."""
    if "reject" in (one.verdict, other.verdict):
        return _rejects(one, other) or _rejects(other, one)
    if one.correction.proposed_category != other.correction.proposed_category:
        return True
    first, second = one.category, other.category
    apart = first and second and not (first.lies_in(second) or second.lies_in(first))
    return bool(apart) or _properties_differ(one.correction, other.correction)


def _rejects(one: Feedback, other: Feedback) -> bool:
    """Whether one says that the other's category is wrong."""
    if one.verdict != "reject" or other.verdict == "reject":
        return False
    right = other.category
    if right is None or one.seen is None:  # a release before did not note what they were on
        return other.verdict == "accept"
    return any(right.lies_in(wrong) for wrong in one.seen)


def _properties_differ(one: Correction, other: Correction) -> bool:
    tags = one.tags is not None and other.tags is not None and set(one.tags) != set(other.tags)
    first, second = one.attributes or {}, other.attributes or {}
    return tags or any(first[name] != second[name] for name in first.keys() & second.keys())


def category_of(taxonomy: Taxonomy, node_id: str) -> CategoryScore:
    """A node that a person chose. Raises KeyError if the tree has none of this id."""
    path_ids = taxonomy.ancestors(node_id)
    return CategoryScore(node_id, taxonomy.path(node_id), (1.0,) * len(path_ids), path_ids)
