"""The parts of every operation: a request, and its response parsed by a schema of `serving.api.schemas`."""

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from serving.client.errors import RequestFailed
from serving.client.steps import Request, Retries, Steps, answered

Answer = TypeVar("Answer", bound=BaseModel)


class Asking:
    """Each method may raise RequestFailed, ServiceUnreachable or ServiceTimeout; those that take images or a feed
    also FileNotReadable.
    """

    _retries: Retries

    def _send(self, request: Request) -> Steps[httpx.Response]:
        return (yield from answered(request, self._retries))

    def _ask(self, schema: type[Answer], method: str, path: str, **rest: Any) -> Steps[Answer]:
        response = yield from self._send(Request(method, path, **rest))
        return read(schema, response, response.content)

    def _lines(self, schema: type[Answer], path: str, query: Mapping[str, Any] | None = None) -> Steps[list[Answer]]:
        response = yield from self._send(Request("GET", path, query or {}))
        return [read(schema, response, line) for line in response.content.splitlines() if line]


def read(schema: type[Answer], response: httpx.Response, content: bytes) -> Answer:
    """Parse a response. Raises RequestFailed if it does not match the schema, as from a proxy or another service."""
    try:
        return schema.model_validate_json(content)
    except ValidationError:
        message = "The answer is not one of Shelflens."
        request_id = response.headers.get("x-request-id", "")
        raise RequestFailed(message, response.status_code, "answer_unknown", None, request_id) from None


def segment(id: str) -> str:
    """An id as one segment of a URL path. "." and ".." are escaped: they would lead to other URLs."""
    return quote(id, safe="") if id.strip(".") else id.replace(".", "%2E")
