"""What a user mistypes on the command line is named, with what may have been meant."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import catalog
from shelflens.cli import app
from tests.support.catalogue import write_catalogue, write_config
from tests.support.stored import quick_folder
from tests.support.tiny import tiny_onnx_folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_onnx_folder(tmp_path_factory.mktemp("cli-mistakes") / "model")


@pytest.fixture(scope="module")
def filled(model: Path) -> Iterator[Path]:
    """A folder with an index of two products, of which one has an attribute of the merchant's own."""
    with quick_folder() as folder, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        (folder / "feed.csv").write_text("id,title,heel\n1,red shirt,flat\n2,blue shoe,\n", encoding="utf-8")
        ingested = run("ingest", "feed.csv", "--map", "attributes.heel=heel", "--model", model)
        assert ingested.exit_code == 0, ingested.output
        yield folder


@pytest.fixture
def shop(filled: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(filled)
    return filled


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_the_version() -> None:
    result = run("--version")
    assert (result.exit_code, result.stdout) == (0, f"shelflens {catalog.__version__}\n")


UNKNOWN = {
    "a category": (("--filter", '{"category": "food.aple"}'), "no category 'food.aple'. Did you mean 'food.apple'"),
    "a category inside": (("--filter", '{"not": {"or": [{"category": "foot"}]}}'), "There is no category 'foot'."),
    "an attribute": (("--filter", '{"attributes": {"heal": "flat"}}'), "has an attribute 'heal'. Did you mean 'heel'?"),
    "a facet": (("--facet", "colr"), "There is no facet 'colr'. Did you mean 'colour'?"),
    "a product": (("--like", "nobody"), "No product with the id 'nobody' is stored."),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "said"), UNKNOWN.values(), ids=UNKNOWN)
def test_a_name_that_nothing_has_is_an_error(shop: Path, arguments: tuple[str, str], said: str) -> None:
    result = run("search", "--text", "red", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "?." not in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--filter", '{"category": "food.pear"}'),
        ("--filter", '{"attributes": {"gender": "men"}}'),
        ("--filter", '{"attributes": {"heel": "high"}}'),
        ("--facet", "heel", "--facet", "gender", "--facet", "brand"),
    ],
)
def test_a_known_name_without_products_is_no_error(shop: Path, arguments: tuple[str, ...]) -> None:
    assert run("search", "--text", "red", *arguments).exit_code == 0


def test_deleting_what_is_not_there_is_told(shop: Path) -> None:
    result = run("index", "delete", "nobody", "no-one")
    assert result.exit_code == 1
    assert "0 of 2 were stored" in result.stdout
    assert "error: Not stored: 'nobody', 'no-one'. [product_not_found]" in result.stderr


def test_a_folder_of_images_that_does_not_exist_is_one_error(shop: Path, model: Path) -> None:
    result = run("ingest", "feed.csv", "--images", "nowhere")
    assert result.exit_code == 2
    assert result.stderr == "error: The image folder 'nowhere' does not exist. [file_not_readable]\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("understand", "https://example.com/a.jpg"),
        ("ingest", "https://example.com/feed.csv"),
        ("search", "--image", "https://example.com/a.jpg"),
    ],
)
def test_a_web_address_is_told_from_a_file(shop: Path, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "is a URL, which is not fetched. Save the file and give its path." in result.stderr


def test_a_misspelt_field_or_column(shop: Path) -> None:
    field = run("ingest", "feed.csv", "--map", "titel=title")
    assert 'There is no field "titel". Did you mean "title"? [feed_columns_invalid]' in field.stderr
    column = run("ingest", "feed.csv", "--map", "title=titel")
    assert 'The feed has no column "titel". Did you mean "title"? [feed_columns_invalid]' in column.stderr
    nothing = run("ingest", "feed.csv", "--map", "title=xyzzyx")
    assert 'The feed has no column "xyzzyx". [feed_columns_invalid]' in nothing.stderr


def test_a_setting_out_of_range_names_the_range() -> None:
    result = run("serve", "--port", "99999")
    assert result.exit_code == 2
    assert "port (given as a flag; from 1 to 65,535)" in result.stderr


def test_a_manifest_that_is_missing_is_told_first(shop: Path) -> None:
    result = run("evaluate", "--data", "sets/nope.jsonl")
    assert result.exit_code == 2
    assert result.stderr == "error: The manifest 'sets/nope.jsonl' does not exist. [file_not_readable]\n"


def test_the_tree_is_listed_and_searched(shop: Path, model: Path) -> None:
    whole = run("categories")  # of the index's model
    assert whole.exit_code == 0
    assert "clothes  Clothes / 服装\n  clothes.shirt  Shirt / " in whole.stdout
    for text in ("APPLE", "苹果"):
        found = run("categories", text, "--json")
        [apple] = json.loads(found.stdout)
        assert (apple["id"], apple["path"], apple["leaf"]) == ("food.apple", ["Food", "Apple"], True)
    assert "food  Food" in run("categories", "apple", "--model", model).stdout
    none = run("categories", "spaceship")
    assert (none.exit_code, none.stdout) == (1, "No category has 'spaceship' in its id or a name.\n")


def test_an_error_of_understand_has_a_column_of_its_own(shop: Path, model: Path) -> None:
    result = run("understand", "feed.csv", "--model", model)
    header, row = (line for line in result.stdout.splitlines() if "category" in line or "feed.csv" in line)
    assert [name.strip() for name in header.strip("┃").split("┃")][-1] == "error"
    cells = [cell.strip() for cell in row.strip("│").split("│")]
    assert cells[:-1] == ["feed.csv", "", "", "", ""]
    assert cells[-1].startswith("The file is not a JPEG")


def test_a_missing_data_set_of_a_training_is_named_by_its_whole_path(tmp_path: Path) -> None:
    write_catalogue(tmp_path)
    sets = [{"manifest": "shop/products.jsonl"}, {"manifest": "fashion/products.jsonl"}]
    config = write_config(tmp_path, "lacking", sets=sets)
    result = run("train", "--config", config, "--data-root", tmp_path / "data")
    assert result.exit_code == 2
    assert "The manifest 'fashion/products.jsonl' does not exist below the data root" in result.stderr
