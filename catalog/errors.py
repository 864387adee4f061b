"""Every error a user can cause, each with a stable code and our own fixed text.

    CatalogError
    ├── ProductInvalid (the product as a whole): ProductEmpty, TextUnreadable, TextTooLong, TooManyImages
    ├── ImageInvalid (one image): ImageEmpty, ImageFormatUnsupported, ImageCorrupt, ImageTooManyBytes,
    │       ImageTooManyPixels, ImageSideOutOfRange, ImageAspectOutOfRange, ImageTooCostly, ImageNotFound,
    │       ImageOutsideRoot, ImageUrlRefused, ImageFetchFailed
    ├── FeedInvalid: FeedEmpty, FeedFormatUnsupported, FeedEncodingInvalid, FeedColumnsInvalid, FeedRowsInvalid,
    │       FeedDamaged
    ├── RowInvalid: RowRagged, RowEncodingInvalid, RowIdMissing, RowIdInvalid, RowIdDuplicate, RowCellTooLong,
    │       RowPriceInvalid, RowLinkInvalid, RowUnreadable
    ├── SearchInvalid: SearchEmpty, FilterInvalid
    ├── ProductNotFound
    ├── IndexFailed: IndexNotFound, IndexLocked, IndexMismatch, IndexOfOtherModel, IndexDamaged, IndexUnavailable,
    │       DiskFull
    ├── StateDamaged: RecordDamaged [state_damaged], LedgerDamaged
    ├── FileNotReadable
    ├── FileNotWritable
    ├── TaxonomyInvalid
    ├── ManifestInvalid
    ├── ConfigInvalid
    └── CheckpointInvalid: CheckpointDamaged

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
    default = "The product has neither a picture nor any text. Give at least one of them."


class TextUnreadable(ProductInvalid):
    default = "The words are in a script that the model cannot read, so they have no embedding."


class TextTooLong(ProductInvalid):
    default = "The title and description together are longer than the limit."


class TooManyImages(ProductInvalid):
    default = "The product has more pictures than the limit."


class ImageInvalid(CatalogError):
    default = "The picture is not valid."


class ImageEmpty(ImageInvalid):
    default = "The picture is empty (0 bytes)."


class ImageFormatUnsupported(ImageInvalid):
    default = "The file is not a JPEG, PNG, WebP, GIF or BMP picture."


class ImageCorrupt(ImageInvalid):
    default = "The picture is damaged or cut short and cannot be decoded."


class ImageTooManyBytes(ImageInvalid):
    default = "The picture file is larger than the limit."


class ImageTooManyPixels(ImageInvalid):
    default = "The picture has more pixels than the limit."


class ImageSideOutOfRange(ImageInvalid):
    default = "A side of the picture is shorter or longer than the limits."


class ImageAspectOutOfRange(ImageInvalid):
    default = "The picture is too long and narrow."


class ImageTooCostly(ImageInvalid):
    default = "The picture is made so that decoding it would take far too long."


class ImageNotFound(ImageInvalid):
    default = "The picture file does not exist or cannot be read."


class ImageOutsideRoot(ImageInvalid):
    default = "The picture's path leads outside the folder of pictures."


class ImageUrlRefused(ImageInvalid):
    default = "Pictures from this address are not allowed."


class ImageFetchFailed(ImageInvalid):
    default = "The picture could not be fetched."


class FeedInvalid(CatalogError):
    default = "The feed is not valid."


class FeedEmpty(FeedInvalid):
    default = "The feed holds no products."


class FeedFormatUnsupported(FeedInvalid):
    default = "The feed is not a CSV, TSV, JSONL, Parquet or zip file, nor a folder of pictures."


class FeedEncodingInvalid(FeedInvalid):
    default = 'The feed is not UTF-8. Save it as UTF-8; in Excel the file type is "CSV UTF-8".'


class FeedRowsInvalid(FeedInvalid):
    default = "No row of the feed could be ingested."


class FeedColumnsInvalid(FeedInvalid):
    default = "The feed's columns are not valid."


class FeedDamaged(FeedInvalid):
    default = "The feed is damaged or cut short."


class RowInvalid(CatalogError):
    default = "The row is not valid."


class RowRagged(RowInvalid):
    default = "The row has more or fewer cells than the header."


class RowEncodingInvalid(RowInvalid):
    default = "The row is not valid UTF-8."


class RowIdMissing(RowInvalid):
    default = "The row has no id."


class RowIdInvalid(RowInvalid):
    default = "The row's id is too long or holds control characters."


class RowIdDuplicate(RowInvalid):
    default = "An earlier row of the feed has the same id."


class RowCellTooLong(RowInvalid):
    default = "A cell of the row is longer than the limit."


class RowPriceInvalid(RowInvalid):
    default = "The price is not a number of zero or more."


class RowLinkInvalid(RowInvalid):
    default = "The link is no address of a web page: it must begin with https:// or http://."


class RowUnreadable(RowInvalid):
    default = "The row could not be read. The fault may be Shelflens's: the log names the place in its code."


class SearchInvalid(CatalogError):
    default = "The search is not valid."


class SearchEmpty(SearchInvalid):
    default = "The search has neither text, nor a picture, nor a product id. Give at least one of them."


class FilterInvalid(SearchInvalid):
    default = "The filter is not valid."


class ProductNotFound(CatalogError):
    default = "No product with this id is stored."


class IndexFailed(CatalogError):
    default = "The index could not do this."


class IndexNotFound(IndexFailed):
    default = "There is no index at this place."


class IndexLocked(IndexFailed):
    default = "Another process has this index open. Only one at a time can."


class IndexMismatch(IndexFailed):
    default = "The index was made for embeddings of another length."


class IndexOfOtherModel(IndexFailed):
    default = "The index was made by another model, and vectors of two models cannot be compared."


class IndexDamaged(IndexFailed):
    default = "A file of the index is missing or damaged."


class IndexUnavailable(IndexFailed):
    default = "The index server does not answer."


class DiskFull(IndexFailed):
    default = "The disk is full. What was stored before is intact; make room and start again."


class StateDamaged(CatalogError):
    default = "A file of what is kept beside the index cannot be read or written."


class RecordDamaged(StateDamaged):
    """One stored product."""

    code = "state_damaged"
    default = "What the index (payload_storage) holds of this product is damaged. Store it again, or delete it."


class LedgerDamaged(StateDamaged):
    default = "The ledger of earlier ingests cannot be read or written."


class FileNotReadable(CatalogError):
    default = "The file does not exist or cannot be read."


class FileNotWritable(CatalogError):
    default = "The file cannot be written."


class TaxonomyInvalid(CatalogError):
    default = "The taxonomy file is not valid."


class ManifestInvalid(CatalogError):
    default = "The manifest is not valid."


class ConfigInvalid(CatalogError):
    default = "The configuration is not valid."


class CheckpointInvalid(CatalogError):
    default = "The folder does not hold a Shelflens model."


class CheckpointDamaged(CheckpointInvalid):
    default = "A file of the model differs from its recorded sha256."
