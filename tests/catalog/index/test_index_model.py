"""An index remembers the model that made it, and no verb brings another's vectors into it or compares them."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from qdrant_client import QdrantClient
from typer.testing import CliRunner, Result

from catalog.errors import IndexOfOtherModel
from catalog.index.backend import IndexModel
from catalog.index.edge.folder import MANIFEST
from catalog.index.product_index import ProductIndex, open_index
from catalog.index.qdrant.backend import QdrantBackend
from catalog.model.folder import open_model, shipped_model
from catalog.origin import model_folder
from serving.deployments.start import with_model_of_index
from serving.settings.schema import Settings
from shelflens.cli import app
from tests.support.stored import WIDTH, quick_folder, stored_product
from tests.support.tiny import tiny_onnx_folder


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two model folders, `mine` and `other`, whose embeddings are of one length."""
    folder = tmp_path_factory.mktemp("models")
    tiny_onnx_folder(folder / "mine", seed=1)
    tiny_onnx_folder(folder / "other", seed=2)
    return folder


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a feed of two products, which the commands run in."""
    with quick_folder() as folder:
        (folder / "feed.csv").write_text("id,title\n1,red shirt\n2,blue shoe\n", encoding="utf-8")
        (folder / "more.csv").write_text("id,title\n3,green pear\n", encoding="utf-8")
        monkeypatch.chdir(folder)
        yield folder


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def filled(models: Path) -> str:
    """-> the version of the model `mine`, by which the index of the folder was made."""
    assert run("ingest", "feed.csv", "--model", models / "mine").exit_code == 0
    return open_model(models / "mine").version


def versions() -> dict[str, int]:
    with open_index("shelflens-index", create=False) as index:
        return index.models()


def found(*arguments: object) -> list[tuple[str, float]]:
    result = run("search", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return [(one["id"], one["score"]) for one in json.loads(result.stdout)["results"]]


def test_every_verb_takes_the_model_of_the_index(shop: Path, models: Path) -> None:
    version = filled(models)
    assert found("--text", "red shirt") == found("--text", "red shirt", "--model", models / "mine")
    assert found("--like", "1") == found("--like", "1", "--model", models / "mine")
    assert json.loads(run("ingest", "feed.csv", "--dry-run", "--json").stdout)["outcomes"] == {"unchanged": 2}
    assert run("ingest", "more.csv").exit_code == 0
    assert versions() == {version: 3}
    assert with_model_of_index(Settings(index="shelflens-index")).model == models / "mine"


def test_another_model_is_refused_before_anything_is_stored(shop: Path, models: Path) -> None:
    version, other = filled(models), open_model(models / "other").version
    for verb in (("ingest", "more.csv"), ("ingest", "more.csv", "--dry-run"), ("search", "--text", "red")):
        result = run(*verb, "--model", models / "other")
        assert result.exit_code == 2
        assert "[index_of_other_model]" in result.stderr
        assert version in result.stderr
        assert other in result.stderr
        assert "Leave --model out, or use a new index." in result.stderr
    assert versions() == {version: 2}


def test_the_model_moves_with_a_copy_and_an_export(shop: Path, models: Path) -> None:
    version = filled(models)
    assert run("index", "copy", "shelflens-index", "copy").exit_code == 0
    with open_index("copy") as copy:
        assert copy.model == IndexModel(version, str(models / "mine"))
    run("ingest", "more.csv", "--index", "others", "--model", models / "other")
    run("export", "--index", "others", "--output", "others.parquet")
    for verb in (("copy", "others", "copy"), ("load", "others.parquet", "--index", "copy")):
        refused = run("index", *verb)
        assert (refused.exit_code, "[index_of_other_model]" in refused.stderr) == (2, True)
    with open_index("copy") as copy:
        assert copy.models() == {version: 2}


def test_a_folder_of_parquet_files_takes_one_model(shop: Path, models: Path) -> None:
    assert run("ingest", "feed.csv", "--output", "out", "--model", models / "mine").exit_code == 0
    refused = run("ingest", "more.csv", "--output", "out", "--model", models / "other")
    assert (refused.exit_code, "Use a new one. [index_of_other_model]" in refused.stderr) == (2, True)
    shutil.move("out", "twice")
    run("ingest", "more.csv", "--output", "out", "--model", models / "other")
    for file in Path("out").glob("*.parquet"):
        shutil.move(file, "twice")
    refused = run("index", "load", "twice")
    assert "The export holds products of 2 models" in refused.stderr
    assert not Path("shelflens-index").exists() or versions() == {}


def test_a_model_that_is_gone_or_was_exchanged_is_told(shop: Path, models: Path) -> None:
    model = shop / "model"
    shutil.copytree(models / "mine", model)
    run("ingest", "feed.csv", "--model", model)
    shutil.rmtree(model)
    gone = run("search", "--text", "red")
    assert (gone.exit_code, "where no whole model is now" in gone.stderr, str(model) in gone.stderr) == (2, True, True)
    shutil.copytree(models / "other", model)
    changed = run("ingest", "more.csv")
    assert changed.exit_code == 2
    assert f"where now the model {open_model(models / 'other').version} is" in changed.stderr
    assert "Give the model that made it with --model" in changed.stderr
    # It is only elsewhere, and is remembered there from then on.
    assert run("ingest", "more.csv", "--model", models / "mine").exit_code == 0
    assert found("--text", "red") != []


def test_an_index_that_was_emptied_takes_any_model(shop: Path, models: Path) -> None:
    filled(models)
    run("index", "delete", "1", "2")
    assert with_model_of_index(Settings(index="shelflens-index")).model == models / "mine"
    assert run("ingest", "feed.csv", "--model", models / "other").exit_code == 0
    assert versions() == {open_model(models / "other").version: 2}


def without_memory(path: Path) -> None:
    """As an index was kept before it remembered its model."""
    document: dict[str, Any] = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    del document["model"]
    (path / MANIFEST).write_text(json.dumps(document), encoding="utf-8")


def test_an_index_from_before_learns_its_model_from_its_products(shop: Path, models: Path) -> None:
    version = filled(models)
    without_memory(shop / "shelflens-index")
    refused = run("search", "--text", "red")
    assert (refused.exit_code, "where its folder is was not kept" in refused.stderr) == (2, True)
    assert run("search", "--text", "red", "--model", models / "other").exit_code == 2
    assert run("ingest", "more.csv", "--model", models / "mine").exit_code == 0
    assert found("--text", "red") != []
    assert versions() == {version: 3}


def test_the_shipped_models_are_remembered_by_name() -> None:
    version = open_model(shipped_model("nano")).version
    assert open_model(shipped_model("nano")).name == open_model(Path("nano")).name == "nano"
    for remembered in (IndexModel(version, "nano"), IndexModel(version)):
        assert model_folder(remembered) == shipped_model("nano")


def test_an_index_of_two_models_is_told(shop: Path, models: Path) -> None:
    version, other = filled(models), open_model(models / "other").version
    run("ingest", "more.csv", "--index", "others", "--model", models / "other")
    with open_index("others") as others, open_index("shelflens-index") as index:
        [stored] = others.get(["3"])
        assert stored is not None
        index._store.put([index._point(stored)])  # as any release before did
    without_memory(shop / "shelflens-index")
    for verb in (("search", "--text", "red"), ("ingest", "feed.csv")):
        told = run(*verb, "--model", models / "mine")
        assert f"warning: The index holds products of 2 models (2 of {version}, 1 of {other})" in told.stderr
        assert told.exit_code == 0
    assert run("ingest", "more.csv", "--model", models / "mine").exit_code == 0
    assert versions() == {version: 3}
    assert "warning" not in run("search", "--text", "red").stderr


@pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant:UserWarning")
def test_a_cluster_remembers_its_model_in_the_collection() -> None:
    client = QdrantClient(":memory:")
    index = ProductIndex(QdrantBackend.open(client, "products", WIDTH, create=True))
    assert index.model is None
    index.claim(IndexModel("model-1", "/models/mine"))
    index.upsert([stored_product("1")])
    again = ProductIndex(QdrantBackend.open(client, "products", None, create=False))
    assert (again.model, again.identity) == (IndexModel("model-1", "/models/mine"), index.identity)
    with pytest.raises(IndexOfOtherModel, match=r"holds vectors of the model model-1, not of model-2"):
        again.claim(IndexModel("model-2"))


def test_no_caller_can_mix_two_models() -> None:
    with quick_folder() as folder, open_index(folder / "index", WIDTH) as index:
        index.upsert([stored_product("1")])
        with pytest.raises(IndexOfOtherModel, match=r"of the model model-1, not of model-2"):
            index.upsert([replace(stored_product("2"), model="model-2")])
        with pytest.raises(IndexOfOtherModel, match=r"understood by two models"):
            index.upsert([stored_product("2"), replace(stored_product("3"), model="model-2")])
        assert index.count() == 1
