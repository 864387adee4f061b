"""A stored product as the payload of a point, and back.

The fields that filters and facets read stand by themselves. Everything else is two JSON texts, because an engine takes
and hands over one text far faster than a nested structure: `version`, which tells what the product was made from, and
`record`, the product. The embedding is the point's vector.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID, uuid5

import numpy as np
from numpy.typing import NDArray

from catalog.errors import RecordDamaged
from catalog.index.keys import attribute_pair, distinct, keys_of, numbers_of
from catalog.product import (
    BaseAnswer,
    CategoryScore,
    ContentHashes,
    Double,
    Doubled,
    ImageMeasures,
    Judgement,
    Product,
    Scored,
    Sides,
    StoredProduct,
    StoredVersion,
    Understanding,
    from_fields,
    product_fields,
)
from catalog.storage.seal import Unsealed, sealed, unsealed

# Fixed for ever: another namespace would be another point for the same product.
NAMESPACE = UUID("6f1f9a3e-6c0b-5f0e-9d53-8f2f4f0c7a11")
MAX_POINTS = 8_192  # kept in memory: an answer asks for the same one several times, and hashing takes 3 microseconds
KEYWORD_FIELDS = (
    "category",
    "product_type",
    "brand",
    "currency",
    "decision",
    "tags",
    "facts",
    "guess",
    "verdict",
    "notes",
    "availability",
    "status",
    "google_product_category",
    "keys",
    "numbers",
    "sale",
    "contradictions",
    "doubles",
)
NUMBER_FIELDS = ("price", "sureness", "added_at", "price_until")
VERSION_FIELDS = ("version",)
ADDED = "added_at"
PRICE_UNTIL = "price_until"
RECORD = "record"
SALE = "sale"  # missing where a product is for sale
RECORD_FIELDS = ("version", RECORD)
# Why a product is not for sale: because it cannot be had, or because shoppers are not to see it.
Sale = Literal["", "unavailable", "unpublished"]
UNAVAILABLE: Sale = "unavailable"
UNPUBLISHED: Sale = "unpublished"
# Told the point of a product that is left out because it cannot be read.
Damaged = Callable[[UUID], None]


@lru_cache(MAX_POINTS)
def point_id(product_id: str) -> UUID:
    return uuid5(NAMESPACE, valid_unicode(product_id))


def valid_unicode(text: str) -> str:
    """The text with lone surrogates, which JSON can carry but UTF-8 cannot, replaced by "?"."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def keyword_text(stored: StoredProduct) -> str:
    """The words by which a product is found."""
    product, understanding = stored.product, stored.understanding
    return valid_unicode(
        "\n".join(
            (
                product.title,
                product.description,
                product.brand,
                product.product_type,
                *understanding.path,
                product.google_product_category,
                *(value for _, value in stored.facts),
                *(tag.name for tag in understanding.tags),
            )
        )
    )


def to_payload(stored: StoredProduct, price_until: float | None = None) -> dict[str, Any]:
    """price_until: when a sale changes the price, in seconds since 1970."""
    product, understanding = stored.product, stored.understanding
    category = understanding.category
    fields = {
        "category": list(category.path_ids or (category.id,)) if category else [],
        "brand": product.brand,
        "product_type": product.product_type,
        "currency": product.currency,
        "decision": understanding.decision,
        "tags": [tag.name for tag in understanding.tags],
        "notes": list(understanding.notes),
        "facts": [attribute_pair(name, value) for name, value in distinct(stored.facts)],
        "availability": product.availability,
        "status": product.status,
        "google_product_category": product.google_product_category,
        "keys": keys_of(stored),
        "numbers": numbers_of(product),
        SALE: _sale(product),
        "contradictions": list(stored.first_causes),
        "doubles": [one.other for one in stored.doubles],
        "price": product.price if product.price is not None and math.isfinite(product.price) else None,
        ADDED: stored.added_at,
        PRICE_UNTIL: price_until,
    }
    guess = likeliest(understanding)
    if understanding.decision != "auto" and guess:
        fields |= {"guess": list(guess.path_ids or (guess.id,)), "sureness": guess.score}
    if stored.judgement and not stored.judgement.conflicting:
        fields["verdict"] = stored.judgement.verdict
    # An absent value must not count as a value of its own.
    present = {name: value for name, value in fields.items() if value not in ("", None, [])}
    payload = {**present, "version": _compact(stored.version), "record": _compact(_to_record(stored))}
    valid = {name: _valid(value) for name, value in payload.items()}
    return valid | {name: sealed(valid[name]) for name in RECORD_FIELDS}


def _sale(product: Product) -> Sale:
    """Of what is for sale nothing, as of what an earlier release has stored."""
    if product.is_for_sale:
        return ""
    return UNAVAILABLE if product.status in ("", "active") else UNPUBLISHED


def is_unit(embedding: NDArray[np.float32]) -> bool:
    """Whether its length is 1; false of NaN, too."""
    return abs(float(embedding @ embedding) - 1) < 0.01


def read_back(point: UUID, payload: Mapping[str, Any], embedding: NDArray[np.float32]) -> StoredProduct:
    """The product of this point. Raises RecordDamaged, also where it is another point's."""
    stored = from_payload(payload, embedding)
    if point_id(stored.id) != point:
        raise RecordDamaged
    return stored


def from_payload(payload: Mapping[str, Any], embedding: NDArray[np.float32]) -> StoredProduct:
    """embedding: shape [width], or empty for a product without. Raises RecordDamaged for what was never stored so."""
    try:
        stored = _from_texts(payload, embedding)
    except (KeyError, TypeError, ValueError):
        raise RecordDamaged from None
    return stored


def _from_texts(payload: Mapping[str, Any], embedding: NDArray[np.float32]) -> StoredProduct:
    """Raises KeyError, TypeError or ValueError."""
    record = json.loads(unsealed(payload["record"]))
    if embedding.size and not is_unit(embedding):
        raise Unsealed
    product = from_fields({"product_type": "", **record})  # earlier releases did not store it
    understanding = _understanding(product.id, record["understanding"], embedding)
    version = to_version(payload)
    if version.id != product.id:
        raise Unsealed
    judgement = None
    if "judgement" in record:
        verdict, answer, proposed, *conflicting = record["judgement"]  # an earlier release stored three
        judgement = Judgement(verdict, _understanding(product.id, answer, embedding), proposed, *conflicting)
    return StoredProduct(
        product,
        understanding,
        version.hashes,
        version.model,
        image_refs=tuple(record["images"]),
        judgement=judgement,
        added_at=record.get(ADDED),
        contradictions=tuple(record.get("contradictions", ())),
        doubles=tuple(_double(*one) for one in record.get("doubles", ())),
        was_auto=bool(record.get("was_auto")),
    )


def _double(kind: Doubled, other: str, score: float, axes: Sequence[str], same_article: bool) -> Double:
    return Double(kind, other, score, tuple(axes), same_article)


def likeliest(understanding: Understanding) -> CategoryScore | None:
    """The likeliest leaf of the tree, be it promised or not; None if the model gave no category at all."""
    category, guess = understanding.category, next(iter(understanding.alternatives), None)
    if not category:
        return guess
    return guess if guess and guess.path[: len(category.path)] == category.path else category


def _understanding(id: str, fields: Mapping[str, Any], embedding: NDArray[np.float32]) -> Understanding:
    category, alternatives = _categories(fields)
    return Understanding(
        id=id,
        category=category,
        alternatives=alternatives,
        tags=tuple(Scored(name, score) for name, score in fields["tags"]),
        attributes=_attributes(fields),
        embedding=embedding,
        modalities_used=tuple(fields["modalities"]),
        decision=fields["decision"],
        notes=tuple(fields.get("notes", ())),
        base=_base(fields["base"]) if "base" in fields else None,
        sides=sides_of(fields["sides"]) if "sides" in fields else None,
        image_measures=tuple(
            ImageMeasures(*one) for one in fields.get("image_measures", ())
        ),  # earlier releases measured none
    )


def _base(fields: Mapping[str, Any]) -> BaseAnswer:
    category, alternatives = _categories(fields)
    answer = (category, alternatives, _attributes(fields), fields["decision"], fields["unfamiliar"])
    return BaseAnswer(fields["model"], *answer)


def _attributes(fields: Mapping[str, Any]) -> dict[str, Scored]:
    return {name: Scored(value, score) for name, (value, score) in fields["attributes"].items()}


def to_version(payload: Mapping[str, Any]) -> StoredVersion:
    """Raises RecordDamaged."""
    try:
        product_id, hashes, model = json.loads(unsealed(payload["version"]))
        return StoredVersion(product_id, ContentHashes(*hashes), model)
    except (KeyError, TypeError, ValueError):
        raise RecordDamaged from None


def to_title(payload: Mapping[str, Any]) -> str:
    """Without making anything else of the record. Raises RecordDamaged."""
    try:
        return str(json.loads(unsealed(payload[RECORD]))["title"])
    except (KeyError, TypeError, ValueError):
        raise RecordDamaged from None


def _to_record(stored: StoredProduct) -> dict[str, Any]:
    said = stored.judgement
    record: dict[str, Any] = {
        **product_fields(stored.product),
        "images": stored.image_refs,
        ADDED: stored.added_at,
        "understanding": _understanding_fields(stored.understanding),
    }
    if stored.contradictions:
        record["contradictions"] = stored.contradictions
    if stored.doubles:
        record["doubles"] = stored.doubles
    if stored.was_auto:
        record["was_auto"] = True
    if said:
        for name in ("base", "sides"):
            record["understanding"].pop(name, None)  # the answer has it
        record["judgement"] = (
            said.verdict,
            _understanding_fields(said.answer),
            said.proposed_category,
            said.conflicting,
        )
    return record


def _understanding_fields(found: Understanding) -> dict[str, Any]:
    fields = {
        **_answer_fields(found),
        "tags": [(tag.name, tag.score) for tag in found.tags],
        "modalities": found.modalities_used,
        "notes": found.notes,
        "image_measures": found.image_measures,
    }
    if found.base:
        own = {"model": found.base.model, "unfamiliar": found.base.unfamiliar}
        fields["base"] = _answer_fields(found.base) | own
    if found.sides and (found.sides.shows or found.sides.differ):
        fields["sides"] = sides_fields(found.sides)
    return fields


def sides_fields(sides: Sides) -> dict[str, Any]:
    """What an image and the words promise, only where they differ: few do."""
    shows = {name: [(one.name, round(one.score, 4)) for one in values] for name, values in sides.shows.items()}
    fields: dict[str, Any] = {"shows": shows}
    if sides.differ and sides.image and sides.text:
        numbers = (sides.image_of_text, sides.text_of_image, sides.cosine)
        fields |= {"image": _fields(sides.image), "text": _fields(sides.text)}
        fields["likeness"] = [round(number, 6) for number in numbers]
    return fields


def sides_of(fields: Mapping[str, Any]) -> Sides:
    shows = {name: tuple(Scored(*one) for one in values) for name, values in fields["shows"].items()}
    if "likeness" not in fields:
        return Sides(shows=shows)
    image_of_text, text_of_image, cosine = fields["likeness"]
    return Sides(_category(fields["image"]), _category(fields["text"]), image_of_text, text_of_image, cosine, shows)


def _answer_fields(found: Understanding | BaseAnswer) -> dict[str, Any]:
    return {
        "category": found.category and _fields(found.category),
        "alternatives": [_fields(other) for other in found.alternatives],
        "attributes": {name: (value.name, value.score) for name, value in found.attributes.items()},
        "decision": found.decision,
    }


def _categories(understood: Mapping[str, Any]) -> tuple[CategoryScore | None, tuple[CategoryScore, ...]]:
    """The category and the alternatives. Earlier releases kept both as one list, its first of whatever score."""
    if "categories" in understood:
        ranked = tuple(_category(fields) for fields in understood["categories"])
        return (None, ranked) if understood["decision"] == "abstain" else (ranked[0], ranked[1:])
    found = understood["category"]
    return found and _category(found), tuple(_category(fields) for fields in understood["alternatives"])


def _fields(one: CategoryScore) -> tuple[object, ...]:
    return one.id, one.path, one.path_scores, one.path_ids


def _category(fields: Sequence[Any]) -> CategoryScore:
    node_id, path, path_scores, path_ids = fields
    return CategoryScore(node_id, tuple(path), tuple(path_scores), tuple(path_ids))


def _compact(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _valid(value: Any) -> Any:
    if isinstance(value, list):
        return [valid_unicode(item) for item in value]
    return valid_unicode(value) if isinstance(value, str) else value
