"""Prices, drafts and forecasts, as a user types them."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from catalog.index.product_index import open_index
from shelflens.cli import app
from tests.support.stored import WIDTH, stored_product, unit


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty shoes that cost 10 to 21.8."""
    folder = tmp_path_factory.mktemp("offers") / "index"
    random = np.random.default_rng(0)
    products = [
        stored_product(
            str(at),
            f"Shoe {at}",
            unit(np.eye(WIDTH)[0] * 3 + random.normal(size=WIDTH) * 0.3),
            brand="Acme",
            price=10 + at / 5,
            currency="EUR",
        )
        for at in range(60)
    ]
    with open_index(folder, WIDTH) as opened:
        opened.upsert(products)
    return folder


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_a_price_is_told_with_its_comparables(index: Path) -> None:
    result = run("price", "--id", "7", "--index", index)
    assert result.exit_code == 0
    first, *others = result.output.splitlines()
    assert "EUR, with a probability of 90% between" in first
    assert len(others) == 20
    found = json.loads(run("price", "--id", "7", "--coverage", 0.8, "--index", index, "--json").output)
    assert 10 <= found["low"] < found["median"] < found["high"] <= 25
    other = run("price", "--id", "7", "--currency", "usd", "--index", index)
    assert (other.exit_code, other.output) == (1, "No price: too few products in this currency are like it.\n")


def test_a_draft_is_told_for_each_product(index: Path) -> None:
    result = run("draft", "1", "2", "--channel", "ebay", "--index", index)
    assert result.exit_code == 0
    assert "[1]\nAcme Shoe 1\n\nAcme Shoe 1.\n\n- Brand: Acme\n" in result.output
    one = json.loads(run("draft", "1", "--index", index, "--json").output)
    assert one["title"]["spans"][0] == {"text": "Acme", "source": "brand"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("draft", "none"), "product_not_found"),
        (("draft", "1", "--channel", "none"), "config_invalid"),
        (("draft", "1", "--language", "fr"), "config_invalid"),
        (("price", "--id", "none"), "product_not_found"),
        (("price",), "search_empty"),
    ],
)
def test_mistakes_are_told(index: Path, arguments: tuple[str, ...], told: str) -> None:
    result = run(*arguments, "--index", index)
    assert result.exit_code == 2
    assert told in result.output


def test_sales_are_forecast_and_new_products_by_their_neighbours(index: Path, tmp_path: Path) -> None:
    rows = [f"{id},{week},{units}" for id, units in (("1", 4), ("2", 6)) for week in range(1, 13)]
    (tmp_path / "sales.csv").write_text("\n".join(["product_id,week,units", *rows]))
    arguments = ("demand", "forecast", tmp_path / "sales.csv", "--horizon", 2, "--new", "3", "--index", index)
    lines = run(*arguments).output.splitlines()
    assert lines[0].startswith("id,week,mean,median,low,high,safety_stock,reorder_point")
    assert lines[1].startswith("1,1,4.00,4.00,4.00,4.00,0.00,8.00,")
    assert len(lines) == 7
    assert lines[5].startswith("3,1,")
    told = [json.loads(line) for line in run(*arguments, "--json").output.splitlines()]
    assert [one["id"] for one in told] == ["1", "2", "3"]
    assert {one["id"] for one in told[2]["neighbours"]} == {"1", "2"}
    assert run("demand", "forecast", tmp_path / "none.csv").exit_code == 2
