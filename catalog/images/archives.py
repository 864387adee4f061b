"""A zip with a feed, its images, or both. Nothing is extracted to disk: entries are read one by one."""

import io
import posixpath
import stat
import weakref
import zipfile
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, cast

from catalog.errors import (
    FeedDamaged,
    FeedFormatUnsupported,
    FeedInvalid,
    FileNotReadable,
    ImageCorrupt,
    ImageNotFound,
    ImageOutsideRoot,
)
from catalog.images.names import Names, spellings

MAX_ENTRIES = 200_000
MAX_DIRECTORY = 64 * 1024 * 1024  # bytes of the list of entries, which is read whole
MAX_RATIO = 200  # unpacked over packed, of the whole zip; a catalogue in CSV packs to about a tenth
FREE = 16 * 1024 * 1024  # bytes that may unpack from whatever
ENTRY = b"PK\x01\x02"  # begins each entry of the list (APPNOTE.TXT 4.3.12)


class Archive:
    """An open zip. folder: where in it image paths start. Threads may share it; another process opens its own."""

    def __init__(self, path: Path, folder: str = "") -> None:
        self.path, self.folder = path, folder

    def __reduce__(self) -> tuple[Any, ...]:
        return Archive, (self.path, self.folder)

    @cached_property
    def _zip(self) -> zipfile.ZipFile:
        try:
            file = Counted(self.path.open("rb", 0))
        except OSError:
            raise FileNotReadable(f'"{self.path.name}" cannot be read.') from None
        try:
            opened = with_slashes(zipfile.ZipFile(file))
            weakref.finalize(opened, file.close)
            return opened
        except (FeedInvalid, MemoryError):
            file.close()
            raise
        except Exception:
            file.close()
            raise FeedDamaged("The zip is corrupt or truncated.") from None

    def within(self, folder: str) -> "Archive":
        """The same zip, with image paths that start from a folder in it. Its list of entries is not read again."""
        inside = Archive(self.path, folder)
        inside.__dict__["_zip"] = self._zip
        return inside

    @cached_property
    def files(self) -> list[zipfile.ZipInfo]:
        """What is not a folder, hidden, or Mac OS's own. Raises FeedInvalid for a zip that is encrypted or a bomb."""
        entries = self._zip.infolist()
        if len(entries) > MAX_ENTRIES:
            raise FeedInvalid(f"The zip has {len(entries):,} entries; the limit is {MAX_ENTRIES:,}.")
        unpacked = sum(entry.file_size for entry in entries)
        if unpacked > FREE + MAX_RATIO * self.path.stat().st_size:
            raise FeedInvalid(f"The zip would decompress to {unpacked:,} bytes, more than {MAX_RATIO} times its size.")
        if any(entry.flag_bits & 0x1 for entry in entries):
            raise FeedFormatUnsupported("The zip is encrypted. Create it without a password.")
        return [entry for entry in entries if not entry.is_dir() and not is_hidden(entry.filename)]

    def open(self, entry: str) -> BinaryIO:
        """The entry's bytes, as a stream. Reading them may raise anything that `zipfile` does."""
        try:
            return cast(BinaryIO, self._zip.open(entry))
        except MemoryError:
            raise
        except Exception:
            raise FeedDamaged("The feed in the zip is corrupt or uses an unsupported compression.") from None

    def packed_size(self, entry: str) -> int:
        """Bytes of the entry in the zip, which are no more than the zip has, whatever its list of entries says."""
        return min(self._zip.getinfo(entry).compress_size, self.path.stat().st_size)

    def read(self, where: str, max_bytes: int) -> bytes:
        """At most one byte more than `max_bytes` of an image. Raises a subclass of ImageInvalid."""
        name = self.name_of(where)
        if name is None:
            if where.startswith("/") or self._within(where) is None:
                raise ImageOutsideRoot("The image's path leads outside the zip.")
            raise ImageNotFound("The image is not in the zip.")
        entry = self._zip.getinfo(name)
        if is_link(entry):
            raise ImageNotFound("The image's path leads to a link in the zip, not to a file.")
        try:
            with self._zip.open(entry) as file:
                return file.read(max_bytes + 1)
        except MemoryError:
            raise
        except Exception:
            raise ImageCorrupt("The image in the zip is corrupt or uses an unsupported compression.") from None

    def name_of(self, where: str) -> str | None:
        """The name of an image's entry, from the folder on, or from the zip's own where it begins with a slash.

        Raises ImageNotFound where several entries fit.
        """
        names = [name for one in spellings(where) if (name := self._within(one))]
        if where.startswith(("/", "\\")):
            names += [name for name in spellings(where) if not leads_out(name)]
        exact = next((name for name in names if name in self._zip.NameToInfo), None)
        return exact or next(filter(None, map(self._names.find, names)), None)

    def _within(self, where: str) -> str | None:
        """From the zip's own folder on; None for what leads outside."""
        name = posixpath.normpath(posixpath.join(self.folder, where))
        return None if name.split("/")[0] == ".." else name

    @cached_property
    def _names(self) -> Names:
        return Names(entry.filename for entry in self._zip.infolist() if not entry.is_dir())


def with_slashes(opened: zipfile.ZipFile) -> zipfile.ZipFile:
    """The zip with / between folders in its names, where a program for Windows has written backslashes."""
    for name, entry in list(opened.NameToInfo.items()):
        slashed = name.replace("\\", "/")
        if slashed != name and slashed not in opened.NameToInfo:
            entry.filename = slashed
            del opened.NameToInfo[name]
            opened.NameToInfo[slashed] = entry
    return opened


def is_hidden(name: str) -> bool:
    steps = name.split("/")
    return steps[0] == "__MACOSX" or any(step.startswith(".") and step not in (".", "..") for step in steps)


def is_link(entry: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(entry.external_attr >> 16)


def leads_out(name: str) -> bool:
    """Whether an entry's name would put it elsewhere than below the folder it is unpacked in."""
    return name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or name[1:2] == ":"


class Counted(io.BufferedReader):
    """A zip's file. `zipfile` reads the list of entries at once, whatever the records at the zip's end say of their
    number; it is counted before it becomes objects.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        """Raises FeedInvalid."""
        if size is not None and size > MAX_DIRECTORY:
            raise FeedInvalid(f"The zip's list of entries has {size:,} bytes; the limit is {MAX_DIRECTORY:,}.")
        data = super().read(size)
        if data.count(ENTRY) > MAX_ENTRIES:
            raise FeedInvalid(f"The zip has more than {MAX_ENTRIES:,} entries.")
        return data
