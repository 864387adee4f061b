"""Parts of a product, whose colour or material is not that of the whole."""

import re

PART = re.compile(
    r"\b(?:dial|straps?|band|lens|lenses|frames?|soles?|insoles?|buckles?|trim|logo|stitch\w*|border|piping|laces?|handles?|lid"
    r"|collar|rim|bezel|ink|cartridge|toner|lining|print|text|leds?|lights?|zip|zips|zippers?|rivets?|hardware|tip|tips)\b",
    re.IGNORECASE,
)
NEAR, SIGHT = 2, 100  # words before the part, and the characters in which they stand


def names_a_part(text: str, end: int) -> bool:
    """Whether a part of the product follows a word that ends here."""
    following = text[end : end + SIGHT].split()[:NEAR]
    return bool(PART.search(" ".join(following)))
