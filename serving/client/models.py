"""Verdicts on the models' answers, and the models themselves."""

from collections.abc import Mapping, Sequence

from serving.client.asking import Asking, segment
from serving.client.fields import given
from serving.client.steps import Request, Steps, operation
from serving.wire.feedback import FeedbackOut, ReviewResponse, Verdict
from serving.wire.health import Ready
from serving.wire.models import ComparisonResponse, ModelsResponse, TaxonomyResponse


class ModelOperations(Asking):
    @operation
    def feedback(
        self,
        product_id: str,
        verdict: Verdict,
        *,
        category: str | None = None,
        tags: Sequence[str] | None = None,
        attributes: Mapping[str, str] | None = None,
        comment: str | None = None,
    ) -> Steps[FeedbackOut]:
        """Accept, reject or correct what the model made of a stored product."""
        body = given(category=category, tags=tags, attributes=attributes, comment=comment)
        body |= {"product_id": product_id, "verdict": verdict}
        return self._ask(FeedbackOut, "POST", "/v1/feedback", json=body, repeatable=False)

    @operation
    def feedback_given(self) -> Steps[list[FeedbackOut]]:
        """The last verdict on each product, oldest first."""
        return self._lines(FeedbackOut, "/v1/feedback")

    @operation
    def training_set(self) -> Steps[bytes]:
        """Accepted and corrected products as a zip that `shelflens train` reads once unpacked."""
        return (yield from self._send(Request("GET", "/v1/feedback/training-set"))).content

    @operation
    def review(self, *, limit: int | None = None, after: str | None = None) -> Steps[ReviewResponse]:
        """Products of low confidence that nobody has judged. after: what the page before gave."""
        return self._ask(ReviewResponse, "GET", "/v1/review", query=given(limit=limit, after=after))

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
