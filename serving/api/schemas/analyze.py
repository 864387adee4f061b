"""Requests and responses of POST /v1/products/analyze, and their way to a `Product` and from an `Understanding`."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from catalog.errors import CatalogError
from catalog.evidence.found import Field as TextField
from catalog.evidence.found import Labeller, Neighbour, Why, Word
from catalog.product import Decision, Product, Understanding
from catalog.quality.conflicts import conflicts
from serving.api.schemas.offers.pricing import PriceOut
from serving.api.schemas.products import ContradictionOut, Currency, to_contradiction
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
    rounded,
    to_attributes,
    to_category,
    to_tags,
    to_usage,
)
from serving.error_responses import ErrorDetail, detail, param_of

Part = Literal["category", "tags", "attributes", "embedding", "modalities", "evidence", "suggested_price"]
BY_MODALITY = frozenset[Part](("modalities", "evidence"))
PARTS: tuple[Part, ...] = ("category", "tags", "attributes", "modalities")


ADDED = (
    "What it adds to the log-odds of the category: above 0 it speaks for it, below 0 against it; 1 makes the odds 2.7"
    " times as large."
)


class Options(Schema):
    """What to answer, the same for each item of a request."""

    top_k: Annotated[int, Field(ge=0, le=100, description="How many alternative categories to give.")] = 5
    include: Annotated[
        list[Part],
        Field(
            max_length=16,
            description="The parts to answer; those left out are null. `category` has alternatives. `modalities`: what"
            " image and text say alone, in `evidence`. `evidence`: that, and why: words, heat map, nearest products,"
            " which takes 6 (a title) to 30 times (an image) as long. `suggested_price`: as of /v1/price.",
        ),
    ] = list(PARTS)
    embedding_dimensions: Annotated[
        int | None,
        Field(description="Cut the embedding to this length (64, 128 or 256 for the shipped model), again of norm 1."),
    ] = None
    currency: Annotated[Currency, Field(description="Of `suggested_price`, as in /v1/price.")] = ""


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


class WordPlace(BaseModel):
    """Characters `start` to `end` of the field, from 0. Known attributes are lines behind the description."""

    field: TextField
    start: int
    end: int


class WordEvidence(BaseModel):
    """A word of the text, left out in all its places."""

    word: str
    score: Annotated[float, Field(description=ADDED)]
    places: list[WordPlace]


class NearestProduct(BaseModel):
    """A stored product with a category that a person gave or confirmed, or that the model is sure of (`auto`)."""

    id: str
    title: str
    category: Category
    labelled_by: Labeller
    similarity: Annotated[float, Field(ge=0, le=1, description="The cosine of both embeddings.")]


class Evidence(BaseModel):
    """The category that each modality could promise alone; null if it cannot, or the product has not both."""

    image: Category | None = None
    text: Category | None = None


class FullEvidence(Evidence):
    """Also what speaks for the answer, where `evidence` is asked for. Null where nothing could be read."""

    explained: Annotated[
        Category | None,
        Field(description="The category that the scores are of: the answer, or without one the likeliest leaf."),
    ]
    log_odds: Annotated[float | None, Field(description="Of its score.")]
    words: Annotated[list[WordEvidence] | None, Field(description="In the order of the text, at most 32.")]
    words_untried: Annotated[list[str] | None, Field(description="The further words of a long text.")]
    heat_map: Annotated[
        list[list[float]] | None,
        Field(description=f"Of the first image, rows from the top, cells from the left; null without one. {ADDED}"),
    ]
    nearest: Annotated[
        list[NearestProduct] | None,
        Field(description="At most three stored products; null where the index cannot be asked or compared with."),
    ]


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
    evidence: FullEvidence | Evidence | None = None
    modalities_used: list[Literal["image", "text"]] = []
    decision: Decision | None = None
    notes: Notes = []
    contradictions: Annotated[
        list[ContradictionOut],
        Field(description="Where it contradicts itself, the most probable first; then the decision is not `auto`."),
    ] = []
    suggested_price: Annotated[
        PriceOut | None, Field(description="Null also where the index cannot be asked or compared with.")
    ] = None
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
    whys: Sequence[Why | None] = (),
    prices: Sequence[PriceOut | None] = (),
) -> AnalyzeResponse:
    """What the model made of each product, or what is wrong with it, in their order. products: what was asked about, if
    it is to be told where they contradict themselves; whys, prices: for each, if asked for.
    """
    options = options or Options()
    results = []
    for id, found, product, why, price in zip_longest(ids, answers, products, whys, prices):
        if isinstance(found, CatalogError):
            results.append(Result(id=id, error=detail(found, param_of(found, "images"))))
        else:
            told = conflicts(product, found) if isinstance(product, Product) else []
            result = to_result(id, found.to_review() if told else found, options, why)
            added = {"contradictions": [to_contradiction(one) for one in told], "suggested_price": price}
            results.append(result.model_copy(update=added))
    return AnalyzeResponse(model=model, taxonomy_version=taxonomy_version, results=results, usage=to_usage(answers))


def to_result(id: str, found: Understanding, options: Options, why: Why | None = None) -> Result:
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
    if not wanted.isdisjoint(BY_MODALITY):
        alone: dict[str, Any] = {name: to_category(one) for name, one in found.evidence.items() if one}
        result.evidence = FullEvidence(**alone, **to_reasons(why)) if "evidence" in wanted else Evidence(**alone)
    if "embedding" in wanted:
        result.embedding = cut_embedding(found.embedding, options.embedding_dimensions)
    return result


def to_reasons(why: Why | None) -> dict[str, Any]:
    """The fields that a `FullEvidence` adds."""
    if why is None:
        return dict.fromkeys(FullEvidence.model_fields.keys() - Evidence.model_fields.keys())
    explanation, heat_map = why.explanation, why.explanation.heat_map
    return {
        "explained": to_category(explanation.category),
        "log_odds": rounded(explanation.log_odds),
        "words": [to_word(word, why.product) for word in explanation.words],
        "words_untried": list(explanation.untried),
        "heat_map": [[rounded(cell) for cell in row] for row in heat_map.rows] if heat_map else None,
        "nearest": None if why.nearest is None else [to_nearest(one) for one in why.nearest],
    }


def to_word(word: Word, product: Product) -> WordEvidence:
    places = [WordPlace(**place._asdict()) for place in word.places(product)]
    return WordEvidence(word=word.text, score=rounded(word.score), places=places)


def to_nearest(found: Neighbour) -> NearestProduct:
    fields = found._asdict() | {"category": to_category(found.category)}
    return NearestProduct(**fields | {"similarity": min(1.0, rounded(found.similarity))})
