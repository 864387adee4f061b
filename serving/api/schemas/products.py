"""Stored products: what PUT and PATCH take, and what every route that answers with products gives."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from catalog.images.written import is_image
from catalog.links import is_web_link
from catalog.product import (
    Availability,
    Conflict,
    Decision,
    Double,
    Doubled,
    Judgement,
    Modality,
    Product,
    Status,
    StoredProduct,
    Understanding,
    Variant,
    Verdict,
    product_fields,
)
from catalog.quality.conflicts import conflict_findings
from catalog.quality.finding import Finding, Source
from catalog.sales import are_sale_dates, price_now
from serving.api.schemas.schema import (
    MAX_ATTRIBUTES,
    MAX_IMAGES,
    MAX_VALUES,
    MAX_VARIANTS,
    AttributeValue,
    Category,
    DataUri,
    Notes,
    Schema,
    Tag,
    cut_embedding,
    decode_data_uri,
    listed,
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


def checked_sale_dates(dates: str) -> str:
    if not are_sale_dates(dates):
        raise PydanticCustomError("sale_dates", "no two times")
    return dates


SaleDates = Annotated[
    str,
    Field(
        max_length=128,
        description="When the sale price holds: two ISO 8601 times with a slash between. Either may be missing.",
        examples=["2026-11-27T00:00+01:00/2026-11-30T23:59+01:00"],
    ),
    AfterValidator(checked_sale_dates),
]
Number = Annotated[str, Field(max_length=256, description="A product is found by its exact number.")]
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
Name = Annotated[str, Field(min_length=1, max_length=64)]
SHORT_VALUES = BeforeValidator(
    listed, json_schema_input_type=Short | Annotated[list[Short], Field(min_length=1, max_length=MAX_VALUES)]
)
Attributes = Annotated[
    dict[Name, Annotated[list[Short], Field(min_length=1, max_length=MAX_VALUES), SHORT_VALUES]],
    Field(
        max_length=MAX_ATTRIBUTES,
        description="Yours; they overrule the model's in filters and facets. Of a list each value counts by itself.",
    ),
]
Images = Annotated[
    list[DataUri],
    Field(max_length=MAX_IMAGES, description="Images, the best first."),
]


class VariantFields(Schema):
    """One of the articles that a product is sold as, such as a size of a colour."""

    options: Annotated[
        dict[Name, Short],
        Field(max_length=MAX_ATTRIBUTES, description="Filters and facets read the product's attributes, not these."),
    ] = {}
    sku: Number = ""
    gtin: Number = ""
    mpn: Number = ""
    price: Price | None = None
    availability: Availability = ""


class ProductFields(Schema):
    """What the merchant says of a product. null stands for a field that has no value."""

    title: Text | None = ""
    description: Text | None = ""
    images: Images | None = []
    brand: Short | None = ""
    price: Annotated[
        Price | None,
        Field(
            description="What a shopper pays, by which filters and orders go. Left out, it is `sale_price` while the"
            " sale lasts, else `list_price`."
        ),
    ] = None
    currency: Currency | None = ""
    link: Link | None = ""
    product_type: ProductType | None = ""
    attributes: Attributes | None = {}
    list_price: Annotated[Price | None, Field(description="The price without a sale.")] = None
    sale_price: Price | None = None
    sale_dates: SaleDates | None = ""
    unit_price: Annotated[Price | None, Field(description="Of one `unit_measure`.")] = None
    unit_measure: Annotated[Short | None, Field(examples=["1 kg"])] = ""
    availability: Annotated[
        Availability | None, Field(description="out_of_stock and discontinued: left out of search.")
    ] = ""
    status: Annotated[Status | None, Field(description="draft and archived: left out of search.")] = ""
    sku: Number | None = ""
    gtin: Annotated[Number | None, Field(description="EAN, UPC or ISBN.")] = ""
    mpn: Annotated[Number | None, Field(description="The manufacturer's part number.")] = ""
    google_product_category: Annotated[
        str | None, Field(max_length=1_024, description="An id or a path of Google's product taxonomy.")
    ] = ""
    variants: Annotated[list[VariantFields] | None, Field(max_length=MAX_VARIANTS)] = []

    def given(self, of_all: bool) -> dict[str, Any]:
        """Fields of a `Product`, those without a value at their default; of all fields or of those that were sent.

        Raises ImageUrlNotAllowed or ImageDataInvalid.
        """
        dumped = self.model_dump(exclude_unset=not of_all)
        found = {name: BARE[name] if value is None else value for name, value in dumped.items()}
        if self.images is not None and "images" in found:
            found["images"] = tuple(decode_data_uri(uri) for uri in self.images)
        if "attributes" in found:
            found["attributes"] = {name: _values(value) for name, value in found["attributes"].items()}
        if self.variants is not None and "variants" in found:
            found["variants"] = tuple(Variant(**one.model_dump()) for one in self.variants)
        return found


BARE = {one.name: getattr(Product(), one.name) for one in fields(Product)}
SALE = {"list_price", "sale_price", "sale_dates"}


def _values(sent: list[str]) -> str | tuple[str, ...]:
    return tuple(sent) if len(sent) > 1 else sent[0]


class ProductIn(ProductFields):
    """A product to store. The model reads title, description and images: at least one of them."""

    def to_product(self, id: str) -> Product:
        """Raises ImageUrlNotAllowed or ImageDataInvalid."""
        product = Product(id=id, **self.given(of_all=True))
        return replace(product, price=price_now(product)) if product.price is None else product


class ProductChange(ProductFields):
    """What to change of a stored product; what is left out stays, what is null is cleared. A price that is what list
    price, sale price and sale dates say follows a change of them.
    """

    def changes(self) -> dict[str, Any]:
        """The fields that were given, images as bytes. Raises ImageUrlNotAllowed or ImageDataInvalid."""
        return self.given(of_all=False)


def changed_product(before: Product, changes: Mapping[str, Any]) -> Product:
    """changes: of a `ProductChange`."""
    product = replace(before, **changes)
    follows = "price" not in changes and not SALE.isdisjoint(changes) and before.price == price_now(before)
    return replace(product, price=price_now(product)) if follows else product


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


class SideOut(BaseModel):
    """What one side says. start, end: its place in that text."""

    source: Source
    says: str
    start: int | None
    end: int | None
    score: Annotated[float | None, Field(ge=0, le=1, description="How sure the model is of it; null for words.")]


class ContradictionOut(BaseModel):
    """Where a product contradicts itself: its picture the words, or either the merchant's own fields."""

    code: Annotated[str, Field(examples=["image_and_title_differ"])]
    field: Annotated[str, Field(description="`category`, or the attribute or field that it is about.")]
    said: Annotated[str, Field(description="What the words say against a picture, else what the field says.")]
    proposed: Annotated[str, Field(description="What the other side says.")]
    probability: Annotated[float, Field(ge=0, le=1, description="That it is one; 1 where words contradict a field.")]
    sentence: Annotated[str, Field(description="The same in English.")]
    evidence: list[SideOut]


class DoubleOut(BaseModel):
    """A product stored before, which this one seems to be once more, or a variant of."""

    code: Annotated[Doubled, Field(description="`duplicate`, or `variant`: it differs in `axes`.")]
    product: Annotated[str, Field(description="The other's id.")]
    axes: list[str]
    probability: Annotated[float, Field(ge=0, le=1, description="That it is so.")]
    sentence: Annotated[str, Field(description="The same in English.")]


class JudgementOut(BaseModel):
    """What a person said of the model's answer. answer: the model's own, in place of which the product has what the
    person said; proposed_category: a path that the tree lacks, which waits for the tree to have it. conflicting:
    another person says otherwise than the last one, so the product waits with the model's answer.
    """

    verdict: Verdict
    proposed_category: str | None
    answer: UnderstandingOut
    conflicting: bool


class VariantOut(BaseModel):
    """One of the articles that a product is sold as."""

    options: dict[str, str]
    sku: str
    gtin: str
    mpn: str
    price: float | None
    availability: Availability


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
    attributes: Annotated[
        dict[str, str | list[str]], Field(description="A text where there is one value, else a list.")
    ]
    list_price: float | None
    sale_price: float | None
    sale_dates: str
    unit_price: float | None
    unit_measure: str
    availability: Availability
    status: Status
    sku: str
    gtin: str
    mpn: str
    google_product_category: str
    variants: list[VariantOut]
    images: int
    model: Annotated[str, Field(description="The version of the model that read it.")]
    added_at: Annotated[str | None, Field(description="When it was first stored, ISO 8601, UTC; null if unknown.")]
    understanding: UnderstandingOut
    conflicts: list[ConflictOut]
    contradictions: list[ContradictionOut]
    doubles: Annotated[list[DoubleOut], Field(description="At most 10, as they were when either was stored.")]
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


def to_contradiction(found: Finding) -> ContradictionOut:
    return ContradictionOut(
        code=found.code,
        field=found.field,
        said=found.said,
        proposed=found.proposed,
        probability=rounded(found.probability),
        sentence=found.sentence,
        evidence=[SideOut(**side._asdict()) for side in found.evidence],
    )


def to_double(stored: StoredProduct, found: Double) -> DoubleOut:
    told = Finding(found.kind, stored.id, found.probability, (found.other,), ", ".join(found.axes))
    return DoubleOut(
        code=found.kind,
        product=found.other,
        axes=list(found.axes),
        probability=rounded(found.probability),
        sentence=told.sentence,
    )


def contradictions_of(stored: StoredProduct) -> list[ContradictionOut]:
    """Where some were noted as it was stored."""
    return [to_contradiction(one) for one in conflict_findings(stored)] if stored.contradictions else []


def to_judgement(said: Judgement) -> JudgementOut:
    return JudgementOut(
        verdict=said.verdict,
        proposed_category=said.proposed_category or None,
        answer=to_understanding(said.answer),
        conflicting=said.conflicting,
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
        "contradictions": contradictions_of(stored),
        "doubles": [to_double(stored, one) for one in stored.doubles],
        "judgement": stored.judgement and to_judgement(stored.judgement),
    }


def to_product(stored: StoredProduct, images: int, embedding: bool = False) -> ProductOut:
    vector = cut_embedding(stored.understanding.embedding, None) if embedding else None
    return ProductOut(**stored_fields(stored, images), embedding=vector)


def to_products(stored: Sequence[StoredProduct], images: Mapping[str, int]) -> list[ProductOut]:
    """images: how many images are kept of each product, by its id."""
    return [to_product(one, images.get(one.id, 0)) for one in stored]
