"""The service's OpenAPI document, and its operations as a client calls them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from serving.api.app import build_app
from serving.api.services import Services
from serving.settings.schema import Settings

Schema = dict[str, Any]
# Middleware reads it of every request, and a client has it as an option of its own.
DEADLINE = "X-Request-Deadline-Seconds"


def document() -> dict[str, Any]:
    nothing = Services(models=cast(Any, None), store=cast(Any, None), jobs=cast(Any, None))  # no route is called
    return build_app(nothing, Settings()).openapi()


@dataclass(frozen=True)
class Operation:
    """bodies, answers: schemas by media type, of what succeeds; parameters: by their places, path, query and header."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    parameters: dict[str, list[Schema]]
    bodies: dict[str, Schema]
    answers: dict[str, Schema]


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            yield operation(path, method, told)


def operation(path: str, method: str, told: dict[str, Any]) -> Operation:
    parameters: dict[str, list[Schema]] = {"path": [], "query": [], "header": []}
    for parameter in told.get("parameters", []):
        if parameter["name"] != DEADLINE:
            parameters[parameter["in"]].append(parameter)
    good = next(response for status, response in told["responses"].items() if status.startswith("2"))
    return Operation(
        told["operationId"],
        method.upper(),
        path,
        told["summary"],
        told["description"],
        parameters,
        schemas(told.get("requestBody", {})),
        schemas(good),
    )


def schemas(part: dict[str, Any]) -> dict[str, Schema]:
    return {kind: content["schema"] for kind, content in part.get("content", {}).items()}


def references(schema: Any) -> Iterator[str]:
    """The names of the schemas that one refers to."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"].rpartition("/")[2]
        for value in schema.values():
            yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)


def reached(roots: list[Any], schemas: dict[str, Schema]) -> set[str]:
    """The names of all schemas that these refer to, also by others."""
    found, waiting = set[str](), [name for root in roots for name in references(root)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += references(schemas[name])
    return found
