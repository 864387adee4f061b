"""API keys: a file of names and hashes, never of keys.

A key is 32 random bytes behind a prefix that scanners of repositories can look for. Of 2^256 keys none can be
guessed or tabulated, so one plain sha256 hides a key as well as a salted, slow hash would; those are for passwords
that people think of, and would cost every request a tenth of a second.
"""

import logging
import re
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, ValidationError

from catalog.errors import CatalogError
from catalog.storage.files import written_whole

KEY_PREFIX = "sl_"
KEY_BYTES = 32
GOOD_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
LOOK_SECONDS = 1.0

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


class Keys:
    """The keys of a file, looked up anew when the file changes: a key that is removed is refused a second later."""

    def __init__(self, path: Path) -> None:
        """Raises KeysDamaged."""
        self.path = path
        self._seen = state(path)
        self._keys = read_keys(path)
        self._looked = time.monotonic()

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
        """At most once a second, and only at the file's dates. A file that has become unreadable changes nothing, and
        neither does one that is gone: no accident may open the service.
        """
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        seen = state(self.path)
        if seen == self._seen:
            return
        self._seen = seen
        if seen is None:
            logger.error("the file of API keys is gone; its keys stay valid until a restart")
            return
        try:
            self._keys = read_keys(self.path)
            logger.info("read the API keys anew: %d", len(self._keys))
        except KeysDamaged:
            logger.error("the file of API keys is damaged; the keys read before stay valid")


def add_key(path: Path, name: str, scope: KeyScope = "write") -> str:
    """The new key, which nobody can read again. Raises KeyNameInvalid, KeyNameTaken, KeysDamaged, FileNotWritable."""
    if not GOOD_NAME.fullmatch(name):
        raise KeyNameInvalid
    known = read_keys(path)
    if any(key.name == name for key in known):
        raise KeyNameTaken(f"There is a key named {name} already.")
    key = KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    write_keys(path, [*known, Key(name=name, sha256=hash_of(key), created_at=created, scope=scope)])
    return key


def remove_key(path: Path, name: str) -> None:
    """Raises KeyNotFound, KeysDamaged, FileNotWritable."""
    known = read_keys(path)
    left = [key for key in known if key.name != name]
    if len(left) == len(known):
        raise KeyNotFound(f"There is no key named {name!r}.")
    write_keys(path, left)


def read_keys(path: Path) -> tuple[Key, ...]:
    """No file is no keys. Raises KeysDamaged."""
    try:
        return KeyFile.model_validate_json(path.read_bytes()).keys
    except FileNotFoundError:
        return ()
    except (OSError, ValidationError):
        raise KeysDamaged(f"{path.name} cannot be read as a file of API keys.") from None


def write_keys(path: Path, keys: Sequence[Key]) -> None:
    """For the owner's eyes only. Raises FileNotWritable or DiskFull."""
    with written_whole(path) as temporary:
        temporary.touch(0o600)
        temporary.chmod(0o600)  # one that was left behind keeps its own mode
        temporary.write_text(KeyFile(keys=tuple(keys)).model_dump_json(indent=1) + "\n", encoding="utf-8")


def hash_of(key: str) -> str:
    return sha256(key.encode()).hexdigest()


def state(path: Path) -> tuple[int, int, int] | None:
    """What changes when the file does; None where there is none. Two writes may fall into one tick of the clock, but
    a file that is written whole is another file each time.
    """
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
