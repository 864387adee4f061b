"""What every answer with an error must be like."""

import re
from typing import Any

# Words that only a library, a path or a traceback would bring into an answer. Our own files may be named: jobs.sqlite.
FOREIGN = re.compile(
    r"pillow|PIL|pydantic|starlette|fastapi|uvicorn|llhttp|ray\.|torch|qdrant|(?<!\.)sqlite|Traceback|File \"|/tmp"
    r"|/root|/home|site-packages|0x[0-9a-f]{6}|\.py\b"
)


def assert_error(response: Any, status: int, code: str, param: str | None = None) -> str:
    """The error has our shape and no library's words; returns its message."""
    error = error_of(response, status)
    assert (error["code"], error["param"]) == (code, param)
    return error["message"]


def error_of(response: Any, status: int) -> dict[str, str]:
    """The error of an answer, whose shape and words are right. response: of a test client, of httpx, or `WireAnswer`"""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-request-id"]
    assert response.json().keys() == {"error"}
    error: dict[str, str] = response.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert not FOREIGN.search(response.text), response.text
    return error
