"""What can go wrong between a client and the model. HTTP statuses: `serving.error_responses`.

    CatalogError (see catalog.errors)
    ├── ServiceError
    │   ├── BadRequest: JsonInvalid, MultipartInvalid, DeadlineInvalid
    │   ├── RequestInvalid: TooManyItems, EmbeddingDimensionsUnsupported, CategoryUnknown, SourcesOff, SourceOutside,
    │   │       SourceNotFound, UploadPartTooLong
    │   ├── Unauthorized: ApiKeyMissing, ApiKeyInvalid
    │   ├── Forbidden: ScopeInsufficient, CrossSite
    │   ├── NotFound: JobNotFound, FeedbackNotFound, UploadNotFound
    │   ├── MethodNotAllowed
    │   ├── BodyTimeout
    │   ├── HeadersTooLarge
    │   ├── BodyTooLarge
    │   ├── MessageTooLarge
    │   ├── UploadTooLarge
    │   ├── MediaTypeUnsupported
    │   ├── Overloaded: RateLimited, TooManyConcurrent
    │   ├── ModelFailed
    │   ├── ModelNotReady
    │   ├── IndexNotReady
    │   ├── JobsNotReady
    │   ├── DeadlineExceeded
    │   ├── ProductChanged
    │   ├── ImagesNeeded [pictures_needed]
    │   ├── ImageNotKept [picture_not_kept]
    │   ├── NothingToAccept
    │   ├── ModelUnknown
    │   ├── NoShadow
    │   ├── JobFinished
    │   ├── UploadOffsetWrong
    │   ├── UploadIncomplete
    │   └── IdempotencyConflict
    ├── ServiceNotStarted (for whoever starts the service): AddressInUse, ServiceLost, KeysRequired
    └── ImageInvalid: ImageUrlNotAllowed, ImageDataInvalid, ImagesTooCostly [pictures_too_costly]

Codes and how a tree is written: see catalog.errors.
"""

from catalog.errors import CatalogError, ImageInvalid

RETRY_SECONDS = 1


class ServiceError(CatalogError):
    """`param` names the field of the request at fault, where one is."""

    param: str | None = None


class BadRequest(ServiceError):
    default = "The request is not valid HTTP for this address."


class JsonInvalid(BadRequest):
    default = "The body is not valid JSON in UTF-8."


class MultipartInvalid(BadRequest):
    default = "The body is not a valid multipart form, or it has too many parts."


class DeadlineInvalid(BadRequest):
    default = "X-Request-Deadline-Seconds is a number of seconds above 0, such as 2.5."
    param = "x-request-deadline-seconds"


class RequestInvalid(ServiceError):
    default = "A field of the request is missing, unknown or has the wrong type."

    def __init__(self, message: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param or self.param


class TooManyItems(RequestInvalid):
    default = "The request has more items than the limit."
    param = "items"


class EmbeddingDimensionsUnsupported(RequestInvalid):
    default = "The model's embedding cannot be cut to this length."
    param = "embedding_dimensions"


class Unauthorized(ServiceError):
    default = "This address needs an API key."


class ApiKeyMissing(Unauthorized):
    default = "This service needs an API key. Send it as the header Authorization: Bearer KEY."


class ApiKeyInvalid(Unauthorized):
    default = "The API key is not known to this service."


class Forbidden(ServiceError):
    default = "This is not allowed."


class ScopeInsufficient(Forbidden):
    default = "The API key may only read: analyze, embed, search and get."


class CrossSite(Forbidden):
    default = "A page of another site asked for this. Without API keys only pages of this service may."


class NotFound(ServiceError):
    default = "There is nothing at this address. The addresses are listed at /docs."


class MethodNotAllowed(ServiceError):
    default = "This address does not answer this method. The methods are listed at /docs."


class BodyTimeout(ServiceError):
    default = "The body of the request did not arrive in time."


class HeadersTooLarge(ServiceError):
    default = "The headers or the address of the request are larger than the limit."


class BodyTooLarge(ServiceError):
    default = "The body of the request is larger than the limit."


class MessageTooLarge(ServiceError):
    default = (
        "The request, or its answer, is larger than what passes between the service's processes. Ask for less at once:"
        " fewer items or pictures, or a smaller limit."
    )


class MediaTypeUnsupported(ServiceError):
    default = "Send application/json, or multipart/form-data for one product with its picture files."


class Overloaded(ServiceError):
    default = "The service has as much work as it accepts. Try again shortly."


class RateLimited(Overloaded):
    """`retry_seconds`: after how many seconds the next request is taken."""

    default = "This client sends more requests than it may. Try again later."

    def __init__(self, message: str | None = None, retry_seconds: int = RETRY_SECONDS) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


class TooManyConcurrent(Overloaded):
    default = "This client has as many requests under way as it may. Try again when one has been answered."


class ModelFailed(ServiceError):
    default = "The service failed on this request. The fault is not the request's."


class ModelNotReady(ServiceError):
    default = "The model cannot answer now: it is starting or was lost. Try again shortly."


class IndexNotReady(ServiceError):
    default = "The index cannot answer now: it is starting or was lost. Try again shortly."


class JobsNotReady(ServiceError):
    default = "Jobs cannot be taken in or told of now: their process is starting or was lost. Try again shortly."


class DeadlineExceeded(ServiceError):
    default = "The answer was not ready in time."


class ProductChanged(ServiceError):
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
    default = "The category tree has no node of this id."
    param = "category"


class NothingToAccept(ServiceError):
    default = "The model promises no category of this product, so there is none to accept. Correct it with one."
    param = "verdict"


class ModelUnknown(ServiceError):
    default = "No model of this version is loaded. /v1/models lists those that are."


class NoShadow(ServiceError):
    default = "No shadow model is loaded, so there is nothing to compare."


class JobNotFound(NotFound):
    default = "There is no job with this id. Those that ended long ago are forgotten."


class FeedbackNotFound(NotFound):
    default = "There is no verdict with this id. It may have been taken back."


class JobFinished(ServiceError):
    default = "The job has ended already."


class UploadNotFound(NotFound):
    default = (
        "There is no upload with this id. One that a job has taken, or that nobody went on with for a day, is gone."
    )


class UploadTooLarge(ServiceError):
    default = "The file is larger than the limit for uploads."
    param = "bytes"


class UploadOffsetWrong(ServiceError):
    default = (
        "The part does not start where the upload ends. Ask for the upload: `received` is where the next one starts."
    )
    param = "Upload-Offset"


class UploadPartTooLong(RequestInvalid):
    default = "The part ends behind the end of the file."


class UploadIncomplete(ServiceError):
    default = "Not all of the upload has arrived yet."
    param = "upload"


class IdempotencyConflict(ServiceError):
    default = "A job with this Idempotency-Key was asked for with other content. Use a new key."
    param = "Idempotency-Key"


class SourcesOff(RequestInvalid):
    default = "The server has no folder of feeds. Send the feed itself, as a file in a multipart form."
    param = "source"


class SourceOutside(RequestInvalid):
    default = "The source leads out of the server's folder of feeds. Give a path that starts from that folder."
    param = "source"


class SourceNotFound(RequestInvalid):
    default = "The source is not a file in the server's folder of feeds, or it cannot be read."
    param = "source"


class ServiceNotStarted(CatalogError):
    default = "The service could not be started."


class AddressInUse(ServiceNotStarted):
    default = "The address and port cannot be listened on."


class ServiceLost(ServiceNotStarted):
    default = "The service has not answered for a minute: Ray was lost. Start it again; nothing stored is lost."


class KeysRequired(ServiceNotStarted):
    default = (
        "To listen beyond this machine the service needs an API key: make one with `shelflens keys add NAME`."
        " With --insecure everyone who reaches the address may do everything."
    )


class ImageUrlNotAllowed(ImageInvalid):
    default = "URLs are off by default. Send the picture itself, as a data URI or in a multipart form."


class ImageDataInvalid(ImageInvalid):
    default = "The picture is not a data URI in base64, such as data:image/jpeg;base64,/9j/4AAQ."


class ImagesTooCostly(ImageInvalid):
    code = "pictures_too_costly"
    default = "The request's pictures together take more processor time than a request may. Send fewer at once."
