"""What people say of the model's answers, and the queue of products that wait for them."""

from typing import Annotated

from pydantic import BaseModel, Field, field_validator

from catalog.errors import CatalogError
from catalog.product import Verdict
from serving.api.schemas.products import ProductOut, Short, stored_fields, to_products
from serving.api.schemas.schema import Schema
from serving.error_responses import ErrorDetail, detail
from serving.errors import RequestInvalid
from serving.storage.review.verdicts import Feedback
from serving.storage.review.waiting import MAX_GROUP
from serving.storage.store_api import Listing, Queue

MAX_VERDICTS = 100
NEAR = 0.98
MISMATCH = (
    "`correct` needs what is right: a category, a proposed category, tags or attributes. The other verdicts take none."
)
TWO_CATEGORIES = "A product has one category: one of the tree, or a proposed one."


class FeedbackRequest(Schema):
    """`accept`: the stored understanding is right. `correct`: it should be this. `reject`: it is wrong, and what is
    right is not known. `correct` needs a category, a proposed category, tags or attributes.
    """

    product_id: Annotated[str, Field(min_length=1, max_length=256)]
    verdict: Verdict
    category: Annotated[str | None, Field(max_length=256, description="The id of a node of the category tree.")] = None
    proposed_category: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=256,
            pattern=r"^[^>]*[^>\s][^>]*(>[^>]*[^>\s][^>]*){0,7}$",
            description='Where the tree lacks the right one: its path from the top down, such as "Kitchen > Mugs". It '
            "is kept as a proposal; the tree stays as it is.",
        ),
    ] = None
    tags: Annotated[list[Short] | None, Field(max_length=64)] = None
    attributes: Annotated[dict[Short, Short] | None, Field(max_length=64)] = None
    comment: Annotated[str, Field(max_length=2_000)] = ""

    @field_validator("proposed_category")
    @classmethod
    def written_alike(cls, path: str | None) -> str | None:
        return path and " > ".join(" ".join(label.split()) for label in path.split(">"))

    def check(self) -> None:
        """Raises RequestInvalid where what is said does not fit the verdict."""
        parts = (self.category, self.proposed_category, self.tags, self.attributes)
        if any(part is not None for part in parts) is not (self.verdict == "correct"):
            raise RequestInvalid(MISMATCH, "verdict")
        if self.category is not None and self.proposed_category is not None:
            raise RequestInvalid(TWO_CATEGORIES, "proposed_category")


class FeedbackBatch(Schema):
    """Several verdicts, answered in their order. One that cannot be kept has its error in its result."""

    items: Annotated[list[FeedbackRequest], Field(min_length=1, max_length=MAX_VERDICTS)]


class AlikeRequest(FeedbackRequest):
    """One verdict for a product and for those that are the same to a person. Where it accepts a category, that category
    is right for all of them.
    """

    others: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=256)]] | None,
        Field(max_length=MAX_GROUP, description="Without it, all that wait and are so near."),
    ] = None
    above: Annotated[float, Field(ge=0.5, le=1, description="The least cosine similarity.")] = NEAR


class FeedbackOut(BaseModel):
    """title: the product's; empty once it is stored no more. A conflicting verdict does not count, as another person's
    contradicts it: the product waits.
    """

    id: int
    product_id: str
    title: str
    verdict: Verdict
    category: str | None
    proposed_category: str | None
    tags: list[str] | None
    attributes: dict[str, str] | None
    comment: str
    created_at: Annotated[str, Field(description="ISO 8601, UTC.")]
    seen: Annotated[str | None, Field(description="The category that the verdict was given on: what `accept` accepts.")]
    given_by: Annotated[str, Field(description="The name of the API key; empty without keys.")]
    group: Annotated[int | None, Field(description="The first of the verdicts that were given as one with it.")]
    conflicting: bool


class FeedbackResult(BaseModel):
    """One of the two."""

    feedback: FeedbackOut | None = None
    error: ErrorDetail | None = None


class FeedbackResponse(BaseModel):
    results: list[FeedbackResult]


class Proposal(BaseModel):
    category: Annotated[str, Field(description="The path from the top down.")]
    products: int


class ProposalsResponse(BaseModel):
    """Categories that people miss in the tree, those first that are proposed for most products."""

    proposals: list[Proposal]


class GuessCount(BaseModel):
    """How many products wait whose likeliest leaf is this node of the tree or lies under it."""

    category: str
    count: int


class QueueMenu(BaseModel):
    """What the queue can be restricted to. Each part counts what the other leaves."""

    decisions: dict[str, int]
    guesses: list[GuessCount]


class ReviewResponse(BaseModel):
    """Products of low confidence that nobody has judged. after: the cursor of the next page; total: of all pages;
    menu: on the first page alone; stored: how many products the index holds in all.
    """

    products: list[ProductOut]
    after: str | None
    total: int
    menu: QueueMenu | None
    stored: int


class AlikeProduct(ProductOut):
    score: Annotated[float, Field(ge=0, le=1, description="Cosine similarity to the product.")]


class AlikeResponse(BaseModel):
    """Waiting products, the likest first."""

    products: list[AlikeProduct]


def to_feedback(feedback: Feedback) -> FeedbackOut:
    right = feedback.correction
    return FeedbackOut(
        id=feedback.id,
        product_id=feedback.product_id,
        title=feedback.title,
        verdict=feedback.verdict,
        category=right.category.id if right.category else None,
        proposed_category=right.proposed_category or None,
        tags=None if right.tags is None else list(right.tags),
        attributes=None if right.attributes is None else dict(right.attributes),
        comment=feedback.comment,
        created_at=feedback.created_at,
        seen=feedback.seen[0].id if feedback.seen else None,
        given_by=feedback.given_by,
        group=feedback.group or None,
        conflicting=feedback.conflicting,
    )


def to_result(kept: Feedback | CatalogError) -> FeedbackResult:
    if isinstance(kept, CatalogError):
        return FeedbackResult(error=detail(kept))
    return FeedbackResult(feedback=to_feedback(kept))


def to_review(queue: Queue) -> ReviewResponse:
    menu = queue.menu and QueueMenu(
        decisions=dict(queue.menu.decisions),
        guesses=[GuessCount(category=category, count=count) for category, count in queue.menu.guesses],
    )
    return ReviewResponse(
        products=to_products(queue.products, queue.images),
        after=queue.after or None,
        total=queue.total,
        menu=menu,
        stored=queue.stored,
    )


def to_alike(listing: Listing) -> AlikeResponse:
    return AlikeResponse(
        products=[
            AlikeProduct(**stored_fields(match.stored, listing.images.get(match.stored.id, 0)), score=match.score)
            for match in listing.found.matches
        ]
    )
