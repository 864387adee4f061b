"""Errors as HTTP responses: the one table from errors to statuses, and the body

`{"error": {"message", "type", "param", "code"}}`.
"""

from http import HTTPStatus
from typing import NamedTuple

from pydantic import BaseModel

from catalog.errors import (
    CatalogError,
    CorrectionInvalid,
    DiskFull,
    DocumentInvalid,
    DocumentNotFound,
    DocumentTooLarge,
    EventInvalid,
    FeedInvalid,
    ImageInvalid,
    ImageTooManyBytes,
    IndexFailed,
    IndexLocked,
    IndexOfOtherModel,
    IndexUnavailable,
    LedgerTaken,
    NothingVerified,
    ProductInvalid,
    ProductNotFound,
    SearchInvalid,
    StateDamaged,
    StateUnavailable,
    TextTooLong,
    TooFewProducts,
    TooManyImages,
)
from serving.errors import (
    RETRY_SECONDS,
    BadRequest,
    BodyTimeout,
    BodyTooLarge,
    CategoryListMissing,
    CategoryMapNotReady,
    DeadlineExceeded,
    Forbidden,
    HeadersTooLarge,
    IdempotencyConflict,
    ImageNotKept,
    ImagesNeeded,
    IndexNotReady,
    JobFinished,
    JobsNotReady,
    MediaTypeUnsupported,
    MessageTooLarge,
    MethodNotAllowed,
    ModelFailed,
    ModelInUse,
    ModelNotReady,
    ModelNotTaught,
    ModelUnknown,
    NoShadow,
    NotFound,
    NothingToAccept,
    Overloaded,
    ProductChanged,
    RequestInvalid,
    Unauthorized,
    UploadIncomplete,
    UploadOffsetWrong,
    UploadTooLarge,
)

# The nearest class on an error's way up decides, so a new error needs no line here unless it differs from its parent.
# What is not listed was not caused by a client.
STATUS: dict[type[CatalogError], int] = {
    ProductInvalid: 422,
    SearchInvalid: 422,
    FeedInvalid: 422,
    CorrectionInvalid: 422,
    EventInvalid: 422,
    DocumentInvalid: 422,
    DocumentTooLarge: 413,
    DocumentNotFound: 404,
    TooFewProducts: 422,
    NothingVerified: 422,
    ProductNotFound: 404,
    ImageInvalid: 422,
    ImageTooManyBytes: 413,
    BadRequest: 400,
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    MethodNotAllowed: 405,
    BodyTimeout: 408,
    BodyTooLarge: 413,
    MessageTooLarge: 413,
    UploadTooLarge: 413,
    HeadersTooLarge: 431,
    MediaTypeUnsupported: 415,
    RequestInvalid: 422,
    Overloaded: 429,
    ModelFailed: 500,
    ModelNotReady: 503,
    IndexNotReady: 503,
    JobsNotReady: 503,
    DeadlineExceeded: 504,
    ProductChanged: 409,
    ImagesNeeded: 409,
    ImageNotKept: 404,
    NothingToAccept: 409,
    ModelUnknown: 404,
    NoShadow: 404,
    CategoryListMissing: 409,
    CategoryMapNotReady: 503,
    ModelNotTaught: 409,
    ModelInUse: 409,
    IndexOfOtherModel: 409,
    IndexLocked: 503,
    IndexUnavailable: 503,
    StateUnavailable: 503,
    JobFinished: 409,
    UploadOffsetWrong: 409,
    UploadIncomplete: 409,
    IdempotencyConflict: 409,
    LedgerTaken: 409,
    DiskFull: 507,
}

# Of the errors that no client caused, those whose words help whoever runs the service: they name a file at most.
STORAGE = (IndexFailed, StateDamaged)

# Statuses that a framework gives on its own, in our words.
FROM_STATUS: dict[int, type[CatalogError]] = {
    STATUS[kind]: kind
    for kind in (
        BadRequest,
        Unauthorized,
        Forbidden,
        NotFound,
        MethodNotAllowed,
        BodyTimeout,
        ProductChanged,
        BodyTooLarge,
        MediaTypeUnsupported,
        RequestInvalid,
        Overloaded,
        ModelFailed,
        ModelNotReady,
        DeadlineExceeded,
        DiskFull,
    )
}


# The `type` of an error is what its status says in general.
TYPES = {401: "authentication_error", 403: "permission_error", 429: "overloaded_error"}
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="shelflens"'}


class ErrorDetail(BaseModel):
    """What went wrong. `code` is stable across releases; `param` names the field at fault, where one is."""

    message: str
    type: str
    param: str | None = None
    code: str


class ErrorBody(BaseModel):
    error: ErrorDetail


class ErrorResponse(NamedTuple):
    """An error as an HTTP response."""

    status: int
    headers: dict[str, str]
    body: ErrorBody


def status_of(error: CatalogError) -> int:
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def detail(error: CatalogError, param: str | None = None) -> ErrorDetail:
    """The error for a client. One that no client caused says what is damaged, or gives nothing of itself away."""
    status = status_of(error)
    if status == 500 and not isinstance(error, STORAGE):
        error = ModelFailed()
    kind = TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return ErrorDetail(message=error.message, type=kind, param=param or getattr(error, "param", None), code=error.code)


def to_response(error: CatalogError, param: str | None = None) -> ErrorResponse:
    status = status_of(error)
    headers = dict(CHALLENGE) if status == 401 else {}
    if status in (429, 503):
        headers["Retry-After"] = str(getattr(error, "retry_seconds", RETRY_SECONDS))
    return ErrorResponse(status, headers, ErrorBody(error=detail(error, param)))


def from_status(status: int) -> CatalogError:
    """Our error for a status that a framework chose."""
    if status in FROM_STATUS:
        return FROM_STATUS[status]()
    return BadRequest() if status < HTTPStatus.INTERNAL_SERVER_ERROR else ModelFailed()


def param_of(error: CatalogError, image_field: str) -> str | None:
    """The field of one product that an error about it concerns."""
    if isinstance(error, ImageInvalid | TooManyImages):
        return image_field
    return "description" if isinstance(error, TextTooLong) else None
