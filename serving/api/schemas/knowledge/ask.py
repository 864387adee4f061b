"""Questions about products, and what answers them word for word."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from catalog.questions import MAX_QUESTION, Answer, Reply
from catalog.questions.passages import By, Source
from catalog.questions.rewording import Reworded, State
from serving.api.schemas.schema import Schema, rounded

NOT_ANSWERED = "The listing does not say."


class AskRequest(Schema):
    """A question in English or Chinese."""

    question: Annotated[str, Field(min_length=1, max_length=MAX_QUESTION, examples=["What is it made of?"])]
    reword: Annotated[
        bool, Field(description="Also have the first answer in a sentence, by the endpoint of `llm_url`.")
    ] = False


class CatalogueAskRequest(AskRequest):
    """A question to the products that a filter leaves, by default to all of them."""

    filter: Annotated[
        dict[str, Any] | None,
        Field(description="As in /v1/search, of the products that are asked. Documents about the shop are asked, too."),
    ] = None


class AnswerOut(BaseModel):
    """What answers, word for word as its source has it: text[0] is the letter `start` of a description or a
    review, of another source the first. name: of the attribute or field, the heading above the sentence, or the id of
    the review. by: who says so, of which
    `certainty` is how sure that is.
    """

    text: str
    source: Source
    name: str
    start: int
    by: By
    score: Annotated[float, Field(ge=0, le=1, description="How probably it answers the question.")]
    certainty: Annotated[float, Field(ge=0, le=1)]
    product_id: Annotated[str, Field(description="Of which it is said; empty where of several.")]
    document: Annotated[str, Field(description="The document's file, where it is from one.")]
    page: Annotated[int | None, Field(description="Of a PDF, from 1.")]


class AskResponse(BaseModel):
    """answers: best first; none where nothing answers, and then `message` says so."""

    answered: bool
    answers: list[AnswerOut]
    message: str
    reworded: Annotated[str, Field(description="The first answer in a sentence, of words of the answer alone.")] = ""
    rewording: Annotated[
        State | None,
        Field(
            description="Null unless asked for. `refused`: it said more than the answer; `off`: there is no endpoint."
        ),
    ] = None


def to_ask_response(reply: Reply, reworded: Reworded | None = None) -> AskResponse:
    answers = [to_answer(answer) for answer in reply.answers]
    return AskResponse(
        answered=reply.answered,
        answers=answers,
        message="" if answers else NOT_ANSWERED,
        reworded=reworded.text if reworded else "",
        rewording=reworded.state if reworded else None,
    )


def to_answer(answer: Answer) -> AnswerOut:
    passage = answer.passage
    return AnswerOut(
        text=passage.text,
        source=passage.source,
        name=passage.name,
        start=passage.start,
        by=passage.by,
        score=rounded(answer.score),
        certainty=rounded(passage.score),
        product_id=passage.product,
        document=passage.document,
        page=passage.page,
    )
