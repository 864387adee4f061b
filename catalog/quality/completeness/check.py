"""One product: what is missing, what could fill it, and a score that is the sum of its parts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from catalog.product import StoredProduct
from catalog.quality.completeness.channels import Path, Rule
from catalog.quality.completeness.expectations import OWN_FIELDS, Asked, Expectations, has_words, nodes_of
from catalog.quality.completeness.given import given
from catalog.quality.completeness.images import UNEVEN, image_faults, is_plain
from catalog.quality.completeness.proposals import Proposal, Words, candidates
from catalog.quality.completeness.titles import title_faults
from catalog.quality.finding import Evidence, Finding
from catalog.taxonomy.names import split_path

# Points of each part; 100 in all.
POINTS: Mapping[str, float] = {"fields": 40, "attributes": 30, "title": 15, "images": 15}
MAX_ASKED = 10_000  # of categories
IMAGE = (("images",),)  # told of with the faults of images
WEIGHTS = {"required": 1.0, "recommended": 0.3}
# The share of its part's points that a fault costs.
COSTS = {
    "title_too_short": 0.5,
    "title_too_long": 0.3,
    "title_capitals": 0.4,
    "title_repeats": 0.2,
    "title_promotion": 0.4,
    "title_markup": 0.5,
    "title_without_brand": 0.2,
    "image_missing": 1.0,
    "image_placeholder": 1.0,
    "image_too_small": 0.5,
    "image_blurred": 0.5,
    "image_background": 0.3,
}


class Reason(NamedTuple):
    """What costs points: the finding's code, the field, and how many points."""

    code: str
    field: str
    points: float


@dataclass(frozen=True, slots=True)
class Part:
    """points of `of`, which is what it has where nothing is wrong; reasons: what the rest was lost to."""

    name: str
    points: float
    of: float
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Completeness:
    """score: 0 to 100, the sum of the parts' points; proposals: for what is missing, by key."""

    id: str
    parts: tuple[Part, ...]
    findings: tuple[Finding, ...]
    proposals: Mapping[str, Proposal] = field(default_factory=dict)

    @property
    def score(self) -> float:
        return round(sum(part.points for part in self.parts), 2)


class _Fault(NamedTuple):
    """A finding, and what it costs of its part, in the part's own units."""

    part: str
    cost: float
    finding: Finding


def completeness(stored: StoredProduct, expectations: Expectations) -> Completeness:
    """Of one product, by what its catalogue, its category and the channels expect."""
    values, words = given(stored), Words(stored)
    paths = paths_of(stored)
    asked = asked_of(stored, expectations, paths)
    missing = [one for one in asked if not any(values.keys() >= set(keys) for keys in one.any)]
    proposals: dict[str, Proposal] = {}
    faults = []
    for one in missing:
        found = _proposed(one, stored, words, expectations)
        proposals |= {found.key: found} if found else {}
        faults.append(_Fault(one.part, one.cost, _missing(stored.id, one, found)))
    faults += _title_faults(stored, expectations)
    faults += _image_faults(stored, expectations, values, paths)
    whole = dict.fromkeys(POINTS, 1.0) | {"fields": 0.0, "attributes": 0.0}
    for one in asked:
        whole[one.part] += one.cost
    parts = tuple(_part(name, faults, whole[name]) for name in POINTS)
    return Completeness(stored.id, parts, tuple(one.finding for one in faults), proposals)


def asked_of(stored: StoredProduct, expectations: Expectations, paths: tuple[Path, ...]) -> list[Asked]:
    """What is asked of all products with these categories."""
    of = (nodes_of(stored)[-1], paths)
    known = expectations.asked.get(of)
    if known is None:
        if len(expectations.asked) >= MAX_ASKED:
            expectations.asked.clear()
        known = expectations.asked[of] = _asked_of(stored, expectations, paths)
    return known


def _asked_of(stored: StoredProduct, expectations: Expectations, paths: Sequence[Path]) -> list[Asked]:
    """Each field and property once: what a channel requires, what the category has, what a channel recommends."""
    rules: dict[str, tuple[Rule, list[str]]] = {}
    for channel in expectations.channels:
        for rule in channel.rules:
            if rule.holds(paths) and rule.any != IMAGE:
                known, names = rules.setdefault(rule.name, (rule, []))
                names.append(channel.title)
                rules[rule.name] = (rule if rule.level == "required" else known, names)
    asked = [
        Asked("fields", WEIGHTS[rule.level], f"field_{rule.level}", name, rule.any, tuple(names))
        for name, (rule, names) in rules.items()
    ]
    expected = {one.key: one for one in expectations.expected(stored)}
    required = {one.any[0][0] for one in asked if len(one.any) == 1 and one.code == "field_required"}
    asked = [one for one in asked if one.any[0][0] in required or one.any[0][0] not in expected]
    return asked + [
        Asked("attributes", one.share, "attribute_missing", one.name, ((key,),))
        for key, one in expected.items()
        if key not in required
    ]


def _proposed(one: Asked, stored: StoredProduct, words: Words, expectations: Expectations) -> Proposal | None:
    key = one.any[0][0]
    if len(one.any) > 1 or key in OWN_FIELDS:
        return None
    name = expectations.name(key, stored)
    found = candidates(key, name, stored, words, expectations.vocabulary(key))
    return expectations.record.best(key, found)


def _missing(id: str, one: Asked, found: Proposal | None) -> Finding:
    asking = tuple(Evidence("channel", name) for name in one.channels)
    proof = found.evidence if found else ()
    return Finding(one.code, id, 1.0, (), one.name, "", found.value if found else "", (*asking, *proof))


def _title_faults(stored: StoredProduct, expectations: Expectations) -> Iterator[_Fault]:
    product = stored.product
    found = list(title_faults(product.title))
    longest = min((one.longest_title for one in expectations.channels), default=len(product.title))
    if len(product.title) > longest:
        found.append(("title_too_long", Evidence("title", product.title[longest:], longest, len(product.title))))
    named = not product.brand or not product.title or has_words(product.title, product.brand)
    if not named and expectations.brand_is_in_titles:
        found.append(("title_without_brand", Evidence("field", product.brand)))
    for code, proof in found:
        yield _Fault("title", COSTS[code], Finding(code, stored.id, 1.0, (), "title", product.title, "", (proof,)))


def _image_faults(
    stored: StoredProduct, expectations: Expectations, values: Mapping[str, object], paths: Sequence[Path]
) -> Iterator[_Fault]:
    """Of the first image, which shops show."""
    found: list[tuple[str, Evidence | None]] = []
    if "images" not in values:
        found.append(("image_missing", None))
    elif expectations.is_placeholder(stored):
        sharing = f"{expectations.sharing(stored):,}"
        said = f"{sharing} products have this image."
        found.append(("image_placeholder", Evidence("product", said, code="image_shared", values=(sharing,))))
    elif stored.understanding.image_measures:
        least = max((one.smallest(paths) for one in expectations.channels), default=0)
        first = stored.understanding.image_measures[0]
        found += image_faults(first, least)
        if expectations.backgrounds_are_plain and not is_plain(first):
            uneven = f"{first.uneven:.2f}", str(UNEVEN)
            said = "unevenness of the edge {}, of at most {}".format(*uneven)
            found.append(("image_background", Evidence("image", said, code="edge_uneven", values=uneven)))
    for code, proof in found:
        own = (proof,) if proof else ()
        yield _Fault("images", COSTS[code], Finding(code, stored.id, 1.0, (), "image", "", "", own))


def _part(name: str, faults: Iterable[_Fault], whole: float) -> Part:
    """Faults that cost more than all there is cost all, each its share."""
    own = [one for one in faults if one.part == name]
    cost = sum(one.cost for one in own)
    scale = POINTS[name] / max(whole, cost) if cost else 0.0
    reasons = tuple(Reason(one.finding.code, one.finding.field, round(one.cost * scale, 2)) for one in own)
    return Part(name, round(POINTS[name] - sum(one.points for one in reasons), 2), POINTS[name], reasons)


def paths_of(stored: StoredProduct) -> tuple[Path, ...]:
    """The product's categories: the model's, the one before it was taught, and the merchant's own."""
    understanding, product = stored.understanding, stored.product
    paths = [understanding.path]
    if understanding.base and understanding.base.category:
        paths.append(understanding.base.category.path)
    for text in (product.google_product_category, product.product_type):
        paths.append(split_path(text))
    return tuple(path for path in paths if path)
