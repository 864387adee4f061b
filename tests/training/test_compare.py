"""The comparison of the fusions, with one seed and hardly any training."""

import json
from pathlib import Path

import pytest

from tests.support.catalogue import tiny_run, write_catalogue
from training.compare import COLUMNS, compare, recommendation, table

NAMES = ("early", "late", "cross", "image alone", "text alone")


@pytest.mark.slow
def test_every_fusion_at_equal_budget(tmp_path: Path) -> None:
    write_catalogue(tmp_path)
    frozen = [r"^image_encoder\.", r"^text_encoder\."]
    config = tiny_run(tmp_path, "compare", frozen=frozen, cache_views=1, max_steps=2, open_head=True)
    page = compare(config, tmp_path / "data", seeds=(0,))
    assert [line.split("|")[1].strip() for line in page.splitlines() if "%" in line and "|" in line] == list(NAMES)
    assert "Recommended: " in page
    results = json.loads((tmp_path / "compare" / "compare.json").read_text())
    assert tuple(results) == NAMES
    for runs in results.values():
        assert len(runs) == 1
        assert all(0 <= runs[0][column] <= 1 for column in COLUMNS)
        assert runs[0]["milliseconds"] > 0
    folders = sorted(path.name for path in (tmp_path / "compare").iterdir() if path.is_dir())
    assert folders == ["cross-0", "early-0", "image-alone-0", "late-0", "text-alone-0"]
    shared = {path.relative_to(tmp_path / "compare").as_posix() for path in (tmp_path / "compare").rglob("*.pt")}
    assert {name for name in shared if "state" not in name} == {"features.pt", "corpus.pt"}, "frozen, so read once"
    steps = {path: path.stat().st_mtime_ns for path in (tmp_path / "compare").glob("*/state.pt")}
    compare(config, tmp_path / "data", seeds=(0,))
    assert {path: path.stat().st_mtime_ns for path in steps} == steps


def run(accuracy: float, milliseconds: float) -> dict[str, float]:
    return dict.fromkeys(COLUMNS, accuracy) | {"milliseconds": milliseconds, "parameters": 2e6}


RESULTS = {
    "early": [run(0.80, 9.0), run(0.84, 9.0)],
    "late": [run(0.80, 1.0), run(0.81, 1.0)],
    "cross": [run(0.70, 5.0), run(0.72, 5.0)],
    "image alone": [run(0.99, 0.1), run(0.99, 0.1)],
}


def test_the_cheapest_fusion_within_the_noise_is_recommended() -> None:
    said = recommendation(RESULTS)
    assert said.startswith("Recommended: late. Most accurate: early (82.00%); within its spread: early, late.")


def test_the_table_gives_mean_and_spread() -> None:
    lines = table(RESULTS).splitlines()
    assert len(lines[0].split("|")) == len(lines[1].split("|")) == len(lines[2].split("|"))
    assert lines[2].startswith("| early | 82.00% ± 2.83% |")
    assert lines[2].endswith("| 9.00 | 2.00 M |")
    assert "over 2 seeds" in lines[-1]
