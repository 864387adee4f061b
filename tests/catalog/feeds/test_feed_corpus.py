"""Known products, written by twelve systems in eight encodings and delimiters with forty faults, are read right or the
fault is told: `tests.support.feed_corpus`.
"""

import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.feed_corpus import FAULTS, SYSTEMS, WRAPPINGS, Case, Verdict, case, cases, judged

SEED, ROWS, SAMPLE = 0, 6, 60
LEAST_RIGHT_OR_TOLD = 0.995


def total(some: Iterable[Case], folder: Path) -> Verdict:
    verdict = Verdict()
    for one in some:
        verdict += judged(one, folder)
    return verdict


def check(verdict: Verdict) -> None:
    assert not verdict.wrong[:20]
    cells = verdict.right + verdict.told + len(verdict.wrong)
    assert (verdict.right + verdict.told) / cells >= LEAST_RIGHT_OR_TOLD


def test_a_sample_of_the_corpus(tmp_path: Path) -> None:
    draw = random.Random(SEED)
    chosen = [(draw.choice([*SYSTEMS]), draw.choice([*WRAPPINGS]), draw.choice([*FAULTS])) for _ in range(SAMPLE)]
    check(total((case(*names, ROWS, SEED) for names in chosen), tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("system", SYSTEMS)
def test_the_whole_corpus(tmp_path: Path, system: str) -> None:
    found = total((one for one in cases(SEED, ROWS) if one.system == system), tmp_path)
    print(f"{system}: {found.right:,} right, {found.told:,} told of, {len(found.wrong)} wrong in silence")
    check(found)
