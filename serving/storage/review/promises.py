"""The promises of models' contracts as verdicts have them: one that does not hold ends, and its products wait for a
person.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from catalog.arrays import choice
from catalog.errors import StateDamaged
from catalog.index.backend import IndexModel
from catalog.model.contract import Claim, Contract, Promise, Unpromised
from catalog.model.folder import named_folder
from catalog.product import StoredProduct, Understanding
from serving.storage.outbox import Event
from serving.storage.review.feedback import FeedbackLog, Outcome
from serving.storage.review.verdicts import Feedback

logger = logging.getLogger(__name__)


class Promises:
    """Of all models that may store. What changes them is not for several threads at once."""

    def __init__(
        self, feedback: FeedbackLog, models: Sequence[IndexModel], tell: Callable[[Event], None] = lambda event: None
    ) -> None:
        """tell: takes the event of a promise that ends. Raises CheckpointInvalid."""
        self._feedback, self._tell = feedback, tell
        self._fitted: dict[str, Contract] = {}
        self._ended: dict[str, dict[Claim, Claim]] = {}  # as they were fitted, and as verdicts have them
        self._counted: dict[str, object] = {}  # by version, the outcomes that `follow` has taken in
        for model in models:
            self.learn(model)

    def learn(self, model: IndexModel) -> None:
        """Of one more model that may store. Raises CheckpointInvalid."""
        contract = Contract.load(named_folder(model.folder)) if model.folder else None
        if contract and model.version not in self._fitted:
            self._fitted[model.version], self._ended[model.version] = contract, {}
            with suppress(StateDamaged):  # which the log has told
                self._update(model.version)

    def follow(self) -> list[str]:
        """Take in verdicts that other nodes were given. -> the categories of promises that have ended with these."""
        ended: list[str] = []
        for version in list(self._fitted):
            counts = self._feedback.outcome_counts(version)
            if counts != self._counted.get(version):
                ended += self._update(version)
                self._counted[version] = counts
        return ended

    def count(self, stored: StoredProduct, verdict: Feedback | None) -> list[str]:
        """Take in the last verdict on a product, if there is one and nobody contradicts it. -> branches that are no
        longer promised for it.
        """
        answer = stored.judgement.answer if stored.judgement else stored.understanding
        claim = self._claim(stored.model, answer)
        if claim is None:
            return []
        says = verdict is not None and not verdict.conflicting and verdict.concerns(answer)
        right = is_right(answer, verdict) if verdict and says else None
        self._feedback.keep_outcome(stored.id, Outcome(stored.model, _key(claim), right))
        return self._update(stored.model)

    def obeyed(self, stored: StoredProduct) -> StoredProduct:
        """The product as the model would have it that knew of the verdicts."""
        claim = self._claim(stored.model, stored.understanding)
        if stored.judgement or claim is None or claim not in self._ended[stored.model]:
            return stored
        return replace(stored, understanding=replace(stored.understanding, decision="review"))

    @property
    def ended(self) -> list[str]:
        """The nodes of promises that have ended."""
        return [node for claims in self._ended.values() for claim in claims for node in claim.nodes]

    @property
    def broken(self) -> Mapping[str, Contract]:
        """By version, of models with promises that have ended, those and what else may accept a product in their stead:
        enough for `Contract.obeyed`.
        """
        return {
            version: Contract(
                tuple(ended.get(claim, claim) for claim in fitted.claims if claim in ended or claim.about == "nodes")
            )
            for version, fitted in self._fitted.items()
            if (ended := self._ended[version])
        }

    @property
    def standing(self) -> Mapping[str, int]:
        """How many promises of all contracts hold, and how many have ended."""
        claims = [claim for contract in self._fitted.values() for claim in contract.claims]
        ended = sum(map(len, self._ended.values()))
        return {"kept": sum(isinstance(claim.outcome, Promise) for claim in claims) - ended, "ended": ended}

    def _claim(self, version: str, answer: Understanding) -> Claim | None:
        """The claim by which the model accepted a product unseen."""
        contract, category = self._fitted.get(version), answer.category
        if contract is None or category is None or answer.decision != "auto" or not category.path_ids:
            return None
        return contract.accepting(category, choice(answer.modalities_used))

    def _update(self, version: str) -> list[str]:
        """-> the nodes of promises that have ended with this."""
        fitted = self._fitted[version]
        pairs = zip(fitted.claims, fitted.with_verdicts(self._verdicts(version)).claims, strict=True)
        ended = {
            old: now for old, now in pairs if isinstance(old.outcome, Promise) and isinstance(now.outcome, Unpromised)
        }
        fresh = [claim for claim in ended if claim not in self._ended[version]]
        for claim in fresh:
            outcome = ended[claim].outcome
            fields = {"model": version, "read": claim.modalities, "about": claim.about, "nodes": list(claim.nodes)}
            counts = {"wrong": outcome.errors, "products": outcome.products}
            logger.warning("a promise has ended", extra={"fields": fields | counts})
            self._tell(Event("promise.ended", repr(fields | counts), fields | counts))
        self._ended[version] = ended
        return [node for claim in fresh for node in claim.nodes]

    def _verdicts(self, version: str) -> Iterator[tuple[Claim, bool]]:
        claims = {_key(claim): claim for claim in self._fitted[version].claims}
        for _, key, right in self._feedback.outcomes(version):
            if claim := claims.get(key):
                yield claim, bool(right)


def _key(claim: Claim) -> tuple[str, str, str]:
    return claim.modalities, claim.about, claim.nodes[0]


def is_right(answer: Understanding, verdict: Feedback) -> bool:
    """Whether a person agrees with the category of an answer."""
    if verdict.verdict == "reject" or verdict.correction.proposed_category or answer.category is None:
        return False
    return verdict.category is None or answer.category.id in verdict.category.path_ids
