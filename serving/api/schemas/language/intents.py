"""What messages of customers are about."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field

from catalog.language.intents import Intent
from serving.api.schemas.schema import Schema, rounded

MAX_TEXTS, MAX_LENGTH = 256, 4_000


class IntentsRequest(Schema):
    texts: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=MAX_LENGTH)]], Field(min_length=1, max_length=MAX_TEXTS)
    ]


class IntentOut(BaseModel):
    """`unknown` where no intent is near enough: a person should read the message."""

    intent: str
    score: Annotated[float, Field(ge=0, le=1, description="Of the intent, or of the nearest one that was refused.")]
    nearest: Annotated[str | None, Field(description="The example that is nearest to the text, where there is one.")]


class IntentsResponse(BaseModel):
    """One result for each text, in order. model: the version of the model that read the texts."""

    model: str
    results: list[IntentOut]


def to_intents(found: Sequence[Intent], model: str) -> IntentsResponse:
    results = [IntentOut(intent=one.name, score=rounded(one.score), nearest=one.nearest or None) for one in found]
    return IntentsResponse(model=model, results=results)
