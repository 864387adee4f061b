"""Operations on verdicts and models."""

from collections.abc import Mapping, Sequence
from typing import Any

from catalog.product import Verdict
from serving.api.schemas.health import Ready
from serving.api.schemas.jobs import JobOut
from serving.api.schemas.judging.feedback import (
    AlikeResponse,
    FeedbackOut,
    FeedbackResponse,
    ProposalsResponse,
    ReviewResponse,
)
from serving.api.schemas.models import CategoryAdded, ComparisonResponse, ModelsResponse, TaxonomyResponse
from serving.client.asking import Asking, segment
from serving.client.fields import given
from serving.client.steps import Request, Steps, operation
from serving.storage.review.feedback import Order, QueueOrder, Unsure


class ModelOperations(Asking):
    @operation
    def feedback(
        self,
        product_id: str,
        verdict: Verdict,
        *,
        category: str | None = None,
        proposed_category: str | None = None,
        tags: Sequence[str] | None = None,
        attributes: Mapping[str, str] | None = None,
        comment: str | None = None,
    ) -> Steps[FeedbackOut]:
        """Accept, reject or correct the understanding of a stored product. proposed_category: a path that is missing in
        the tree, such as "Kitchen > Mugs".
        """
        body = given(
            category=category, proposed_category=proposed_category, tags=tags, attributes=attributes, comment=comment
        )
        body |= {"product_id": product_id, "verdict": verdict}
        return self._ask(FeedbackOut, "POST", "/v1/feedback", json=body, repeatable=False)

    @operation
    def feedback_on_several(self, verdicts: Sequence[Mapping[str, Any]]) -> Steps[FeedbackResponse]:
        """Store up to 100 verdicts, each with the fields of `feedback`. The result of an invalid one has its error."""
        body = {"items": [dict(verdict) for verdict in verdicts]}
        return self._ask(FeedbackResponse, "POST", "/v1/feedback/batch", json=body, repeatable=False)

    @operation
    def feedback_on_alike(
        self,
        product_id: str,
        verdict: Verdict,
        *,
        others: Sequence[str] | None = None,
        above: float | None = None,
        category: str | None = None,
        proposed_category: str | None = None,
        comment: str | None = None,
    ) -> Steps[FeedbackResponse]:
        """Store one verdict for a product and for `others`, by default all in review whose cosine similarity to it is
        at least `above`. `take_back(id, group=True)` deletes it for all.
        """
        body = given(
            others=others, above=above, category=category, proposed_category=proposed_category, comment=comment
        )
        body |= {"product_id": product_id, "verdict": verdict}
        return self._ask(FeedbackResponse, "POST", "/v1/feedback/alike", json=body, repeatable=False)

    @operation
    def take_back(self, id: int, *, group: bool = False) -> Steps[None]:
        """Delete a verdict. The verdict before it, or else the model's understanding, applies again. group: delete all
        that were stored as one with it.
        """
        query = {"group": True} if group else {}
        yield from self._send(Request("DELETE", f"/v1/feedback/{id}", query, repeatable=False))

    @operation
    def feedback_given(
        self,
        *,
        order: Order | None = None,
        limit: int | None = None,
        after: int | None = None,
        verdict: Verdict | None = None,
        product_id: str | None = None,
        group: int | None = None,
        conflicting: bool | None = None,
    ) -> Steps[list[FeedbackOut]]:
        """The last verdict on each product and those that contradict it, by default oldest first. after: the id of the
        last known verdict. conflicting: only those of two people that contradict each other.
        """
        query = given(order=order, limit=limit, after=after, verdict=verdict, product_id=product_id, group=group)
        query |= given(conflicting=conflicting)
        return self._lines(FeedbackOut, "/v1/feedback", query)

    @operation
    def proposed_categories(self) -> Steps[ProposalsResponse]:
        """Categories that people proposed because the tree lacks them."""
        return self._ask(ProposalsResponse, "GET", "/v1/feedback/proposals")

    @operation
    def training_set(self) -> Steps[bytes]:
        """Accepted and corrected products as a zip that `shelflens train` reads once unpacked."""
        return (yield from self._send(Request("GET", "/v1/feedback/training-set"))).content

    @operation
    def review(
        self,
        *,
        limit: int | None = None,
        after: str | None = None,
        order: QueueOrder | None = None,
        decision: Unsure | None = None,
        category: str | None = None,
        text: str | None = None,
    ) -> Steps[ReviewResponse]:
        """Products of low confidence that nobody has judged. after: from the page before. category: a node
        at or above the likeliest leaf. text: words in the products; gives a single page.
        """
        query = given(limit=limit, after=after, order=order, decision=decision, category=category, text=text)
        return self._ask(ReviewResponse, "GET", "/v1/review", query=query)

    @operation
    def alike(self, id: str, *, above: float | None = None, limit: int | None = None) -> Steps[AlikeResponse]:
        """Products in review that are nearly equal to a stored one."""
        return self._ask(AlikeResponse, "GET", f"/v1/review/{segment(id)}/alike", query=given(above=above, limit=limit))

    @operation
    def models(self) -> Steps[ModelsResponse]:
        """The loaded models, the active one first."""
        return self._ask(ModelsResponse, "GET", "/v1/models")

    @operation
    def learn(self) -> Steps[JobOut]:
        """Teach the active model what people said since it was taught. See `jobs` for what comes of it."""
        return self._ask(JobOut, "POST", "/v1/models", repeatable=False)

    @operation
    def add_category(
        self, path: str, *, products: Sequence[str] = (), items: Sequence[Mapping[str, Any]] = ()
    ) -> Steps[CategoryAdded]:
        """Have the active model, which was taught, know a category more: by its name, and by products of it. items: as
        of `/v1/products/analyze`.
        """
        body = {"path": path, "products": list(products), "items": [dict(item) for item in items]}
        return self._ask(CategoryAdded, "POST", "/v1/taxonomy", json=body, repeatable=False)

    @operation
    def forget_model(self, id: str) -> Steps[None]:
        """Remove a model that was taught and is not active."""
        yield from self._send(Request("DELETE", f"/v1/models/{segment(id)}", repeatable=False))

    @operation
    def activate(self, id: str) -> Steps[ModelsResponse]:
        """Make this model the active one."""
        return self._ask(ModelsResponse, "POST", f"/v1/models/{segment(id)}/activate")

    @operation
    def comparison(self) -> Steps[ComparisonResponse]:
        """Differences between the shadow model's results and the active model's."""
        return self._ask(ComparisonResponse, "GET", "/v1/models/comparison")

    @operation
    def taxonomy(self) -> Steps[TaxonomyResponse]:
        """The category tree and the vocabularies of the active model."""
        return self._ask(TaxonomyResponse, "GET", "/v1/taxonomy")

    @operation
    def ready(self) -> Steps[Ready]:
        """The active model and the index. Raises RequestFailed (503) if one of them is not ready."""
        return self._ask(Ready, "GET", "/readyz")
