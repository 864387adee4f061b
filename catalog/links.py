"""Links: a product's must lead to a web page and to nothing else; a server's is shown without its password."""

import re

# What stands before the first colon, if it can be a scheme. Browsers skip control characters and spaces in it.
SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
# A host has a dot, which no scheme does that a browser runs: `javascript:80/alert(1)` is a program, not a port.
HOST_AND_PORT = re.compile(r"(?:[a-z0-9-]+(?:\.[a-z0-9-]+)+|localhost):\d{1,5}(?:/|$)", re.IGNORECASE)
# user:password@host, or a part of the query.
PASSWORD = re.compile(r"(?<=[^/]):[^/?@]*(?=@)|(?<=[?&])password=[^&]*&?", re.IGNORECASE)
UNSEEN = re.compile(r"[\x00-\x20\x7f-\xa0]")


def is_web_link(link: str) -> bool:
    """Whether this is an http or https address, one without a scheme, or "". A host with a port is no scheme."""
    if link.startswith(("https://", "http://")):
        return True
    seen = UNSEEN.sub("", link)
    scheme = SCHEME.match(seen)
    return scheme is None or scheme[1].lower() in ("http", "https") or HOST_AND_PORT.match(seen) is not None


def without_password(location: str) -> str:
    """What may be shown and logged of a location that may be a server's address."""
    return PASSWORD.sub("", location) if "://" in location else location
