"""What can go wrong between a client and the model, and the one table from errors to HTTP statuses.

    CatalogError                        see catalog.errors
    ├── ServiceError                    service_error
    │   ├── BadRequest                  bad_request
    │   │   ├── JsonInvalid             json_invalid
    │   │   ├── MultipartInvalid        multipart_invalid
    │   │   └── DeadlineInvalid         deadline_invalid
    │   ├── RequestInvalid              request_invalid
    │   │   ├── TooManyItems            too_many_items
    │   │   ├── SourcesOff              sources_off
    │   │   ├── SourceOutside           source_outside
    │   │   ├── SourceNotFound          source_not_found
    │   │   ├── UploadPartTooLong       upload_part_too_long
    │   │   └── EmbeddingDimensionsUnsupported  embedding_dimensions_unsupported
    │   ├── Unauthorized                unauthorized
    │   │   ├── ApiKeyMissing           api_key_missing
    │   │   └── ApiKeyInvalid           api_key_invalid
    │   ├── Forbidden                   forbidden
    │   │   ├── ScopeInsufficient       scope_insufficient
    │   │   └── CrossSite               cross_site
    │   ├── NotFound                    not_found
    │   │   ├── JobNotFound             job_not_found
    │   │   ├── FeedbackNotFound        feedback_not_found
    │   │   └── UploadNotFound          upload_not_found
    │   ├── MethodNotAllowed            method_not_allowed
    │   ├── BodyTimeout                 body_timeout
    │   ├── HeadersTooLarge             headers_too_large
    │   ├── BodyTooLarge                body_too_large
    │   ├── MessageTooLarge             message_too_large
    │   ├── UploadTooLarge              upload_too_large
    │   ├── MediaTypeUnsupported        media_type_unsupported
    │   ├── Overloaded                  overloaded
    │   │   ├── RateLimited             rate_limited
    │   │   └── TooManyConcurrent       too_many_concurrent
    │   ├── ModelFailed                 model_failed
    │   ├── ModelNotReady               model_not_ready
    │   ├── IndexNotReady               index_not_ready
    │   ├── JobsNotReady                jobs_not_ready
    │   ├── DeadlineExceeded            deadline_exceeded
    │   ├── ProductChanged              product_changed
    │   ├── ImagesNeeded                pictures_needed
    │   ├── ImageNotKept                picture_not_kept
    │   ├── CategoryUnknown             category_unknown
    │   ├── NothingToAccept             nothing_to_accept
    │   ├── ModelUnknown                model_unknown
    │   ├── NoShadow                    no_shadow
    │   ├── JobFinished                 job_finished
    │   ├── UploadOffsetWrong           upload_offset_wrong
    │   ├── UploadIncomplete            upload_incomplete
    │   └── IdempotencyConflict         idempotency_conflict
    ├── ServiceNotStarted               service_not_started
    │   ├── AddressInUse                address_in_use
    │   ├── ServiceLost                 service_lost
    │   └── KeysRequired                keys_required
    └── ImageInvalid
        ├── ImageUrlNotAllowed          image_url_not_allowed
        ├── ImageDataInvalid            image_data_invalid
        └── ImagesTooCostly             pictures_too_costly

ServiceNotStarted is for whoever starts the service; the others reach its clients, always as the body
`{"error": {"message", "type", "param", "code"}}`.
"""

from http import HTTPStatus
from typing import NamedTuple

from pydantic import BaseModel

from catalog.errors import (
    CatalogError,
    DiskFull,
    FeedInvalid,
    ImageInvalid,
    ImageTooManyBytes,
    IndexFailed,
    IndexLocked,
    IndexOfOtherModel,
    IndexUnavailable,
    ProductInvalid,
    ProductNotFound,
    SearchInvalid,
    StateDamaged,
    TextTooLong,
    TooManyImages,
)

RETRY_SECONDS = 1


class ServiceError(CatalogError):
    """`param` names the field of the request at fault, where one is."""

    code = "service_error"
    param: str | None = None


class BadRequest(ServiceError):
    code = "bad_request"
    default = "The request is not valid HTTP for this address."


class JsonInvalid(BadRequest):
    code = "json_invalid"
    default = "The body is not valid JSON in UTF-8."


class MultipartInvalid(BadRequest):
    code = "multipart_invalid"
    default = "The body is not a valid multipart form, or it has too many parts."


class DeadlineInvalid(BadRequest):
    code = "deadline_invalid"
    default = "X-Request-Deadline-Seconds is a number of seconds above 0, such as 2.5."
    param = "x-request-deadline-seconds"


class RequestInvalid(ServiceError):
    code = "request_invalid"
    default = "A field of the request is missing, unknown or has the wrong type."

    def __init__(self, message: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param or self.param


class TooManyItems(RequestInvalid):
    code = "too_many_items"
    default = "The request has more items than the limit."
    param = "items"


class EmbeddingDimensionsUnsupported(RequestInvalid):
    code = "embedding_dimensions_unsupported"
    default = "The model's embedding cannot be cut to this length."
    param = "embedding_dimensions"


class Unauthorized(ServiceError):
    code = "unauthorized"
    default = "This address needs an API key."


class ApiKeyMissing(Unauthorized):
    code = "api_key_missing"
    default = "This service needs an API key. Send it as the header Authorization: Bearer KEY."


class ApiKeyInvalid(Unauthorized):
    code = "api_key_invalid"
    default = "The API key is not known to this service."


class Forbidden(ServiceError):
    code = "forbidden"
    default = "This is not allowed."


class ScopeInsufficient(Forbidden):
    code = "scope_insufficient"
    default = "The API key may only read: analyze, embed, search and get."


class CrossSite(Forbidden):
    code = "cross_site"
    default = "A page of another site asked for this. Without API keys only pages of this service may."


class NotFound(ServiceError):
    code = "not_found"
    default = "There is nothing at this address. The addresses are listed at /docs."


class MethodNotAllowed(ServiceError):
    code = "method_not_allowed"
    default = "This address does not answer this method. The methods are listed at /docs."


class BodyTimeout(ServiceError):
    code = "body_timeout"
    default = "The body of the request did not arrive in time."


class HeadersTooLarge(ServiceError):
    code = "headers_too_large"
    default = "The headers or the address of the request are larger than the limit."


class BodyTooLarge(ServiceError):
    code = "body_too_large"
    default = "The body of the request is larger than the limit."


class MessageTooLarge(ServiceError):
    code = "message_too_large"
    default = (
        "The request, or its answer, is larger than what passes between the service's processes. Ask for less at once:"
        " fewer items or pictures, or a smaller limit."
    )


class MediaTypeUnsupported(ServiceError):
    code = "media_type_unsupported"
    default = "Send application/json, or multipart/form-data for one product with its picture files."


class Overloaded(ServiceError):
    code = "overloaded"
    default = "The service has as much work as it accepts. Try again shortly."


class RateLimited(Overloaded):
    """`retry_seconds`: after how many seconds the next request is taken."""

    code = "rate_limited"
    default = "This client sends more requests than it may. Try again later."

    def __init__(self, message: str | None = None, retry_seconds: int = RETRY_SECONDS) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


class TooManyConcurrent(Overloaded):
    code = "too_many_concurrent"
    default = "This client has as many requests under way as it may. Try again when one has been answered."


class ModelFailed(ServiceError):
    code = "model_failed"
    default = "The service failed on this request. The fault is not the request's."


class ModelNotReady(ServiceError):
    code = "model_not_ready"
    default = "The model cannot answer now: it is starting or was lost. Try again shortly."


class IndexNotReady(ServiceError):
    code = "index_not_ready"
    default = "The index cannot answer now: it is starting or was lost. Try again shortly."


class JobsNotReady(ServiceError):
    code = "jobs_not_ready"
    default = "Jobs cannot be taken in or told of now: their process is starting or was lost. Try again shortly."


class DeadlineExceeded(ServiceError):
    code = "deadline_exceeded"
    default = "The answer was not ready in time."


class ProductChanged(ServiceError):
    code = "product_changed"
    default = "The product was changed by another request at the same time. Read it and try again."


class ImagesNeeded(ServiceError):
    code = "pictures_needed"
    default = (
        "The product's pictures are not kept here, so its words cannot be read anew without them: send images, too."
    )
    param = "images"


class ImageNotKept(ServiceError):
    code = "picture_not_kept"
    default = "No such picture of the product is kept here."


class CategoryUnknown(RequestInvalid):
    code = "category_unknown"
    default = "The category tree has no node of this id."
    param = "category"


class NothingToAccept(ServiceError):
    code = "nothing_to_accept"
    default = "The model promises no category of this product, so there is none to accept. Correct it with one."
    param = "verdict"


class ModelUnknown(ServiceError):
    code = "model_unknown"
    default = "No model of this version is loaded. /v1/models lists those that are."


class NoShadow(ServiceError):
    code = "no_shadow"
    default = "No shadow model is loaded, so there is nothing to compare."


class JobNotFound(NotFound):
    code = "job_not_found"
    default = "There is no job with this id. Those that ended long ago are forgotten."


class FeedbackNotFound(NotFound):
    code = "feedback_not_found"
    default = "There is no verdict with this id. It may have been taken back."


class JobFinished(ServiceError):
    code = "job_finished"
    default = "The job has ended already."


class UploadNotFound(NotFound):
    code = "upload_not_found"
    default = (
        "There is no upload with this id. One that a job has taken, or that nobody went on with for a day, is gone."
    )


class UploadTooLarge(ServiceError):
    code = "upload_too_large"
    default = "The file is larger than the limit for uploads."
    param = "bytes"


class UploadOffsetWrong(ServiceError):
    code = "upload_offset_wrong"
    default = (
        "The part does not start where the upload ends. Ask for the upload: `received` is where the next one starts."
    )
    param = "Upload-Offset"


class UploadPartTooLong(RequestInvalid):
    code = "upload_part_too_long"
    default = "The part ends behind the end of the file."


class UploadIncomplete(ServiceError):
    code = "upload_incomplete"
    default = "Not all of the upload has arrived yet."
    param = "upload"


class IdempotencyConflict(ServiceError):
    code = "idempotency_conflict"
    default = "A job with this Idempotency-Key was asked for with other content. Use a new key."
    param = "Idempotency-Key"


class SourcesOff(RequestInvalid):
    code = "sources_off"
    default = "The server has no folder of feeds. Send the feed itself, as a file in a multipart form."
    param = "source"


class SourceOutside(RequestInvalid):
    code = "source_outside"
    default = "The source leads out of the server's folder of feeds. Give a path that starts from that folder."
    param = "source"


class SourceNotFound(RequestInvalid):
    code = "source_not_found"
    default = "The source is not a file in the server's folder of feeds, or it cannot be read."
    param = "source"


class ServiceNotStarted(CatalogError):
    code = "service_not_started"
    default = "The service could not be started."


class AddressInUse(ServiceNotStarted):
    code = "address_in_use"
    default = "The address and port cannot be listened on."


class ServiceLost(ServiceNotStarted):
    code = "service_lost"
    default = "The service has not answered for a minute: Ray was lost. Start it again; nothing stored is lost."


class KeysRequired(ServiceNotStarted):
    code = "keys_required"
    default = (
        "To listen beyond this machine the service needs an API key: make one with `shelflens keys add NAME`."
        " With --insecure everyone who reaches the address may do everything."
    )


class ImageUrlNotAllowed(ImageInvalid):
    code = "image_url_not_allowed"
    default = "URLs are off by default. Send the picture itself, as a data URI or in a multipart form."


class ImageDataInvalid(ImageInvalid):
    code = "image_data_invalid"
    default = "The picture is not a data URI in base64, such as data:image/jpeg;base64,/9j/4AAQ."


class ImagesTooCostly(ImageInvalid):
    code = "pictures_too_costly"
    default = "The request's pictures together take more processor time than a request may. Send fewer at once."


# The nearest class on an error's way up decides, so a new error needs no line here unless it differs from its parent.
# What is not listed was not caused by a client.
STATUS: dict[type[CatalogError], int] = {
    ProductInvalid: 422,
    SearchInvalid: 422,
    FeedInvalid: 422,
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
    IndexOfOtherModel: 409,
    IndexLocked: 503,
    IndexUnavailable: 503,
    JobFinished: 409,
    UploadOffsetWrong: 409,
    UploadIncomplete: 409,
    IdempotencyConflict: 409,
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


class ErrorAnswer(NamedTuple):
    """An error as HTTP says it."""

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


def answer(error: CatalogError, param: str | None = None) -> ErrorAnswer:
    status = status_of(error)
    headers = dict(CHALLENGE) if status == 401 else {}
    if status in (429, 503):
        headers["Retry-After"] = str(getattr(error, "retry_seconds", RETRY_SECONDS))
    return ErrorAnswer(status, headers, ErrorBody(error=detail(error, param)))


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
