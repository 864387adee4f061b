"""POST /v1/drafts and POST /v1/products/{id}/draft."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, Field

from serving.api.schemas.schema import Schema

if TYPE_CHECKING:
    from catalog.drafts import Draft, Text  # these read the lexicons; a client needs none

State = Literal["done", "refused", "failed", "off"]  # of `catalog.questions.rewording`, which a client need not read
Language = Literal["en", "zh"]
ChannelName = Literal["google", "amazon", "ebay", "shopify", "taobao", "xiaohongshu"]


class DraftOptions(Schema):
    channel: Annotated[ChannelName, Field(description="Whose limits the texts keep.")] = "google"
    language: Annotated[
        Language,
        Field(description="Of what stands between the product's own words. These stay, but for colours and people."),
    ] = "en"
    style: Annotated[
        bool,
        Field(description="Have the description written by `draft_model`, or else by the endpoint of `llm_url`."),
    ] = False


class SpanOut(BaseModel):
    """A part of a text. source: the field that has it: `title`, `description`, `brand`, `product_type`, `category`, or
    a name behind `attributes.`, `model.` or `verdict.`; "" for what the template puts between words.
    """

    text: str
    source: str


class TextOut(BaseModel):
    """length: as the channel counts, at most `limit`. spans: together they are the text."""

    text: str
    length: int
    limit: int
    spans: list[SpanOut]


class DraftOut(BaseModel):
    """What a listing of the product may say, each word with its source."""

    channel: ChannelName
    language: Language
    title: TextOut
    description: TextOut
    bullets: list[TextOut]
    ad: TextOut
    styling: Annotated[
        State | None,
        Field(
            description="Null unless asked for. `refused`: it said more than the facts, so the description is the"
            " template's; `off`: the service has nothing that writes."
        ),
    ] = None


def to_draft(found: "Draft", styling: State | None = None) -> DraftOut:
    return DraftOut.model_validate(
        {
            "channel": found.channel.name,
            "language": found.language,
            **{name: to_text(getattr(found, name)) for name in ("title", "description", "ad")},
            "bullets": [to_text(one) for one in found.bullets],
            "styling": styling,
        }
    )


def to_text(text: "Text") -> TextOut:
    spans = [SpanOut(**span._asdict()) for span in text.spans]
    return TextOut(text=str(text), length=text.length, limit=text.limit.limit, spans=spans)
