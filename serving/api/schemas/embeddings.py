"""POST /v1/embeddings, as OpenAI's clients know it, with images besides."""

import base64
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from catalog.product import Product
from serving.api.schemas.schema import MAX_ITEMS, DataUri, Schema, cut_embedding, decode_data_uri


class EmbeddingItem(Schema):
    """Words, an image, or both: one vector, by the model's learned fusion."""

    text: str = ""
    image: DataUri = ""

    def to_product(self) -> Product:
        """Raises ImageUrlNotAllowed or ImageDataInvalid."""
        return Product(title=self.text, images=(decode_data_uri(self.image),) if self.image else ())


def as_object(given: object) -> object:
    return {"text": given} if isinstance(given, str) else given


def as_list(given: object) -> object:
    return given if isinstance(given, list) else [given]


# Not a union of types: pydantic would name its members in the place of an error.
Item = Annotated[EmbeddingItem, BeforeValidator(as_object, json_schema_input_type=str | EmbeddingItem)]
Several = Annotated[list[str | EmbeddingItem], Field(min_length=1)]
Items = Annotated[
    list[Item],
    Field(min_length=1, max_length=MAX_ITEMS),
    BeforeValidator(as_list, json_schema_input_type=str | EmbeddingItem | Several),
]


class EmbeddingsRequest(BaseModel):
    """OpenAI's request. Fields of theirs that mean nothing here, such as `user`, are ignored, as clients send them."""

    model_config = ConfigDict(extra="ignore")

    input: Annotated[Items, Field(description="One input or a list of them.")]
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


class Usage(BaseModel):
    """Always 0: nothing is counted or charged."""

    prompt_tokens: int = 0
    total_tokens: int = 0


class EmbeddingsResponse(BaseModel):
    object: Literal["list"] = "list"
    data: list[EmbeddingOut]
    model: str
    usage: Usage = Usage()


def to_response(
    embeddings: Sequence[NDArray[np.float32]], request: EmbeddingsRequest, model: str
) -> EmbeddingsResponse:
    vectors = [cut_embedding(embedding_E, request.dimensions) for embedding_E in embeddings]
    written = as_base64 if request.encoding_format == "base64" else list[float]
    data = [EmbeddingOut(index=index, embedding=written(vector)) for index, vector in enumerate(vectors)]
    return EmbeddingsResponse(data=data, model=model)


def as_base64(vector: Sequence[float]) -> str:
    return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode()
