"""What the OpenAPI document says beyond what FastAPI reads off the routes: bodies, examples, errors, access."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from catalog.errors import (
    CatalogError,
    DiskFull,
    ImageAspectOutOfRange,
    ImageAsText,
    ImageCorrupt,
    ImageEmpty,
    ImageFormatUnsupported,
    ImageSideOutOfRange,
    ImageTooCostly,
    ImageTooManyPixels,
    IndexLocked,
    IndexUnavailable,
    ProductEmpty,
    TextTooLong,
    TooManyImages,
)
from serving import errors
from serving.api.schemas.analyze import AnalyzeForm, AnalyzeRequest
from serving.api.schemas.category_map import ConfirmationRequest
from serving.api.schemas.embeddings import EmbeddingsRequest
from serving.api.schemas.jobs import FailedRow, FeedForm, FeedRequest, JobRequest
from serving.api.schemas.judging.audit import FindingVerdict
from serving.api.schemas.judging.feedback import AlikeRequest, FeedbackBatch, FeedbackRequest
from serving.api.schemas.knowledge.ask import AskRequest, CatalogueAskRequest
from serving.api.schemas.language.intents import IntentsRequest
from serving.api.schemas.language.reviews import ReviewsRequest
from serving.api.schemas.models import CategoryRequest
from serving.api.schemas.offers.demand import DemandRequest
from serving.api.schemas.offers.drafts import DraftOptions
from serving.api.schemas.offers.requests import DraftRequest, PriceRequest
from serving.api.schemas.products import ProductChange, ProductIn
from serving.api.schemas.search import FILTER, SearchRequest
from serving.api.schemas.shoppers import EventsRequest, RecommendationsRequest
from serving.api.schemas.uploads import UploadRequest
from serving.error_responses import ErrorBody, status_of, to_response
from serving.middleware.paths import is_open
from serving.settings.schema import Settings

JSON, FORM, LINES = "application/json", "multipart/form-data", "application/x-ndjson"
BYTES = "application/octet-stream"

# Schemas that FastAPI does not see: routes read these bodies themselves, as ours may hold 28 MB of images.
UNSEEN: tuple[type[BaseModel], ...] = (
    AnalyzeRequest,
    AskRequest,
    CatalogueAskRequest,
    CategoryRequest,
    ConfirmationRequest,
    DemandRequest,
    DraftOptions,
    DraftRequest,
    EmbeddingsRequest,
    ErrorBody,
    EventsRequest,
    FailedRow,
    AlikeRequest,
    FeedbackBatch,
    FeedbackRequest,
    FeedRequest,
    FindingVerdict,
    IntentsRequest,
    JobRequest,
    PriceRequest,
    ProductChange,
    ProductIn,
    RecommendationsRequest,
    ReviewsRequest,
    SearchRequest,
    UploadRequest,
)
NULL = "(null)"
REFERENCE = "#/components/schemas/{model}"

Errors = Sequence[type[CatalogError]]

# Errors of every route behind AuthMiddleware and RequestGuardMiddleware; of those with a body; and of several routes.
COMMON: Errors = (
    errors.BadRequest,
    errors.DeadlineInvalid,
    errors.ApiKeyMissing,
    errors.ApiKeyInvalid,
    errors.ScopeInsufficient,
    errors.CrossSite,
    errors.RateLimited,
    errors.TooManyConcurrent,
    errors.HeadersTooLarge,
    errors.MessageTooLarge,
    errors.ModelFailed,
    errors.DeadlineExceeded,
)
BODY: Errors = (
    errors.JsonInvalid,
    errors.BodyTimeout,
    errors.BodyTooLarge,
    errors.MediaTypeUnsupported,
    errors.RequestInvalid,
)
IMAGE: Errors = (
    errors.ImageUrlNotAllowed,
    errors.ImageDataInvalid,
    ImageEmpty,
    ImageFormatUnsupported,
    ImageCorrupt,
    ImageTooManyPixels,
    ImageSideOutOfRange,
    ImageAspectOutOfRange,
    ImageTooCostly,
    errors.ImagesTooCostly,
)
PRODUCT: Errors = (ProductEmpty, TextTooLong, ImageAsText, TooManyImages, *IMAGE)
MODEL: Errors = (errors.ModelNotReady, errors.Overloaded)
INDEX: Errors = (errors.IndexNotReady, IndexLocked, IndexUnavailable)
WRITING: Errors = (*INDEX, DiskFull)

BEARER = {"type": "http", "scheme": "bearer", "description": "Where the service has API keys: one of them."}
HEADERS = {
    "X-Request-Id": {"description": "By which the service's log has the request.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 0}},
}
DEADLINE = {
    "name": "X-Request-Deadline-Seconds",
    "in": "header",
    "required": False,
    "description": "Give up after so many seconds, and answer 504. The service's own limit cannot be made longer.",
    "schema": {"type": "number", "minimum": 0.001, "maximum": 999_999},
    "example": 2.5,
}


def reference(schema: type[BaseModel]) -> dict[str, str]:
    assert schema in UNSEEN
    return {"$ref": REFERENCE.format(model=schema.__name__)}


def operation(
    summary: str,
    example: Any = None,
    *,
    status: int = 200,
    kind: str = JSON,
    also: Mapping[str, str] | None = None,
    body: dict[str, Any] | None = None,
    raises: Errors = (),
    gated: bool = True,
) -> dict[str, Any]:
    """What a route's decorator is told for the document. example, kind: of a good answer, None where it has no body;
    also: examples of other kinds that it may have; raises: errors of this route beside those of every one; gated: it
    may need an API key.
    """
    said = (*(COMMON if gated else ()), *(BODY if body else ()), *raises)
    good: dict[str, Any] = {} if example is None else {"content": {kind: {"example": marked(example)}}}
    if kind != JSON:
        schema = {"type": "string"} if isinstance(example, str) else {"type": "string", "contentMediaType": kind}
        good = {"content": {kind: {"schema": schema} | ({"example": example} if isinstance(example, str) else {})}}
    for other, text in (also or {}).items():
        good["content"][other] = {"schema": {"type": "string"}, "example": text}
    documented: dict[str, Any] = {"summary": summary, "status_code": status}
    documented["responses"] = {status: good} | error_responses(said)
    if body:
        documented["openapi_extra"] = {"requestBody": {"required": True, "content": body}}
    return documented


def error_responses(said: Errors) -> dict[int | str, dict[str, Any]]:
    """Each status with every error that has it, by its code."""
    responses: dict[int | str, dict[str, Any]] = {}
    for error in sorted((kind() for kind in dict.fromkeys(said)), key=status_of):
        status, _, body = to_response(error)
        if status not in responses:
            responses[status] = {"model": ErrorBody, "description": "", "content": {JSON: {"examples": {}}}}
        responses[status]["description"] += f"- `{error.code}`: {error.message}\n"
        responses[status]["content"][JSON]["examples"][error.code] = {"value": marked(body.model_dump())}
    return responses


def marked(example: Any) -> Any:
    """The example with marks for its nulls, which FastAPI would drop."""
    return exchanged(example, None, NULL)


def exchanged(document: Any, old: Any, new: Any) -> Any:
    """One value for another throughout a document."""
    if isinstance(document, dict):
        return {name: exchanged(value, old, new) for name, value in document.items()}
    if isinstance(document, list):
        return [exchanged(value, old, new) for value in document]
    return new if document == old else document


def json_body(schema: type[BaseModel], example: dict[str, Any]) -> dict[str, Any]:
    """The documentation of a body that the route reads itself."""
    return {JSON: {"schema": reference(schema), "example": example}}


def binary_body(description: str) -> dict[str, Any]:
    """The documentation of a body that is a file, or a part of one."""
    return {BYTES: {"schema": {"type": "string", "contentMediaType": BYTES, "description": description}}}


def lines(example: dict[str, Any]) -> str:
    """JSON lines, one of them."""
    return json.dumps(example, ensure_ascii=False) + "\n"


def analyze_form_schema() -> dict[str, Any]:
    """AnalyzeForm's fields and the files, which pydantic does not see."""
    schema = AnalyzeForm.model_json_schema(ref_template=REFERENCE)
    schema["properties"]["image"] = {
        "type": "array",
        "items": {"type": "string", "contentMediaType": "application/octet-stream"},
        "description": "Image files: JPEG, PNG, WebP, GIF or BMP.",
    }
    (dimensions, _) = schema["properties"]["embedding_dimensions"].pop("anyOf")  # a form has no null
    schema["properties"]["embedding_dimensions"] |= dimensions
    return schema


def feed_form_schema(form: type[FeedForm]) -> dict[str, Any]:
    """JobForm's or PreviewForm's fields and the file, which pydantic does not see."""
    schema = form.model_json_schema(ref_template=REFERENCE)
    columns = schema["properties"].pop("columns")
    schema["properties"] = {
        "file": {"type": "string", "contentMediaType": "application/octet-stream", "description": "The feed."},
        "columns": {"type": "string", "description": f"JSON text. {columns['description']}"},
        **schema["properties"],
    }
    return schema | {"required": ["file"]}


def document(app: FastAPI, settings: Settings) -> dict[str, Any]:
    """The OpenAPI document, made once."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=app.description,
            routes=app.routes,
        )
        schemas = schema["components"]["schemas"]
        _, definitions = models_json_schema([(model, "validation") for model in UNSEEN], ref_template=REFERENCE)
        schemas.update(definitions["$defs"])
        describe_filter(schemas)
        describe_limits(schemas, settings.max_items)
        for path, operations in schema["paths"].items():
            for described in operations.values():
                describe_headers(described, is_open(path))
        schema["components"] |= {"headers": HEADERS, "securitySchemes": {"bearer": BEARER}}
        app.openapi_schema = exchanged(schema, NULL, None)
    return app.openapi_schema


def describe_headers(described: dict[str, Any], is_open: bool) -> None:
    """The headers that the middleware reads of a request and adds to an answer."""
    if not is_open:
        described["security"] = [{}, {"bearer": []}]
        described["parameters"] = [*described.get("parameters", ()), DEADLINE]
    for status, response in described["responses"].items():
        names = ("X-Request-Id", "Retry-After") if status in ("429", "503") else ("X-Request-Id",)
        response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def describe_filter(schemas: dict[str, Any]) -> None:
    """A filter is read by hand, so that its errors name its parts."""
    schemas["Filter"] = FILTER
    for name in ("SearchRequest", "RecommendationsRequest", "CatalogueAskRequest"):
        field = schemas[name]["properties"]["filter"]
        field["anyOf"] = [{"$ref": REFERENCE.format(model="Filter")}, {"type": "null"}]


def describe_limits(schemas: dict[str, Any], items: int) -> None:
    """So many items in one request, as the operator has it."""
    schemas["AnalyzeRequest"]["properties"]["items"]["maxItems"] = items
