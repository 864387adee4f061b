"""API keys: names and hashes, never keys, in a file or, where nodes share a state, in its database.

A key is 32 random bytes behind a prefix that scanners of repositories can look for. Of 2^256 keys none can be
guessed or tabulated, so one plain sha256 hides a key as well as a salted, slow hash would; those are for passwords
that people think of, and would cost every request a tenth of a second.
"""

import logging
import re
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, ValidationError

from catalog.errors import CatalogError, StateDamaged
from catalog.storage.database import open_database
from catalog.storage.files import written_whole
from catalog.storage.notes import NoteTable
from catalog.storage.seal import Unsealed
from serving.settings.schema import Settings

KEY_PREFIX = "sl_"
KEY_BYTES = 32
GOOD_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
LOOK_SECONDS = 1.0
NOTE = "api-keys"  # what they are called in a database

# read: analyze, embed, search and get; write: everything.
KeyScope: TypeAlias = Literal["read", "write"]

logger = logging.getLogger(__name__)


class KeysInvalid(CatalogError):
    default = "The API keys are not valid."


class KeysDamaged(KeysInvalid):
    default = "The API key file is damaged or cannot be read."


class KeyNameInvalid(KeysInvalid):
    default = (
        "A key name must have 1 to 64 letters, digits, dots, hyphens or underscores, and begin with a letter or digit."
    )


class KeyNameTaken(KeysInvalid):
    default = "A key with this name already exists."


class KeyNotFound(KeysInvalid):
    default = "There is no key with this name."


class Key(BaseModel):
    """What is kept of a key. created_at: ISO 8601, UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    sha256: str
    created_at: str
    scope: KeyScope = "write"


class KeyFile(BaseModel):
    keys: tuple[Key, ...] = ()


KeyPlace: TypeAlias = Path | NoteTable


class Keys:
    """The keys of a place, looked up anew when it changes: a key that is removed is refused a second later."""

    def __init__(self, place: KeyPlace) -> None:
        """Raises KeysDamaged, or StateUnavailable."""
        self.place = place
        self._seen = state(place)
        self._keys = read_keys(place)
        self._looked = time.monotonic()
        if not isinstance(place, Path):
            threading.Thread(target=self._follow, name="keys", daemon=True).start()

    def __len__(self) -> int:
        self._look()
        return len(self._keys)

    def find(self, key: str) -> Key | None:
        """Takes as long for a wrong key as for any right one."""
        self._look()
        hashed = hash_of(key)
        found = None
        for known in self._keys:
            if compare_digest(known.sha256, hashed):
                found = known
        return found

    def _look(self) -> None:
        """At most once a second, and only at the file's dates. A database is not waited for by a request."""
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS and isinstance(self.place, Path):
            self._looked = now
            self._read_anew()

    def _follow(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            with suppress(StateDamaged):  # of a database that does not respond the keys read before stay valid
                self._read_anew()

    def _read_anew(self) -> None:
        """Keys that have become unreadable change nothing, and neither do some that are gone: no accident may open the
        service.
        """
        seen = state(self.place)
        if seen == self._seen:
            return
        self._seen = seen
        if seen is None:
            logger.error("the file of API keys is gone; its keys stay valid until a restart")
            return
        try:
            self._keys = read_keys(self.place)
            logger.info("read the API keys anew: %d", len(self._keys))
        except KeysDamaged:
            logger.error("the file of API keys is damaged; the keys read before stay valid")


def key_place(settings: Settings) -> KeyPlace:
    """Raises ConfigInvalid or StateUnavailable."""
    database = open_database(settings.state_database)
    return NoteTable(database) if database else settings.keys


def add_key(place: KeyPlace, name: str, scope: KeyScope = "write") -> str:
    """The new key, which nobody can read again. Raises KeyNameInvalid, KeyNameTaken, KeysDamaged, FileNotWritable."""
    if not GOOD_NAME.fullmatch(name):
        raise KeyNameInvalid
    key = KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)
    created = datetime.now(UTC).isoformat(timespec="seconds")

    def with_it(known: Sequence[Key]) -> Sequence[Key]:
        if any(one.name == name for one in known):
            raise KeyNameTaken(f"There is a key named {name} already.")
        return [*known, Key(name=name, sha256=hash_of(key), created_at=created, scope=scope)]

    change_keys(place, with_it)
    return key


def remove_key(place: KeyPlace, name: str) -> None:
    """Raises KeyNotFound, KeysDamaged, FileNotWritable."""

    def without_it(known: Sequence[Key]) -> Sequence[Key]:
        left = [key for key in known if key.name != name]
        if len(left) == len(known):
            raise KeyNotFound(f"There is no key named {name!r}.")
        return left

    change_keys(place, without_it)


def change_keys(place: KeyPlace, edit: Callable[[Sequence[Key]], Sequence[Key]]) -> None:
    known = read_keys(place)
    if isinstance(place, Path):
        return write_keys(place, edit(known))
    place.change(NOTE, lambda text: written(edit(KeyFile.model_validate_json(text).keys if text else ())))


def read_keys(place: KeyPlace) -> tuple[Key, ...]:
    """Nothing there is no keys. Raises KeysDamaged."""
    try:
        text = place.read_bytes() if isinstance(place, Path) else place.read(NOTE)
        return KeyFile.model_validate_json(text).keys if text is not None else ()
    except FileNotFoundError:
        return ()
    except (OSError, Unsealed, ValidationError):
        name = place.name if isinstance(place, Path) else NOTE
        raise KeysDamaged(f"{name} cannot be read as a file of API keys.") from None


def write_keys(path: Path, keys: Sequence[Key]) -> None:
    """For the owner's eyes only. Raises FileNotWritable or DiskFull."""
    with written_whole(path) as temporary:
        temporary.touch(0o600)
        temporary.chmod(0o600)  # one that was left behind keeps its own mode
        temporary.write_text(written(keys) + "\n", encoding="utf-8")


def written(keys: Sequence[Key]) -> str:
    return KeyFile(keys=tuple(keys)).model_dump_json(indent=1)


def hash_of(key: str) -> str:
    return sha256(key.encode()).hexdigest()


def state(place: KeyPlace) -> object:
    """What changes when the keys do; None where there are none. Two writes of a file may fall into one tick of the
    clock, but a file that is written whole is another file each time.
    """
    if not isinstance(place, Path):
        try:
            return place.read(NOTE)
        except Unsealed:
            return ""
    try:
        found = place.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
