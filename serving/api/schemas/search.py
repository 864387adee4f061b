"""POST /v1/search and GET /v1/products/{id}/similar."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, model_validator

from catalog.errors import ImageAsText
from catalog.images.written import is_image
from catalog.index.filters import BOUNDS, FIELDS, MAX_CHARACTERS, MAX_CONDITIONS, MAX_DEPTH, Filter, parse_filter
from catalog.index.listing import Sort
from catalog.index.query import Finding
from catalog.product import Listed, Match, MatchReasons, Note, StoredProduct
from catalog.search.plan import Example, Search
from serving.api.schemas.products import ProductOut, stored_fields, to_products
from serving.api.schemas.schema import DataUri, Notes, NullsAsDefaults, Schema, decode_data_uri, rounded

Weight = Annotated[float, Field(ge=-10, le=10, allow_inf_nan=False, description="Below 0: unlike it.")]


TEXT = {"type": "string", "minLength": 1, "maxLength": MAX_CHARACTERS}
VALUES = {"anyOf": [TEXT, {"type": "array", "items": TEXT, "minItems": 1, "maxItems": MAX_CONDITIONS}]}
PART = {"allOf": [{"$ref": "#/components/schemas/Filter"}, {"minProperties": 1}]}
PARTS = {"type": "array", "items": PART, "minItems": 1, "maxItems": MAX_CONDITIONS}
# The schema of what `catalog.index.filters.parse_filter` reads.
FILTER: dict[str, Any] = {
    "title": "Filter",
    "type": "object",
    "description": "Several keys of one object must all hold. Of a list of values one must match. A category stands for"
    " all below it, and is named by its id, its name, its path or Google's id. The case of values does not matter."
    f" `not` of a price holds for products without one. At most {MAX_DEPTH} deep, with"
    f" {MAX_CONDITIONS} values in all.",
    "properties": {
        **dict.fromkeys(("category", *FIELDS), VALUES),
        "price": {
            "type": "object",
            "properties": {bound: {"type": "number"} for bound in BOUNDS},
            "additionalProperties": False,
            "minProperties": 1,
        },
        "attributes": {
            "type": "object",
            "propertyNames": TEXT,
            "additionalProperties": VALUES,
            "minProperties": 1,
        },
        "and": PARTS,
        "or": PARTS,
        "not": PART,
    },
    "additionalProperties": False,
}


class Weights(Schema):
    """How much each part counts. Without weights the model reads words and image together, as one product."""

    text: Weight = 1.0
    image: Weight = 1.0
    product_id: Weight = 1.0


class SearchRequest(NullsAsDefaults, Schema):
    """Look for products like these words, this image, this stored product, or several of them at once."""

    text: Annotated[str, Field(max_length=8_192)] = ""
    image: DataUri = ""
    product_id: Annotated[str, Field(max_length=256, description="A stored product; it is not among the results.")] = ""
    weights: Weights | None = None
    filter: Annotated[
        dict[str, Any] | None,
        Field(
            description='Such as {"category": "aa-8", "price": {"lte": 50}, "attributes": {"colour": ["red"]}, '
            '"not": {"brand": "Acme"}}.'
        ),
    ] = None
    limit: Annotated[int, Field(ge=1, le=100)] = 10
    offset: Annotated[int, Field(ge=0, le=10_000)] = 0
    facets: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=64)]],
        Field(
            max_length=16,
            description="category, brand, product_type, tags, decision, currency, availability, status, or an"
            " attribute's name. Counted are the 1,000 best matches.",
        ),
    ] = []
    sort: Annotated[
        Literal["relevance"] | Sort,
        Field(description="The order of the 1,000 best matches. Products without a price come last."),
    ] = "relevance"
    collapse: Annotated[bool, Field(description="Leave out near-duplicates of better results.")] = False
    floor: Annotated[
        bool, Field(description="Leave out what is not like the query. Without a floor, everything is ranked.")
    ] = True
    include_unavailable: Annotated[
        bool,
        Field(
            description="Also find what is not for sale: draft, archived, out of stock, discontinued. A filter that"
            " names `availability` or `status` does so, too. What is out of stock or discontinued is always found by"
            " its exact number (SKU, GTIN, MPN, id)."
        ),
    ] = False

    include: Annotated[
        list[Literal["evidence"]],
        Field(max_length=16, description="`evidence`: why each product was found. It takes about as long again."),
    ] = []

    @model_validator(mode="before")
    @classmethod
    def image_for_text(cls, given: Any) -> Any:
        """An image that stands for words is the image. Raises ImageAsText where there is one already."""
        text = given.get("text") if isinstance(given, dict) else None
        if not isinstance(text, str) or not is_image(text):
            return given
        if given.get("image"):
            error = ImageAsText()
            error.param = "text"
            raise error
        return {**given, "text": "", "image": text.strip()}

    def to_search(self) -> Search:
        """Raises SearchEmpty, SearchInvalid, FilterInvalid, ImageUrlNotAllowed or ImageDataInvalid."""
        return Search(
            examples=tuple(self._examples()),
            filter=read_filter(self.filter),
            limit=self.limit,
            offset=self.offset,
            facets=tuple(dict.fromkeys(self.facets)),
            collapse=self.collapse,
            sort=None if self.sort == "relevance" else self.sort,
            floor=self.floor,
            include_unavailable=self.include_unavailable,
            reasons="evidence" in self.include,
        )

    def _examples(self) -> list[Example]:
        images = (decode_data_uri(self.image),) if self.image else ()
        weights = self.weights or Weights()
        stored = [Example(product_id=self.product_id, weight=weights.product_id)] if self.product_id else []
        if self.weights is None:
            return [Example(self.text, images), *stored] if self.text or images else stored
        text_examples = [Example(self.text, weight=weights.text)] if self.text else []
        image_examples = [Example(images=images, weight=weights.image)] if images else []
        return [*text_examples, *image_examples, *stored]


class ListPlace(BaseModel):
    """A product's place in one of the ranked lists that make the order."""

    rank: Annotated[int | None, Field(ge=1, description="From 1; null if it is not among the first 1,000.")]
    score: Annotated[float, Field(description="The list's own: cosine similarity, or BM25.")]
    adds: Annotated[float, Field(description="What the score adds to the sum by which products are ordered.")]


class HitEvidence(BaseModel):
    """Why a product was found."""

    vectors: Annotated[ListPlace | None, Field(description="By the likeness of embeddings; null without a vector.")]
    words: Annotated[ListPlace | None, Field(description="By words; null for a query without any.")]
    matched: Annotated[list[str], Field(description="The words of the query that the product has.")]
    by_number: Annotated[bool, Field(description="One of its numbers was asked for, which comes before everything.")]


class FoundProduct(ProductOut):
    """A match. score: cosine similarity, 0 to 1; of a query that the model
    could not read, of the words. duplicates: ids of near-equal products left out (`collapse`)."""

    score: Annotated[float, Field(ge=0, le=1)]
    duplicates: list[str] = []
    evidence: Annotated[HitEvidence | None, Field(description="Null unless asked for (`include`).")] = None


class FacetValue(BaseModel):
    value: str
    count: int


class SearchResponse(BaseModel):
    """Best first. nearest: at most five products to show if nothing stored is like the query; results is empty then.
    total: how many products are found, at most 1,000; without a floor, how many the filter leaves. notes: of what the
    model made of the query; where it could not read it, products are found by their words.
    """

    results: list[FoundProduct]
    nearest: list[FoundProduct]
    facets: dict[str, list[FacetValue]]
    total: int
    model: str
    notes: Notes = []


class ProductsResponse(BaseModel):
    """Stored products without a query. total: how many the filter leaves; facets: counted over all of them."""

    products: list[ProductOut]
    facets: dict[str, list[FacetValue]]
    total: int


def read_filter(document: dict[str, Any] | None) -> Filter | None:
    """Raises FilterInvalid. An empty filter leaves everything."""
    return parse_filter(document) if document else None


def to_response(found: Finding, images: Mapping[str, int], model: str, notes: Sequence[Note]) -> SearchResponse:
    """images: how many images are kept of each product, by its id."""
    return SearchResponse(
        results=[to_found(match, images) for match in found.matches],
        nearest=[to_found(match, images) for match in found.nearest],
        facets=to_facets(found.facets),
        total=found.total,
        model=model,
        notes=list(notes),
    )


def to_found(match: Match, images: Mapping[str, int]) -> FoundProduct:
    return FoundProduct(
        **stored_fields(match.stored, images.get(match.stored.id, 0)),
        score=min(1.0, rounded(match.score)),
        duplicates=list(match.duplicates),
        evidence=match.reasons and to_hit_evidence(match.reasons),
    )


def to_hit_evidence(reasons: MatchReasons) -> HitEvidence:
    return HitEvidence(
        vectors=reasons.vectors and to_place(reasons.vectors),
        words=reasons.words and to_place(reasons.words),
        matched=list(reasons.matched),
        by_number=reasons.by_number,
    )


def to_place(listed: Listed) -> ListPlace:
    return ListPlace(rank=listed.rank, score=rounded(listed.score), adds=rounded(listed.adds))


def to_listing(
    products: Sequence[StoredProduct],
    facets: Mapping[str, Sequence[tuple[str, int]]],
    total: int,
    images: Mapping[str, int],
) -> ProductsResponse:
    """images: how many images are kept of each product, by its id."""
    return ProductsResponse(products=to_products(products, images), facets=to_facets(facets), total=total)


def to_facets(facets: Mapping[str, Sequence[tuple[str, int]]]) -> dict[str, list[FacetValue]]:
    return {name: [FacetValue(value=v, count=n) for v, n in counts] for name, counts in facets.items()}
