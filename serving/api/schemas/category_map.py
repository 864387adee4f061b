"""The map from the active model's categories to those of Google's, as people confirm it."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import BaseModel, Field

from catalog.categories import Counterpart, Mapped, Proposal
from catalog.taxonomy.tree import SEPARATOR, Taxonomy
from serving.api.schemas.schema import Schema, rounded, written
from serving.storage.category_map import Confirmed, Target

CategoryId = Annotated[str, Field(min_length=1, max_length=1_000)]


class CategoryList(BaseModel):
    """Google's list of categories, as it was sent."""

    version: str
    categories: int


class CategoryOut(BaseModel):
    """path: the labels from the top down. Of Google's without ids the id is the whole path."""

    id: str
    path: list[str]


class MapProposal(CategoryOut):
    """finer: whether this is the counterpart of a category above, as the category itself is of a finer kind."""

    score: Annotated[float, Field(ge=0, le=1)]
    finer: bool


class ConfirmedOut(BaseModel):
    """What a person said. category: of the model's tree; counterpart: Google's, null where there is none; given_by: the
    name of the API key.
    """

    id: int
    category: str
    counterpart: CategoryOut | None
    given_by: str
    created_at: str


class MapRow(BaseModel):
    """A category of the active model. named: Google's id as the tree itself has it, or ""; proposals: best first."""

    category: CategoryOut
    named: str
    proposals: list[MapProposal]
    confirmed: ConfirmedOut | None


class CategoryMapResponse(BaseModel):
    """The categories of the active model with what they may be in Google's list, the least sure first."""

    tree: Annotated[CategoryList | None, Field(description="Null while there is none; then nothing is proposed.")]
    ready: Annotated[bool, Field(description="False while categories are compared: `done` of `categories` so far.")]
    done: int
    unread: Annotated[int, Field(description="Names that the model has to read before that.")]
    categories: int
    open: Annotated[int, Field(description="Neither confirmed nor named by the tree itself.")]
    confirmed: int
    results: list[MapRow]
    after: Annotated[int | None, Field(description="Where the next page starts; null behind the last.")]


class ConfirmationRequest(Schema):
    """That a category is one of Google's, or none of them."""

    to: Target = "google"
    category: Annotated[CategoryId, Field(description="An id of the active model's tree.")]
    counterpart: Annotated[CategoryId | None, Field(description="An id of Google's list; null: it has none.")]


class ConfirmationsResponse(BaseModel):
    confirmed: list[ConfirmedOut]


def to_confirmed(one: Confirmed) -> ConfirmedOut:
    return ConfirmedOut(
        id=one.id,
        category=one.category,
        counterpart=to_counterpart(one.counterpart),
        given_by=one.given_by,
        created_at=written(one.created),
    )


def to_counterpart(one: Counterpart) -> CategoryOut | None:
    return CategoryOut(id=one.id, path=one.path.split(SEPARATOR)) if one.id else None


def to_rows(
    mapped: Sequence[Mapped], first: Taxonomy, second: Taxonomy, confirmed: Mapping[str, Confirmed]
) -> list[MapRow]:
    def to_proposal(one: Proposal) -> MapProposal:
        path = list(second.path(one.node.id))
        return MapProposal(id=one.node.id, path=path, score=rounded(min(1.0, one.score)), finer=one.finer)

    return [
        MapRow(
            category=CategoryOut(id=one.node.id, path=list(first.path(one.node.id))),
            named=one.node.google,
            proposals=[to_proposal(proposal) for proposal in one.proposals],
            confirmed=to_confirmed(confirmed[one.node.id]) if one.node.id in confirmed else None,
        )
        for one in mapped
    ]
