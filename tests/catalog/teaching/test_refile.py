"""An index of the base model takes the models taught from it, and its products are filed anew from their vectors."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from catalog import Product, Understander, Understanding
from catalog.errors import CheckpointInvalid, IndexOfOtherModel
from catalog.filing import Filer
from catalog.index.backend import IndexModel
from catalog.index.edge.folder import MANIFEST
from catalog.index.product_index import ProductIndex, open_index
from catalog.ingest.refile import refile
from catalog.product import Judgement, StoredProduct
from serving.deployments.start import with_model_of_index
from serving.settings.schema import Settings
from shelflens.cli import app
from tests.support.stored import quick_folder
from tests.support.taught import taught_folder
from tests.support.tiny import tiny_onnx_folder

ROWS = "id,title\n1,red shirt\n2,blue shoe\n3,green pear\n4,red apple\n"
NONE = np.empty(0, np.float32)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`base`, `own` and `later`, both taught from it, and `other`."""
    folder = tmp_path_factory.mktemp("models")
    tiny_onnx_folder(folder / "base", seed=1)
    tiny_onnx_folder(folder / "other", seed=2)
    taught_folder(folder / "base", folder / "own")
    taught_folder(folder / "base", folder / "later", kinds=("Attic > Boxes", "Cellar > Bottles"))
    return folder


@pytest.fixture
def shop(models: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with an index that the base model has made."""
    with quick_folder() as folder:
        monkeypatch.chdir(folder)
        Path("feed.csv").write_text(ROWS, encoding="utf-8")
        assert run("ingest", "feed.csv", "--model", models / "base").exit_code == 0
        yield folder


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def all_of(index: ProductIndex) -> dict[str, StoredProduct]:
    return {stored.id: stored for products in index.scan() for stored in products}


def test_every_verb_takes_a_taught_model_on_the_index_of_its_base(shop: Path, models: Path) -> None:
    searched = run("search", "--text", "red shirt", "--model", models / "own", "--json")
    assert searched.stdout == run("search", "--text", "red shirt", "--json").stdout
    Path("more.csv").write_text("id,title\n5,plain pear\n", encoding="utf-8")
    ingested = run("ingest", "more.csv", "--model", models / "own", "--json")
    assert json.loads(ingested.stdout)["outcomes"] == {"added": 1}
    own, base = (Understander.load(models / name).version for name in ("own", "base"))
    with open_index("shelflens-index") as index:
        assert {id: stored.model for id, stored in all_of(index).items()} == dict.fromkeys("1234", base) | {"5": own}
        index.upsert([stored for stored in all_of(index).values()])  # of both at once
    assert run("search", "--text", "red", "--model", models / "base").exit_code == 0
    assert with_model_of_index(Settings(index="shelflens-index")).model == models / "own"
    refused = run("ingest", "more.csv", "--model", models / "other")
    assert (refused.exit_code, "[index_of_other_model]" in refused.stderr) == (2, True)


def test_an_index_is_copied_with_all_its_models(shop: Path, models: Path) -> None:
    Path("more.csv").write_text("id,title\n5,plain pear\n", encoding="utf-8")
    run("ingest", "more.csv", "--model", models / "own")
    assert run("index", "copy", "shelflens-index", "copy").exit_code == 0
    with open_index("copy") as copy, open_index("shelflens-index") as index:
        assert copy.model == index.model
        assert copy.count() == 5


def test_a_base_model_alone_leaves_the_manifest_as_it_was(shop: Path, models: Path) -> None:
    named = json.loads((shop / "shelflens-index" / MANIFEST).read_text(encoding="utf-8"))["model"]
    base = Understander.load(models / "base")
    assert named == {"version": base.version, "folder": str(models / "base")}


def test_products_are_filed_anew_without_being_read(shop: Path, models: Path) -> None:
    first = run("refile", "--model", models / "own")
    own = Understander.load(models / "own")
    assert f"4 products were filed anew by the model {own.version}." in first.stdout
    with open_index("shelflens-index") as index:
        stored = all_of(index)
    assert {one.model for one in stored.values()} == {own.version}
    assert {one.understanding.alternatives[0].path[0] for one in stored.values()} <= {"Clothes", "Food"}
    assert json.loads(run("ingest", "feed.csv", "--json").stdout)["outcomes"] == {"unchanged": 4}
    assert "0 products" in run("refile", "--model", models / "own").stdout


def test_filing_anew_is_reverted_by_the_former_model(shop: Path, models: Path) -> None:
    run("refile", "--model", models / "own")
    with open_index("shelflens-index") as index:
        before = all_of(index)
    assert "4 products" in run("refile", "--model", models / "later").stdout
    with open_index("shelflens-index") as index:
        assert index.model
        assert index.model.folder == str(models / "later")
        assert {one.understanding.alternatives[0].path[0] for one in all_of(index).values()} <= {"Attic", "Cellar"}
    run("refile", "--model", models / "own")
    with open_index("shelflens-index") as index:
        assert {id: one.understanding.alternatives for id, one in all_of(index).items()} == {
            id: one.understanding.alternatives for id, one in before.items()
        }


def test_the_base_says_again_what_it_had_said(shop: Path, models: Path) -> None:
    base = Understander.load(models / "base")
    with open_index("shelflens-index") as index:
        before = {id: bare(stored) for id, stored in all_of(index).items()}
    run("refile", "--model", models / "own")
    Path("more.csv").write_text("id,title\n5,plain pear\n6,??\n", encoding="utf-8")
    run("ingest", "more.csv", "--model", models / "own")
    run("refile", "--model", models / "later")
    reverted = run("refile", "--model", models / "base")
    assert reverted.stdout.splitlines() == [f"6 products were filed anew by the model {base.version}."]
    with open_index("shelflens-index") as index:
        after = {id: bare(stored) for id, stored in all_of(index).items()}
    assert {id: after[id] for id in before} == before
    fresh = base.understand([Product("5", "plain pear"), Product("6", "??")], evidence=False)
    for id, found in zip("56", fresh, strict=True):
        assert isinstance(found, Understanding)
        assert after[id] == (base.version, replace(found, embedding=NONE))
    assert json.loads(run("ingest", "feed.csv", "--model", models / "base", "--json").stdout)["outcomes"] == {
        "unchanged": 4
    }


def bare(stored: StoredProduct) -> tuple[str, Understanding]:
    """Its model and what that said, without the embedding, which two arrays cannot be compared by."""
    return stored.model, replace(stored.understanding, embedding=NONE)


def test_what_a_base_has_never_read_it_leaves(shop: Path, models: Path) -> None:
    own = Filer.open(models / "own")
    with open_index("shelflens-index") as index:
        index.claim(IndexModel(own.version, own.folder, own.space))
        [stored] = index.get(["1"])
        assert stored
        index.upsert([replace(stored, model=own.version)])
    told = run("refile", "--model", models / "base").stdout
    assert "0 products" in told
    assert "1 others it has to read" in told


def test_interrupted_it_goes_on(shop: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = Filer.open(models / "own")

    def interrupt(products: int) -> None:
        raise KeyboardInterrupt

    with open_index("shelflens-index") as index:
        with pytest.raises(KeyboardInterrupt):
            refile(_of_two(index), own, interrupt)
        assert sum(one.model == own.version for one in all_of(index).values()) == 2
        assert refile(index, own) == (2, 0)


def _of_two(index: ProductIndex) -> ProductIndex:
    class Paged(ProductIndex):
        def scan(self, batch_size: int = 2) -> Iterator[list[StoredProduct]]:
            return super().scan(2)

    return Paged(index._store)


def test_what_a_person_said_stays(shop: Path, models: Path) -> None:
    own = Filer.open(models / "own")
    with open_index("shelflens-index") as index:
        [stored] = index.get(["1"])
        assert stored
        said = replace(stored.understanding, decision="auto", tags=())
        index.upsert([replace(stored, understanding=said, judgement=Judgement("correct", stored.understanding))])
        refile(index, own)
        [again] = index.get(["1"])
        assert again
        assert again.judgement
        assert (again.model, again.understanding.category, again.understanding.decision) == (
            own.version,
            said.category,
            "auto",
        )
        assert again.judgement.answer.alternatives == own.refile(stored.understanding, stored.model).alternatives


def test_what_a_person_rejected_is_rejected_no_more_where_the_model_says_something_else(
    shop: Path, models: Path
) -> None:
    own = Filer.open(models / "own")
    with open_index("shelflens-index") as index:
        for id in ("1", "2"):
            [stored] = index.get([id])
            assert stored
            said = own.refile(stored.understanding, stored.model) if id == "1" else stored.understanding
            index.upsert([replace(stored, understanding=said, judgement=Judgement("reject", said))])
        refile(index, own)
        same, other = index.get(["1", "2"])
    assert same
    assert other
    assert (same.model, other.model) == (own.version, own.version)
    assert same.judgement
    assert same.judgement.verdict == "reject"
    assert other.judgement is None
    assert other.understanding.alternatives[0].path[0] in ("Clothes", "Food")


def test_models_that_cannot_file_anew_are_refused(shop: Path, models: Path) -> None:
    refused = run("refile", "--model", models / "other")
    assert (refused.exit_code, "[index_of_other_model]" in refused.stderr) == (2, True)
    taught_folder(models / "other", shop / "stranger")
    refused = run("refile", "--model", "stranger")
    assert (refused.exit_code, "[index_of_other_model]" in refused.stderr) == (2, True)
    with open_index("shelflens-index") as index:
        with pytest.raises(IndexOfOtherModel, match="cannot be compared"):
            refile(index, Filer.open(Path("stranger")))
        with pytest.raises(CheckpointInvalid, match="was not taught"):
            Filer.open(models / "base")
