"""The picture against the words and against the merchant's own fields, by what the model makes of each side alone."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from catalog.product import Product, Scored, Sides, Values, as_text, each_value
from catalog.quality.conflicts.colours import plain
from catalog.quality.conflicts.scorer import Kind, Scorer, attribute_features, category_features
from catalog.quality.conflicts.sexes import sex_in, sex_of
from catalog.quality.conflicts.words import title_colours
from catalog.quality.finding import Evidence, Finding
from catalog.synonyms import attribute_name

TOLD = 0.7  # the least probability


class Said(NamedTuple):
    """What the catalogue says of an attribute. agrees: whether a value that the picture shows may be that one."""

    code: str
    field: str
    text: str
    evidence: Evidence
    agrees: Callable[[str], bool]


def image_against_words(product: Product, sides: Sides, scorer: Scorer, least: float = TOLD) -> Iterator[Finding]:
    """least: the probability of what is told."""
    found = [_category(product, sides, scorer)]
    for said in (_title_colour(product), _title_gender(product)):
        found.append(said and _attribute(product, sides, said, scorer))
    yield from (one for one in found if one and one.probability >= least)


def image_against_fields(product: Product, sides: Sides, scorer: Scorer) -> Iterator[Finding]:
    for name, values in product.attributes.items():
        said = _field(name, values)
        found = said and _attribute(product, sides, said, scorer)
        if found and found.probability >= TOLD:
            yield found


def _category(product: Product, sides: Sides, scorer: Scorer) -> Finding | None:
    if not sides.differ or not sides.image or not sides.text:
        return None
    probability = scorer.probability("category", category_features(sides))
    shown, said = (" > ".join(one.path) for one in (sides.image, sides.text))
    evidence = (
        Evidence("image", shown, score=round(sides.image.score, 4)),
        Evidence("title" if product.title else "description", said, score=round(sides.text.score, 4)),
    )
    return Finding(
        "image_and_title_differ",
        product.id,
        round(probability, 4),
        field="category",
        said=said,
        proposed=shown,
        evidence=evidence,
    )


def _attribute(product: Product, sides: Sides, said: Said, scorer: Scorer) -> Finding | None:
    kind: Kind = "gender" if attribute_name(said.field) == "gender" else "colour"
    shows = sides.shows.get(kind)
    if not shows:
        return None
    probability = scorer.probability(kind, attribute_features(chance(shows, said.agrees)))
    evidence = (Evidence("image", shows[0].name, score=round(shows[0].score, 4)), said.evidence)
    return Finding(
        said.code,
        product.id,
        round(probability, 4),
        field=said.field,
        said=said.text,
        proposed=shows[0].name,
        evidence=evidence,
    )


def chance(shows: Sequence[Scored], agrees: Callable[[str], bool]) -> float:
    """That the picture has what is said."""
    return sum(one.score for one in shows if agrees(one.name))


def _title_colour(product: Product) -> Said | None:
    named = title_colours(product)
    if not named:
        return None
    first = next(one for one in named if one.certain)
    evidence = Evidence("title", first.word, first.start, first.end)
    agrees = colour_agrees(frozenset().union(*(one.may_be for one in named)))
    return Said("image_and_title_differ", "colour", first.word, evidence, agrees)


def _title_gender(product: Product) -> Said | None:
    said = sex_in(product.title)
    if said is None:
        return None
    evidence = Evidence("title", said.word, said.start, said.end)
    return Said("image_and_title_differ", "gender", said.word, evidence, gender_agrees(said.sex))


def _field(name: str, values: Values) -> Said | None:
    text, given = as_text(values), each_value(values)
    known = attribute_name(name)
    if not given:
        return None
    if known == "colour" and all(plain(value) for value in given):
        agrees = colour_agrees(frozenset().union(*map(plain, given)))
    elif known == "gender" and len(sexes := {sex_of(value) for value in given}) == 1 and None not in sexes:
        agrees = gender_agrees(*filter(None, sexes))
    else:
        return None
    return Said("image_and_field_differ", name, text, Evidence("field", text), agrees)


def colour_agrees(may_be: frozenset[str]) -> Callable[[str], bool]:
    """A value of which nothing is known, such as "Multi", may be any."""
    return lambda value: not plain(value) or bool(plain(value) & may_be)


def gender_agrees(sex: str) -> Callable[[str], bool]:
    return lambda value: sex_of(value) in (None, sex)
