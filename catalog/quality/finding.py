"""What a check of the catalogue finds: something of a product that a person should look at, with its proof."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from catalog.taxonomy.tree import SEPARATOR

Source = Literal["title", "description", "image", "field", "model", "product", "channel"]


class Words(NamedTuple):
    """What a kind of finding is called, and what one of it says, in English."""

    heading: str
    sentence: str


# By code, the gravest first. The page has each in its languages, in English with the same words.
KINDS: Mapping[str, Words] = {
    "image_and_title_differ": Words(
        "Picture and words differ", "The picture seems to show {proposed}, but the words say {said}."
    ),
    "image_and_field_differ": Words(
        "Picture and feed differ", "The picture seems to show {proposed}, but your feed has {said} for {field}."
    ),
    "title_and_field_differ": Words(
        "Words and feed differ", "The words say {proposed}, but your feed has {said} for {field}."
    ),
    "duplicate": Words("Listed twice", "This seems to be the same product as {others}."),
    "variant": Words("Variants", "This seems to be a variant of {others}: they differ in {field}."),
    "duplicate_perhaps": Words("Perhaps listed twice", "This may be the same product as {others}."),
    "misfiled": Words(
        "Perhaps misfiled", "The products that are most like it are filed under {proposed}, but this one under {said}."
    ),
    "attribute_missing": Words(
        "Attribute missing", "It has no {field}, which products of this kind have here, or name in their words."
    ),
    "field_required": Words("Required by a channel", "It has no {field}, which is required by {channels}."),
    "field_recommended": Words("Recommended by a channel", "It has no {field}, which is recommended by {channels}."),
    "image_missing": Words("No image", "It has no image."),
    "image_placeholder": Words(
        "Placeholder image", "Its image is also that of products with which it has nothing in common."
    ),
    "image_too_small": Words("Small image", "Its image has fewer pixels than sales channels accept."),
    "image_blurred": Words("Blurred image", "Its image is blurred, or a small one that was scaled up."),
    "image_background": Words("Background", "The background of its image is not plain, as nearly all others are here."),
    "title_too_short": Words("Short title", "The title is too short to say what the product is."),
    "title_too_long": Words("Long title", "The title is longer than sales channels show; its end is cut off."),
    "title_capitals": Words("Title in capitals", "The title is written in capitals."),
    "title_repeats": Words("Title repeats itself", "The title says a word more often than it needs to."),
    "title_promotion": Words("Title advertises", "The title praises or advertises, which sales channels refuse."),
    "title_markup": Words("HTML in the title", "The title has signs of HTML in it, which shoppers see."),
    "title_without_brand": Words(
        "Brand not in the title", "The title does not name the brand, as most titles here do."
    ),
}


class Evidence(NamedTuple):
    """One side's word.

    source: where it stands; "field" is one of the merchant's own columns, "model" what the model makes of all,
    "product" another product, "channel" a sales channel. says: its words or its value; start, end: their place in that
    text, or None. score: how sure it is of that, or what it adds to the probability, or None.
    code: which of our sentences `says` is, or "" where it is words of the catalogue; values: what stands in it.
    """

    source: Source
    says: str
    start: int | None = None
    end: int | None = None
    score: float | None = None
    code: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """code: which fault, a key of KINDS; product: the id; others: ids of the other products that it is of. Of a
    fault that many products have, product is "", others are some of them, and `said` is how many they are.

    field: the attribute or the field of the feed, or ""; said: what the catalogue says, or ""; proposed: what it should
    say, or "" where that is not known. probability: that it is a fault; 1 where a rule says so. evidence: both sides'.
    """

    code: str
    product: str
    probability: float
    others: tuple[str, ...] = ()
    field: str = ""
    said: str = ""
    proposed: str = ""
    evidence: tuple[Evidence, ...] = ()

    @property
    def id(self) -> str:
        """The same in each audit for as long as the catalogue says the same, so that a dismissal is remembered, however
        sure the check is.
        """
        alone = [sorted(self.others), self.said] if self.product else []
        what = [self.code.removesuffix("_perhaps"), self.product, self.field, *alone]
        return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]

    @property
    def sentence(self) -> str:
        """In English, for a person who has not read the documentation."""
        others = ", ".join(self.others)
        channels = " and ".join(one.says for one in self.evidence if one.source == "channel")
        said, proposed = (_short(self.field, value) for value in (self.said, self.proposed))
        told = KINDS[self.code].sentence.format(
            others=others, field=self.field, said=said, proposed=proposed, channels=channels
        )
        return told if self.product else f"True of {self.said} products: {told}"


def _short(field: str, value: str) -> str:
    """Of a path of the model's tree its end."""
    return value.rpartition(SEPARATOR)[2] if field == "category" else value
