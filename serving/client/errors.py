"""The errors of a client.

    CatalogError (see catalog.errors)
    └── ClientError: RequestFailed, ServiceUnreachable, ServiceTimeout

A RequestFailed carries the code that the service sent.
"""

import httpx
from pydantic import ValidationError

from catalog.errors import CatalogError
from serving.error_responses import ErrorBody


class ClientError(CatalogError):
    """See the module's docstring."""


class RequestFailed(ClientError):
    """An error response of the service. code: as documented, stable across releases. param: the invalid field, if there
    is one. request_id: of the request in the service's log.
    """

    default = "The service answered with an error."

    def __init__(
        self,
        message: str | None = None,
        status: int = 500,
        code: str = "request_failed",
        param: str | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param
        self.request_id = request_id

    def __str__(self) -> str:
        return f"{self.message} ({self.status} {self.code})"


class ServiceUnreachable(ClientError):
    default = "The service cannot be reached, or the connection broke."


class ServiceTimeout(ClientError):
    default = "The service did not respond in time."


def failed(response: httpx.Response) -> RequestFailed:
    """The error of a response. If it is not the service's, but a proxy's, its code is answer_unknown."""
    request_id = response.headers.get("x-request-id", "")
    try:
        said = ErrorBody.model_validate_json(response.content).error
    except ValidationError:
        message = f"The answer with status {response.status_code} is not one of Shelflens."
        return RequestFailed(message, response.status_code, "answer_unknown", None, request_id)
    return RequestFailed(said.message, response.status_code, said.code, said.param, request_id)
