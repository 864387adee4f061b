"""`shelflens taxonomy …` as a user types it."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from catalog.index.product_index import open_index
from catalog.product import StoredProduct
from shelflens.cli import app
from tests.support.tiny import tiny_onnx_folder


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.txt").write_text("Home > Garden > Hoses\nHome > Kitchen\n")
    (tmp_path / "google.txt").write_text("1 - Home\n2 - Home > Garden\n3 - Home > Garden > Garden Hoses\n")
    return tmp_path


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(app, ["taxonomy", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_from_a_list_of_paths_to_googles_categories() -> None:
    assert (
        "wrote 4 categories, 2 of them leaves, 3 levels, to own.json"
        in run("import", "own.txt", "--output", "own.json").stdout
    )
    run("import", "google", "google.txt", "--output", "google.json")
    assert run("map", "own.json", "google.json", "--names-only", "--output", "map.csv").exit_code == 0
    with Path("map.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert rows["home.garden.hoses"]["to_path"] == "Home > Garden > Garden Hoses"
    assert (rows["home.kitchen"]["to"], rows["home.kitchen"]["finer"]) == ("1", "yes")


def test_what_a_file_holds_is_not_overwritten() -> None:
    run("import", "own.txt", "--output", "own.json")
    again = run("import", "google", "google.txt", "--output", "own.json")
    assert (again.exit_code, "'own.json' exists already" in again.stderr) == (2, True)


def test_a_tree_is_changed_and_compared() -> None:
    run("import", "own.txt", "--output", "old.json")
    run("import", "own.txt", "--output", "new.json")
    assert run("diff", "old.json", "new.json").stdout == "The trees are the same.\n"
    assert run("add", "Home > Garden > Rakes", "--tree", "new.json").stdout == (
        "home.garden.rakes  Home > Garden > Rakes\n"
    )
    assert "→ Home > Cooking" in run("rename", "Kitchen", "Cooking", "--tree", "new.json").stdout
    assert "→ Garden" in run("move", "Garden", "/", "--tree", "new.json").stdout
    found = run("diff", "old.json", "new.json", "--json")
    assert found.exit_code == 1
    assert {kind: [one["id"] for one in changed] for kind, changed in json.loads(found.stdout).items()} == {
        "added": ["home.garden.rakes"],
        "removed": [],
        "renamed": ["home.kitchen"],
        "moved": ["home.garden"],
        "other": [],
    }
    assert run("diff", "new.json", "old.txt").exit_code == 2
    assert "removed  home.garden.rakes  Garden > Rakes" in run("diff", "new.json", "old.json").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("import", "google"), "shelflens taxonomy import google PATH. [config_invalid]"),
        (("import", "own.txt", "google.txt"), "'own.txt' is neither shopify nor google"),
        (("import", "none.txt"), "[file_not_readable]"),
        (("add", "Home > Garden", "--tree", "own.txt"), "Import it first"),
        (("add", "Hom > Sheds", "--tree", "own.json"), "Did you mean 'Home'? With --parents"),
        (("rename", "Gardn", "Yard", "--tree", "own.json"), "Did you mean 'home.garden'?"),
        (("move", "Home", "Garden", "--tree", "own.json"), "[category_misplaced]"),
        (("map", "own.json", "none.json"), "[file_not_readable]"),
    ],
)
def test_mistakes(arguments: tuple[str, ...], message: str) -> None:
    run("import", "own.txt", "--output", "own.json")
    before = Path("own.json").read_bytes()
    result = run(*arguments)
    assert (result.exit_code, Path("own.json").read_bytes()) == (2, before)
    assert message in result.stderr


def test_an_export_with_googles_categories(folder: Path) -> None:
    model = tiny_onnx_folder(folder / "model")
    Path("feed.csv").write_text("id,title,google_product_category\n1,red shirt,\n2,red shirt,77\n")
    assert CliRunner().invoke(app, ["ingest", "feed.csv", "--model", str(model), "--index", "index"]).exit_code == 0
    with open_index("index", create=False) as index:
        [products] = list(index.scan())
    category = next(one.understanding.category or one.understanding.alternatives[0] for one in products)
    known: dict[str, StoredProduct] = {one.id: one for one in products}
    rows = f"id,path,to,to_path,score,finer,confirmed,alternatives\n{category.path_ids[0]},A,5,B,1,,yes,\n"
    Path("map.csv").write_text(rows)
    done = CliRunner().invoke(app, ["export", "--index", "index", "--output", "out.csv", "--confirmed", "map.csv"])
    assert done.exit_code == 0, done.output
    with Path("out.csv").open(newline="") as file:
        written = {row["id"]: row["google_product_category"] for row in csv.DictReader(file)}
    assert written == {"1": "5" if known["1"].understanding.category else "", "2": "77"}
    Path("map.csv").write_text(rows.replace(category.path_ids[0], "elsewhere"))
    refused = CliRunner().invoke(app, ["export", "--index", "index", "--output", "o.csv", "--confirmed", "map.csv"])
    assert "map.csv is a map of another tree than the index's. [config_invalid]" in refused.stderr
