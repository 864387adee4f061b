"""What accepting or correcting findings writes into a feed: the one rule, which commands, service and page read."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple, get_args

from catalog.quality.audit.history import TOGETHER, Told
from catalog.quality.conflicts.sexes import Sex, sex_of
from catalog.quality.finding import Finding

# The columns of what concerns products together, where the merchant has none for it.
DUPLICATE_OF, VARIANTS_OF = "duplicate_of", "item_group_id"
# What contradicts itself without saying which side is wrong: only a person knows the value.
UNDECIDED = "image_and_title_differ"


class Change(NamedTuple):
    """A field or an attribute of a product, and the value that it is to have."""

    product: str
    field: str
    value: str


def changes(corrections: Iterable[Told]) -> dict[str, dict[str, str]]:
    """As `catalog.feeds.rewriting` takes them: product -> field or attribute -> value. The last correction counts."""
    found: dict[str, dict[str, str]] = {}
    for change in chain.from_iterable(map(_changes, corrections)):
        found.setdefault(change.product, {})[change.field] = change.value
    return found


def without_value(told: Told) -> bool:
    """Whether it was accepted, but changes nothing in the feed as nobody knows the value."""
    return not list(_changes(told))


def written(finding: Finding) -> dict[str, str]:
    """What accepting it writes into the product's row of the feed: field, attribute or column -> value."""
    accepted = _changes(Told(0, finding, "accepted"))
    return {change.field: change.value for change in accepted if change.product == finding.product}


def takes_value(finding: Finding) -> bool:
    """Whether it is of a field of one product, which a person can fill."""
    return bool(finding.product and finding.field) and finding.code not in TOGETHER


def _changes(told: Told) -> Iterator[Change]:
    finding = told.finding
    if not finding.product:
        return
    if finding.code in ("duplicate", "duplicate_perhaps"):
        kept, *rest = finding.others
        yield from (Change(id, DUPLICATE_OF, kept) for id in (finding.product, *rest))
    elif finding.code == "variant":
        family = min(finding.product, *finding.others)
        yield from (Change(id, VARIANTS_OF, family) for id in (finding.product, *finding.others))
    elif takes_value(finding) and (value := told.value or _proposed(finding)):
        yield Change(finding.product, finding.field, value)


def _proposed(finding: Finding) -> str:
    """In the feed's own words: "female" where it has "male", and not the "Women" of a title."""
    if finding.code == UNDECIDED:
        return ""
    if finding.said in get_args(Sex):
        return sex_of(finding.proposed) or finding.proposed
    return finding.proposed
