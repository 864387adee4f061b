"""A stored product as a row of an export, and back: all that an index holds of it."""

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.index.records import sides_fields, sides_of
from catalog.product import (
    NUMBERS,
    PRODUCT_FIELDS,
    CategoryScore,
    ContentHashes,
    ImageMeasures,
    Scored,
    StoredProduct,
    Understanding,
    each_value,
    from_fields,
    product_fields,
)

if TYPE_CHECKING:
    import pyarrow as pa


def schema(embeddings: bool = True) -> "pa.Schema":
    import pyarrow as pa

    category = {
        "id": pa.string(),
        "path": pa.list_(pa.string()),
        "path_scores": pa.list_(pa.float64()),
        "path_ids": pa.list_(pa.string()),
    }
    scored = pa.struct({"name": pa.string(), "score": pa.float64()})
    attribute = pa.struct({"name": pa.string(), "value": pa.string(), "score": pa.float64()})
    texts = [name for name in PRODUCT_FIELDS if name not in (*NUMBERS, "attributes", "variants")]
    return pa.schema(
        {
            **{name: pa.string() for name in texts},
            **{name: pa.float64() for name in NUMBERS},
            "variants": pa.string(),  # JSON
            "given_attributes": pa.list_(pa.struct({"name": pa.string(), "value": pa.string()})),
            "images": pa.list_(pa.string()),
            "category": pa.struct(category),
            "alternatives": pa.list_(pa.struct(category)),
            "tags": pa.list_(scored),
            "attributes": pa.list_(attribute),
            "decision": pa.string(),
            "modalities": pa.list_(pa.string()),
            "notes": pa.list_(pa.string()),
            "contradictions": pa.list_(pa.string()),
            "was_auto": pa.bool_(),
            "sides": pa.string(),  # JSON
            "image_measures": pa.list_(pa.list_(pa.float64())),
            "model": pa.string(),
            "hashes": pa.list_(pa.string()),
            **({"embedding": pa.list_(pa.float32())} if embeddings else {}),
        }
    )


def to_row(stored: StoredProduct) -> dict[str, Any]:
    product, understanding = stored.product, stored.understanding
    fields = product_fields(product)
    return {
        **fields,
        "variants": json.dumps(fields["variants"], ensure_ascii=False) if fields["variants"] else "",
        "given_attributes": [
            {"name": name, "value": value}
            for name, values in product.attributes.items()
            for value in each_value(values)
        ],
        "images": list(stored.image_refs),
        "category": understanding.category and _category_row(understanding.category),
        "alternatives": [_category_row(category) for category in understanding.alternatives],
        "tags": [{"name": tag.name, "score": tag.score} for tag in understanding.tags],
        "attributes": [
            {"name": name, "value": found.name, "score": found.score}
            for name, found in understanding.attributes.items()
        ],
        "decision": understanding.decision,
        "modalities": list(understanding.modalities_used),
        "notes": list(understanding.notes),
        "contradictions": list(stored.contradictions),
        "was_auto": stored.was_auto,
        "sides": json.dumps(sides_fields(understanding.sides), ensure_ascii=False) if understanding.sides else None,
        "image_measures": [list(map(float, one)) for one in understanding.image_measures],
        "model": stored.model,
        "hashes": list(stored.hashes),
        "embedding": understanding.embedding.tolist(),
    }


def from_row(row: dict[str, Any]) -> StoredProduct:
    values: dict[str, list[str]] = {}
    for pair in row["given_attributes"]:
        values.setdefault(pair["name"], []).append(pair["value"])
    given = {name: tuple(found) if len(found) > 1 else found[0] for name, found in values.items()}
    variants = json.loads(row.get("variants") or "[]")
    # Earlier releases had no product_type.
    named = {"product_type": row.get("product_type") or "", "attributes": given, "variants": variants}
    product = from_fields(row | named)
    category, alternatives = _categories(row)
    understanding = Understanding(
        id=row["id"],
        category=category,
        alternatives=alternatives,
        tags=tuple(Scored(tag["name"], tag["score"]) for tag in row["tags"]),
        attributes={found["name"]: Scored(found["value"], found["score"]) for found in row["attributes"]},
        embedding=np.asarray(row["embedding"], np.float32),
        modalities_used=tuple(row["modalities"]),
        decision=row["decision"],
        notes=tuple(row.get("notes") or ()),
        sides=sides_of(json.loads(row["sides"])) if row.get("sides") else None,
        image_measures=tuple(
            ImageMeasures(int(one[0]), int(one[1]), *one[2:]) for one in row.get("image_measures") or ()
        ),
    )
    return StoredProduct(
        product,
        understanding,
        ContentHashes(*row["hashes"]),
        row["model"],
        tuple(row["images"]),
        contradictions=tuple(row.get("contradictions") or ()),
        was_auto=bool(row.get("was_auto")),
    )


def _categories(row: dict[str, Any]) -> tuple[CategoryScore | None, tuple[CategoryScore, ...]]:
    """The category and the alternatives. Earlier releases wrote one even where the model abstained."""
    category = _category(row["category"]) if row["category"] else None
    alternatives = tuple(_category(other) for other in row["alternatives"])
    if category and row["decision"] == "abstain":
        return None, (category, *alternatives)
    return category, alternatives


def _category_row(category: CategoryScore) -> dict[str, Any]:
    return {
        "id": category.id,
        "path": list(category.path),
        "path_scores": list(category.path_scores),
        "path_ids": list(category.path_ids),
    }


def _category(row: dict[str, Any]) -> CategoryScore:
    return CategoryScore(row["id"], tuple(row["path"]), tuple(row["path_scores"]), tuple(row["path_ids"]))
