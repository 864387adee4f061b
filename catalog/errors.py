"""Every error a user can cause, each with a stable code and our own fixed text.

    CatalogError
    ├── ProductInvalid (the product as a whole): ProductEmpty, TextUnreadable, TextTooLong, ImageAsText,
    │       TooManyImages
    ├── ImageInvalid (one image): ImageEmpty, ImageFormatUnsupported, ImageCorrupt, ImageTooManyBytes,
    │       ImageTooManyPixels, ImageSideOutOfRange, ImageAspectOutOfRange, ImageTooCostly, ImageNotFound,
    │       ImageOutsideRoot, ImageUrlRefused, ImageFetchFailed
    ├── ImagesLeftOut
    ├── FeedInvalid: FeedEmpty, FeedFormatUnsupported, FeedEncodingInvalid, FeedColumnsInvalid, FeedRowsInvalid,
    │       FeedDamaged, ReplaceRefused, CorrectionsUnplaced
    ├── RowInvalid: RowRagged, RowEncodingInvalid, RowIdMissing, RowIdInvalid, RowIdDuplicate, RowCellTooLong,
    │       RowPriceInvalid, RowPriceAmbiguous [price_ambiguous], RowOfferUnclear, RowLinkInvalid, RowUnreadable,
    │       TextMisdecoded, GtinInvalid, RowCategoryMissing
    ├── SearchInvalid: SearchEmpty, FilterInvalid
    ├── ProductNotFound
    ├── CorrectionInvalid
    ├── EventInvalid
    ├── DocumentInvalid: DocumentFormatUnsupported, DocumentTooLarge, DocumentDamaged, DocumentEmpty, TooManyDocuments
    ├── DocumentNotFound
    ├── IndexFailed: IndexNotFound, IndexLocked, IndexMismatch, IndexOfOtherModel, IndexDamaged, IndexUnavailable,
    │       DiskFull
    ├── StateDamaged: RecordDamaged [state_damaged], LedgerDamaged, StateUnavailable
    ├── LedgerTaken
    ├── FileNotReadable
    ├── FileNotWritable
    ├── TaxonomyInvalid: CategoryNotFound, CategoryAmbiguous, CategoryMisplaced
    ├── ManifestInvalid
    ├── ConfigInvalid
    ├── CheckpointInvalid: CheckpointDamaged
    ├── TooFewProducts
    ├── NothingVerified
    ├── SalesInvalid
    ├── PretrainingUnhelpful
    └── SequenceUnhelpful

An error's code is its class name in snake case, except where the tree gives another in brackets.

An error is raised with at most one argument, its message, so that it survives pickling between processes.
A message never repeats a library's text, which may hold paths or addresses.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


def installing(extra: str) -> str:
    """How to get what an extra brings. Shelflens is installed from a clone of its repository, not from an index."""
    return f"In a clone of Shelflens: pip install -e '.[{extra}]'."


class CatalogError(Exception):
    """An error the caller can correct. `code` is stable across releases, the message is for people."""

    code = "catalog_error"
    default = "The request could not be understood."

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "code" not in cls.__dict__:
            cls.code = re.sub(r"\B(?=[A-Z])", "_", cls.__name__).lower()

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.default)

    @property
    def message(self) -> str:
        return str(self.args[0])


@contextmanager
def translating(meaning: Callable[[BaseException], CatalogError | None], keep_cause: bool = False) -> Iterator[None]:
    """Raise what `meaning` makes of another library's exception, as a block or as a decorator.

    Our own errors pass, and so does what `meaning` answers with None. keep_cause: the log shows the library's exception
    as well, which may name paths or addresses.
    """
    try:
        yield
    except CatalogError:
        raise
    except BaseException as error:
        ours = meaning(error)
        if ours is None:
            raise
        raise ours from (error if keep_cause else None)


class ProductInvalid(CatalogError):
    default = "The product is not valid."


class ProductEmpty(ProductInvalid):
    default = "The product has no image and no text. Send at least one of them."


class TextUnreadable(ProductInvalid):
    default = "The model cannot read the script of this text, so the text has no embedding."


class TextTooLong(ProductInvalid):
    default = "The title and description together exceed the length limit."


class ImageAsText(ProductInvalid):
    """`param` names the field."""

    default = (
        'A text is an image: a data URI or base64. Send it as an image: "images": ["data:..."] of a product,'
        ' {"image": "data:..."} in /v1/embeddings and /v1/search.'
    )
    param: str | None = None


class TooManyImages(ProductInvalid):
    default = "The product has more images than the limit."


class ImageInvalid(CatalogError):
    default = "The image is not valid."


class ImageEmpty(ImageInvalid):
    default = "The image is empty (0 bytes)."


class ImageFormatUnsupported(ImageInvalid):
    default = "The file is not a JPEG, PNG, WebP, GIF or BMP image."


class ImageCorrupt(ImageInvalid):
    default = "The image is corrupt or truncated and cannot be decoded."


class ImageTooManyBytes(ImageInvalid):
    default = "The image file is larger than the limit."


class ImageTooManyPixels(ImageInvalid):
    default = "The image has more pixels than the limit."


class ImageSideOutOfRange(ImageInvalid):
    default = "The width or height of the image is outside the limits."


class ImageAspectOutOfRange(ImageInvalid):
    default = "The image's aspect ratio exceeds the limit."


class ImageTooCostly(ImageInvalid):
    default = "Decoding this image would take too much processor time. Save it again as a plain JPEG or PNG."


class ImageNotFound(ImageInvalid):
    default = "The image file does not exist or cannot be read."


class ImageOutsideRoot(ImageInvalid):
    default = "The image's path leads outside the image folder."


class ImageUrlRefused(ImageInvalid):
    default = "Images from this URL are not allowed."


class ImageFetchFailed(ImageInvalid):
    default = "The image could not be fetched."


class ImagesLeftOut(CatalogError):
    """A warning, of a product that is stored."""

    default = "The product has more images than are read."


class FeedInvalid(CatalogError):
    default = "The feed is not valid."


class FeedEmpty(FeedInvalid):
    default = "The feed has no products."


class FeedFormatUnsupported(FeedInvalid):
    default = "The feed is not a CSV, TSV, JSON, XML, Parquet or zip file, nor a folder of images."


class FeedEncodingInvalid(FeedInvalid):
    default = (
        "The feed is not UTF-8, and its encoding is not certain. Name it (--encoding), or save the feed as UTF-8;"
        ' in Excel the file type is "CSV UTF-8".'
    )


class FeedRowsInvalid(FeedInvalid):
    default = "No row of the feed could be ingested."


class FeedColumnsInvalid(FeedInvalid):
    default = "The feed's columns are not valid."


class FeedDamaged(FeedInvalid):
    default = "The feed is corrupt or truncated."


class ReplaceRefused(FeedInvalid):
    default = "The products that the feed no longer has were not taken out."


class CorrectionsUnplaced(FeedInvalid):
    default = (
        "None of the corrected products is in this feed, so nothing was written. Give the feed that was ingested, and"
        " name its column of ids if it was named then."
    )


class RowInvalid(CatalogError):
    default = "The row is not valid."


class RowRagged(RowInvalid):
    default = "The row has more or fewer cells than the header."


class RowEncodingInvalid(RowInvalid):
    default = "The row is not valid UTF-8."


class RowIdMissing(RowInvalid):
    default = "The row has no id."


class RowCategoryMissing(RowInvalid):
    default = "The row has no category to teach."


class RowIdInvalid(RowInvalid):
    default = "The row's id is too long or contains control characters."


class RowIdDuplicate(RowInvalid):
    default = "An earlier row of the feed has the same id."


class RowCellTooLong(RowInvalid):
    default = "A cell of the row exceeds the length limit."


class RowPriceInvalid(RowInvalid):
    default = "The price is not a number of at least 0."


class RowOfferUnclear(RowInvalid):
    default = "What the row says of the offer is not known."


class RowPriceAmbiguous(RowInvalid):
    code = "price_ambiguous"
    default = "The price can be read as two different numbers."


class RowLinkInvalid(RowInvalid):
    default = "The link is not a URL that begins with https:// or http://."


class RowUnreadable(RowInvalid):
    default = "The row could not be read. This may be a bug in Shelflens; the log has the details."


class TextMisdecoded(RowInvalid):
    default = "Letters of a text are lost or decoded wrongly. Save the feed as UTF-8 where it comes from."


class GtinInvalid(RowInvalid):
    default = "The GTIN (EAN, UPC, ISBN) does not have 8, 12, 13 or 14 digits of which the last is the check digit."


class SearchInvalid(CatalogError):
    default = "The search is not valid."


class SearchEmpty(SearchInvalid):
    default = "The search has no text, no image and no product id. Send at least one of them."


class FilterInvalid(SearchInvalid):
    default = "The filter is not valid."


class ProductNotFound(CatalogError):
    default = "No product with this id is stored."


class CorrectionInvalid(CatalogError):
    default = "A correction is one line of text: without line breaks, tabs, NUL and other control characters."


class EventInvalid(CatalogError):
    default = "An event needs a shopper, a kind, a time and, unless it is a search, a product."


class DocumentInvalid(CatalogError):
    default = "The document is not valid."


class DocumentFormatUnsupported(DocumentInvalid):
    default = "The document is not Markdown (.md), HTML (.html), plain text (.txt) or a PDF."


class DocumentTooLarge(DocumentInvalid):
    default = "The document is larger than the limit."


class DocumentDamaged(DocumentInvalid):
    default = "The PDF is damaged or encrypted and cannot be read."


class DocumentEmpty(DocumentInvalid):
    default = "The document has no words. A scanned PDF has none either."


class TooManyDocuments(DocumentInvalid):
    default = "There are as many documents as the limit allows. Delete some."


class DocumentNotFound(CatalogError):
    default = "There is no document with this id. It may have been deleted."


class IndexFailed(CatalogError):
    default = "The index operation failed."


class IndexNotFound(IndexFailed):
    default = "There is no index at this location."


class IndexLocked(IndexFailed):
    default = "Another process has this index open. Only one process can open it at a time."


class IndexMismatch(IndexFailed):
    default = "The index holds embeddings of another length."


class IndexOfOtherModel(IndexFailed):
    default = "Another model made this index. Embeddings of two models cannot be compared."


class IndexDamaged(IndexFailed):
    default = "An index file is missing or damaged."


class IndexUnavailable(IndexFailed):
    default = "The index server does not respond."


class DiskFull(IndexFailed):
    default = "The disk is full. What was stored before is intact. Free some space and try again."


class StateDamaged(CatalogError):
    default = "A file stored beside the index cannot be read or written."


class RecordDamaged(StateDamaged):
    """One stored product."""

    code = "state_damaged"
    default = "The stored record of this product is damaged (payload_storage). Store the product again, or delete it."


class LedgerDamaged(StateDamaged):
    default = "The ledger of earlier ingests cannot be read or written."


class StateUnavailable(StateDamaged):
    default = "The database of the service's state does not respond."


class LedgerTaken(CatalogError):
    default = "Another process has gone on with this ingest. Wait until it has ended."


class FileNotReadable(CatalogError):
    default = "The file does not exist or cannot be read."


class FileNotWritable(CatalogError):
    default = "The file cannot be written."


class TaxonomyInvalid(CatalogError):
    default = "The taxonomy file is not valid."


class CategoryNotFound(TaxonomyInvalid):
    default = "There is no such category."


class CategoryAmbiguous(TaxonomyInvalid):
    default = "Several categories have this name."


class CategoryMisplaced(TaxonomyInvalid):
    default = "The category cannot stand there."


class ManifestInvalid(CatalogError):
    default = "The manifest is not valid."


class ConfigInvalid(CatalogError):
    default = "The configuration is not valid."


class CheckpointInvalid(CatalogError):
    default = "The folder does not hold a Shelflens model."


class CheckpointDamaged(CheckpointInvalid):
    default = "A file of the model differs from its recorded sha256."


class TooFewProducts(CatalogError):
    default = "The feed has too few products to learn from."


class NothingVerified(CatalogError):
    default = (
        "Nothing is verified of this product that a draft could say: it has no words of the merchant, and the model is"
        " not sure of it. Add a title, or confirm its category."
    )


class SalesInvalid(CatalogError):
    default = "The sales cannot be read."


class PretrainingUnhelpful(CatalogError):
    default = "Pretraining on this catalog did not help. No model was written."


class SequenceUnhelpful(CatalogError):
    default = "A sequence model does not recommend better to these shoppers. None is used."
