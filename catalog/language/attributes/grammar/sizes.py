"""Sizes of clothes and shoes: "Size 42", "EU 38", "9.5 M US", "T-shirt, XL", "尺码 L"."""

import re
from collections.abc import Iterator

from catalog.language.attributes.found import CERTAIN, LIKELY, FoundAttribute
from catalog.lexicon.sizes import LETTERS, letter_size

_NUMBER = r"\d{1,2}(?:[.,]5|½)?"
_SYSTEM = r"(?:US|UK|EUR?)"
_UNITS = r"(?i:mm|cm|m|in|inch(?:es)?|ft|oz|ml|l|kg|g|lbs?|years?|months?|pack|pcs?)"
# No measure follows: "size 10 x 20 cm", "size 5 oz", "size 10-12".
_END = rf"(?![\w.,/×*-]{{0,3}}\d|\s?(?:[x×*-]|{_UNITS}\b)|[\"'”″%])"
NAMED = re.compile(
    r"\b(?i:size|sz|gr(?:ö|oe)(?:ß|ss)e|taille|talla)(?![A-Za-z])\s?[:.]?\s?"
    rf"(?P<named>{_NUMBER}|(?i:{LETTERS}|small|medium|large))(?!\w){_END}"
    rf"|(?:尺码|码数)\s?[:：]?\s?(?P<zh>{_NUMBER}|(?i:{LETTERS}))(?![A-Za-z0-9])"
    rf"|\b(?P<before>{_SYSTEM}\s?{_NUMBER})(?!\w){_END}"
    rf"|(?<![\w./-])(?<!\d,)(?P<after>{_NUMBER}\s?(?:\d?[BDEMNW]{{1,3}}\s)?(?:\(M\)\s)?{_SYSTEM})(?!\w)"
)
# Without a word before it only in capitals, behind a mark or at the end.
ALONE = re.compile(
    r"(?:(?<=[,(/|])|(?<=[,(/|–-]\s))(?:[2-6]XL|X{1,4}[SL]|[SML])(?=\)|\s?[,/|]|\s?$)|(?<=\s)(?:[2-6]XL|X{1,4}L)(?=\s?$)"
)
SIGN = re.compile(r"(?i:size|sz|größe|groesse|grösse|taille|talla)|US|UK|EU|码|[SMLX](?![A-Za-z])")


def sizes_in(text: str) -> Iterator[FoundAttribute]:
    if not SIGN.search(text):
        return
    for one in NAMED.finditer(text):
        group = one.lastgroup or ""
        yield _size(one[group], *one.span(group), CERTAIN)
    for one in ALONE.finditer(text):
        yield _size(one[0], *one.span(), LIKELY)


def _size(words: str, start: int, end: int, confidence: float) -> FoundAttribute:
    return FoundAttribute("size", words, start, end, letter_size(words) or words, "", confidence)
