"""GET /v1/overview: what the catalogue holds, and what there is to do."""

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field

from catalog.taxonomy.tree import Taxonomy
from serving.api.schemas.jobs import JobOut, to_job
from serving.jobs.job import Job

if TYPE_CHECKING:  # the client needs these schemas, and no index
    from serving.storage.store_api import Overview


class Department(BaseModel):
    """A top node of the category tree. products: how many lie in it or below it."""

    id: str
    label: str
    label_zh: str
    products: int


class Decisions(BaseModel):
    """How many products have each decision. abstain: no category could be promised."""

    auto: int
    review: int
    abstain: int


class OverviewResponse(BaseModel):
    """The catalogue as a whole."""

    products: int
    decisions: Decisions
    waiting: Annotated[int, Field(description="Products that wait for a verdict: /v1/review has them.")]
    departments: Annotated[list[Department], Field(description="Those with products, the fullest first.")]
    last_job: Annotated[JobOut | None, Field(description="The newest feed; null if there was none.")]


def to_overview(found: "Overview", taxonomy: Taxonomy, job: Job | None) -> OverviewResponse:
    departments = [
        Department(id=node.id, label=node.label, label_zh=node.label_zh, products=found.categories[node.id])
        for node in taxonomy.nodes
        if node.parent is None and node.id in found.categories
    ]
    return OverviewResponse(
        products=found.products,
        decisions=Decisions(**(dict.fromkeys(Decisions.model_fields, 0) | dict(found.decisions))),
        waiting=found.waiting,
        departments=sorted(departments, key=lambda one: -one.products),
        last_job=to_job(job) if job else None,
    )
