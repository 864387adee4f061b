"""An image reference of a feed -> bytes. The only place that decides which references may be read.

bytes in the feed itself, data:image/png;base64,…    always
images/1.jpg                                         below one folder, or inside the feed's own zip, in any spelling
s3://bucket/1.jpg, gs://bucket/1.jpg                 below the allowed prefixes
https://host/1.jpg, //host/1.jpg, host/1.jpg         from the allowed hosts; see `catalog.images.fetch`
"""

import base64
import binascii
import importlib.util
import os
import re
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.errors import (
    ConfigInvalid,
    ImageCorrupt,
    ImageFetchFailed,
    ImageInvalid,
    ImageNotFound,
    ImageOutsideRoot,
    ImageTooManyBytes,
    ImageUrlRefused,
    installing,
)
from catalog.images.ip_addresses import is_allowed
from catalog.images.names import ImageFolder, joined
from catalog.images.structure import MAX_IMAGE_BYTES

if TYPE_CHECKING:
    from catalog.images.archives import Archive
    from catalog.images.fetch import Fetcher


SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
HOST = re.compile(r"(?://)?([^/\s:@\\]+\.[a-zA-Z]{2,63})(?::[0-9]+)?/[^/]")
DATA = re.compile(r"data:[a-zA-Z0-9.+/-]*(?:;[a-zA-Z0-9=._-]+)*;base64,", re.IGNORECASE)
# Object stores -> the package that fsspec needs. The one in memory is for tests.
STORES = {"s3": "s3fs", "gs": "gcsfs", "memory": "fsspec"}
CONNECT_SECONDS, READ_SECONDS = 5, 15


@dataclass(frozen=True, slots=True)
class ImageRef:
    """Where an image is: a path, an address or a data URI. data: the image itself, if the feed brought its bytes;
    between: what parts it from the next one in the feed's cell, which may as well be a part of its name.
    """

    where: str
    data: bytes | None = field(default=None, repr=False)
    between: str = field(default="", compare=False)

    def __str__(self) -> str:
        """What to store and show: all but the contents of a data URI."""
        return f"{self.where.partition(',')[0][:80]},…" if self.where[:5].lower() == "data:" else self.where


@dataclass(frozen=True)
class ImageReader:
    """Reads images. Several threads may share one; it can be sent to another process.

    root: the folder that paths start from and stay in; archive: the feed's own zip, which then takes root's place;
    hosts: from which https hosts to fetch ("cdn.example.com", "*.example.com"; none: no URLs); stores: in which buckets
    or folders of object stores to read ("s3://bucket/folder"). Raises ConfigInvalid for a store that cannot be read.
    """

    root: Path | None = None
    archive: "Archive | None" = None
    hosts: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()
    max_bytes: int = MAX_IMAGE_BYTES

    def __post_init__(self) -> None:
        for place in self.stores:
            check_store(place)

    def settled(self, refs: Sequence[ImageRef]) -> list[ImageRef]:
        """Each image once. Of the names in a cell, those are joined again that are one file's: "High_Street,_1.jpg"."""
        found = list[ImageRef]()
        cell = list[tuple[str, str]]()
        for number, ref in enumerate(refs, 1):
            cell.append((ref.where, ref.between))
            if not ref.between or number == len(refs):
                found += [ref] if len(cell) == 1 else map(ImageRef, joined(cell, self._is_file))
                cell = []
        return list(dict.fromkeys(found))

    def read(self, ref: ImageRef | str) -> bytes:
        """The image's bytes, at most `max_bytes`. Raises a subclass of ImageInvalid whatever the reference is."""
        where = ref if isinstance(ref, str) else ref.where
        data = None if isinstance(ref, str) else ref.data
        if data is None:
            data = self._reader(where)(where)
        if len(data) > self.max_bytes:
            raise ImageTooManyBytes(f"The image file is larger than the limit of {self.max_bytes:,} bytes.")
        return data

    def _reader(self, where: str) -> Callable[[str], bytes]:
        scheme = SCHEME.match(where)
        if not scheme or len(scheme[1]) == 1:  # C:\\images
            return self._read_path
        name = scheme[1].lower()
        if name == "data":
            return self._read_data
        if name in STORES:
            return self._read_store
        if name in ("http", "https"):
            return self._fetch
        raise ImageUrlRefused(
            f"Images are read from paths, data URIs, https://, s3:// and gs:// only, not from {name}:."
        )

    def _read_data(self, where: str) -> bytes:
        found = DATA.match(where)
        if not found:
            raise ImageCorrupt("The data URI does not begin with data:image/…;base64,")
        if (len(where) - found.end()) * 3 // 4 > self.max_bytes + 2:
            raise ImageTooManyBytes(f"The image file is larger than the limit of {self.max_bytes:,} bytes.")
        try:
            return base64.b64decode(where[found.end() :], validate=True)
        except (binascii.Error, ValueError):
            raise ImageCorrupt("The data URI does not hold valid base64.") from None

    def _read_path(self, where: str) -> bytes:
        host = HOST.match(where)
        if host and where.startswith("//"):
            return self._fetch(f"https:{where}")
        try:
            return self._read_file(where)
        except (ImageNotFound, ImageOutsideRoot):
            if host is None:
                raise
            if is_allowed(host[1].lower(), self.hosts):
                return self._fetch(f"https://{where}")
            raise ImageNotFound(
                "The image file does not exist. If this is an address, it must begin with https://."
            ) from None

    def _read_file(self, where: str) -> bytes:
        if self.archive is not None:
            return self.archive.read(where, self.max_bytes)
        if self.root is None:
            raise ImageOutsideRoot("The image is given as a path, but there is no image folder.")
        return read_below(self.root, self._folder.path(where) or where, self.max_bytes + 1)

    def _is_file(self, where: str) -> bool:
        if SCHEME.match(where):
            return False
        try:
            if self.archive is not None:
                return self.archive.name_of(where) is not None
            return self.root is not None and self._folder.path(where) is not None
        except ImageInvalid:
            return True

    def _read_store(self, where: str) -> bytes:
        if not any(lies_in(where, place) for place in self.stores):
            raise ImageUrlRefused("Images from this object store location are not allowed.")
        scheme, _, path = where.partition("://")
        try:
            data = self._store(scheme.lower()).cat_file(path, start=0, end=self.max_bytes + 1)
        except (FileNotFoundError, IsADirectoryError):
            raise ImageNotFound("The image does not exist in the object store.") from None
        except Exception:
            raise ImageFetchFailed("The image could not be read from the object store.") from None
        return bytes(data)

    def _store(self, scheme: str) -> Any:
        """fsspec keeps one file system for equal options, so this is cheap."""
        import fsspec

        timeouts = {"connect_timeout": CONNECT_SECONDS, "read_timeout": READ_SECONDS, "retries": {"max_attempts": 2}}
        return fsspec.filesystem(scheme, **({"config_kwargs": timeouts} if scheme == "s3" else {}))

    def _fetch(self, where: str) -> bytes:
        if not self.hosts:
            raise ImageUrlRefused("Images are only fetched from allowed hosts.")
        return self._fetcher.fetch(where)

    @cached_property
    def _folder(self) -> ImageFolder:
        assert self.root
        return ImageFolder(self.root)

    @cached_property
    def _fetcher(self) -> "Fetcher":
        from catalog.images.fetch import Fetcher, FetchLimits

        return Fetcher(self.hosts, FetchLimits(max_bytes=self.max_bytes))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("_fetcher", "_folder")}


def read_below(root: Path, where: str, limit: int) -> bytes:
    """At most `limit` bytes of the regular file at this path below the folder.

    Links are followed first and the outcome compared with the folder, so none leads out. The file is opened without
    following and without waiting (a pipe would make us), and its kind is asked of what was opened, not of the path.
    """
    if not where or "\0" in where:
        raise ImageNotFound("The image's path is empty or contains a NUL character.")
    if os.path.isabs(where) or re.match(r"[\\/]|[a-zA-Z]:", where):
        raise ImageOutsideRoot("The image's path is absolute, and there is no such file below the image folder.")
    try:
        folder = os.path.realpath(root)
        path = os.path.realpath(os.path.join(folder, where))
        if os.path.commonpath((folder, path)) != folder:
            raise ImageOutsideRoot
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with open(os.open(path, flags), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ImageNotFound("The image's path does not lead to a file.")
            return file.read(limit)
    except (OSError, ValueError):
        raise ImageNotFound from None


def check_store(place: str) -> None:
    """Raises ConfigInvalid for a place that is not one, or that needs a package which is not installed."""
    scheme, _, path = place.partition("://")
    if scheme not in STORES or not path.strip("/") or not plain_path(path):
        raise ConfigInvalid("An object store location must have the form s3://BUCKET/FOLDER or gs://BUCKET/FOLDER.")
    if any(importlib.util.find_spec(name) is None for name in ("fsspec", STORES[scheme])):
        raise ConfigInvalid(f"Reading {scheme}:// requires more packages. {installing('stores')}")


def lies_in(where: str, place: str) -> bool:
    scheme, _, path = where.partition("://")
    allowed_scheme, _, allowed_path = place.partition("://")
    below = path.startswith(allowed_path.rstrip("/") + "/")
    return scheme.lower() == allowed_scheme and below and plain_path(path)


def plain_path(path: str) -> bool:
    """Whether the path means what it says: no step up, none to itself, and no pattern for fsspec to expand."""
    steps: Sequence[str] = path.split("/")
    return not any(step in (".", "..") for step in steps) and not re.search(r"[*?\[\]{}\0\\]|::", path)
