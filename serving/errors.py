"""What can go wrong between a client and the model. HTTP statuses: `serving.error_responses`.

    CatalogError (see catalog.errors)
    ├── ServiceError
    │   ├── BadRequest: JsonInvalid, MultipartInvalid, DeadlineInvalid
    │   ├── RequestInvalid: TooManyItems, TokensUnsupported, EmbeddingDimensionsUnsupported, CategoryUnknown,
    │   │       SourcesOff, SourceOutside, SourceNotFound, UploadPartTooLong
    │   ├── Unauthorized: ApiKeyMissing, ApiKeyInvalid
    │   ├── Forbidden: ScopeInsufficient, CrossSite
    │   ├── NotFound: JobNotFound, FeedbackNotFound, ConfirmationNotFound, FindingNotFound, UploadNotFound,
    │   │       UserNotFound, ReviewNotFound
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
    │   ├── ModelNotTaught
    │   ├── ModelInUse
    │   ├── NoShadow
    │   ├── CategoryListMissing
    │   ├── CategoryMapNotReady
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
    default = "The request is not valid HTTP for this URL."


class JsonInvalid(BadRequest):
    default = "The body is not valid JSON in UTF-8."


class MultipartInvalid(BadRequest):
    default = "The body is not a valid multipart form, or it has too many parts."


class DeadlineInvalid(BadRequest):
    default = "X-Request-Deadline-Seconds must be a number of seconds above 0, such as 2.5."
    param = "x-request-deadline-seconds"


class RequestInvalid(ServiceError):
    default = "A field of the request is missing, unknown or has the wrong type."

    def __init__(self, message: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param or self.param


class TooManyItems(RequestInvalid):
    default = "The request has more items than the limit."
    param = "items"


class TokensUnsupported(RequestInvalid):
    default = (
        "The input is a list of token numbers, which mean nothing to this model: its vocabulary is another. Send the"
        " texts themselves; LangChain's OpenAIEmbeddings does with check_embedding_ctx_length=False."
    )
    param = "input"


class EmbeddingDimensionsUnsupported(RequestInvalid):
    default = "The model's embedding cannot be truncated to this length."
    param = "embedding_dimensions"


class Unauthorized(ServiceError):
    default = "This URL requires an API key."


class ApiKeyMissing(Unauthorized):
    default = "This service requires an API key. Send it in the header Authorization: Bearer KEY."


class ApiKeyInvalid(Unauthorized):
    default = "The API key is not known to this service."


class Forbidden(ServiceError):
    default = "This is not allowed."


class ScopeInsufficient(Forbidden):
    default = "This API key is read-only: it can analyze, embed, search and get, but not write."


class CrossSite(Forbidden):
    default = (
        "The request comes from a page of another site. Without API keys, only this service's own pages are allowed."
    )


class NotFound(ServiceError):
    default = "There is nothing at this URL. The routes are listed at /docs."


class MethodNotAllowed(ServiceError):
    default = "This URL does not support this method. The methods are listed at /docs."


class BodyTimeout(ServiceError):
    default = "The request body did not arrive in time."


class HeadersTooLarge(ServiceError):
    default = "The headers or the URL of the request are larger than the limit."


class BodyTooLarge(ServiceError):
    default = "The request body is larger than the limit."


class MessageTooLarge(ServiceError):
    default = (
        "The request or its response is larger than the limit between the service's processes. Send fewer items or"
        " images, or ask for a smaller limit."
    )


class MediaTypeUnsupported(ServiceError):
    default = "Send application/json, or multipart/form-data for one product with its image files."


class Overloaded(ServiceError):
    default = "The service is at capacity. Try again shortly."


class RateLimited(Overloaded):
    """`retry_seconds`: after how many seconds the next request is taken."""

    default = "This client exceeds its request rate. Try again later."

    def __init__(self, message: str | None = None, retry_seconds: int = RETRY_SECONDS) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


class TooManyConcurrent(Overloaded):
    default = "This client has reached its limit of concurrent requests. Try again when one has finished."


class ModelFailed(ServiceError):
    default = "The service failed to process this request. The request is not at fault."


class ModelNotReady(ServiceError):
    default = "The model is starting or restarting. Try again shortly."


class IndexNotReady(ServiceError):
    default = "The index is starting or restarting. Try again shortly."


class JobsNotReady(ServiceError):
    default = "The job service is starting or restarting. Try again shortly."


class DeadlineExceeded(ServiceError):
    default = "The response was not ready in time."


class ProductChanged(ServiceError):
    default = "Another request changed this product at the same time. Fetch it and try again."


class ImagesNeeded(ServiceError):
    code = "pictures_needed"
    default = "We no longer have this product's images, so the text cannot be re-analyzed alone. Send `images` as well."
    param = "images"


class ImageNotKept(ServiceError):
    code = "picture_not_kept"
    default = "The service has not stored this image of the product."


class CategoryUnknown(RequestInvalid):
    default = "The taxonomy has no category with this id."
    param = "category"


class NothingToAccept(ServiceError):
    default = (
        "The model is not sure of any category for this product, so there is nothing to accept. Correct it with a"
        " category instead."
    )
    param = "verdict"


class ModelUnknown(ServiceError):
    default = "No model with this version is loaded or taught here. /v1/models lists those that are."


class ModelNotTaught(ServiceError):
    default = (
        "The active model was not taught your categories, so it cannot learn from verdicts. Teach one and activate it."
    )


class ModelInUse(ServiceError):
    default = "This model is the active one. Activate another one, then it can be removed."


class NoShadow(ServiceError):
    default = "No shadow model is loaded, so there is nothing to compare."


class CategoryListMissing(ServiceError):
    default = "Google's list of categories is not here yet. Send it first, as Google publishes it."


class CategoryMapNotReady(ServiceError):
    default = "The categories are still being compared. Try again shortly."


class JobNotFound(NotFound):
    default = "There is no job with this id. Old finished jobs are deleted."


class FeedbackNotFound(NotFound):
    default = "There is no verdict with this id. It may have been undone."


class FindingNotFound(NotFound):
    default = "The last audit found nothing with this id, or nothing was said of it."


class ReviewNotFound(NotFound):
    default = "The product has no review with this id."


class ConfirmationNotFound(NotFound):
    default = "Nothing was confirmed under this id. It may have been undone."


class JobFinished(ServiceError):
    default = "The job has already finished."


class UserNotFound(NotFound):
    default = "Nothing is kept of a user with this id."


class UploadNotFound(NotFound):
    default = (
        "There is no upload with this id. An upload is removed once a job uses it, or after a day without new parts."
    )


class UploadTooLarge(ServiceError):
    default = "The file is larger than the upload limit."
    param = "bytes"


class UploadOffsetWrong(ServiceError):
    default = (
        "The part does not start where the upload ends. Get the upload: `received` is the offset of the next part."
    )
    param = "Upload-Offset"


class UploadPartTooLong(RequestInvalid):
    default = "The part extends past the end of the file."


class UploadIncomplete(ServiceError):
    default = "The upload is not complete yet. Send the remaining parts."
    param = "upload"


class IdempotencyConflict(ServiceError):
    default = "This Idempotency-Key was used for a job with different content. Use a new key."
    param = "Idempotency-Key"


class SourcesOff(RequestInvalid):
    default = "The server has no feed folder. Send the feed as a file in a multipart form."
    param = "source"


class SourceOutside(RequestInvalid):
    default = "The source leads outside the server's feed folder. Give a path relative to that folder."
    param = "source"


class SourceNotFound(RequestInvalid):
    default = "The source is not a file in the server's feed folder, or it cannot be read."
    param = "source"


class ServiceNotStarted(CatalogError):
    default = "The service could not be started."


class AddressInUse(ServiceNotStarted):
    default = "The service cannot listen on this address and port."


class ServiceLost(ServiceNotStarted):
    default = "The service has not responded for a minute because Ray was lost. Start it again. Stored data is safe."


class KeysRequired(ServiceNotStarted):
    default = (
        "The service needs an API key to listen beyond this machine. Create one with `shelflens keys add NAME`. With"
        " --insecure, everyone who can reach the address has full access."
    )


class ImageUrlNotAllowed(ImageInvalid):
    default = "Image URLs are disabled by default. Send the image itself, as a data URI or in a multipart form."


class ImageDataInvalid(ImageInvalid):
    default = "The image is not a base64 data URI, such as data:image/jpeg;base64,/9j/4AAQ."


class ImagesTooCostly(ImageInvalid):
    code = "pictures_too_costly"
    default = "The images of the request need more processor time than the limit for one request. Send fewer at once."
