"""Pictures without a feed, in a folder or a zip -> records: each is a product, its path without ending the id."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from catalog.errors import FileNotReadable, ImageFormatUnsupported, ImageInvalid, ImageOutsideRoot
from catalog.feeds.columns import Columns
from catalog.feeds.rows import Record
from catalog.images.archives import Archive, leads_out

READ = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp")
# Pictures that are not read, each of which is named.
NOT_READ = (
    *(".avif", ".heic", ".heif", ".tif", ".tiff", ".jxl", ".jp2", ".svg", ".psd", ".ico", ".eps", ".tga"),
    *(".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2"),
)
IMAGES = (*READ, *NOT_READ)
COLUMNS = Columns(fields={"id": ("id",)}, images=("image",))


def folder_images(folder: Path) -> list[str]:
    """The paths, from the folder on, of all images at any depth, sorted. Hidden ones are left out."""

    def refuse(error: OSError) -> None:
        raise FileNotReadable(f'A folder in "{folder.name}" cannot be read.') from None

    found: list[str] = []
    for parent, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        images = (name for name in files if name.lower().endswith(IMAGES) and not name.startswith("."))
        found += (os.path.relpath(os.path.join(parent, name), folder).replace(os.sep, "/") for name in images)
    return sorted(found)


def archive_images(archive: Archive) -> list[str]:
    """The names of all images in the zip, as they are in it; also of those that may not be read."""
    return [entry.filename for entry in archive.files if entry.filename.lower().endswith(IMAGES)]


def image_records(names: Sequence[str]) -> Iterator[tuple[Record, Columns]]:
    for number, name in enumerate(names, 1):
        yield Record(number, {"id": str(PurePosixPath(name).with_suffix("")), "image": name}, refusal(name)), COLUMNS


def refusal(name: str) -> ImageInvalid | None:
    if leads_out(name):
        return ImageOutsideRoot("The image's name leads outside the zip.")
    if name.lower().endswith(NOT_READ):
        ending = PurePosixPath(name).suffix[1:].upper()
        return ImageFormatUnsupported(f"{ending} pictures are not read. Save it as JPEG, PNG or WebP.")
    return None
