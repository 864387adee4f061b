"""Words for "no value" are no values, in every field."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from catalog.feeds import Row
from catalog.feeds.cells import is_missing
from tests.support.feed_files import read

WORDS = [
    "nan",
    "NaN",
    "NULL",
    "None",
    "N/A",
    "#N/A",
    "n/a",
    "nil",
    "-",
    "--",
    "(null)",
    "undefined",
    "NA",
    "<NA>",
    "NaT",
    "\\N",
    "k.A.",
    "s/o",
    "—",
    ".",
    "[]",
    "{}",
    "无",
]


@pytest.mark.parametrize("word", ["", " ", "\u00a0", *WORDS, " not available ", "Keine Angabe", "- -"])
def test_a_word_for_no_value_is_none(word: str) -> None:
    assert is_missing(word)


@pytest.mark.parametrize("value", [None, float("nan"), Decimal("NaN"), Decimal("sNaN")])
def test_what_is_not_a_number_is_no_value(value: Any) -> None:
    assert is_missing(value)


@pytest.mark.parametrize(
    "value",
    ["0", "False", "no", 0, 0.0, False, [], "NAN", "Nan", "Na", "unknown", "Unbranded", "None of us", "C-", "?", "-5"],
)
def test_a_zero_a_no_and_a_name_are_values(value: Any) -> None:
    assert not is_missing(value)


@pytest.mark.parametrize("word", WORDS)
def test_no_field_stores_a_word_for_no_value(tmp_path: Path, word: str) -> None:
    header = "id\ttitle\tdescription\tbrand\tcolor\tlink\tproduct_type\toption1 name\toption1 value\n"
    [row] = read(tmp_path, "f.tsv", header + f"a\t{word}\tA red shoe\t{word}\t{word}\t{word}\t{word}\tHeel\t{word}\n")
    assert isinstance(row, Row)
    product = row.product
    assert (product.title, product.brand, product.link, product.product_type) == ("", "", "", "")
    assert dict(product.attributes) == {}
    assert row.raw["title"] == word


def test_a_word_for_no_value_is_no_id(tmp_path: Path) -> None:
    rows = read(tmp_path, "f.csv", "id,title\nnan,x\nNULL,x\n-,x\nb,x\n")
    assert [row.id for row in rows] == ["", "", "", "b"]


def test_a_list_leaves_out_its_missing_values(tmp_path: Path) -> None:
    [row] = read(tmp_path, "f.jsonl", '{"id": "a", "title": "x", "attributes": {"colour": ["Red", null, "nan"]}}\n')
    assert isinstance(row, Row)
    assert dict(row.product.attributes) == {"colour": "Red"}
