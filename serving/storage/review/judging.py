"""Giving verdicts on stored products and taking them back, one or a group as one."""

import time
from collections.abc import Sequence

from catalog.errors import CatalogError, ProductNotFound
from catalog.index.product_index import ProductIndex
from catalog.product import CategoryScore, StoredProduct
from serving.errors import FeedbackNotFound, NothingToAccept
from serving.storage.review.feedback import FeedbackLog
from serving.storage.review.promises import Promises
from serving.storage.review.verdicts import Correction, Feedback, Said, applied, reopened


class Judging:
    """Not for several threads at once. What it calls ended are the nodes of promises that ended by what was said."""

    def __init__(self, index: ProductIndex, feedback: FeedbackLog, promises: Promises) -> None:
        self._index, self._feedback, self._promises = index, feedback, promises

    def judge(self, verdicts: Sequence[Said], grouped: bool = False) -> tuple[list[Feedback | CatalogError], list[str]]:
        """Keep verdicts and apply them. -> each as it is kept, ProductNotFound or NothingToAccept; and what ended.
        grouped: they are given as one, that of the first.
        """
        results: list[Feedback | CatalogError] = []
        ended: list[str] = []
        group = 0 if grouped else None
        found = zip(verdicts, self._index.get([said.product_id for said in verdicts]), strict=True)
        products = {said.product_id: stored for said, stored in found if stored}
        judged = dict[str, StoredProduct]()
        for said in verdicts:
            stored = products.get(said.product_id)
            if stored is None:
                results.append(ProductNotFound())
            elif said.verdict == "accept" and stored.understanding.category is None:
                results.append(NothingToAccept())
            else:
                results.append(feedback := self._feedback.add(stored, said, time.time(), group))
                group = feedback.group or group
                judged[stored.id] = products[stored.id] = applied(stored, feedback)
                ended += self._promises.count(stored, feedback)
        self._index.upsert(list(judged.values()))
        return results, ended

    def spread(self, said: Said, others: Sequence[str]) -> list[Said]:
        """One verdict for a product and for others that are the same to a person: what is accepted of the first is
        right for all of them. Raises ProductNotFound or NothingToAccept for the first.
        """
        ids = list(dict.fromkeys([said.product_id, *others]))
        first, *rest = self._index.get(ids)
        if first is None:
            raise ProductNotFound
        right = first.understanding.category
        if said.verdict == "accept" and right is None:
            raise NothingToAccept
        pairs = zip(ids[1:], rest, strict=True)
        return [said, *(like(said, right, id, stored) for id, stored in pairs)]

    def take_back(self, id: int, group: bool) -> tuple[list[StoredProduct], list[str]]:
        """Forget a verdict, or all that were given as one with it. -> the products, to be stored as what is left of
        verdicts has them; and what ended. Raises FeedbackNotFound.
        """
        found = self._feedback.get(id, group)
        if not found:
            raise FeedbackNotFound
        gone = {feedback.product_id: feedback for feedback in found}
        stored = [one for one in self._index.get(list(gone)) if one]
        before = self._feedback.latest(stored)
        for feedback in found:
            self._feedback.remove(feedback.id)
        after = self._feedback.latest(stored)
        again: list[StoredProduct] = []
        ended: list[str] = []
        for one in stored:
            if before.get(one.id) != after.get(one.id):
                again.append(opened := reopened(one, gone[one.id]))
                ended += self._promises.count(opened, after.get(one.id))
        return again, ended


def like(said: Said, right: CategoryScore | None, id: str, stored: StoredProduct | None) -> Said:
    """The verdict on a first product, of the category `right`, for another product."""
    if said.verdict != "accept" or stored is None:
        return said._replace(product_id=id)
    answers = (stored.understanding, stored.judgement.answer if stored.judgement else stored.understanding)
    if all(answer.category and right and answer.category.id == right.id for answer in answers):
        return said._replace(product_id=id)
    return said._replace(product_id=id, verdict="correct", correction=Correction(right))
