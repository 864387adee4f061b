"""Documents beside the products, and the edges of the graph."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field

from catalog.knowledge import Document, Edge, Kind, Scope
from catalog.knowledge.graph import By
from serving.api.schemas.schema import rounded, written


class DocumentOut(BaseModel):
    """A document that is kept. target: the id of a product or a category, or a brand in lower case; empty for the whole
    shop. pieces: how many sentences it has.
    """

    id: int
    name: str
    kind: Kind
    scope: Scope
    target: str
    pieces: int
    created_at: str
    given_by: str


class DocumentsResponse(BaseModel):
    documents: list[DocumentOut]
    after: Annotated[int | None, Field(description="Where the next page starts; null behind the last.")]


class EdgeOut(BaseModel):
    """subject, object: `product:ID`, `category:ID`, `document:ID`, or as an object a value. by: who says so; score: how
    sure that is; source: the model's version, the document's file, or `finding:ID` of the last audit.
    """

    subject: str
    predicate: str
    object: str
    by: By
    score: Annotated[float, Field(ge=0, le=1)]
    source: str


class EdgesResponse(BaseModel):
    """A page may be short, or empty, while there are more."""

    edges: list[EdgeOut]
    after: Annotated[str | None, Field(description="Where the next page starts; null behind the last.")]


class ProductKnowledge(BaseModel):
    edges: list[EdgeOut]
    jsonld: Annotated[dict[str, Any], Field(description="The product as schema.org/Product.")]


def to_document(one: Document) -> DocumentOut:
    return DocumentOut(
        id=one.id,
        name=one.name,
        kind=one.kind,
        scope=one.tie.scope,
        target=one.tie.target,
        pieces=one.pieces,
        created_at=written(one.created),
        given_by=one.given_by,
    )


def to_documents(found: Sequence[Document], limit: int) -> DocumentsResponse:
    """found: one more than the limit where there are more."""
    after = found[limit - 1].id if len(found) > limit else None
    return DocumentsResponse(documents=[to_document(one) for one in found[:limit]], after=after)


def to_edges(edges: Sequence[Edge]) -> list[EdgeOut]:
    return [
        EdgeOut(
            subject=edge.subject,
            predicate=edge.predicate,
            object=edge.object,
            by=edge.by,
            score=rounded(edge.score),
            source=edge.source,
        )
        for edge in edges
    ]
