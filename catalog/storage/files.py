"""Files that appear whole or not at all, and what a full disk says."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from catalog.errors import DiskFull, FileNotWritable


@contextmanager
def private_files() -> Iterator[None]:
    """What this process, and those that it starts meanwhile, make is for its own user alone: 0600, folders 0700."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A path to write to, which becomes `path` when the block ends well. Raises DiskFull and FileNotWritable."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        if is_full(error):
            raise DiskFull from None
        raise FileNotWritable(f"{path.name} cannot be written.") from None
    finally:
        with suppress(OSError):  # a folder of the path is a file
            temporary.unlink(missing_ok=True)


def is_full(error: BaseException) -> bool:
    """Whether it means that the disk, or what this user may use of it, is full."""
    full = (errno.ENOSPC, errno.EDQUOT)
    return getattr(error, "sqlite_errorname", "") == "SQLITE_FULL" or getattr(error, "errno", 0) in full


def write_durably(path: Path, data: bytes) -> None:
    """A file that is there, whole, even after a loss of power. Raises DiskFull and FileNotWritable."""
    with written_whole(path) as temporary, temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
