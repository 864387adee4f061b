"""POST /v1/embeddings, as OpenAI's clients know it, with images besides."""

import base64
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from catalog.images.written import is_image
from catalog.product import Product, Understanding
from serving.api.schemas.schema import (
    MAX_INPUTS,
    DataUri,
    NullsAsDefaults,
    Schema,
    Usage,
    cut_embedding,
    decode_data_uri,
    to_usage,
)
from serving.errors import TokensUnsupported


class EmbeddingItem(NullsAsDefaults, Schema):
    """Words, an image, or both: one vector, by the model's learned fusion."""

    text: str = ""
    image: DataUri = ""

    def to_product(self) -> Product:
        """Raises ImageUrlNotAllowed or ImageDataInvalid."""
        return Product(title=self.text, images=(decode_data_uri(self.image),) if self.image else ())


def as_object(given: object) -> object:
    """A text is an input, and so is an image that stands for one."""
    if not isinstance(given, str):
        return given
    return {"image": given.strip()} if is_image(given) else {"text": given}


def as_list(given: object) -> object:
    """Raises TokensUnsupported."""
    inputs = given if isinstance(given, list) else [given]
    first = inputs[0] if inputs else None
    if isinstance(first, list):
        first = first[0] if first else 0
    if isinstance(first, int) and not isinstance(first, bool) and isinstance(given, list):
        raise TokensUnsupported
    return inputs


# Not a union of types: pydantic would name its members in the place of an error.
Item = Annotated[EmbeddingItem, BeforeValidator(as_object, json_schema_input_type=str | EmbeddingItem)]
Several = Annotated[list[str | EmbeddingItem], Field(min_length=1, max_length=MAX_INPUTS)]
Items = Annotated[
    list[Item],
    Field(min_length=1, max_length=MAX_INPUTS),
    BeforeValidator(as_list, json_schema_input_type=str | EmbeddingItem | Several),
]


class EmbeddingsRequest(NullsAsDefaults):
    """OpenAI's request. Fields of theirs that mean nothing here, such as `user`, are ignored, as clients send them."""

    model_config = ConfigDict(extra="ignore")

    input: Annotated[
        Items,
        Field(description="One input or a list of them. A data URI is read as the image that it is."),
    ]
    model: Annotated[
        str | None,
        Field(max_length=256, description="A version that /v1/models lists, or any other name for the active."),
    ] = None
    dimensions: Annotated[int | None, Field(description="Cut the vectors to this length, again of norm 1.")] = None
    encoding_format: Annotated[Literal["float", "base64"], Field(description="base64: little-endian float32.")] = (
        "float"
    )


class EmbeddingOut(BaseModel):
    object: Literal["embedding"] = "embedding"
    index: int
    embedding: Annotated[list[float] | str, Field(description="Of norm 1.")]


class EmbeddingsResponse(BaseModel):
    object: Literal["list"] = "list"
    data: list[EmbeddingOut]
    model: str
    usage: Usage


def to_response(answers: Sequence[Understanding], request: EmbeddingsRequest, model: str) -> EmbeddingsResponse:
    vectors = [cut_embedding(found.embedding, request.dimensions) for found in answers]
    written = as_base64 if request.encoding_format == "base64" else list[float]
    data = [EmbeddingOut(index=index, embedding=written(vector)) for index, vector in enumerate(vectors)]
    return EmbeddingsResponse(data=data, model=model, usage=to_usage(answers))


def as_base64(vector: Sequence[float]) -> str:
    return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode()
