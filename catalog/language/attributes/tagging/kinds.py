"""Which kinds of product the tagger has learned a title is of: by the words of its category, else by its own."""

import re
from collections.abc import Sequence

CHINESE = "zh"
# As OA-Mine names them -> words that say so, the first that fits.
KINDS = {
    "toothbrush": r"tooth\s?brush(?:es)?",
    "laundry detergent": r"laundry detergents?|laundry|detergent pacs",
    "sunscreen": r"sunscreens?|sun ?block|spf ?\d+",
    "breakfast cereal": r"cereals?|oatmeal|granola|muesli|corn flakes",
    "safety mask": r"face masks?|safety masks?|respirators?|dust masks?|face covering|surgical masks?",
    "vitamin": r"vitamins?|multivitamins?|softgels|dietary supplement",
    "conditioner": r"hair conditioners?|conditioners?(?! unit)",
    "coffee": r"coffees?|espresso|k-?cups?",
    "tea": r"teas?|chai|matcha",
    "shoes": r"shoes?|sneakers?|boots?|sandals?|loafers?|oxfords?|slippers?|moccasins?|clogs?|ballet flats?",
}
NOT_THESE = re.compile(
    r"\b(?:maker|machine|mug|cup holder|table|kettle|grinder|rack|polish|cabinet|storage|air)\b", re.IGNORECASE
)
PATTERNS = {kind: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for kind, words in KINDS.items()}
HAN = re.compile(r"[\u4e00-\u9fff]")


def kind_of(title: str, category: Sequence[str] = ()) -> str:
    """A kind, or "" for a product of none of them."""
    if not title.isascii() and len(HAN.findall(title)) * 3 > len(title.replace(" ", "")):
        return CHINESE
    text = " ".join(category[-2:]) or title
    if NOT_THESE.search(text):
        return ""
    return next((kind for kind, pattern in PATTERNS.items() if pattern.search(text)), "")
