"""The feeds that jobs read: uploads, which are kept until their job has ended, and files in the operator's folder."""

import io
import os
import tempfile
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from catalog.errors import FileNotReadable, translating
from catalog.feeds import Feed, Preview, open_feed, preview
from catalog.feeds.rewriting import Changes, Rewritten, rewrite
from catalog.images import ImageReader
from catalog.images.archives import leads_out
from catalog.storage.sqlite import state_error
from serving.errors import SourceNotFound, SourceOutside, SourcesOff
from serving.jobs.job import Submission
from serving.settings.schema import Settings
from serving.storage.shared_files import Files

SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".jsonl", ".ndjson", ".json", ".xml", ".parquet", ".xlsx", ".zip", ".gz")
SHOWN = 200
# Of the folder of feeds: how many feeds are told of, and at how many files of any kind it is looked for them.
MAX_SOURCES, MAX_FILES = 500, 50_000


class Source(NamedTuple):
    """A feed in the operator's folder. path: from that folder on; bytes: its size; modified: seconds since 1970."""

    path: str
    bytes: int
    modified: float


class JobFiles:
    """Threads may share it. Raises ConfigInvalid for a place in an object store that cannot be read."""

    def __init__(self, kept: Files, settings: Settings) -> None:
        """kept: of uploads."""
        self.kept, self.feeds = kept, settings.feeds
        self._images = ImageReader(None, None, settings.image_hosts, settings.image_stores)

    def receive(self, id: str, filename: str, data: bytes) -> str:
        """Keep a feed that came along, down to the disk. -> its name here. Raises DiskFull or FileNotWritable."""
        name = name_of(id, filename)
        self.kept.write(name, data)
        return name

    def parts(self, upload: str) -> Iterator[bytes]:
        """Its content. Raises StateDamaged where it cannot be read."""
        return self.kept.parts(upload)

    def remove(self, upload: str | None) -> None:
        if upload:
            self.kept.remove(upload)

    def sweep(self, wanted: Collection[str | None]) -> None:
        """Remove what crashes have left."""
        self.kept.sweep(wanted)

    def _path(self, upload: str | None, source: str) -> Path:
        return self.kept.path(upload) if upload else source_path(self.feeds, source)

    def open(self, upload: str | None, source: str, columns: Mapping[str, str], encoding: str = "") -> Feed:
        """Raises FeedInvalid, ConfigInvalid for an encoding that is none, or what `source_path` does."""
        try:
            return open_feed(self._path(upload, source), columns, encoding=encoding)
        except FileNotReadable:
            raise SourceNotFound from None

    def preview(self, upload: str | None, source: str, columns: Mapping[str, str], encoding: str = "") -> Preview:
        """Raises what `source_path` does."""
        try:
            return preview(self._path(upload, source), columns, encoding=encoding)
        except FileNotReadable:
            raise SourceNotFound from None

    def preview_data(
        self, filename: str, data: bytes, columns: Mapping[str, str], cut: bool, encoding: str = ""
    ) -> Preview:
        """Of a feed that came along, or with `cut` only its beginning. It is not kept. Raises DiskFull."""
        with (
            translating(state_error),
            tempfile.NamedTemporaryFile(dir=self.kept.folder, suffix=name_of("", filename)) as file,
        ):
            file.write(data)
            file.flush()
            return preview(Path(file.name), columns, cut=cut, encoding=encoding)

    def corrected(self, asked: Submission, upload: str | None, changes: Changes) -> tuple[bytes, Rewritten]:
        """The feed with other values. Nothing is kept. Raises what `open` and `rewrite` do, and DiskFull."""
        if asked.data is None:
            return corrected(self.open(upload, asked.source or "", asked.columns, asked.encoding), changes)
        with (
            translating(state_error),
            tempfile.NamedTemporaryFile(dir=self.kept.folder, suffix=name_of("", asked.filename)) as file,
        ):
            file.write(asked.data)
            file.flush()
            return corrected(open_feed(Path(file.name), asked.columns, encoding=asked.encoding), changes)

    def sources(self) -> list[Source] | None:
        """The feeds in the operator's folder, by path; None without a folder. Links are not followed into folders."""
        return None if self.feeds is None else sorted(islice(feeds_in(self.feeds), MAX_SOURCES))

    def source(self, upload: str | None, feed: Feed) -> ImageReader:
        """Paths start from the feed's own folder. An upload has none, unless it is a zip."""
        root = None if upload else feed.root
        return ImageReader(root, feed.archive, self._images.hosts, self._images.stores)


def corrected(feed: Feed, changes: Changes) -> tuple[bytes, Rewritten]:
    written = io.BytesIO()
    found = rewrite(feed, changes, written)
    return written.getvalue(), found


def feeds_in(folder: Path) -> Iterator[Source]:
    """Hidden ones, and those that cannot be read, are left out."""
    looked = 0
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        looked += len(files)
        for name in files:
            if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                path = os.path.join(parent, name)
                with suppress(OSError, SourceOutside, SourceNotFound, UnicodeEncodeError):
                    told = os.path.relpath(path, folder).replace(os.sep, "/")
                    told.encode()
                    status = source_path(folder, told).stat()
                    yield Source(told, status.st_size, status.st_mtime)
        if looked > MAX_FILES:
            return


def name_of(id: str, filename: str) -> str:
    """What to call the file of an upload here: its end says the format where the first bytes leave that open."""
    suffix = PurePosixPath(filename).suffix.lower()
    return id + (suffix if suffix in SUFFIXES else "")


def source_path(feeds: Path | None, source: str) -> Path:
    """The file at this path below the folder, links followed. Raises SourcesOff, SourceOutside or SourceNotFound."""
    if feeds is None:
        raise SourcesOff
    if not source or "\0" in source:
        raise SourceNotFound("The source is empty or contains a NUL character.")
    if leads_out(source):
        raise SourceOutside
    try:
        folder = os.path.realpath(feeds)
        path = os.path.realpath(os.path.join(folder, source))
        inside = os.path.commonpath((folder, path)) == folder
    except (OSError, ValueError):
        raise SourceNotFound from None
    if not inside:
        raise SourceOutside
    if not os.path.isfile(path):
        raise SourceNotFound
    return Path(path)


def shown_name(filename: str) -> str:
    """What to call an upload: the last part of its name, without what could not be stored or shown."""
    last = filename.replace("\\", "/").rpartition("/")[2]
    shown = "".join(letter for letter in last if not unicodedata.category(letter).startswith(("C", "Zl", "Zp")))
    return shown.strip()[:SHOWN] or "upload"
