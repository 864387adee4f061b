"""Texts with a checksum, so that what a disk has changed is not taken for what was written."""

import zlib

MARK = "\n#"


class Unsealed(ValueError):
    """A text that is not what was sealed."""


def sealed(text: str) -> str:
    """The text with its checksum, for `unsealed`."""
    return f"{text}{MARK}{checksum(text.encode('utf-8', 'surrogatepass'))}"


def unsealed(text: object) -> str:
    """The text that was sealed, or one of an earlier version, which has no checksum. Raises Unsealed for any other."""
    if not isinstance(text, str):
        raise Unsealed
    plain, mark, found = text.rpartition(MARK)
    if not mark:
        return text
    if found != checksum(plain.encode("utf-8", "surrogatepass")):
        raise Unsealed
    return plain


def checksum(data: bytes) -> str:
    """CRC-32: it finds accidents, not intent."""
    return f"{zlib.crc32(data):08x}"
