"""An image's name as a feed writes it -> the file's own name, where they differ in no more than the spelling.

A name counts as it stands first. After that backslashes are slashes, %20 is a space, a slash at the start means the
folder of images, and case, Unicode form and a missing ending make no difference.
"""

import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote

from catalog.errors import ImageNotFound

ENDINGS = (".jpg", ".jpeg", ".jfif", ".png", ".webp", ".gif", ".bmp")
MAX_NAMES = 500_000  # of all folders that are remembered together
MAX_JOINED = 5  # parts of a cell that one name may consist of


def spellings(where: str) -> list[str]:
    """The relative paths that a name may mean, itself first."""
    plain = [where, unquote(where)] if "%" in where else [where]
    names = [name for one in plain for name in (one, one.replace("\\", "/"))]
    return list(dict.fromkeys(name.lstrip("/") for name in names if "\0" not in name and name.strip("/")))


class Names:
    """Names that are found in another case or Unicode form, or without their ending."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names: dict[str, str] = {}
        self._stems: dict[str, str] = {}
        for name in names:
            plain = folded(name)
            self._names[plain] = "" if plain in self._names else name
            stem, dot, ending = plain.rpartition(".")
            if dot + ending in ENDINGS:
                self._stems[stem] = "" if stem in self._stems else name

    def __len__(self) -> int:
        return len(self._names)

    def find(self, name: str) -> str | None:
        """Raises ImageNotFound where several fit."""
        plain = folded(name)
        found = self._names.get(plain)
        if found is None and not plain.endswith(ENDINGS):
            found = self._stems.get(plain)
        if found == "":
            raise ImageNotFound("Several files have this name but for case or ending. Write it as the file's own name.")
        return found


def folded(name: str) -> str:
    plain = unicodedata.normalize("NFC", name.replace("\\", "/")).casefold()
    return unicodedata.normalize("NFC", plain).strip()


class Listing(NamedTuple):
    modified: int
    names: Names


class ImageFolder:
    """A folder of images. What lies in it is listed where a name is not found as it stands, and remembered.

    Threads may share it.
    """

    def __init__(self, root: Path) -> None:
        self.root = os.path.realpath(root)
        self._listings: dict[str, Listing] = {}

    def path(self, where: str) -> str | None:
        """The path of the file, from the folder on; None if there is none. It may lead out of the folder.

        Raises ImageNotFound where several files fit.
        """
        names = spellings(where)
        for name in names:
            if os.path.lexists(os.path.join(self.root, name)):
                return name
        return next(filter(None, map(self._find, names)), None)

    def _find(self, name: str) -> str | None:
        steps = PurePosixPath(name).parts
        if ".." in steps:
            return None
        found = ""
        for number, step in enumerate(steps):
            there = os.path.join(found, step)
            if not os.path.lexists(os.path.join(self.root, there)):
                real = self._names(found).find(step)
                if real is None or (number < len(steps) - 1 and folded(real) != folded(step)):
                    return None
                there = os.path.join(found, real)
            found = there
        return found

    def _names(self, folder: str) -> Names:
        path = os.path.realpath(os.path.join(self.root, folder))
        if os.path.commonpath((self.root, path)) != self.root:
            return Names(())
        try:
            modified = os.stat(path).st_mtime_ns
            known = self._listings.get(path)
            if known and known.modified == modified:
                return known.names
            names = Names(os.listdir(path))
        except OSError:
            return Names(())
        if sum(len(listing.names) for listing in list(self._listings.values())) + len(names) > MAX_NAMES:
            self._listings.clear()
        self._listings[path] = Listing(modified, names)
        return names


def joined(parts: Sequence[tuple[str, str]], exists: Callable[[str], bool]) -> Iterator[str]:
    """The names in a cell that was parted: what belongs together is joined again.

    parts: each with the separator behind it, "" behind the last. A name counts that exists; where none does, the cell
    is taken as it was parted.
    """
    at = 0
    while at < len(parts):
        left = len(parts) - at
        lengths = (left, *range(1, min(MAX_JOINED, left) + 1))
        length = next((one for one in lengths if exists(text_of(parts[at : at + one]))), 1)
        yield text_of(parts[at : at + length])
        at += length


def text_of(parts: Sequence[tuple[str, str]]) -> str:
    return "".join(part + between for part, between in parts[:-1]) + parts[-1][0]
