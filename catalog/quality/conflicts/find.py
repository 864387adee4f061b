"""What contradicts itself in a product."""

from dataclasses import replace

from catalog.filing import answer_of
from catalog.product import Product, StoredProduct, Understanding
from catalog.quality.conflicts.images import image_against_fields, image_against_words
from catalog.quality.conflicts.scorer import Scorer
from catalog.quality.conflicts.words import words_against_fields
from catalog.quality.finding import Finding
from catalog.synonyms import attribute_name

CODES = ("image_and_title_differ", "image_and_field_differ", "title_and_field_differ")


def conflicts(product: Product, found: Understanding | None, scorer: Scorer | None = None) -> list[Finding]:
    """The most probable first. found: what the model makes of it; None for what the words alone tell."""
    told = list(words_against_fields(product))
    if found and found.sides:
        scorer = scorer or Scorer.shipped()
        of_words = list(image_against_words(product, found.sides, scorer))
        known = {attribute_name(one.field) for one in of_words}
        of_fields = image_against_fields(product, found.sides, scorer)
        told += [*of_words, *(one for one in of_fields if attribute_name(one.field) not in known)]
    return sorted(told, key=lambda one: -one.probability)


def conflict_findings(stored: StoredProduct) -> list[Finding]:
    """From what is stored, without reading the picture again."""
    return conflicts(stored.product, answer_of(stored))


def examined(stored: StoredProduct) -> StoredProduct:
    """With the codes of what contradicts itself in it; then it is not accepted unseen."""
    codes = codes_of(conflicts(stored.product, answer_of(stored)))
    looked = replace(stored, contradictions=codes)
    return looked.held() if codes else looked


def codes_of(findings: list[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.code for one in findings))
