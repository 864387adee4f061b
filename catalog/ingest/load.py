"""One row of a feed: its images read, and what is new of it for the model.

    row -> images read -> hashes compared -> decoded where anything is new

An image that cannot be read or decoded is left out and told of; the product is stored with the rest. Only what is left
counts for its hash, so the product is new for the model once the image is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, Protocol

from catalog.errors import CatalogError, ImageFetchFailed, ImageInvalid, ImagesLeftOut, ImageUrlRefused, ProductNotFound
from catalog.feeds import BadRow, Row
from catalog.feeds.cells import brief
from catalog.images import ImageRef
from catalog.images.thumbnails import make_thumbnail
from catalog.model.preprocess import MAX_IMAGES, Prepared
from catalog.product import ContentHashes, Product, StoredProduct, StoredVersion, Understanding, content_hashes

SHOWN = 80
Outcome = Literal["added", "updated", "offer_updated", "unchanged", "failed"]


class Task(NamedTuple):
    """A row to deal with, and what the index knows of its product already."""

    row: Row | BadRow
    known: StoredVersion | None = None


@dataclass(frozen=True)
class Result:
    """What a row comes to. prepared: for the model, once the images have been read and where there is anything new
    for it; thumbnails: of those images, where they are to be kept; stored: what the index is to keep, once the model
    has read that; references: where its images are; warnings: what the product is stored without.
    """

    row: Row | BadRow
    outcome: Outcome
    hashes: ContentHashes | None = None
    prepared: Prepared | None = None
    thumbnails: tuple[bytes, ...] = ()
    stored: StoredProduct | None = None
    error: CatalogError | None = None
    references: tuple[str, ...] = ()
    warnings: tuple[CatalogError, ...] = ()


class ImageSource(Protocol):
    """Where images are read from: a `ImageReader`."""

    def settled(self, refs: Sequence[ImageRef]) -> Sequence[ImageRef]:
        """Each image once."""
        ...

    def read(self, ref: ImageRef) -> bytes:
        """Raises ImageInvalid."""
        ...


class Reader(Protocol):
    """What reads products: an `Understander`, or one that is elsewhere. version: the model's."""

    @property
    def version(self) -> str: ...

    def prepare(self, product: Product) -> Prepared:
        """Called by several threads. Raises ProductInvalid or ImageInvalid."""
        ...

    def understand_prepared(
        self, products: Sequence[Prepared], *, evidence: bool
    ) -> Sequence[Understanding | CatalogError]:
        """One for each product, in their order; an error in the place of one that could not be read."""
        ...


@dataclass
class Images:
    """Those of a product that can be read, and what is wrong with the others, which the model goes without.

    references: of all that the row names; the model reads the first MAX_IMAGES.
    """

    references: tuple[str, ...]
    good: list[tuple[ImageRef, bytes]] = field(default_factory=list)
    faults: list[tuple[ImageRef, ImageInvalid]] = field(default_factory=list)

    @property
    def data(self) -> tuple[bytes, ...]:
        return tuple(data for _, data in self.good)

    def keeps(self, known: StoredVersion, hashes: ContentHashes) -> bool:
        """Whether a product stays as it was stored, with an image that cannot be had now: it may be another time.

        One that is refused is missed only as long as nothing else is new of the product.
        """
        if known.hashes.images == hashes.images:
            return False
        waits = (ImageFetchFailed, ImageUrlRefused) if known.hashes.text == hashes.text else (ImageFetchFailed,)
        return any(isinstance(error, waits) for _, error in self.faults)

    def hashes(self, product: Product) -> ContentHashes:
        return content_hashes(product, self.data, self.references)

    def warnings(self) -> tuple[CatalogError, ...]:
        """Each names its image."""
        found: list[CatalogError] = [
            type(error)(f'"{brief(str(ref), SHOWN)}": {error.message}') for ref, error in self.faults
        ]
        if len(self.references) > MAX_IMAGES:
            found.append(
                ImagesLeftOut(f"The product has {len(self.references)} images. The first {MAX_IMAGES} are read.")
            )
        return tuple(found)


def load(task: Task, source: ImageSource, reader: Reader, thumbnails: bool = False, strict: bool = False) -> Result:
    """Read the row's images and tell what is new.

    thumbnails: whether to make them of images that are new; strict: whether an image that cannot be read makes the row
    a failed one. Without, the row fails where nothing else is left for the model to read.
    """
    row = task.row
    if isinstance(row, BadRow):
        return Result(row, "failed", error=row.error)
    if row.offer_fields is not None:
        if task.known is None:
            return Result(row, "failed", error=ProductNotFound())
        return Result(row, "offer_updated", warnings=row.warnings)
    try:
        images = read_images(row, source, strict)
        return compared(row, task.known, images, reader, thumbnails, strict)
    except CatalogError as error:
        return Result(row, "failed", error=error)


def read_images(row: Row, source: ImageSource, strict: bool) -> Images:
    """Raises ImageInvalid if strict."""
    refs = source.settled(row.image_refs)
    images = Images(tuple(map(str, refs)))
    for ref in refs[:MAX_IMAGES]:
        try:
            images.good.append((ref, source.read(ref)))
        except ImageInvalid as error:
            if strict:
                raise
            images.faults.append((ref, error))
    return images


def compared(
    row: Row, known: StoredVersion | None, images: Images, reader: Reader, thumbnails: bool, strict: bool
) -> Result:
    """Raises ProductInvalid or ImageInvalid."""
    prepared, hashes = None, images.hashes(row.product)
    if known is None or not known.is_current(hashes, reader.version):
        prepared = prepare(row.product, images, reader, strict)
        hashes = images.hashes(row.product)
    told = Result(row, "failed", references=images.references, warnings=(*row.warnings, *images.warnings()))
    if known and (known.is_current(hashes, reader.version) or images.keeps(known, hashes)):
        kept = hashes._replace(text=known.hashes.text, images=known.hashes.images)
        return replace(told, outcome="unchanged" if known.hashes == kept else "offer_updated", hashes=kept)
    if prepared is None:
        raise images.faults[0][1]
    small = tuple(map(make_thumbnail, images.data)) if thumbnails else ()
    outcome: Outcome = "updated" if known else "added"
    return replace(told, outcome=outcome, hashes=hashes, prepared=prepared, thumbnails=small)


def prepare(product: Product, images: Images, reader: Reader, strict: bool) -> Prepared | None:
    """For the model, without the images that cannot be decoded; None if they are all that there was of the product.

    Raises ProductInvalid, and ImageInvalid if strict.
    """
    has_words = bool(product.title.strip() or product.description.strip())
    try:
        if images.good or has_words or not images.faults:
            return reader.prepare(replace(product, images=images.data))
        return None
    except ImageInvalid:
        if strict:
            raise
    decoded = []
    for ref, data in images.good:
        try:
            reader.prepare(Product(images=(data,)))
            decoded.append((ref, data))
        except ImageInvalid as error:
            images.faults.append((ref, error))
    images.good = decoded
    return reader.prepare(replace(product, images=images.data)) if images.good or has_words else None
