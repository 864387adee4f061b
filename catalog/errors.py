"""Every error a user can cause, each with a stable code and our own fixed words.

    CatalogError
    ├── ProductInvalid                  the product as a whole
    │   ├── ProductEmpty                product_empty
    │   ├── TextUnreadable              text_unreadable
    │   ├── TextTooLong                 text_too_long
    │   └── TooManyImages               too_many_images
    ├── ImageInvalid                    one image of a product
    │   ├── ImageEmpty                  image_empty
    │   ├── ImageFormatUnsupported      image_format_unsupported
    │   ├── ImageCorrupt                image_corrupt
    │   ├── ImageTooManyBytes           image_too_many_bytes
    │   ├── ImageTooManyPixels          image_too_many_pixels
    │   ├── ImageSideOutOfRange         image_side_out_of_range
    │   ├── ImageAspectOutOfRange       image_aspect_out_of_range
    │   ├── ImageTooCostly              image_too_costly
    │   ├── ImageNotFound               image_not_found
    │   ├── ImageOutsideRoot            image_outside_root
    │   ├── ImageUrlRefused             image_url_refused
    │   └── ImageFetchFailed            image_fetch_failed
    ├── FeedInvalid                     feed_invalid
    │   ├── FeedEmpty                   feed_empty
    │   ├── FeedFormatUnsupported       feed_format_unsupported
    │   ├── FeedEncodingInvalid         feed_encoding_invalid
    │   ├── FeedColumnsInvalid          feed_columns_invalid
    │   ├── FeedRowsInvalid             feed_rows_invalid
    │   └── FeedDamaged                 feed_damaged
    ├── RowInvalid                      row_invalid
    │   ├── RowRagged                   row_ragged
    │   ├── RowEncodingInvalid          row_encoding_invalid
    │   ├── RowIdMissing                row_id_missing
    │   ├── RowIdInvalid                row_id_invalid
    │   ├── RowIdDuplicate              row_id_duplicate
    │   ├── RowCellTooLong              row_cell_too_long
    │   ├── RowPriceInvalid             row_price_invalid
    │   ├── RowLinkInvalid              row_link_invalid
    │   └── RowUnreadable               row_unreadable
    ├── SearchInvalid                   search_invalid
    │   ├── SearchEmpty                 search_empty
    │   └── FilterInvalid               filter_invalid
    ├── ProductNotFound                 product_not_found
    ├── IndexFailed                     index_failed
    │   ├── IndexNotFound               index_not_found
    │   ├── IndexLocked                 index_locked
    │   ├── IndexMismatch               index_mismatch
    │   ├── IndexOfOtherModel           index_of_other_model
    │   ├── IndexDamaged                index_damaged
    │   ├── IndexUnavailable            index_unavailable
    │   └── DiskFull                    disk_full
    ├── StateDamaged                    state_damaged
    │   ├── RecordDamaged               state_damaged
    │   └── LedgerDamaged               ledger_damaged
    ├── FileNotReadable                 file_not_readable
    ├── FileNotWritable                 file_not_writable
    ├── TaxonomyInvalid                 taxonomy_invalid
    ├── ManifestInvalid                 manifest_invalid
    ├── ConfigInvalid                   config_invalid
    └── CheckpointInvalid               checkpoint_invalid
        └── CheckpointDamaged           checkpoint_damaged

An error is raised with at most one argument, its message, so that it survives pickling
between processes. A message never repeats a library's words: they may hold paths or addresses.
"""


def installing(extra: str) -> str:
    """How to get what an extra brings. Shelflens is installed from a clone of its repository, not from an index."""
    return f"In a clone of Shelflens: pip install -e '.[{extra}]'."


class CatalogError(Exception):
    """Something the caller can mend. `code` is stable across releases, the message is for people."""

    code = "catalog_error"
    default = "The request could not be understood."

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.default)

    @property
    def message(self) -> str:
        return str(self.args[0])


class ProductInvalid(CatalogError):
    code = "product_invalid"
    default = "The product is not valid."


class ProductEmpty(ProductInvalid):
    code = "product_empty"
    default = "The product has neither a picture nor any text. Give at least one of them."


class TextUnreadable(ProductInvalid):
    code = "text_unreadable"
    default = "The words are in a script that the model cannot read, so they have no embedding."


class TextTooLong(ProductInvalid):
    code = "text_too_long"
    default = "The title and description together are longer than the limit."


class TooManyImages(ProductInvalid):
    code = "too_many_images"
    default = "The product has more pictures than the limit."


class ImageInvalid(CatalogError):
    code = "image_invalid"
    default = "The picture is not valid."


class ImageEmpty(ImageInvalid):
    code = "image_empty"
    default = "The picture is empty (0 bytes)."


class ImageFormatUnsupported(ImageInvalid):
    code = "image_format_unsupported"
    default = "The file is not a JPEG, PNG, WebP, GIF or BMP picture."


class ImageCorrupt(ImageInvalid):
    code = "image_corrupt"
    default = "The picture is damaged or cut short and cannot be decoded."


class ImageTooManyBytes(ImageInvalid):
    code = "image_too_many_bytes"
    default = "The picture file is larger than the limit."


class ImageTooManyPixels(ImageInvalid):
    code = "image_too_many_pixels"
    default = "The picture has more pixels than the limit."


class ImageSideOutOfRange(ImageInvalid):
    code = "image_side_out_of_range"
    default = "A side of the picture is shorter or longer than the limits."


class ImageAspectOutOfRange(ImageInvalid):
    code = "image_aspect_out_of_range"
    default = "The picture is too long and narrow."


class ImageTooCostly(ImageInvalid):
    code = "image_too_costly"
    default = "The picture is made so that decoding it would take far too long."


class ImageNotFound(ImageInvalid):
    code = "image_not_found"
    default = "The picture file does not exist or cannot be read."


class ImageOutsideRoot(ImageInvalid):
    code = "image_outside_root"
    default = "The picture's path leads outside the folder of pictures."


class ImageUrlRefused(ImageInvalid):
    code = "image_url_refused"
    default = "Pictures from this address are not allowed."


class ImageFetchFailed(ImageInvalid):
    code = "image_fetch_failed"
    default = "The picture could not be fetched."


class FeedInvalid(CatalogError):
    code = "feed_invalid"
    default = "The feed is not valid."


class FeedEmpty(FeedInvalid):
    code = "feed_empty"
    default = "The feed holds no products."


class FeedFormatUnsupported(FeedInvalid):
    code = "feed_format_unsupported"
    default = "The feed is not a CSV, TSV, JSONL, Parquet or zip file, nor a folder of pictures."


class FeedEncodingInvalid(FeedInvalid):
    code = "feed_encoding_invalid"
    default = 'The feed is not UTF-8. Save it as UTF-8; in Excel the file type is "CSV UTF-8".'


class FeedRowsInvalid(FeedInvalid):
    code = "feed_rows_invalid"
    default = "No row of the feed could be ingested."


class FeedColumnsInvalid(FeedInvalid):
    code = "feed_columns_invalid"
    default = "The feed's columns are not valid."


class FeedDamaged(FeedInvalid):
    code = "feed_damaged"
    default = "The feed is damaged or cut short."


class RowInvalid(CatalogError):
    code = "row_invalid"
    default = "The row is not valid."


class RowRagged(RowInvalid):
    code = "row_ragged"
    default = "The row has more or fewer cells than the header."


class RowEncodingInvalid(RowInvalid):
    code = "row_encoding_invalid"
    default = "The row is not valid UTF-8."


class RowIdMissing(RowInvalid):
    code = "row_id_missing"
    default = "The row has no id."


class RowIdInvalid(RowInvalid):
    code = "row_id_invalid"
    default = "The row's id is too long or holds control characters."


class RowIdDuplicate(RowInvalid):
    code = "row_id_duplicate"
    default = "An earlier row of the feed has the same id."


class RowCellTooLong(RowInvalid):
    code = "row_cell_too_long"
    default = "A cell of the row is longer than the limit."


class RowPriceInvalid(RowInvalid):
    code = "row_price_invalid"
    default = "The price is not a number of zero or more."


class RowLinkInvalid(RowInvalid):
    code = "row_link_invalid"
    default = "The link is no address of a web page: it must begin with https:// or http://."


class RowUnreadable(RowInvalid):
    code = "row_unreadable"
    default = "The row could not be read. The fault may be Shelflens's: the log names the place in its code."


class SearchInvalid(CatalogError):
    code = "search_invalid"
    default = "The search is not valid."


class SearchEmpty(SearchInvalid):
    code = "search_empty"
    default = "The search has neither text, nor a picture, nor a product id. Give at least one of them."


class FilterInvalid(SearchInvalid):
    code = "filter_invalid"
    default = "The filter is not valid."


class ProductNotFound(CatalogError):
    code = "product_not_found"
    default = "No product with this id is stored."


class IndexFailed(CatalogError):
    code = "index_failed"
    default = "The index could not do this."


class IndexNotFound(IndexFailed):
    code = "index_not_found"
    default = "There is no index at this place."


class IndexLocked(IndexFailed):
    code = "index_locked"
    default = "Another process has this index open. Only one at a time can."


class IndexMismatch(IndexFailed):
    code = "index_mismatch"
    default = "The index was made for embeddings of another length."


class IndexOfOtherModel(IndexFailed):
    code = "index_of_other_model"
    default = "The index was made by another model, and vectors of two models cannot be compared."


class IndexDamaged(IndexFailed):
    code = "index_damaged"
    default = "A file of the index is missing or damaged."


class IndexUnavailable(IndexFailed):
    code = "index_unavailable"
    default = "The index server does not answer."


class DiskFull(IndexFailed):
    code = "disk_full"
    default = "The disk is full. What was stored before is intact; make room and start again."


class StateDamaged(CatalogError):
    code = "state_damaged"
    default = "A file of what is kept beside the index cannot be read or written."


class RecordDamaged(StateDamaged):
    """One stored product; its code is its parent's."""

    default = "What the index (payload_storage) holds of this product is damaged. Store it again, or delete it."


class LedgerDamaged(StateDamaged):
    code = "ledger_damaged"
    default = "The ledger of earlier ingests cannot be read or written."


class FileNotReadable(CatalogError):
    code = "file_not_readable"
    default = "The file does not exist or cannot be read."


class FileNotWritable(CatalogError):
    code = "file_not_writable"
    default = "The file cannot be written."


class TaxonomyInvalid(CatalogError):
    code = "taxonomy_invalid"
    default = "The taxonomy file is not valid."


class ManifestInvalid(CatalogError):
    code = "manifest_invalid"
    default = "The manifest is not valid."


class ConfigInvalid(CatalogError):
    code = "config_invalid"
    default = "The configuration is not valid."


class CheckpointInvalid(CatalogError):
    code = "checkpoint_invalid"
    default = "The folder does not hold a Shelflens model."


class CheckpointDamaged(CheckpointInvalid):
    code = "checkpoint_damaged"
    default = "A file of the model differs from its recorded sha256."
