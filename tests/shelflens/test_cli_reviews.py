"""`shelflens reviews` and `shelflens intents`, as a user types them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from catalog.index.product_index import open_index
from shelflens.cli import app
from tests.support.stored import WIDTH, stored_product
from tests.support.tiny import tiny_onnx_folder


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with open_index(str(tmp_path / "shelflens-index"), WIDTH) as index:
        index.upsert([stored_product("a")])
        index.flush()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_reviews_are_imported_again_and_summarized(shop: Path) -> None:
    (shop / "reviews.csv").write_text(
        "product,id,text\na,1,The strap broke.\na,2,I love the strap.\n", encoding="utf-8"
    )
    assert run("reviews", "import", "reviews.csv").stdout == "2 added, 0 changed, 0 unchanged\n"
    assert run("reviews", "import", "reviews.csv").stdout == "0 added, 0 changed, 2 unchanged\n"
    told = run("reviews", "summary", "a").stdout
    assert "2 reviews, 1 positive, 1 negative" in told
    assert "strap: 1 of 2 negative, 1 positive\n  positive: I love the strap. [2]\n" in told
    found = json.loads(run("reviews", "summary", "a", "--json").stdout)
    assert {one["name"]: one["negative"] for one in found["aspects"]} == {"strap": 1, "durability": 1}


def test_rows_that_are_left_out_are_told(shop: Path) -> None:
    (shop / "reviews.csv").write_text("product,id,text\nother,1,Good.\na,,Good.\na,2,Good.\n", encoding="utf-8")
    result = run("reviews", "import", "reviews.csv")
    assert result.exit_code == 1
    assert "1 added" in result.stdout
    assert "left out: line 2: the index has no product 'other'" in result.stderr
    assert "left out: line 3: it has no product, no id or no text" in result.stderr


def test_what_is_not_there(shop: Path) -> None:
    assert "[product_not_found]" in run("reviews", "summary", "none").stderr
    assert "[file_not_readable]" in run("reviews", "import", "none.csv").stderr
    assert run("reviews", "summary", "a").stdout == "0 reviews, 0 positive, 0 negative\n"
    assert not (shop / "shelflens-index" / "reviews.sqlite").exists()


def test_intents(tmp_path: Path) -> None:
    model = tiny_onnx_folder(tmp_path / "model")
    found = json.loads(run("intents", "red shirt", "--model", model, "--json").stdout)
    assert found[0].keys() == {"name", "score", "nearest"}
    assert "red shirt" in run("intents", "red shirt", "--model", model).stdout
