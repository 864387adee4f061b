"""Sizes by letters: "XXL", "2XL" and "2 XL" are one, "medium" is "M"."""

LETTERS = r"(?:[2-6]\s?xl|x{1,5}[sl]|[sml])"  # in a pattern with re.IGNORECASE
_WORDS = {"small": "S", "medium": "M", "large": "L", "x-large": "XL", "xlarge": "XL", "xx-large": "XXL"}
# How it is written, in lower case and without spaces -> the size.
SIZES = {
    **{letter: letter.upper() for letter in ("s", "m", "l", "xs", "xxs", "xxxs", "xl", "xxl", "xxxl")},
    **{"2xl": "XXL", "3xl": "XXXL", "xxxxl": "4XL", "xxxxxl": "5XL", **{f"{n}xl": f"{n}XL" for n in (4, 5, 6)}},
    **_WORDS,
}


def letter_size(text: str) -> str:
    """ "" for what is no size by letters."""
    return SIZES.get("".join(text.lower().split()), "")
