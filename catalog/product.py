"""The data types that flow through everything: a `Product` goes in, an `Understanding` comes out, an index keeps both
as a `StoredProduct` and answers with `Match`es.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from catalog.synonyms import agree, attribute_name

Modality = Literal["image", "text"]
Decision = Literal["auto", "review", "abstain"]
Note = Literal["text_not_read", "unfamiliar"]
Verdict = Literal["accept", "reject", "correct"]
Doubled = Literal["duplicate", "variant"]
Availability = Literal["", "in_stock", "out_of_stock", "preorder", "backorder", "discontinued"]
Status = Literal["", "active", "draft", "archived"]
# The value of an attribute, or several, of which each counts by itself.
Values = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the articles that a product is sold as: a size, a colour. options: {"Size": "42"}."""

    options: Mapping[str, str] = field(default_factory=dict)
    sku: str = ""
    gtin: str = ""
    mpn: str = ""
    price: float | None = None
    availability: Availability = ""


@dataclass(frozen=True, slots=True)
class Product:
    """What a merchant sends: images as encoded files (untrusted bytes) and text. Either may be missing.

    The model reads title, description and images. The other fields are the offer: stored, filtered by, and free to
    change without inference. `attributes` are the merchant's own, such as {"colour": "Red"} or {"size": ("41", "42")};
    `product_type` is the merchant's own category, such as "Home > Kitchen > Mugs".

    `price` is what a shopper pays: `sale_price` while the sale lasts, `list_price` otherwise. `sale_dates` is when it
    lasts, as two ISO 8601 times with a slash between, either of which may be missing. `unit_price` is that of
    `unit_measure`, such as "1 kg". All are in `currency`. `google_product_category` is an id or a path of Google's.
    """

    id: str = ""
    title: str = ""
    description: str = ""
    images: tuple[bytes, ...] = ()
    brand: str = ""
    price: float | None = None
    currency: str = ""
    link: str = ""
    product_type: str = ""
    attributes: Mapping[str, Values] = field(default_factory=dict)
    list_price: float | None = None
    sale_price: float | None = None
    sale_dates: str = ""
    unit_price: float | None = None
    unit_measure: str = ""
    availability: Availability = ""
    status: Status = ""
    sku: str = ""
    gtin: str = ""
    mpn: str = ""
    google_product_category: str = ""
    variants: tuple[Variant, ...] = ()

    @property
    def is_for_sale(self) -> bool:
        """Whether a shopper can have it: of what is not said, the best is thought."""
        return self.status in ("", "active") and self.availability not in ("out_of_stock", "discontinued")

    @property
    def identifiers(self) -> tuple[str, ...]:
        """Every number by which somebody may look for it, each once: its own and its variants'."""
        of_variants = [number for one in self.variants for number in (one.sku, one.gtin, one.mpn)]
        numbers = filter(None, (self.id, self.sku, self.gtin, self.mpn, *of_variants))
        return tuple(dict.fromkeys(numbers))


def each_value(values: Values) -> tuple[str, ...]:
    return (values,) if isinstance(values, str) else values


def as_text(values: Values) -> str:
    """("41", "42") -> "41, 42"."""
    return values if isinstance(values, str) else ", ".join(values)


# The names of a product's fields in every record and file; images are stored apart.
PRODUCT_FIELDS = tuple(one.name for one in fields(Product) if one.name != "images")
OFFER_FIELDS = tuple(name for name in PRODUCT_FIELDS if name not in ("id", "title", "description"))
# Those of the first release, which every stored product has.
FIRST_FIELDS = ("id", "title", "description", "brand", "price", "currency", "link", "attributes")
FIRST_OFFER_FIELDS = ("brand", "price", "currency", "link", "product_type", "attributes")
# Fields that hold a number, or none.
NUMBERS = ("price", "list_price", "sale_price", "unit_price")


def product_fields(product: Product) -> dict[str, Any]:
    """Every field but the images, as JSON can hold it."""
    attributes = {
        name: values if isinstance(values, str) else list(values) for name, values in product.attributes.items()
    }
    variants = [
        {one.name: getattr(variant, one.name) for one in fields(Variant)} | {"options": dict(variant.options)}
        for variant in product.variants
    ]
    return {name: getattr(product, name) for name in PRODUCT_FIELDS} | {"attributes": attributes, "variants": variants}


def offer_fields(product: Product) -> dict[str, Any]:
    """The fields that the model does not read, as JSON can hold them."""
    every = product_fields(product)
    return {name: every[name] for name in OFFER_FIELDS}


def from_fields(fields: Mapping[str, Any]) -> Product:
    """The product whose `product_fields` are among these; earlier releases had fewer. Raises KeyError or TypeError."""
    given = {name: fields[name] for name in PRODUCT_FIELDS if name in fields or name in FIRST_FIELDS}
    given["attributes"] = {
        name: tuple(values) if isinstance(values, list) else values for name, values in given["attributes"].items()
    }
    given["variants"] = tuple(Variant(**variant) for variant in given.get("variants") or ())
    return Product(**given)


@dataclass(frozen=True, slots=True)
class CategoryScore:
    """A node of the category tree with its calibrated probability, 0 to 1.

    `path` holds the labels from the top of the tree down to this node, `path_scores` their probabilities: a parent's
    is the sum of its children's, so they never rise on the way down. `score` is the last of them. `path_ids` are the
    ids along the same path, by which an index finds everything under a node; empty when they are not known.
    """

    id: str
    path: tuple[str, ...]
    path_scores: tuple[float, ...]
    path_ids: tuple[str, ...] = ()

    @property
    def score(self) -> float:
        return self.path_scores[-1]

    def lies_in(self, other: "CategoryScore") -> bool:
        """Whether it is the other one or below it, also in another tree that names these categories alike."""
        same_ids = other.id in (self.id, *self.path_ids)
        return same_ids or self.path[: len(other.path)] == other.path


@dataclass(frozen=True, slots=True)
class Scored:
    """A tag name or an attribute value with its probability, 0 to 1."""

    name: str
    score: float


class ImageMeasures(NamedTuple):
    """What is measured of an image when it is read (`catalog.images.measures`): width and height in pixels; detail: how
    sharp it is; uneven: how much of its edge is not of one colour, 0 to 1.
    """

    width: int
    height: int
    detail: float
    uneven: float


@dataclass(frozen=True, slots=True)
class Sides:
    """What the base model makes of a product's image and of its words, each alone.

    image, text: the category that each promises. image_of_text: the probability that the image alone gives the category
    of the words; text_of_image: the other way round. cosine: of their embeddings. shows: of an attribute the values
    that the image may have, the likeliest first.
    """

    image: CategoryScore | None = None
    text: CategoryScore | None = None
    image_of_text: float = 0.0
    text_of_image: float = 0.0
    cosine: float = 0.0
    shows: Mapping[str, tuple[Scored, ...]] = field(default_factory=dict)

    @property
    def differ(self) -> bool:
        """Whether both promise a category, and neither is the other or below it."""
        image, text = self.image, self.text
        return image is not None and text is not None and not (image.lies_in(text) or text.lies_in(image))


@dataclass(frozen=True, slots=True)
class BaseAnswer:
    """What a model said before it was taught, where one that was taught from it answers: the version of the model, and
    what is otherwise as of an `Understanding`. unfamiliar: whether that is why the product is nowhere.
    """

    model: str
    category: CategoryScore | None
    alternatives: tuple[CategoryScore, ...]
    attributes: Mapping[str, Scored]
    decision: Decision
    unfamiliar: bool


@dataclass(frozen=True, slots=True)
class Understanding:
    """What the model makes of one product.

    `category` is the deepest node of the tree that can be promised: each level down to it is sure enough. None if not
    even a top node is. `alternatives` are leaves, the likeliest first and never `category`: those below it where it
    is an inner node, and mere guesses where it is None.
    `decision`: "auto" if the category is a leaf, sure and of a familiar product, "review" if it is anything else,
    "abstain" if there is none.
    `tags` and `attributes` are those that are proven for this kind of product, so there are none without a category.
    `evidence` says what category could be promised by each modality alone, if the product has both.
    `notes`: "text_not_read" where words in a script that the model cannot read were left out, or where it knows nothing
    of the text; "unfamiliar" where the product is unlike all that the model was taught, and has no category for that
    reason. `tokens`: how many of the text the model read, which is no part of what is stored; `cut`: whether the text
    has more than the model reads. `base`: what the model said before it was taught, where a taught one has answered.
    `sides`: what the base makes of image and words each alone, if the product has both.
    `embedding` is float32, of unit length; its first 64 or 128 numbers, rescaled to unit length, are an
    embedding of their own. `image_measures`: of each image, in order; empty for what an earlier release has stored.
    """

    id: str
    category: CategoryScore | None
    alternatives: tuple[CategoryScore, ...]
    tags: tuple[Scored, ...]
    attributes: Mapping[str, Scored]
    embedding: NDArray[np.float32]
    modalities_used: tuple[Modality, ...]
    decision: Decision
    evidence: Mapping[Modality, CategoryScore | None] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    tokens: int = field(default=0, compare=False)
    cut: bool = field(default=False, compare=False)
    base: BaseAnswer | None = None
    sides: Sides | None = field(default=None, compare=False)
    image_measures: tuple[ImageMeasures, ...] = ()

    @property
    def path(self) -> tuple[str, ...]:
        """The category's labels from the top down; empty if there is none."""
        return self.category.path if self.category else ()

    def noted(self, unfamiliar: bool) -> tuple[Note, ...]:
        """Its notes, with or without that it is unfamiliar."""
        others = tuple(note for note in self.notes if note != "unfamiliar")
        return (*others, "unfamiliar") if unfamiliar else others

    def based(self, model: str) -> Self:
        """With what the base says kept. model: that answered, which was not taught if nothing is kept yet."""
        if self.base:
            return self
        answer = (self.category, self.alternatives, self.attributes, self.decision, "unfamiliar" in self.notes)
        return replace(self, base=BaseAnswer(model, *answer))

    def of_base(self) -> Self:
        """As the base answers, which is known."""
        base = self.base
        assert base
        return replace(
            self,
            category=base.category,
            alternatives=base.alternatives,
            attributes=base.attributes,
            decision=base.decision,
            evidence={},
            notes=self.noted(base.unfamiliar),
            base=None,
        )

    def to_review(self) -> Self:
        """The same, not accepted unseen."""
        return replace(self, decision="review") if self.decision == "auto" else self


class Conflict(NamedTuple):
    """An attribute of which the merchant says one thing and the model another, which is `score` sure of it."""

    name: str
    yours: str
    model: str
    score: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person said of the model's answer. answer: the model's own, which comes back when the verdict is taken
    back; proposed_category: a path that the category tree lacks, such as "Kitchen > Mugs", or ""; conflicting: another
    person says otherwise, so the product waits, with the model's answer.
    """

    verdict: Verdict
    answer: Understanding
    proposed_category: str = ""
    conflicting: bool = False


class ContentHashes(NamedTuple):
    """Hashes of what a stored product was made from: each modality that the model reads, and the offer."""

    text: str
    images: str
    offer: str


class StoredVersion(NamedTuple):
    """What a stored product was made from, and the version of the model that understood it: all that an ingest needs
    to know, read without the rest of the product.
    """

    id: str
    hashes: ContentHashes
    model: str

    def is_current(self, hashes: ContentHashes, model: str) -> bool:
        """Whether its understanding also holds for content of these hashes: equal text and images are not read by the
        same model again.
        """
        return (self.hashes.text, self.hashes.images, self.model) == (hashes.text, hashes.images, model)


class Double(NamedTuple):
    """Another stored product, which seems to be the same one, or a variant of it that differs in these axes. score: the
    log-odds of that; 0 is even, 3 is 95 %. same_article: whether both have the same GTIN.
    """

    kind: Doubled
    other: str
    score: float
    axes: tuple[str, ...] = ()
    same_article: bool = False

    @property
    def probability(self) -> float:
        return 1 / (1 + math.exp(-self.score))

    @property
    def holds(self) -> bool:
        """Whether the product is not to be accepted before a person has seen both. What is only alike is told, and
        accepted: its category is in no doubt.
        """
        return self.kind == "duplicate" and self.same_article


@dataclass(frozen=True, slots=True)
class StoredProduct:
    """A product as an index keeps it.

    product: with the image's bytes left out (`images` is empty); image_refs: where the images were read from;
    model: the version of the model that understood it; judgement: what a person said, with which `understanding`
    agrees; added_at: when it was first stored, in seconds since 1970, which the index fills in. It is unknown of what
    an earlier release has stored. contradictions: codes of what contradicts itself in it as it was stored, see
    `catalog.quality.conflicts`; doubles: products stored before it that it seems to double, see
    `catalog.quality.arrivals`; an earlier release noted none. was_auto: what the model decided, where these hold it.
    """

    product: Product
    understanding: Understanding
    hashes: ContentHashes
    model: str
    image_refs: tuple[str, ...] = ()
    judgement: Judgement | None = None
    added_at: float | None = None
    contradictions: tuple[str, ...] = ()
    doubles: tuple[Double, ...] = ()
    was_auto: bool = False

    @property
    def id(self) -> str:
        return self.product.id

    @property
    def waits(self) -> bool:
        """Whether a person is to judge it."""
        return self.understanding.decision != "auto" and (self.judgement is None or self.judgement.conflicting)

    @property
    def version(self) -> StoredVersion:
        return StoredVersion(self.id, self.hashes, self.model)

    @property
    def first_causes(self) -> tuple[str, ...]:
        """Codes of what has a person look at it before all others."""
        return (*self.contradictions, *(("duplicate",) if any(one.holds for one in self.doubles) else ()))

    def held(self) -> Self:
        """The same, not accepted unseen; as it is where a person has judged it."""
        if self.judgement or self.understanding.decision != "auto":
            return self
        return replace(self, understanding=self.understanding.to_review(), was_auto=True)

    def released(self) -> Self:
        """The same as the model decided, where it was held; as it is where a person has judged it."""
        if self.judgement or not self.was_auto:
            return self
        return replace(self, understanding=replace(self.understanding, decision="auto"), was_auto=False)

    @property
    def attributes(self) -> dict[str, Scored]:
        """The model's attributes, overruled by what the merchant says (score 1), however the name is spelt."""
        given = {name: Scored(as_text(values), 1.0) for name, values in self.product.attributes.items()}
        names = {attribute_name(name) for name in given}
        found = {
            name: value for name, value in self.understanding.attributes.items() if attribute_name(name) not in names
        }
        return found | given

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Name and value of all attributes, each of several values by itself: what filters and facets read."""
        given = self.product.attributes
        return tuple(
            (name, value)
            for name, found in self.attributes.items()
            for value in each_value(given.get(name, found.name))
        )

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """Where the merchant's own attribute and the model's cannot both be true."""
        found = {attribute_name(name): value for name, value in self.understanding.attributes.items()}
        given = [(name, as_text(values)) for name, values in self.product.attributes.items()]
        pairs = [(name, value, found.get(attribute_name(name))) for name, value in given]
        return tuple(
            Conflict(name, yours, model.name, model.score)
            for name, yours, model in pairs
            if model and not agree(yours, model.name)
        )


class Offer(NamedTuple):
    """A new offer of a stored product, whose text and images are as before. contradictions: as of a `StoredProduct`,
    those of the words with the offer; found where it is stored.
    """

    product: Product
    hashes: ContentHashes
    image_refs: tuple[str, ...] = ()
    contradictions: tuple[str, ...] = ()


class Listed(NamedTuple):
    """A product's place in a ranked list. rank: from 1, None if it is not among the first 1,000; score: the list's own;
    adds: what that adds to the sum by which products are ordered.
    """

    rank: int | None
    score: float
    adds: float


class MatchReasons(NamedTuple):
    """Why a search has found a product. vectors: by the likeness of embeddings, None if the query has none; words: by
    BM25, None if the query has none; matched: those of the query's words that the product has; by_number: whether one
    of its numbers was asked for, which comes before everything.
    """

    vectors: Listed | None
    words: Listed | None
    matched: tuple[str, ...]
    by_number: bool


@dataclass(frozen=True, slots=True)
class Match:
    """A stored product that a search found.

    stored: with its embedding left out (empty); `ProductIndex.get` has it.
    score: the cosine similarity of the query's embedding and the product's, 0 to 1 (below 0 reads 0), so it means the
    same in every search; with words alone and no embedding, the share of the query's words found, rarer words counting
    more. duplicates: ids of near-equal products that were left out in favour of this one. reasons: None unless asked
    for.
    """

    stored: StoredProduct
    score: float
    duplicates: tuple[str, ...] = ()
    reasons: MatchReasons | None = None


def content_hashes(product: Product, images: Sequence[bytes], references: Sequence[str]) -> ContentHashes:
    """images: the encoded files; references: where they were read from, which counts as a part of the offer."""
    offer = offer_fields(product)
    first = [offer.pop(name) for name in FIRST_OFFER_FIELDS]
    # What is not given does not count, so that products of earlier releases are as they were.
    later = {name: value for name, value in offer.items() if value not in ("", None, [])}
    return ContentHashes(
        text=_digest([product.title, product.description]),
        images=_digest([hashlib.sha256(data).hexdigest() for data in images]),
        offer=_digest([*first, tuple(references), *([later] if later else [])]),
    )


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]
