"""A taught model learns from verdicts: a candidate is fitted from what it kept, and compared with it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from catalog import Understander
from catalog.arrays import Floats
from catalog.errors import CheckpointInvalid, TooFewProducts
from catalog.filing import Filer
from catalog.model.folder import LEARNED
from catalog.teaching.candidate import learn
from catalog.teaching.examples import Filing
from catalog.teaching.learned import load_learned
from catalog.teaching.teach import write_taught
from tests.support.taught import KINDS, kind_vectors, taught_folder
from tests.support.tiny import tiny_onnx_folder

OTHERS = ("Garden > Hoses",)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    tiny_onnx_folder(folder / "base")
    taught_folder(folder / "base", folder / "own")
    return folder


@pytest.fixture(scope="module")
def reader(models: Path) -> Understander:
    return Understander.load(models / "base")


def filings(kind: str, path: str, count: int, width: int, new: bool = False) -> list[Filing]:
    """Products that look like `kind`, and were filed under `path`."""
    vectors = kind_vectors((*KINDS, *OTHERS), width)[kind]
    draw = np.random.default_rng(7)
    return [Filing(number + 1, tuple(path.split(" > ")), "text", noisy(vectors, draw), new) for number in range(count)]


def noisy(centre_E: Floats, draw: np.random.Generator) -> Floats:
    vector_E = centre_E + 0.1 * draw.standard_normal(len(centre_E))
    return np.asarray(vector_E / np.linalg.norm(vector_E), np.float32)


def none(texts: Sequence[str]) -> Floats:
    raise AssertionError(f"{texts} were known")


def test_verdicts_on_a_new_category_teach_it(models: Path, reader: Understander, tmp_path: Path) -> None:
    width = reader.config.embedding_width
    said = filings("Garden > Hoses", "Garden > Hoses", 8, width, new=True)
    taught, found = learn(models / "own", said, reader.embed)
    assert (found.verdicts, found.active_right, found.candidate_right) == (8, 0, 8)
    write_taught(taught, models / "base", tmp_path / "candidate")
    filer = Filer.open(tmp_path / "candidate")
    logits_C, _ = filer.judged(filings("Garden > Hoses", "", 9, width)[-1].vector_E)
    assert filer.categories.likeliest(logits_C[None], "text")[0].path == ("Garden", "Hoses")
    kept = load_learned(tmp_path / "candidate")
    assert (len(kept.examples), kept.verdicts) == (12 * len(KINDS) + 8, 8)
    _, found = learn(tmp_path / "candidate", filings(KINDS[0], KINDS[0], 3, width), none)
    assert (found.active_right, found.candidate_right, found.lost) == (3, 3, ())
    assert found.never_worse


def test_what_the_tree_lacks_is_learnt_only_where_it_was_proposed(models: Path, reader: Understander) -> None:
    said = filings("Garden > Hoses", "Garden > Hoses", 8, reader.config.embedding_width)
    with pytest.raises(TooFewProducts, match="No verdict"):
        learn(models / "own", said, none)


def test_a_verdict_takes_the_place_of_what_was_taught(models: Path) -> None:
    kept = load_learned(models / "own").examples
    other = next(one for one in kept if one.path == ("Food", "Apples"))
    said = [
        Filing(number, other.path, one.used, one.vectors[one.used])
        for number, one in enumerate(kept[:2], 1)
        if one.path == ("Clothes", "Shirts")
    ]
    taught, found = learn(models / "own", said, none)
    assert len(taught.learned.examples) == len(kept)
    assert sum(one.path == other.path for one in taught.learned.examples) == 14
    assert found.verdicts == 2


def test_a_candidate_that_is_worse_is_told(models: Path, reader: Understander) -> None:
    width = reader.config.embedding_width
    wrong = [one for kind in KINDS for one in filings(kind, "Clothes > Shoes", 12, width)]
    _, found = learn(models / "own", wrong, none)
    assert not found.never_worse
    assert set(found.lost) <= set(KINDS) | {"Clothes", "Food"}


def test_a_model_that_kept_nothing_cannot_learn(models: Path, reader: Understander, tmp_path: Path) -> None:
    taught_folder(models / "base", tmp_path / "own")
    (tmp_path / "own" / LEARNED).unlink()
    said = filings(KINDS[0], KINDS[0], 3, reader.config.embedding_width)
    with pytest.raises(CheckpointInvalid, match="Teach it again"):
        learn(tmp_path / "own", said, none)
