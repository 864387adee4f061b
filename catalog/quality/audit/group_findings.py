"""Groups as findings of an audit."""

import math
from collections.abc import Iterator

from catalog.quality.finding import Evidence, Finding
from catalog.quality.groups.grouping import Grouping

# Of pairs of which less is told, fewer than half are one product (docs/health.md).
SURE = 0.9


def group_findings(grouping: Grouping) -> Iterator[Finding]:
    for family in grouping.families():
        for group in family.groups:
            if len(group.products) > 1:
                yield _finding(grouping, "duplicate", group.products)
        if len(family.groups) > 1:
            firsts = tuple(group.products[0] for group in family.groups)
            yield _finding(grouping, "variant", firsts, ", ".join(family.axes))


def _finding(grouping: Grouping, code: str, products: tuple[str, ...], field: str = "") -> Finding:
    first, *others = products
    score = grouping.duplicate_score if code == "duplicate" else grouping.family_score
    surest = max(others, key=lambda other: score(first, other))
    evidence = tuple(
        Evidence("product", reason.text, score=reason.weight, code=reason.code, values=reason.values)
        for reason in grouping.judge(first, surest).reasons
    )
    probability = 1 / (1 + math.exp(-min(score(first, other) for other in others)))
    if code == "duplicate" and probability < SURE:
        code = "duplicate_perhaps"
    return Finding(code, first, probability, tuple(others), field, evidence=evidence)
