"""Images that stand where words should: some clients only know texts, and send an image as one."""

import re

DATA_URI = re.compile(r"\s*data:(image/|[^,\s]{0,200};base64,)", re.IGNORECASE)
# How base64 of a JPEG, PNG, GIF or WebP begins, and more letters than a word has.
BASE64 = re.compile(r"\s*(/9j/|iVBORw0KGgo|R0lGOD|UklGR)[A-Za-z0-9+/=]{80}")


def is_image(text: str) -> bool:
    """Whether a text is an image: a data URI, or its base64 alone. One that only mentions a data URI is none."""
    return bool(DATA_URI.match(text) or BASE64.match(text))
