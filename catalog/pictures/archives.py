"""A zip that holds a feed, or its pictures, or both. Nothing is unpacked to a path: entries are read one by one."""

import posixpath
import stat
import struct
import zipfile
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, cast

from catalog.errors import (
    FeedDamaged,
    FeedFormatUnsupported,
    FileNotReadable,
    ImageCorrupt,
    ImageNotFound,
    ImageOutsideRoot,
    InvalidFeed,
)

MAX_ENTRIES = 200_000
MAX_DIRECTORY = 64 * 1024 * 1024  # bytes of the list of entries, which is read whole
MAX_RATIO = 200  # unpacked over packed, of the whole zip; a catalogue in CSV packs to about a tenth
FREE = 16 * 1024 * 1024  # bytes that may unpack from whatever
END, END_64, LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"


class Archive:
    """An open zip. folder: where in it picture paths start. Threads may share it; another process opens its own."""

    def __init__(self, path: Path, folder: str = "") -> None:
        self.path, self.folder = path, folder

    def __reduce__(self) -> tuple[Any, ...]:
        return Archive, (self.path, self.folder)

    @cached_property
    def _zip(self) -> zipfile.ZipFile:
        check_directory(self.path)
        try:
            return zipfile.ZipFile(self.path)
        except OSError:
            raise FileNotReadable(f'"{self.path.name}" cannot be read.') from None
        except MemoryError:
            raise
        except Exception:
            raise FeedDamaged("The zip is damaged or cut short.") from None

    @cached_property
    def files(self) -> list[zipfile.ZipInfo]:
        """What is not a folder, hidden, or Mac OS's own. Raises InvalidFeed for a zip that is encrypted or a bomb."""
        entries = self._zip.infolist()
        if len(entries) > MAX_ENTRIES:
            raise InvalidFeed(f"The zip has {len(entries):,} entries; the limit is {MAX_ENTRIES:,}.")
        unpacked = sum(entry.file_size for entry in entries)
        if unpacked > FREE + MAX_RATIO * self.path.stat().st_size:
            raise InvalidFeed(f"The zip would unpack to {unpacked:,} bytes, more than {MAX_RATIO} times its size.")
        if any(entry.flag_bits & 0x1 for entry in entries):
            raise FeedFormatUnsupported("The zip is encrypted. Pack it without a password.")
        return [entry for entry in entries if not entry.is_dir() and not is_hidden(entry.filename)]

    def open(self, entry: str) -> BinaryIO:
        """The entry's bytes, as a stream. Reading them may raise anything that `zipfile` does."""
        try:
            return cast(BinaryIO, self._zip.open(entry))
        except MemoryError:
            raise
        except Exception:
            raise FeedDamaged("The feed in the zip is damaged or packed in a way that cannot be read.") from None

    def read(self, where: str, max_bytes: int) -> bytes:
        """At most one byte more than `max_bytes` of a picture. Raises a subclass of InvalidImage."""
        name = posixpath.normpath(posixpath.join(self.folder, where))
        if where.startswith("/") or name.split("/")[0] == "..":
            raise ImageOutsideRoot("The picture's path leads outside the zip.")
        try:
            entry = self._zip.getinfo(name)
        except KeyError:
            raise ImageNotFound("The picture is not in the zip.") from None
        if is_link(entry):
            raise ImageNotFound("The picture's path leads to a link in the zip, not to a file.")
        try:
            with self._zip.open(entry) as file:
                return file.read(max_bytes + 1)
        except MemoryError:
            raise
        except Exception:
            raise ImageCorrupt("The picture in the zip is damaged or packed in a way that cannot be read.") from None


def is_hidden(name: str) -> bool:
    steps = name.split("/")
    return steps[0] == "__MACOSX" or any(step.startswith(".") and step not in (".", "..") for step in steps)


def is_link(entry: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(entry.external_attr >> 16)


def leads_out(name: str) -> bool:
    """Whether an entry's name would put it elsewhere than below the folder it is unpacked in."""
    return name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or name[1:2] == ":"


def check_directory(path: Path) -> None:
    """Raises InvalidFeed before `zipfile` reads a list of entries that is too long.

    The record at the zip's end holds its size: 22 bytes and a comment of at most 65,535 (APPNOTE.TXT 4.3.14 to 4.3.16).
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            start = max(0, size - 22 - 65_535 - 20)
            file.seek(start)
            tail = file.read()
            at = tail.rfind(END)
            if at < 0 or len(tail) < at + 22:
                raise FeedDamaged("The zip is damaged or cut short.")
            directory = struct.unpack_from("<L", tail, at + 12)[0]
            locator = tail.rfind(LOCATOR_64, 0, at)
            if directory == 0xFFFFFFFF and locator >= 0:
                file.seek(struct.unpack_from("<Q", tail, locator + 8)[0])
                record = file.read(56)
                directory = struct.unpack_from("<Q", record, 40)[0] if record[:4] == END_64 else directory
    except (OSError, OverflowError, struct.error):
        raise FeedDamaged("The zip is damaged or cut short.") from None
    if directory > MAX_DIRECTORY:
        raise InvalidFeed("The zip has more entries than can be read.")
