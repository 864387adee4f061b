"""Verdicts on the models' answers, and the models themselves."""

from collections.abc import Mapping, Sequence
from typing import Any

from catalog.product import Verdict
from serving.api.schemas.feedback import AlikeResponse, FeedbackOut, FeedbackResponse, ProposalsResponse, ReviewResponse
from serving.api.schemas.health import Ready
from serving.api.schemas.models import ComparisonResponse, ModelsResponse, TaxonomyResponse
from serving.client.asking import Asking, segment
from serving.client.fields import given
from serving.client.steps import Request, Steps, operation
from serving.storage.feedback import Order, QueueOrder, Unsure


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
        """Accept, reject or correct what the model made of a stored product. proposed_category: a path that the tree
        lacks, such as "Kitchen > Mugs".
        """
        body = given(
            category=category, proposed_category=proposed_category, tags=tags, attributes=attributes, comment=comment
        )
        body |= {"product_id": product_id, "verdict": verdict}
        return self._ask(FeedbackOut, "POST", "/v1/feedback", json=body, repeatable=False)

    @operation
    def feedback_on_several(self, verdicts: Sequence[Mapping[str, Any]]) -> Steps[FeedbackResponse]:
        """Up to 100 verdicts, each with the fields of `feedback`. One that cannot be kept has its error in its
        result.
        """
        body = {"items": [dict(verdict) for verdict in verdicts]}
        return self._ask(FeedbackResponse, "POST", "/v1/feedback/batch", json=body, repeatable=False)

    @operation
    def take_back(self, id: int) -> Steps[None]:
        """Forget a verdict: the product has the one before it, or else the model's own answer again."""
        yield from self._send(Request("DELETE", f"/v1/feedback/{id}", repeatable=False))

    @operation
    def feedback_given(
        self,
        *,
        order: Order | None = None,
        limit: int | None = None,
        after: int | None = None,
        verdict: Verdict | None = None,
        product_id: str | None = None,
    ) -> Steps[list[FeedbackOut]]:
        """The last verdict on each product, oldest first if not said otherwise. after: the id of the last one known."""
        query = given(order=order, limit=limit, after=after, verdict=verdict, product_id=product_id)
        return self._lines(FeedbackOut, "/v1/feedback", query)

    @operation
    def proposed_categories(self) -> Steps[ProposalsResponse]:
        """Categories that people miss in the tree."""
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
        """Products of low confidence that nobody has judged. after: what the page before gave; category: a node of the
        tree that is or is above the likeliest leaf; text: words of the products, for one page.
        """
        query = given(limit=limit, after=after, order=order, decision=decision, category=category, text=text)
        return self._ask(ReviewResponse, "GET", "/v1/review", query=query)

    @operation
    def alike(self, id: str, *, above: float | None = None, limit: int | None = None) -> Steps[AlikeResponse]:
        """Products that wait for a person and are nearly the same as a stored one."""
        return self._ask(AlikeResponse, "GET", f"/v1/review/{segment(id)}/alike", query=given(above=above, limit=limit))

    @operation
    def models(self) -> Steps[ModelsResponse]:
        """The loaded models, the active one first."""
        return self._ask(ModelsResponse, "GET", "/v1/models")

    @operation
    def activate(self, id: str) -> Steps[ModelsResponse]:
        """Let this model answer from now on."""
        return self._ask(ModelsResponse, "POST", f"/v1/models/{segment(id)}/activate")

    @operation
    def comparison(self) -> Steps[ComparisonResponse]:
        """How the shadow's answers differ from the active model's."""
        return self._ask(ComparisonResponse, "GET", "/v1/models/comparison")

    @operation
    def taxonomy(self) -> Steps[TaxonomyResponse]:
        """The category tree and the vocabularies of the active model."""
        return self._ask(TaxonomyResponse, "GET", "/v1/taxonomy")

    @operation
    def ready(self) -> Steps[Ready]:
        """What answers now. Raises RequestFailed (503) if the model or the index cannot."""
        return self._ask(Ready, "GET", "/readyz")
