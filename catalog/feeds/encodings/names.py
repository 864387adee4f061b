"""Names of encodings -> the codecs that read them."""

import codecs
import re

from catalog.errors import ConfigInvalid

UTF8 = "utf-8"
# As browsers do (WHATWG, "Encoding", 4.2): files that name the narrow encoding are written in the wide one.
WIDER = {
    "ascii": "windows-1252",
    "iso8859-1": "windows-1252",
    "cp1252": "windows-1252",
    "iso8859-9": "windows-1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "big5": "cp950",
    "mac-roman": "macintosh",
    "utf-8-sig": UTF8,
}
# Codecs of Python that are not the encoding of any file.
NO_FILES = frozenset(
    ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "unicode-escape", "utf-7", "undefined")
)
DECLARED = re.compile(rb"\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")


def encoding_named(name: str) -> str:
    """The encoding as a codec's name. Raises ConfigInvalid for a name that is none."""
    found = known_encoding(name)
    if found is None:
        raise ConfigInvalid(f"{name[:40]!r} is not an encoding. Give its name, such as windows-1252 or shift_jis.")
    return found


def known_encoding(name: str) -> str | None:
    try:
        codec = codecs.lookup(name.strip())
    except (LookupError, ValueError):
        return None
    if not getattr(codec, "_is_text_encoding", True) or codec.name in NO_FILES:
        return None
    return WIDER.get(codec.name, "utf-16" if codec.name == "utf-16" else shown(codec.name))


def shown(codec: str) -> str:
    """The usual name of a codec of Python: "cp1250" -> "windows-1250", "iso8859-2" -> "iso-8859-2"."""
    return re.sub(r"^cp(?=125\d$)", "windows-", re.sub(r"^iso8859", "iso-8859", codec)).replace("euc_", "euc-")


def declared_encoding(head: bytes) -> str | None:
    """What the declaration of an XML document says, None where it says nothing that is known."""
    found = DECLARED.match(head.removeprefix(codecs.BOM_UTF8))
    return known_encoding(found[1].decode()) if found else None
