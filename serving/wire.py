"""Requests and responses of POST /v1/products/analyze, and their way to a `Product` and from an `Understanding`."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from catalog.errors import CatalogError
from catalog.product import CategoryScore, Decision, Product, Understanding
from serving.errors import ErrorDetail, ImageDataInvalid, ImageUrlNotAllowed, detail, param_of

Part = Literal["category", "tags", "attributes", "embedding", "evidence"]
PARTS: tuple[Part, ...] = ("category", "tags", "attributes", "evidence")

# Guards for the parser only, so that a body of a million items ends early. The limits that clients are told are
# `Settings.max_items` and `catalog.preprocess.MAX_IMAGES`; the second gives an error to one item, not to its batch.
MOST_ITEMS, MOST_IMAGES, MOST_ATTRIBUTES = 256, 64, 64


class Schema(BaseModel):
    model_config = ConfigDict(extra="forbid")


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
    """One product: at least one picture or some text."""

    id: Annotated[str, Field(max_length=256, description="Yours; it is repeated in the result.")] = ""
    title: str = ""
    description: str = ""
    images: Annotated[
        list[str],
        Field(max_length=MOST_IMAGES, description="Pictures as data URIs in base64: JPEG, PNG, WebP, GIF or BMP."),
    ] = []
    attributes: Annotated[
        dict[str, str],
        Field(max_length=MOST_ATTRIBUTES, description="What is known already, read as words of the description."),
    ] = {}

    def to_product(self) -> Product:
        """Raises ImageUrlNotAllowed or ImageDataInvalid."""
        known = (f"{name}: {value}" for name, value in self.attributes.items())
        description = "\n".join(part for part in (self.description, *known) if part)
        return Product(self.id, self.title, description, tuple(picture(uri) for uri in self.images))


class AnalyzeRequest(Options):
    """Products to analyze, answered in their order. An item that cannot be read has its error in its result, with
    status 200; only a request that is wrong as a whole fails as a whole.
    """

    items: Annotated[list[Item], Field(min_length=1, max_length=MOST_ITEMS)]


class AnalyzeForm(Options):
    """One product as a form, its pictures as files in fields named `image`. What is wrong with it is the status."""

    id: Annotated[str, Field(max_length=256)] = ""
    title: str = ""
    description: str = ""


class Category(BaseModel):
    """A node of the category tree. `path` has the labels from the top down, `path_scores` their probabilities."""

    id: str
    path: list[str]
    path_scores: list[float]
    score: Annotated[float, Field(ge=0, le=1)]


class Tag(BaseModel):
    name: str
    score: Annotated[float, Field(ge=0, le=1)]


class AttributeValue(BaseModel):
    value: str
    score: Annotated[float, Field(ge=0, le=1)]


class Evidence(BaseModel):
    """The category that each modality would give alone; null unless the product has both."""

    image: Category | None = None
    text: Category | None = None


class Result(BaseModel):
    """What the model makes of one item, or its error. A part is null if it was not asked for or there is an error."""

    id: str
    category: Category | None = None
    alternatives: list[Category] | None = None
    tags: list[Tag] | None = None
    attributes: dict[str, AttributeValue] | None = None
    embedding: Annotated[list[float] | None, Field(description="Of norm 1.")] = None
    evidence: Evidence | None = None
    modalities_used: list[Literal["image", "text"]] = []
    decision: Decision | None = None
    error: ErrorDetail | None = None


class AnalyzeResponse(BaseModel):
    model: Annotated[str, Field(description="The model's version: part of the sha256 of its files.")]
    taxonomy_version: str
    results: list[Result]


def picture(uri: str) -> bytes:
    """The bytes of a data URI. Its media type is not read: the bytes say what they are."""
    scheme, _, rest = uri.partition(":")
    if scheme.lower() in ("http", "https"):
        raise ImageUrlNotAllowed
    header, comma, data = rest.partition(",")
    if scheme.lower() != "data" or not comma or not header.lower().endswith(";base64"):
        raise ImageDataInvalid
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise ImageDataInvalid from None


def analysis(
    ids: Sequence[str],
    answers: Sequence[Understanding | CatalogError],
    model: str,
    taxonomy_version: str,
    options: Options | None = None,
) -> AnalyzeResponse:
    """What the model made of each product, or what is wrong with it, in their order."""
    options = options or Options()
    results = [
        Result(id=id, error=detail(found, param_of(found, "images")))
        if isinstance(found, CatalogError)
        else to_result(id, found, options)
        for id, found in zip(ids, answers, strict=True)
    ]
    return AnalyzeResponse(model=model, taxonomy_version=taxonomy_version, results=results)


def to_result(id: str, found: Understanding, options: Options) -> Result:
    wanted = frozenset(options.include)
    result = Result(id=id, modalities_used=list(found.modalities_used), decision=found.decision)
    if "category" in wanted:
        result.category = to_category(found.category)
        result.alternatives = [to_category(other) for other in found.alternatives]
    if "tags" in wanted:
        result.tags = [Tag(name=tag.name, score=rounded(tag.score)) for tag in found.tags]
    if "attributes" in wanted:
        scored = found.attributes.items()
        result.attributes = {name: AttributeValue(value=a.name, score=rounded(a.score)) for name, a in scored}
    if "evidence" in wanted:
        result.evidence = Evidence(**{name: to_category(alone) for name, alone in found.evidence.items()})
    if "embedding" in wanted:
        result.embedding = cut(found.embedding, options.embedding_dimensions)
    return result


def to_category(scored: CategoryScore) -> Category:
    scores = [rounded(score) for score in scored.path_scores]
    return Category(id=scored.id, path=list(scored.path), path_scores=scores, score=scores[-1])


def cut(embedding_E: NDArray[np.float32], dimensions: int | None) -> list[float]:
    """The first numbers of a Matryoshka embedding, of norm 1 again (Kusupati et al. 2022)."""
    head_D = embedding_E[:dimensions].astype(np.float64)
    return [round(number, 7) for number in (head_D / np.linalg.norm(head_D)).tolist()]


def rounded(score: float) -> float:
    return round(score, 6)
