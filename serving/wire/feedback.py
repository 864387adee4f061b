"""What people say of the model's answers, and the queue of products that wait for them."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, model_validator

from serving.wire.products import ProductOut, Short
from serving.wire.schema import Schema

Verdict = Literal["accept", "reject", "correct"]


class FeedbackRequest(Schema):
    """`accept`: the stored understanding is right. `correct`: it should be this. `reject`: it is wrong, and what is
    right is not known. `correct` needs a category, tags or attributes.
    """

    product_id: Annotated[str, Field(min_length=1, max_length=256)]
    verdict: Verdict
    category: Annotated[str | None, Field(max_length=256, description="The id of a node of the category tree.")] = None
    tags: Annotated[list[Short] | None, Field(max_length=64)] = None
    attributes: Annotated[dict[Short, Short] | None, Field(max_length=64)] = None
    comment: Annotated[str, Field(max_length=2_000)] = ""

    @model_validator(mode="after")
    def says_what_is_right(self) -> "FeedbackRequest":
        corrects = any(part is not None for part in (self.category, self.tags, self.attributes))
        if corrects is not (self.verdict == "correct"):
            raise ValueError
        return self


class FeedbackOut(BaseModel):
    id: int
    product_id: str
    verdict: Verdict
    category: str | None
    tags: list[str] | None
    attributes: dict[str, str] | None
    comment: str
    created_at: Annotated[str, Field(description="ISO 8601, UTC.")]


class ReviewResponse(BaseModel):
    """Products of low confidence that nobody has judged. after: the cursor of the next page; total: of all pages."""

    products: list[ProductOut]
    after: str | None
    total: int
