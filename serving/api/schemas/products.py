"""Stored products: what PUT and PATCH take, and what every route that answers with products gives."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from catalog.images.written import is_image
from catalog.links import is_web_link
from catalog.product import (
    Conflict,
    Decision,
    Judgement,
    Modality,
    Product,
    StoredProduct,
    Understanding,
    Verdict,
    product_fields,
)
from serving.api.schemas.schema import (
    MAX_ATTRIBUTES,
    MAX_IMAGES,
    AttributeValue,
    Category,
    DataUri,
    Notes,
    Schema,
    Tag,
    cut_embedding,
    decode_data_uri,
    rounded,
    to_attributes,
    to_category,
    to_tags,
    written,
)


def no_image(text: object) -> object:
    if isinstance(text, str) and is_image(text):
        raise PydanticCustomError("image_as_text", "an image as text")
    return text


Text = Annotated[str, Field(max_length=8_192), BeforeValidator(no_image)]
Short = Annotated[str, Field(max_length=256)]
Currency = Annotated[str, Field(pattern="^([A-Z]{3})?$", description="ISO 4217, such as EUR.")]
Price = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]


def checked_link(link: str) -> str:
    if not is_web_link(link):
        raise PydanticCustomError("web_link", "not a web link")
    return link


Link = Annotated[
    str,
    Field(max_length=2_048, description="Of a web page: https, http, or without a scheme."),
    AfterValidator(checked_link),
]
ProductType = Annotated[
    str,
    Field(
        max_length=1_024, description='Your own category, as in "Home > Kitchen > Mugs". The model does not read it.'
    ),
]
Attributes = Annotated[
    dict[Annotated[str, Field(min_length=1, max_length=64)], Short],
    Field(max_length=MAX_ATTRIBUTES, description="Yours; they overrule the model's in filters and facets."),
]
Images = Annotated[
    list[DataUri],
    Field(max_length=MAX_IMAGES, description="Images, the best first."),
]


class ProductFields(Schema):
    """What the merchant says of a product."""

    title: Text = ""
    description: Text = ""
    images: Images = []
    brand: Short = ""
    price: Price | None = None
    currency: Currency = ""
    link: Link = ""
    product_type: ProductType = ""
    attributes: Attributes = {}


class ProductIn(ProductFields):
    """A product to store. The model reads title, description and images: at least one of them."""

    def to_product(self, id: str) -> Product:
        """Raises ImageUrlNotAllowed or ImageDataInvalid."""
        fields = self.model_dump() | {"images": tuple(decode_data_uri(uri) for uri in self.images)}
        return Product(id=id, **fields)


class ProductChange(ProductFields):
    """What to change of a stored product; what is left out stays. Only `price` can be null: it then has none."""

    def changes(self) -> dict[str, Any]:
        """The fields that were given, images as bytes. Raises ImageUrlNotAllowed or ImageDataInvalid."""
        given = self.model_dump(exclude_unset=True)
        return given | ({"images": tuple(decode_data_uri(uri) for uri in self.images)} if "images" in given else {})


class UnderstandingOut(BaseModel):
    """What the model made of a stored product, or a person who corrected it (scores of 1)."""

    category: Annotated[
        Category | None, Field(description="The deepest node of the tree that can be promised; null if there is none.")
    ]
    alternatives: Annotated[
        list[Category],
        Field(description="Other leaves, the likeliest first: those below the category; mere guesses without one."),
    ]
    tags: list[Tag]
    attributes: dict[str, AttributeValue]
    modalities_used: list[Modality]
    decision: Decision
    notes: Notes


class ConflictOut(BaseModel):
    """An attribute of which the merchant and the model say different things. The merchant's stands."""

    name: str
    yours: str
    model: str
    score: Annotated[float, Field(ge=0, le=1, description="How sure the model is of its own.")]


class JudgementOut(BaseModel):
    """What a person said of the model's answer. answer: the model's own, in place of which the product has what the
    person said; proposed_category: a path that the tree lacks, which waits for the tree to have it.
    """

    verdict: Verdict
    proposed_category: str | None
    answer: UnderstandingOut


class ProductOut(BaseModel):
    """A stored product. images: how many images of it are kept, to be had at /v1/products/{id}/image?n=0."""

    id: str
    title: str
    description: str
    brand: str
    price: float | None
    currency: str
    link: str
    product_type: str
    attributes: dict[str, str]
    images: int
    model: Annotated[str, Field(description="The version of the model that read it.")]
    added_at: Annotated[str | None, Field(description="When it was first stored, ISO 8601, UTC; null if unknown.")]
    understanding: UnderstandingOut
    conflicts: list[ConflictOut]
    judgement: JudgementOut | None
    embedding: Annotated[list[float] | None, Field(description="Of norm 1; null unless asked for.")] = None


def to_understanding(found: Understanding) -> UnderstandingOut:
    return UnderstandingOut(
        category=to_category(found.category) if found.category else None,
        alternatives=[to_category(other) for other in found.alternatives],
        tags=to_tags(found.tags),
        attributes=to_attributes(found.attributes),
        modalities_used=list(found.modalities_used),
        decision=found.decision,
        notes=list(found.notes),
    )


def to_conflict(conflict: Conflict) -> ConflictOut:
    return ConflictOut(**(conflict._asdict() | {"score": rounded(conflict.score)}))


def to_judgement(said: Judgement) -> JudgementOut:
    return JudgementOut(
        verdict=said.verdict,
        proposed_category=said.proposed_category or None,
        answer=to_understanding(said.answer),
    )


def stored_fields(stored: StoredProduct, images: int) -> dict[str, Any]:
    """The fields of a `ProductOut`, for it and for what extends it."""
    return {
        **product_fields(stored.product),
        "images": images,
        "model": stored.model,
        "added_at": None if stored.added_at is None else written(stored.added_at),
        "understanding": to_understanding(stored.understanding),
        "conflicts": [to_conflict(conflict) for conflict in stored.conflicts],
        "judgement": stored.judgement and to_judgement(stored.judgement),
    }


def to_product(stored: StoredProduct, images: int, embedding: bool = False) -> ProductOut:
    vector = cut_embedding(stored.understanding.embedding, None) if embedding else None
    return ProductOut(**stored_fields(stored, images), embedding=vector)


def to_products(stored: Sequence[StoredProduct], images: Mapping[str, int]) -> list[ProductOut]:
    """images: how many images are kept of each product, by its id."""
    return [to_product(one, images.get(one.id, 0)) for one in stored]
