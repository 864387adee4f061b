"""Reaching a Qdrant server, and what its errors mean."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit

from qdrant_client import QdrantClient
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

from catalog.errors import DiskFull, IndexFailed, IndexNotFound, IndexUnavailable

DEFAULT_PORT = 6333
TIMEOUT_SECONDS = 30

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def translating_errors(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Turns the client's errors into ours: they repeat addresses and what the server answered."""

    @functools.wraps(function)
    def called(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        try:
            return function(*arguments, **named)
        except UnexpectedResponse as error:
            raise _meaning(error.status_code, error.content) from None
        except (ApiException, QdrantException, OSError):
            raise IndexUnavailable from None

    return called


def _meaning(status: int | None, content: bytes) -> IndexFailed:
    if status == 404:
        return IndexNotFound()
    if status in (401, 403):
        return IndexUnavailable("The index server refuses the API key.")
    if b"No space left" in content or b"disk" in content.lower():
        return DiskFull()
    if status is None or status >= 500 or status == 429:
        return IndexUnavailable()
    return IndexFailed()


@translating_errors
def connect(address: str, tls: bool, api_key: str | None) -> tuple[QdrantClient, str]:
    """address: "host:port/collection". Returns a client and the collection's name. Raises IndexNotFound."""
    try:
        parts = urlsplit(f"//{address}")
        host, port, collection = parts.hostname, parts.port or DEFAULT_PORT, parts.path.strip("/")
    except ValueError:
        host, port, collection = None, 0, ""
    if not host or not collection or "/" in collection or parts.username or parts.query:
        raise IndexNotFound("The address must read qdrant://host:port/collection.")
    client = QdrantClient(
        host=host, port=port, https=tls, api_key=api_key, timeout=TIMEOUT_SECONDS, check_compatibility=False
    )
    return client, collection
