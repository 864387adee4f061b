"""Which duplicates may be merged unseen: those of a score from which people's verdicts prove the precision.

The bound is that of the contract for categories: `catalog.model.contract.threshold`. Nothing is merged in an index: a
finding that is `auto` is in the patch of the feed without a click, as long as nobody dismisses it.
"""

import math
from collections.abc import Iterable

import numpy as np

from catalog.model.contract import Outcome, Promise
from catalog.quality.finding import Finding
from catalog.quality.groups import promised

CODE = "duplicate"
LARGEST = 36.0  # of log-odds: those of the probability next to 1


def contract(judged: Iterable[tuple[Finding, bool]]) -> Outcome:
    """judged: what people have said of duplicates, and whether they agree. The score of several products is that of the
    pair that is least sure.
    """
    pairs = [(score(finding), same) for finding, same in judged if finding.code == CODE]
    return promised([one for one, _ in pairs], [same for _, same in pairs])


def is_promised(finding: Finding, outcome: Outcome) -> bool:
    if finding.code != CODE or not isinstance(outcome, Promise):
        return False
    return bool(np.float32(score(finding)) >= np.float32(outcome.threshold))


def score(finding: Finding) -> float:
    """The log-odds."""
    share = finding.probability
    return math.log(share / (1 - share)) if 0 < share < 1 else math.copysign(LARGEST, share - 0.5)


def said(outcome: Outcome) -> str:
    """In English, for who merges."""
    if isinstance(outcome, Promise):
        least = 1 / (1 + math.exp(-outcome.threshold))
        return (
            f"Promised for duplicates that are {least:.1%} sure or more: {outcome.bound:.1%} of them are right at least"
            f" ({outcome.errors:,} of {outcome.products:,} verdicts were against it). They are in the patch without a"
            " click, until somebody dismisses them."
        )
    return f"Merging duplicates unseen {outcome.said_of('verdicts')}. Accept or dismiss duplicates to get there."
