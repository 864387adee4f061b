"""Every error a user can cause, each with a stable code and our own fixed words.

    CatalogError
    ├── InvalidProduct                  the product as a whole
    │   ├── ProductEmpty                product_empty
    │   ├── TextTooLong                 text_too_long
    │   └── TooManyImages               too_many_images
    ├── InvalidImage                    one picture of a product
    │   ├── ImageEmpty                  image_empty
    │   ├── ImageFormatUnsupported      image_format_unsupported
    │   ├── ImageCorrupt                image_corrupt
    │   ├── ImageTooManyBytes           image_too_many_bytes
    │   ├── ImageTooManyPixels          image_too_many_pixels
    │   ├── ImageSideOutOfRange         image_side_out_of_range
    │   └── ImageAspectOutOfRange       image_aspect_out_of_range
    ├── FileNotReadable                 file_not_readable
    ├── InvalidTaxonomy                 taxonomy_invalid
    ├── InvalidManifest                 manifest_invalid
    ├── InvalidConfig                   config_invalid
    └── InvalidCheckpoint               checkpoint_invalid
        └── CheckpointDamaged           checkpoint_damaged

An error is raised with at most one argument, its message, so that it survives pickling
between processes. A message never repeats a library's words: they may hold paths or addresses.
"""


class CatalogError(Exception):
    """Something the caller can mend. `code` is stable across releases, the message is for people."""

    code = "catalog_error"
    default = "The request could not be understood."

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.default)

    @property
    def message(self) -> str:
        return str(self.args[0])


class InvalidProduct(CatalogError):
    code = "product_invalid"
    default = "The product is not valid."


class ProductEmpty(InvalidProduct):
    code = "product_empty"
    default = "The product has neither a picture nor any text. Give at least one of them."


class TextTooLong(InvalidProduct):
    code = "text_too_long"
    default = "The title and description together are longer than the limit."


class TooManyImages(InvalidProduct):
    code = "too_many_images"
    default = "The product has more pictures than the limit."


class InvalidImage(CatalogError):
    code = "image_invalid"
    default = "The picture is not valid."


class ImageEmpty(InvalidImage):
    code = "image_empty"
    default = "The picture is empty (0 bytes)."


class ImageFormatUnsupported(InvalidImage):
    code = "image_format_unsupported"
    default = "The file is not a JPEG, PNG, WebP, GIF or BMP picture."


class ImageCorrupt(InvalidImage):
    code = "image_corrupt"
    default = "The picture is damaged or cut short and cannot be decoded."


class ImageTooManyBytes(InvalidImage):
    code = "image_too_many_bytes"
    default = "The picture file is larger than the limit."


class ImageTooManyPixels(InvalidImage):
    code = "image_too_many_pixels"
    default = "The picture has more pixels than the limit."


class ImageSideOutOfRange(InvalidImage):
    code = "image_side_out_of_range"
    default = "A side of the picture is shorter or longer than the limits."


class ImageAspectOutOfRange(InvalidImage):
    code = "image_aspect_out_of_range"
    default = "The picture is too long and narrow."


class FileNotReadable(CatalogError):
    code = "file_not_readable"
    default = "The file does not exist or cannot be read."


class InvalidTaxonomy(CatalogError):
    code = "taxonomy_invalid"
    default = "The taxonomy file is not valid."


class InvalidManifest(CatalogError):
    code = "manifest_invalid"
    default = "The manifest is not valid."


class InvalidConfig(CatalogError):
    code = "config_invalid"
    default = "The configuration is not valid."


class InvalidCheckpoint(CatalogError):
    code = "checkpoint_invalid"
    default = "The folder does not hold a Shelflens model."


class CheckpointDamaged(InvalidCheckpoint):
    code = "checkpoint_damaged"
    default = "A file of the model differs from its recorded sha256."
