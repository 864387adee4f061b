"""`shelflens events …` and `recommend`."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalog.index.product_index import open_index
from shelflens.cli import app
from tests.support import postgres
from tests.support.stored import WIDTH, quick_folder, stored_product


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as folder:
        with open_index(folder, WIDTH) as index:
            index.upsert([stored_product(id, f"Title of {id}") for id in ("shirt", "tie", "shoe")])
        yield folder


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    return result.exit_code, result.output


@pytest.mark.parametrize("place", ["folder", "database"])
def test_import_show_recommend_and_forget(folder: Path, tmp_path: Path, place: str) -> None:
    state = ["--state", postgres.location()] if place == "database" else []
    file = tmp_path / "orders.csv"
    rows = [
        f"s{number},{product},2026-11-0{number}T10:00:00Z" for number in range(1, 6) for product in ("shirt", "tie")
    ]
    file.write_text("\n".join(["customer_id,sku,date", *rows, "s9,hat,soon"]))
    where = ["--index", folder, *state]
    code, said = run("events", "import", file, "--kind", "purchase", *where)
    assert code == 1
    assert "10 events were read; 10 of them are new." in said
    assert "line 12: The time of an event" in said
    assert "10 events were read; 0 of them are new." in run("events", "import", file, "--kind", "purchase", *where)[1]
    code, said = run("events", "show", "s1", "--json", *where)
    assert code == 0
    assert [json.loads(line)["product_id"] for line in said.splitlines()].count("shirt") == 1
    code, said = run("recommend", "--after", "shirt", "--limit", 1, "--json", *where)
    assert (code, json.loads(said)["id"]) == (0, "tie")
    assert json.loads(said)["reason"] == {"source": "together", "product_id": "shirt"}
    assert "tie  Title of tie  (met in one visit with shirt)" in run("recommend", "--after", "shirt", *where)[1]
    assert run("recommend", "--user", "s1", *where)[0] == 0
    assert run("events", "forget", "s1", *where) == (0, "2 events were forgotten.\n")
    assert run("events", "show", "s1", *where)[0] == 1
    assert run("events", "forget", "s1", *where)[0] == 1


def test_a_product_erased_by_command_is_in_no_event(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text('{"user": "u", "event": "view", "product": "shirt", "time": 5}\n')
    assert run("events", "import", file, "--index", folder)[0] == 0
    assert run("index", "delete", "shirt", "--erase", "--index", folder)[0] == 0
    assert run("events", "show", "u", "--index", folder)[0] == 1


def test_a_file_that_cannot_be_read_is_told_in_one_line(folder: Path) -> None:
    code, said = run("events", "import", "missing.csv", "--index", folder)
    assert code == 2
    assert said.startswith("error: missing.csv cannot be read as CSV")
