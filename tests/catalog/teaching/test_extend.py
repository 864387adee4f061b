"""A category is added to a taught model at once, and nothing else changes by it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from catalog import Understander
from catalog.arrays import Floats
from catalog.errors import CategoryMisplaced
from catalog.filing import Filer
from catalog.model.folder import open_model
from catalog.teaching.candidate import learn
from catalog.teaching.examples import Filing
from catalog.teaching.extend import extend
from tests.support.taught import KINDS, kind_vectors, taught_folder
from tests.support.tiny import tiny_onnx_folder

NEW = ("Garden", "Hoses")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    tiny_onnx_folder(folder / "base")
    taught_folder(folder / "base", folder / "own", each=40)
    return folder


@pytest.fixture(scope="module")
def reader(models: Path) -> Understander:
    return Understander.load(models / "base")


def like(kind: str, width: int, count: int) -> list[Floats]:
    """Products that were not taught."""
    centre_E = kind_vectors((*KINDS, " > ".join(NEW)), width)[kind]
    draw = np.random.default_rng(5)
    found = [centre_E + 0.1 * draw.standard_normal(width) for _ in range(count)]
    return [np.asarray(vector_E / np.linalg.norm(vector_E), np.float32) for vector_E in found]


def filings(vectors: Sequence[Floats]) -> list[Filing]:
    return [Filing(0, NEW, "text", vector_E, True) for vector_E in vectors]


def test_five_products_add_a_category_and_leave_the_others(models: Path, reader: Understander, tmp_path: Path) -> None:
    width = reader.config.embedding_width
    new = like(" > ".join(NEW), width, 9)
    version = extend(models / "own", tmp_path / "grown", NEW, filings(new[:5]), reader.embed)
    before, grown = Filer.open(models / "own"), Filer.open(tmp_path / "grown")
    assert (grown.version, grown.space) == (version, before.space)
    assert grown.categories.taxonomy.version != before.categories.taxonomy.version
    for vector_E in new[5:]:
        found = grown.categories.file(*grown.judged(vector_E), "text", 3)
        assert found.category
        assert (found.category.path, found.decision) == (NEW, "review"), "nothing of it is promised"
    accepted = 0
    for kind in KINDS:
        for vector_E in like(kind, width, 10):
            was = before.categories.file(*before.judged(vector_E), "text", 3)
            now = grown.categories.file(*grown.judged(vector_E), "text", 3)
            assert (now.decision, now.unfamiliar) == (was.decision, was.unfamiliar)
            assert [one and one.path for one in (now.category, *now.alternatives)] == [
                one and one.path for one in (was.category, *was.alternatives)
            ]
            if was.category and now.category:
                assert now.category.path_scores == pytest.approx(was.category.path_scores, abs=1e-5)
            accepted += was.decision == "auto"
    assert accepted
    assert Understander.load(tmp_path / "grown").version == version


def test_a_name_alone_adds_a_category(models: Path, reader: Understander, tmp_path: Path) -> None:
    width = reader.config.embedding_width

    def embed(texts: Sequence[str]) -> Floats:
        """As a model reads them that knows what hoses look like."""
        return np.stack([kind_vectors((*KINDS, " > ".join(NEW)), width)[" > ".join(NEW)] for _ in texts])

    extend(models / "own", tmp_path / "grown", NEW, (), embed)
    grown = Filer.open(tmp_path / "grown")
    for vector_E in like(" > ".join(NEW), width, 5):
        found = grown.categories.file(*grown.judged(vector_E), "text", 5)
        assert found.alternatives[0].path == NEW if found.category is None else found.category.path == NEW
        assert found.decision != "auto"


def test_added_twice_and_taught_then(models: Path, reader: Understander, tmp_path: Path) -> None:
    width = reader.config.embedding_width
    new = like(" > ".join(NEW), width, 9)
    extend(models / "own", tmp_path / "one", NEW, filings(new[:5]), reader.embed)
    extend(tmp_path / "one", tmp_path / "two", ("Garden", "Pots"), (), reader.embed)
    two = Filer.open(tmp_path / "two")
    assert [leaf.label for leaf in two.categories.taxonomy.leaves][-2:] == ["Hoses", "Pots"]
    found = two.categories.file(*two.judged(new[6]), "text", 3)
    assert found.category
    assert found.category.path == NEW
    taught, comparison = learn(tmp_path / "two", filings(new[5:]), reader.embed)
    assert len(taught.learned.examples) == 40 * len(KINDS) + 9
    assert comparison.active_right == 4
    assert open_model(models / "own").version == Filer.open(models / "own").version, "the old folder is as it was"


@pytest.mark.parametrize("path", [("Clothes", "Shirts"), ("clothes", "SHIRTS"), ("Clothes", "Shirts", "Long")])
def test_what_cannot_be_added(models: Path, reader: Understander, tmp_path: Path, path: tuple[str, ...]) -> None:
    with pytest.raises(CategoryMisplaced):
        extend(models / "own", tmp_path / "grown", path, (), reader.embed)
    assert not (tmp_path / "grown").exists()
