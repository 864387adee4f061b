"""A category tree with its calibration: leaf logits -> scores of nodes -> what can be promised."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from catalog.arrays import Floats, Modalities, choice, softmax
from catalog.model.calibration import Calibration, leaf_roots
from catalog.model.contract import Contract, HeldOut
from catalog.model.folder import (
    ModelFolder,
    Taught,
    TaughtFiles,
    folder_name,
    identify,
    open_taught,
    taught_files,
    was_taught,
)
from catalog.model.taught_attributes import with_taught
from catalog.product import CategoryScore, Decision, Scored, Sides, StoredProduct, Understanding
from catalog.taxonomy.descent import Descent
from catalog.taxonomy.tree import Taxonomy

ALTERNATIVES = 5  # that are kept of a product
BLOCK = 4_096  # products whose scores of all nodes are in memory at a time
SEEN = ("colour", "gender")  # attributes that an image alone may contradict
LEAST_SHOWN = 0.001


class Alone(NamedTuple):
    """One modality of a product by itself: leaf logits (C,), embedding (E,), logits of attributes' values (V,), and the
    log odds of being unfamiliar.
    """

    leaf_C: Floats
    embedding_E: Floats
    attributes: Mapping[str, Floats]
    log_odds: float


class Filing(NamedTuple):
    """Where a product is filed; see `catalog.product.Understanding`. unfamiliar: whether that is why it is nowhere."""

    category: CategoryScore | None
    alternatives: tuple[CategoryScore, ...]
    decision: Decision
    unfamiliar: bool


class Categories:
    """Safe to share between threads."""

    def __init__(self, taxonomy: Taxonomy, calibration: Calibration, contract: Contract | None = None) -> None:
        self.taxonomy, self.calibration, self.contract = taxonomy, calibration, contract
        self.descent = Descent(taxonomy)
        self._leaf_roots = leaf_roots(taxonomy)

    def scores(self, leaf_C: Floats, modalities: Modalities) -> Floats:
        """The calibrated probability of each node of the tree."""
        return self.descent.scores(self.calibration.leaf_probability(leaf_C, modalities, self._leaf_roots))

    def log_odds(self, leaf_C: Floats, modalities: Modalities, node: str) -> float:
        """Of a node's score, which as a probability near 1 would be too coarse to compare."""
        scaled_C = self.calibration.scaled(leaf_C, modalities, self._leaf_roots).astype(np.float64)
        weight_C = np.exp(scaled_C - scaled_C.max())
        leaves = list(self.taxonomy.leaves_under(node))
        under, others = weight_C[leaves].sum(), np.delete(weight_C, leaves).sum()
        least = np.finfo(np.float64).tiny  # of a tree with one root the odds would be infinite
        return float(np.log(max(under, least)) - np.log(max(others, least)))

    def category(self, leaf_C: Floats, log_odds: float, modalities: Modalities) -> CategoryScore | None:
        """The deepest node that can be promised; None for a product that is unfamiliar by its log odds."""
        return self.promised(leaf_C[None], [log_odds], modalities)[0]

    def promised(
        self, leaf_NC: Floats, log_odds: Sequence[float], modalities: Modalities
    ) -> list[CategoryScore | None]:
        """The `category` of each of N products."""
        found = (self._promised(score_BM, modalities) for score_BM in self._score_blocks(leaf_NC, modalities))
        return self._familiar([node for some in found for node in some], log_odds, modalities)

    def _score_blocks(self, leaf_NC: Floats, modalities: Modalities) -> Iterator[Floats]:
        for start in range(0, len(leaf_NC), BLOCK):
            yield self.scores(leaf_NC[start : start + BLOCK], modalities)

    def _promised(self, score_NM: Floats, modalities: Modalities) -> list[CategoryScore | None]:
        return self.descent.promised(score_NM, partial(self.calibration.promised, modalities))

    def _familiar(
        self, found: Sequence[CategoryScore | None], log_odds: Sequence[float], modalities: Modalities
    ) -> list[CategoryScore | None]:
        """None for each that is unfamiliar."""
        return [
            None if self.calibration.is_unfamiliar(odds, modalities) else category
            for category, odds in zip(found, log_odds, strict=True)
        ]

    def held_out(
        self, leaf_NC: Floats, log_odds: Sequence[float], modalities: Modalities, truth: Sequence[tuple[str, ...]]
    ) -> list[HeldOut]:
        """The answers for products that were not taught, to fit a contract on. truth: ids from the root to the node."""
        acceptable = [self.calibration.is_acceptable(odds, modalities) for odds in log_odds]
        found = self.promised(leaf_NC, log_odds, modalities)
        return [
            HeldOut(category, category is not None and self.descent.is_leaf(category), path, familiar)
            for category, path, familiar in zip(found, truth, acceptable, strict=True)
        ]

    def values(
        self, logits: Mapping[str, Floats], category: CategoryScore | None, modalities: Modalities, text: str
    ) -> dict[str, Scored]:
        """Attribute values with a proven score, named by the text where no picture tells. None without a category.

        logits: of the values (V,) by attribute.
        """
        proven = self.calibration.proven_values(modalities, category) if category else {}
        found = {}
        for attribute in self.taxonomy.attributes:
            name = attribute.name
            probability_V = self._of_values(name, logits)
            value, score = attribute.values[int(probability_V.argmax())], float(probability_V.max())
            known = score >= proven.get(name, {}).get(value, np.inf)
            if known and attribute.may_be_said(value, text):
                found[name] = Scored(value, score)
        return found

    def likeliest(self, leaf_NC: Floats, modalities: Modalities) -> list[CategoryScore]:
        """Of each product the likeliest leaf of the likeliest node at each level, whatever its score."""
        blocks = self._score_blocks(leaf_NC, modalities)
        found = [node for score_BM in blocks for node in self.descent.promised(score_BM, lambda root, level: 0.0)]
        return [node for node in found if node]  # all: nothing is asked of it

    def _of_values(self, attribute: str, logits: Mapping[str, Floats]) -> Floats:
        """The calibrated probability of each value, (V,)."""
        return softmax(logits[attribute] / self.calibration.attribute_temperature.get(attribute, 1.0))

    def shown(self, logits: Mapping[str, Floats], category: CategoryScore) -> dict[str, tuple[Scored, ...]]:
        """The values that an image alone may have, of the attributes that are seen in one and of which some value is
        proven for such products, or for some like them. logits: as of `values`.
        """
        kinds = self.calibration.attributes.get("image", {})
        proven = {name for node in category.path_ids for name in kinds.get(node, {})}
        found = {}
        for attribute in self.taxonomy.attributes:
            if attribute.name in SEEN and attribute.name in proven:
                scores = zip(attribute.values, map(float, self._of_values(attribute.name, logits)), strict=True)
                likely = [Scored(value, score) for value, score in scores if score >= LEAST_SHOWN]
                found[attribute.name] = tuple(sorted(likely, key=lambda one: -one.score))
        return found

    def sides(self, image: Alone, text: Alone) -> Sides:
        """See there."""
        image_M, text_M = self.scores(image.leaf_C, "image"), self.scores(text.leaf_C, "text")
        [by_image] = self._familiar(self._promised(image_M[None], "image"), [image.log_odds], "image")
        [by_text] = self._familiar(self._promised(text_M[None], "text"), [text.log_odds], "text")
        return Sides(
            image=by_image,
            text=by_text,
            image_of_text=self.descent.score(image_M, by_text) if by_text else 0.0,
            text_of_image=self.descent.score(text_M, by_image) if by_image else 0.0,
            cosine=float(image.embedding_E @ text.embedding_E),
            shows=self.shown(image.attributes, by_image) if by_image else {},
        )

    def file(self, leaf_C: Floats, log_odds: float, modalities: Modalities, top_k: int) -> Filing:
        """log_odds: of the product being unfamiliar; top_k: how many alternatives."""
        score_1M = self.scores(leaf_C[None], modalities)
        [found] = self._familiar(self._promised(score_1M, modalities), [log_odds], modalities)
        category, decision = self._decide(found, modalities, log_odds)
        unfamiliar = self.calibration.is_unfamiliar(log_odds, modalities)
        return Filing(category, self.descent.likeliest(score_1M[0], category, top_k), decision, unfamiliar)

    def decided(
        self, leaf_NC: Floats, log_odds: Sequence[float], modalities: Modalities
    ) -> list[tuple[CategoryScore | None, Decision]]:
        """Of each of N products what `file` says of its category and of what is done with it."""
        found = self.promised(leaf_NC, log_odds, modalities)
        return [self._decide(category, modalities, odds) for category, odds in zip(found, log_odds, strict=True)]

    def _decide(
        self, category: CategoryScore | None, modalities: Modalities, log_odds: float
    ) -> tuple[CategoryScore | None, Decision]:
        """What is done with a product, and its category, which is an ancestor where only that is sure enough."""
        leaf = category is not None and self.descent.is_leaf(category)
        if category is None or self.contract is None:
            return category, self.calibration.decide(category, leaf, modalities, log_odds)
        kept = self.contract.keep(category, leaf, modalities)
        if kept is None or not self.calibration.is_acceptable(log_odds, modalities):
            return category, "review"
        return kept.category, "auto"


class GrownCategories(Categories):
    """Categories of which the last leaves were added after the thresholds were measured. What is likeliest in one of
    these waits for a person; all else, and what was accepted unseen, is filed as before.
    """

    def __init__(self, taxonomy: Taxonomy, calibration: Calibration, contract: Contract | None, added: int) -> None:
        super().__init__(taxonomy, calibration, contract)
        self._added = added
        self._before = Categories(without_last(taxonomy, added), calibration, contract)

    def file(self, leaf_C: Floats, log_odds: float, modalities: Modalities, top_k: int) -> Filing:
        measured = len(leaf_C) - self._added
        before = self._before.file(leaf_C[:measured], log_odds, modalities, top_k)
        if before.decision == "auto" or leaf_C.argmax() < measured:
            return before
        # How familiar its products look was measured without them.
        found = super().file(leaf_C, -np.inf, modalities, top_k)
        return found._replace(decision="review" if found.category else "abstain")


def without_last(tree: Taxonomy, leaves: int) -> Taxonomy:
    """The tree without its last leaves, and without what has no children then."""
    gone = {leaf.id for leaf in tree.leaves[-leaves:]}
    above = {node.parent for node in tree.nodes}
    while True:
        kept = [node for node in tree.nodes if node.id not in gone]
        parents = {node.parent for node in kept}
        empty = {node.id for node in kept if node.id in above and node.id not in parents}
        if not empty:
            return replace(tree, nodes=tuple(kept))
        gone |= empty


class Filer:
    """Files products by their embeddings in the categories that a model was taught. It needs no encoder, so it opens at
    once. Safe to share between threads.
    """

    def __init__(
        self,
        version: str,
        space: str,
        folder: str,
        taught: Taught,
        contract: Contract | None,
    ) -> None:
        """See `catalog.model.folder.TaughtFiles`."""
        self.version, self.space, self.folder = version, space, folder
        added = int(taught.head.added_1[0])
        measured = (taught.taxonomy, taught.calibration, contract)
        self.categories = GrownCategories(*measured, added) if added else Categories(*measured)
        self.head = taught.head
        self.taught_attributes = taught.attributes

    @classmethod
    def of(cls, model: ModelFolder) -> Self:
        """Of a model that was taught."""
        assert model.taught
        return cls(model.version, model.space, model.name, model.taught, model.contract)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Raises CheckpointInvalid for a model that was not taught, or CheckpointDamaged."""
        return cls.unpacked(taught_files(folder))

    @classmethod
    def unpacked(cls, sent: TaughtFiles) -> Self:
        """Raises CheckpointInvalid."""
        return cls(sent.version, sent.space, sent.folder, *open_taught(sent))

    def judged(self, embedding_E: Floats) -> tuple[Floats, float]:
        """Leaf logits (C,), and the log odds of being of no category that was taught."""
        logits_1C = self.head.logits(embedding_E[None])
        return logits_1C[0], float(self.head.log_odds(embedding_E[None], logits_1C)[0])

    def attributes(
        self, found: Mapping[str, Scored], category: CategoryScore | None, embedding_E: Floats, modalities: Modalities
    ) -> dict[str, Scored]:
        """found: those by the base; of an attribute that was taught it is left out."""
        return with_taught(found, self.taught_attributes, category, embedding_E, modalities)

    def can_file(self, stored: StoredProduct) -> bool:
        """Whether it files a product of its space."""
        return True

    def filed(self, stored: StoredProduct) -> StoredProduct:
        """See `refiled`."""
        return refiled(stored, self.refile(answer_of(stored), stored.model), self.version)

    def refile(self, found: Understanding, model: str, top_k: int = ALTERNATIVES) -> Understanding:
        """The same understanding, by a model of this `space`, with these categories and attributes, told from its
        embedding alone. model: the version that answered.
        """
        found = found.based(model)
        if not found.modalities_used:
            return found
        modalities = choice(found.modalities_used)
        filing = self.categories.file(*self.judged(found.embedding), modalities, top_k)
        of_base = found.base.attributes if found.base else {}
        return replace(
            found,
            category=filing.category,
            alternatives=filing.alternatives,
            attributes=self.attributes(of_base, filing.category, found.embedding, modalities),
            decision=filing.decision,
            evidence={},
            notes=found.noted(filing.unfamiliar),
        )


@dataclass(frozen=True)
class BaseFiler:
    """Files products as the model itself, before it was taught, by the answers that are kept with them: its categories
    depend on more than the embedding.
    """

    version: str
    space: str
    folder: str

    def can_file(self, stored: StoredProduct) -> bool:
        return answer_of(stored).base is not None

    def filed(self, stored: StoredProduct) -> StoredProduct:
        """See `refiled`; for a product that it can file."""
        answer = answer_of(stored)
        assert answer.base
        return refiled(stored, answer.of_base(), answer.base.model)


AnyFiler = Filer | BaseFiler


def open_filer(folder: Path) -> AnyFiler:
    """Raises CheckpointInvalid or CheckpointDamaged."""
    version, space = identify(folder)
    return Filer.open(folder) if was_taught(folder) else BaseFiler(version, space, folder_name(folder))


def answer_of(stored: StoredProduct) -> Understanding:
    """The model's own."""
    return stored.judgement.answer if stored.judgement else stored.understanding


def refiled(stored: StoredProduct, answer: Understanding, model: str) -> StoredProduct:
    """The product with the answer of another model; one with a verdict as the person left it. A rejection stays of the
    category that was rejected alone.
    """
    judgement, said = stored.judgement, stored.understanding
    if judgement is None:
        anew = replace(stored, understanding=answer, model=model, was_auto=False)
        return anew.held() if anew.first_causes else anew
    was_auto = bool(stored.first_causes) and answer.decision == "auto"
    if was_auto:
        answer = answer.to_review()
    if judgement.conflicting:
        said = answer.to_review()
    elif judgement.verdict == "reject":
        judgement, said = judgement if rejected_again(judgement.answer, answer) else None, answer
    judgement = judgement and replace(judgement, answer=answer)
    return replace(stored, understanding=said, judgement=judgement, model=model, was_auto=was_auto)


def rejected_again(before: Understanding, now: Understanding) -> bool:
    """Whether what was rejected of the answer before is also said now."""
    if before.category is None or now.category is None:
        return before.category is now.category
    return now.category.lies_in(before.category)
