"""What several requests and answers are made of: scored categories, tags and attributes, images, embeddings."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from catalog.errors import CatalogError
from catalog.product import CategoryScore, Note, Scored, Understanding
from serving.errors import ImageDataInvalid, ImageUrlNotAllowed

# Guards for the parser only. Clients are told of `catalog.model.preprocess.MAX_IMAGES`, which gives an error to one
# item and not to its batch.
MAX_IMAGES, MAX_ATTRIBUTES = 64, 64
MAX_VALUES, MAX_VARIANTS = 256, 2048
# So that a body of a million items ends early: clients are told `Settings.max_items`.
MAX_ITEMS = 256
# Of POST /v1/embeddings, as OpenAI's clients send them.
MAX_INPUTS = 2_048

# No control characters and no separators of lines: what a feed refuses in ids, too (catalog.feeds.rows).
PLAIN = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$"

# The pattern is documentation: what does not fit has errors of its own. The type may be missing or wrong.
URI_PATTERN = "^data:[^,]*;base64,([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
DataUri = Annotated[
    str,
    Field(
        description="An image as a data URI in base64: JPEG, PNG, WebP, GIF or BMP.",
        json_schema_extra={"pattern": f"^$|{URI_PATTERN}"},
    ),
]


class Schema(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NullsAsDefaults(BaseModel):
    """A request in which null stands for a field's default, as clients write out what they were not given."""

    @model_validator(mode="before")
    @classmethod
    def without_nulls(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        required = {name for name, field in cls.model_fields.items() if field.is_required()}
        unknown = given.keys() - cls.model_fields.keys()
        return {name: value for name, value in given.items() if value is not None or name in required | unknown}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler(core)
        for field in handler.resolve_ref_schema(schema).get("properties", {}).values():
            if "default" in field and {"type": "null"} not in field.get("anyOf", ()):
                told = {name: field.pop(name) for name in ("default", "description", "title") if name in field}
                plain = dict(field)
                field.clear()
                field.update({"anyOf": [plain, {"type": "null"}], **told})
        return schema


class Usage(BaseModel):
    """What was read. prompt_tokens, total_tokens: the tokens of all texts that the model read, at most
    `max_input_tokens` of each text (GET /v1/models); images have none. truncated: the positions of the texts that are
    longer, of which the rest was not read.
    """

    prompt_tokens: int = 0
    total_tokens: int = 0
    truncated: list[int] = []


def listed(sent: object) -> object:
    return [sent] if isinstance(sent, str) else sent


# Of an attribute: a text or a list of texts, read as a list.
TEXTS = BeforeValidator(listed, json_schema_input_type=str | list[str])


class Category(BaseModel):
    """A node of the category tree. `path` has the labels from the top down, `path_scores` their probabilities."""

    id: str
    path: list[str]
    path_scores: list[float]
    score: Annotated[float, Field(ge=0, le=1)]


# What was left out of a reading, and why there is no category: see `catalog.product.Understanding`.
Notes = Annotated[
    list[Note],
    Field(
        description="`text_not_read`: words in a script that the model cannot read were left out, or it knows"
        " nothing of the text. `unfamiliar`: the product is unlike everything the model was taught, so it has no"
        " category."
    ),
]


class Tag(BaseModel):
    name: str
    score: Annotated[float, Field(ge=0, le=1)]


class AttributeValue(BaseModel):
    value: str
    score: Annotated[float, Field(ge=0, le=1)]


def decode_data_uri(uri: str) -> bytes:
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


def to_usage(answers: Iterable[Understanding | CatalogError]) -> Usage:
    read = [(at, found) for at, found in enumerate(answers) if isinstance(found, Understanding)]
    tokens = sum(found.tokens for _, found in read)
    return Usage(prompt_tokens=tokens, total_tokens=tokens, truncated=[at for at, found in read if found.cut])


def to_category(scored: CategoryScore) -> Category:
    scores = [rounded(score) for score in scored.path_scores]
    return Category(id=scored.id, path=list(scored.path), path_scores=scores, score=scores[-1])


def to_tags(tags: Iterable[Scored]) -> list[Tag]:
    return [Tag(name=tag.name, score=rounded(tag.score)) for tag in tags]


def to_attributes(attributes: Mapping[str, Scored]) -> dict[str, AttributeValue]:
    return {name: AttributeValue(value=a.name, score=rounded(a.score)) for name, a in attributes.items()}


def cut_embedding(embedding_E: NDArray[np.float32], dimensions: int | None) -> list[float]:
    """The first numbers of a Matryoshka embedding, of norm 1 again (Kusupati et al. 2022)."""
    head_D = embedding_E[:dimensions].astype(np.float64)
    return [round(number, 7) for number in (head_D / np.linalg.norm(head_D)).tolist()]


def rounded(score: float) -> float:
    return round(score, 6)


def written(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601, UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
