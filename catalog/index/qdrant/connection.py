"""Reaching a Qdrant server, and what its errors mean."""

from urllib.parse import urlsplit

from qdrant_client import QdrantClient
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

from catalog.errors import DiskFull, IndexFailed, IndexNotFound, IndexUnavailable, translating

DEFAULT_PORT = 6333
TIMEOUT_SECONDS = 30


def server_error(error: BaseException) -> IndexFailed | None:
    """What the client's errors mean, for `translating`: they repeat addresses and what the server answered."""
    if isinstance(error, UnexpectedResponse):
        return _meaning(error.status_code, error.content)
    return IndexUnavailable() if isinstance(error, ApiException | QdrantException | OSError) else None


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


@translating(server_error)
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
