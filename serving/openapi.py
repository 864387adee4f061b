"""What the OpenAPI document says beyond what FastAPI reads off the routes: bodies, examples, errors."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from catalog.errors import CatalogError
from serving.addresses import is_open
from serving.errors import ErrorBody, IdempotencyConflict, from_status, status_of
from serving.errors import answer as error_answer
from serving.settings import Settings
from serving.wire.analyze import AnalyzeForm, AnalyzeRequest
from serving.wire.embeddings import EmbeddingsRequest
from serving.wire.feedback import FeedbackRequest
from serving.wire.jobs import JobForm, JobRequest
from serving.wire.products import ProductChange, ProductIn
from serving.wire.search import SearchRequest

# Routes read these bodies themselves, because ours may hold 20 MB of pictures; so FastAPI does not see them.
BODIES: tuple[type[BaseModel], ...] = (
    AnalyzeRequest,
    EmbeddingsRequest,
    SearchRequest,
    ProductIn,
    ProductChange,
    FeedbackRequest,
    JobRequest,
)

REFERENCE = "#/components/schemas/{model}"
ERROR = {"$ref": REFERENCE.format(model="ErrorBody")}
DEADLINE = {
    "name": "X-Request-Deadline-Seconds",
    "in": "header",
    "required": False,
    "description": "Give up after so many seconds, and answer 504. The service's own limit cannot be made longer.",
    "schema": {"type": "number", "exclusiveMinimum": 0, "example": 2.5},
}
# 3 by 3 pixels, as small as a picture may be.
RED_PNG = "data:image/png;base64," + (
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAADCAIAAADZSiLoAAAAEElEQVR4nGP8zwAFTAyYLAAdWwEFNX6VDAAAAABJRU5ErkJggg=="
)
REQUEST_EXAMPLES: dict[str, dict[str, Any]] = {
    "text alone": {"value": {"items": [{"id": "shirt-1", "title": "Red striped cotton shirt"}]}},
    "picture and text": {
        "value": {
            "items": [
                {
                    "id": "shirt-2",
                    "title": "Shirt",
                    "description": "Long sleeves.",
                    "images": [RED_PNG],
                    "attributes": {"material": "cotton"},
                },
                {"id": "shoe-1", "title": "Running shoe, blue, men"},
            ],
            "top_k": 3,
            "include": ["category", "tags", "attributes", "embedding", "evidence"],
            "embedding_dimensions": 64,
        }
    },
}
PRODUCT_EXAMPLE = {
    "title": "Red striped cotton shirt",
    "description": "Long sleeves.",
    "images": [RED_PNG],
    "brand": "Acme",
    "price": 29.9,
    "currency": "EUR",
    "attributes": {"material": "cotton"},
}
SEARCH_EXAMPLE = {
    "text": "striped shirt",
    "filter": {"price": {"lte": 50}, "attributes": {"colour": ["red", "pink"]}},
    "facets": ["category", "brand"],
}
RESPONSE_EXAMPLE = {
    "model": "3f1c0a9be277",
    "taxonomy_version": "1",
    "results": [
        {
            "id": "shirt-1",
            "category": {
                "id": "clothing.shirt",
                "path": ["Clothing", "Shirt"],
                "path_scores": [0.98, 0.91],
                "score": 0.91,
            },
            "alternatives": [
                {
                    "id": "clothing.t-shirt",
                    "path": ["Clothing", "T-shirt"],
                    "path_scores": [0.98, 0.05],
                    "score": 0.05,
                }
            ],
            "tags": [{"name": "striped", "score": 0.88}],
            "attributes": {"colour": {"value": "red", "score": 0.97}},
            "embedding": None,
            "evidence": {"image": None, "text": None},
            "modalities_used": ["text"],
            "decision": "auto",
            "error": None,
        }
    ],
}


def error_responses(*statuses: int, errors: Sequence[CatalogError] = ()) -> dict[int | str, dict[str, Any]]:
    """The documentation of some error statuses, each with the body it has. errors: those that are a route's own."""
    return {
        status_of(error): {
            "model": ErrorBody,
            "description": error.message,
            "content": {"application/json": {"example": error_answer(error).body.model_dump()}},
        }
        for error in (*map(from_status, statuses), *errors)
    }


def analyze_form_schema() -> dict[str, Any]:
    """AnalyzeForm's fields and the files, which pydantic does not see."""
    schema = AnalyzeForm.model_json_schema(ref_template=REFERENCE)
    schema["properties"]["image"] = {
        "type": "array",
        "items": {"type": "string", "contentMediaType": "application/octet-stream"},
        "description": "Picture files: JPEG, PNG, WebP, GIF or BMP.",
    }
    return schema


def job_form_schema() -> dict[str, Any]:
    schema = JobForm.model_json_schema(ref_template=REFERENCE)
    columns = schema["properties"]["columns"]
    schema["properties"] = {
        "file": {"type": "string", "contentMediaType": "application/octet-stream", "description": "The feed."},
        "columns": {"type": "string", "description": f"JSON text. {columns['description']}"},
        "dry_run": schema["properties"]["dry_run"],
    }
    return schema | {"required": ["file"]}


JOB: dict[str, Any] = {
    "summary": "Ingest a feed",
    "description": "CSV, TSV, JSON lines, Parquet, or a zip of one of these and its pictures; sent along, or by its "
    "path in the server's folder of feeds. The answer comes at once; the job then tells how far it has come.",
    "responses": error_responses(400, 408, 413, 415, 422, 429, 503, 507, errors=[IdempotencyConflict()]),
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": job_form_schema()},
                "application/json": {
                    "schema": {"$ref": REFERENCE.format(model="JobRequest")},
                    "example": {"source": "spring/products.csv", "columns": {"title": "name"}, "dry_run": True},
                },
            },
        }
    },
}

ANALYZE: dict[str, Any] = {
    "summary": "Category, tags, attributes and embedding of products",
    "description": f"{AnalyzeRequest.__doc__}\n\nA multipart form takes one product, and its error is the status.",
    "responses": {
        200: {"content": {"application/json": {"example": RESPONSE_EXAMPLE}}},
        **error_responses(400, 408, 413, 415, 422, 429, 500, 503, 504),
    },
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": REFERENCE.format(model="AnalyzeRequest")},
                    "examples": REQUEST_EXAMPLES,
                },
                "multipart/form-data": {"schema": analyze_form_schema()},
            },
        }
    },
}


def body_of(schema: type[BaseModel], example: dict[str, Any]) -> dict[str, Any]:
    """The documentation of a JSON body that the route reads itself. Its schema must be one of BODIES."""
    assert schema in BODIES
    content = {"schema": {"$ref": REFERENCE.format(model=schema.__name__)}, "example": example}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


def document(app: FastAPI, settings: Settings) -> dict[str, Any]:
    """The OpenAPI document, made once."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        _, definitions = models_json_schema([(body, "validation") for body in BODIES], ref_template=REFERENCE)
        schema["components"]["schemas"].update(definitions["$defs"])
        limit(schema["components"]["schemas"], settings.max_items)
        describe_access(schema)
        app.openapi_schema = schema
    return app.openapi_schema


def describe_access(schema: dict[str, Any]) -> None:
    """What the gate and the door add to every route behind them: the API key, its errors, and the deadline."""
    schema["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "Where the service has API keys: one of them."}
    }
    for path, operations in schema["paths"].items():
        for operation in operations.values() if not is_open(path) else ():
            operation["security"] = [{}, {"bearer": []}]
            added = error_responses(400, 401, 403, 429, 504)
            for status, response in added.items():
                schemed = {"application/json": {**response["content"]["application/json"], "schema": ERROR}}
                operation["responses"].setdefault(str(status), {**response, "content": schemed}).pop("model", None)
            operation["parameters"] = [*operation.get("parameters", ()), DEADLINE]


def limit(schemas: dict[str, Any], items: int) -> None:
    """So many items in one request, as the operator has it."""
    schemas["AnalyzeRequest"]["properties"]["items"]["maxItems"] = items
    lists = schemas["EmbeddingsRequest"]["properties"]["input"]["anyOf"]
    next(one for one in lists if one.get("type") == "array")["maxItems"] = items
