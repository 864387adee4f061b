"""The models that the service has loaded, their taxonomy, and how a shadow model differs from the active one."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from catalog.taxonomy.tree import Taxonomy
from serving.api.schemas.analyze import Item
from serving.api.schemas.schema import MAX_ITEMS, Schema

Role = Literal["active", "shadow", "base", "taught"]


class ModelOut(BaseModel):
    id: Annotated[str, Field(description="The model's version: part of the sha256 of its files.")]
    object: Literal["model"] = "model"
    created: Annotated[int, Field(description="When it was taught, in seconds since 1970; 0 for a loaded one.")] = 0
    owned_by: Literal["shelflens"] = "shelflens"
    role: Annotated[
        Role,
        Field(
            description="The active model answers; a shadow only reads along. Both are loaded, as is the base, from"
            " which the active one was taught. The others that were taught here can be activated, too."
        ),
    ]
    taxonomy_version: str
    image_size: Annotated[int, Field(description="Pixels of a side.")]
    embedding_dimensions: list[int]
    max_input_tokens: Annotated[
        int, Field(description="That the model reads of one text; of a longer one the beginning.")
    ]


class TaughtLevel(BaseModel):
    """right: share of the products that have a category so deep."""

    level: int
    products: int
    right: float


class CurvePoint(BaseModel):
    """guessed: what so many examples would bring, by how the others went."""

    examples: int
    right: float
    guessed: bool


class ConfusedPair(BaseModel):
    """rows: id and title of some of the products."""

    given: str
    taken: str
    products: int
    rows: list[tuple[str, str]]


class NearRow(BaseModel):
    id: str
    title: str
    category: str
    cosine: float


class DoubtedRow(BaseModel):
    """given: the feed's category; likelier: the model's, from the products that are nearest."""

    id: str
    line: int
    title: str
    given: str
    likelier: str
    given_score: float
    likelier_score: float
    neighbours: list[NearRow]


class LearntComparison(BaseModel):
    """Of a model that has learnt from verdicts with the one that it learnt on, by the products of these verdicts, which
    neither had seen. lost: branches that only the active one promises.
    """

    active: str
    verdicts: int
    active_right: int
    right: int
    lost: list[str]
    never_worse: bool


class AttributeOutcome(BaseModel):
    """target: of the precision. A promise has a threshold, its bound and the share of the products taken for the value
    that it covers; without one `needed` says how many products, with as many errors, would prove the target.
    """

    target: float
    products: int
    errors: int
    threshold: float | None = None
    bound: float | None = None
    coverage: float | None = None
    needed: int | None = None


class AttributeClaim(BaseModel):
    """What is promised of a value where so much is read of a product: either of both."""

    modalities: Literal["image", "text", "both"]
    promise: AttributeOutcome | None = None
    unpromised: AttributeOutcome | None = None


class TaughtValue(BaseModel):
    value: str
    products: int
    claims: list[AttributeClaim]


class TaughtAttribute(BaseModel):
    """examples: products with a value; several: with more than one; rare: with one that too few have. right: the share
    whose likeliest value is right, each unseen; given: the share that is given a value, and given_right: the share of
    these that is right. read: by which modalities most were read.
    """

    name: str
    examples: int
    several: int
    rare: int
    right: float
    given: float
    given_right: float
    read: Literal["image", "text", "both"]
    values: list[TaughtValue]


class Taught(BaseModel):
    """A model that was taught, and how right it is about products that it had not seen."""

    folder: Annotated[str, Field(description="Of the model, on the server: for `shelflens serve --model`.")]
    version: str
    examples: int
    categories: int
    levels: list[TaughtLevel]
    auto: Annotated[float, Field(description="The share that is accepted unseen.")]
    auto_right: Annotated[float, Field(description="The share of these that is right.")]
    curve: list[CurvePoint]
    few: Annotated[dict[str, int], Field(description="Categories with too few examples, and how many these are.")]
    confusions: list[ConfusedPair]
    doubts: Annotated[list[DoubtedRow], Field(description="Rows whose category is perhaps wrong, the likeliest first.")]
    attributes: list[TaughtAttribute] = []
    failed: Annotated[dict[str, int], Field(description="Rows that were left out, by code.")]
    comparison: Annotated[
        LearntComparison | None, Field(description="With the active model, where it has learnt from verdicts.")
    ] = None


class Refiling(BaseModel):
    """How many of the stored products are filed by the active model, while that goes on."""

    done: int
    total: int


class ModelsResponse(BaseModel):
    object: Literal["list"] = "list"
    data: list[ModelOut]
    refiling: Annotated[
        Refiling | None, Field(description="Null where the stored products are filed by the active model.")
    ] = None
    unlearnt: Annotated[
        int | None,
        Field(description="Verdicts that no model has learnt from; null where the active model was not taught."),
    ] = None


class CategoryRequest(Schema):
    """A category that the active model is to know: by its name, and by products of it, if there are any."""

    path: Annotated[str, Field(min_length=1, max_length=1_000, description="Such as `Garden > Hoses`.")]
    products: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=256)]],
        Field(max_length=100, description="Ids of stored products of the category."),
    ] = []
    items: Annotated[
        list[Item], Field(max_length=MAX_ITEMS, description="Other products of it, which are not stored; five will do.")
    ] = []


class CategoryAdded(BaseModel):
    """id: of the category in the tree; model: the version that knows it, which is active now."""

    id: str
    path: list[str]
    model: str


class Difference(BaseModel):
    """A product that the two models put in different categories. id: as the request gave it. A model that can promise
    none has an empty path and no score.
    """

    id: str
    active: list[str]
    active_score: float | None
    shadow: list[str]
    shadow_score: float | None


class ComparisonResponse(BaseModel):
    """How the shadow's answers differ on the products analyzed since both were loaded.

    products: how many were compared; missed: how many the shadow was too busy or failed to read. Each share is 0 to 1
    and null while there is nothing to tell it from.
    """

    active: str
    shadow: str
    products: int
    missed: int
    changed_categories: Annotated[float | None, Field(description="The share with another category.")]
    top_ten_overlap: Annotated[
        float | None,
        Field(description="How many of the active model's ten likeliest categories are among the shadow's."),
    ]
    neighbour_overlap: Annotated[
        float | None,
        Field(description="The same of a product's ten nearest among the last 500: how much searches would change."),
    ]
    examples: Annotated[list[Difference], Field(description="The last products with another category.")]


class NodeOut(BaseModel):
    id: str
    parent: str | None
    label: str
    label_zh: str


class TagOut(BaseModel):
    name: str
    label_zh: str


class AttributeOut(BaseModel):
    name: str
    values: list[str]


class TaxonomyResponse(BaseModel):
    """The category tree, parents before children, and the vocabularies of tags and attributes."""

    version: str
    nodes: list[NodeOut]
    tags: list[TagOut]
    attributes: list[AttributeOut]


def to_taxonomy(taxonomy: Taxonomy) -> TaxonomyResponse:
    return TaxonomyResponse(
        version=taxonomy.version,
        nodes=[NodeOut(id=n.id, parent=n.parent, label=n.label, label_zh=n.label_zh) for n in taxonomy.nodes],
        tags=[TagOut(name=tag.name, label_zh=tag.label_zh) for tag in taxonomy.tags],
        attributes=[AttributeOut(name=a.name, values=list(a.values)) for a in taxonomy.attributes],
    )
