"""Requests and responses of POST /v1/products/analyze, and their way to a `Product` and from an `Understanding`."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from catalog.errors import CatalogError
from catalog.product import Decision, Product, Understanding
from catalog.quality.conflicts import conflicts
from serving.api.schemas.products import ContradictionOut, to_contradiction
from serving.api.schemas.schema import (
    MAX_ATTRIBUTES,
    MAX_IMAGES,
    MAX_ITEMS,
    TEXTS,
    AttributeValue,
    Category,
    Notes,
    Schema,
    Tag,
    Usage,
    cut_embedding,
    decode_data_uri,
    to_attributes,
    to_category,
    to_tags,
    to_usage,
)
from serving.error_responses import ErrorDetail, detail, param_of

Part = Literal["category", "tags", "attributes", "embedding", "evidence"]
PARTS: tuple[Part, ...] = ("category", "tags", "attributes", "evidence")


class Options(Schema):
    """What to answer, the same for each item of a request."""

    top_k: Annotated[int, Field(ge=0, le=100, description="How many alternative categories to give.")] = 5
    include: Annotated[
        list[Part],
        Field(max_length=16, description="The parts to answer; those left out are null. `category` has alternatives."),
    ] = list(PARTS)
    embedding_dimensions: Annotated[
        int | None,
        Field(description="Cut the embedding to this length (64, 128 or 256 for the shipped model), again of norm 1."),
    ] = None


class Item(Schema):
    """One product: at least one image or some text."""

    id: Annotated[str, Field(max_length=256, description="Yours; it is repeated in the result.")] = ""
    title: str = ""
    description: str = ""
    images: Annotated[
        list[str],
        Field(max_length=MAX_IMAGES, description="Images as data URIs in base64: JPEG, PNG, WebP, GIF or BMP."),
    ] = []
    attributes: Annotated[
        dict[str, Annotated[list[str], TEXTS]],
        Field(max_length=MAX_ATTRIBUTES, description="What is known already, read as words of the description."),
    ] = {}

    def to_product(self) -> Product:
        """Raises ImageUrlNotAllowed or ImageDataInvalid."""
        known = (f"{name}: {', '.join(values)}" for name, values in self.attributes.items())
        description = "\n".join(part for part in (self.description, *known) if part)
        return Product(
            self.id,
            self.title,
            description,
            tuple(decode_data_uri(uri) for uri in self.images),
            attributes={name: tuple(values) for name, values in self.attributes.items()},
        )


class AnalyzeRequest(Options):
    """Products to analyze, answered in their order. An item that cannot be read has its error in its result, with
    status 200; only a request that is wrong as a whole fails as a whole.
    """

    items: Annotated[list[Item], Field(min_length=1, max_length=MAX_ITEMS)]


class AnalyzeForm(Options):
    """One product as a form, its images as files in fields named `image`. What is wrong with it is the status."""

    id: Annotated[str, Field(max_length=256)] = ""
    title: str = ""
    description: str = ""


class Evidence(BaseModel):
    """The category that each modality could promise alone; null if it cannot, or the product has not both."""

    image: Category | None = None
    text: Category | None = None


class Result(BaseModel):
    """What the model makes of one item, or its error. A part is null if it was not asked for or there is an error."""

    id: str
    category: Annotated[
        Category | None,
        Field(description="The deepest node of the tree that can be promised; null also if the decision is `abstain`."),
    ] = None
    alternatives: Annotated[
        list[Category] | None,
        Field(description="Other leaves, the likeliest first: those below the category; mere guesses without one."),
    ] = None
    tags: list[Tag] | None = None
    attributes: dict[str, AttributeValue] | None = None
    embedding: Annotated[list[float] | None, Field(description="Of norm 1.")] = None
    evidence: Evidence | None = None
    modalities_used: list[Literal["image", "text"]] = []
    decision: Decision | None = None
    notes: Notes = []
    contradictions: Annotated[
        list[ContradictionOut],
        Field(description="Where it contradicts itself, the most probable first; then the decision is not `auto`."),
    ] = []
    error: ErrorDetail | None = None


class AnalyzeResponse(BaseModel):
    model: Annotated[str, Field(description="The model's version: part of the sha256 of its files.")]
    taxonomy_version: str
    results: list[Result]
    usage: Usage = Usage()


def analysis(
    ids: Sequence[str],
    answers: Sequence[Understanding | CatalogError],
    model: str,
    taxonomy_version: str,
    options: Options | None = None,
    products: Sequence[Product | CatalogError] = (),
) -> AnalyzeResponse:
    """What the model made of each product, or what is wrong with it, in their order. products: what was asked about, if
    it is to be told where they contradict themselves.
    """
    options = options or Options()
    results = []
    for id, product, found in zip_longest(ids, products, answers):
        if isinstance(found, CatalogError):
            results.append(Result(id=id, error=detail(found, param_of(found, "images"))))
        else:
            told = conflicts(product, found) if isinstance(product, Product) else []
            result = to_result(id, found.to_review() if told else found, options)
            results.append(result.model_copy(update={"contradictions": [to_contradiction(one) for one in told]}))
    return AnalyzeResponse(model=model, taxonomy_version=taxonomy_version, results=results, usage=to_usage(answers))


def to_result(id: str, found: Understanding, options: Options) -> Result:
    wanted = frozenset(options.include)
    result = Result(
        id=id, modalities_used=list(found.modalities_used), decision=found.decision, notes=list(found.notes)
    )
    if "category" in wanted:
        result.category = to_category(found.category) if found.category else None
        result.alternatives = [to_category(other) for other in found.alternatives]
    if "tags" in wanted:
        result.tags = to_tags(found.tags)
    if "attributes" in wanted:
        result.attributes = to_attributes(found.attributes)
    if "evidence" in wanted:
        alone = {name: to_category(category) for name, category in found.evidence.items() if category}
        result.evidence = Evidence(**alone)
    if "embedding" in wanted:
        result.embedding = cut_embedding(found.embedding, options.embedding_dimensions)
    return result
