"""Ids that a spreadsheet has wrapped are unwrapped, those that it has spoiled refused."""

from pathlib import Path

import pytest

from catalog.errors import RowIdInvalid
from catalog.feeds.texts.identifiers import gtin_invalid, identifier_text
from tests.support.feed_files import read, seen


@pytest.mark.parametrize(
    ("written", "identifier"),
    [
        ('="0012345678905"', "0012345678905"),
        ('=""0012345678905""', "0012345678905"),
        ("'0012345678905", "0012345678905"),
        ("'SKU-1", "SKU-1"),
        ("\ufeff12\u200b3", "123"),
        ("4006381333931.0", "4006381333931"),
        ("1.0", "1.0"),
        ("12E5", "12E5"),
        ("A.1E+1", "A.1E+1"),
        (4006381333931.0, "4006381333931"),
        ("n/a", ""),
    ],
)
def test_an_identifier_is_unwrapped(written: str | float, identifier: str) -> None:
    assert identifier_text(written, "sku") == identifier


@pytest.mark.parametrize(
    "spoiled", ["8.71123E+12", "8,71123E+12", "5E+12", "1e+16", "8.71123E12", '="8.7E+12"', "####"]
)
def test_a_number_whose_digits_are_gone_is_refused(spoiled: str) -> None:
    with pytest.raises(RowIdInvalid, match=r"a spreadsheet has dropped digits .* Format the column as text there"):
        identifier_text(spoiled, "ean")


def test_ids_through_a_spreadsheet(tmp_path: Path) -> None:
    lines = ["8.71123E+12,x", "0012345678905,x", '="0012345678912",x', "'0012345678929,x"]
    rows = seen(read(tmp_path, "f.csv", "\n".join(["id,title", *lines])))
    assert rows[0].startswith('2:  row_id_invalid: The column "id" has "8.71123E+12"')
    assert rows[1:] == ['3: 0012345678905 "x"', '4: 0012345678912 "x"', '5: 0012345678929 "x"']


@pytest.mark.parametrize("gtin", ["96385074", "036000291452", "4006381333931", "0012345678905", "10012345678902"])
def test_a_gtin_is_valid_by_its_check_digit(gtin: str) -> None:
    assert not gtin_invalid(gtin)
    assert not gtin_invalid(f"{gtin[0]} {gtin[1:-1]}-{gtin[-1]}")
    assert gtin_invalid(gtin[:-1] + str((int(gtin[-1]) + 1) % 10))
    assert gtin_invalid(gtin[:-1])


@pytest.mark.parametrize(
    "gtin",
    ["", "ABC", "\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff10", "12345", "400638133393X", "00000000000000000"],
)
def test_what_is_no_gtin(gtin: str) -> None:
    assert gtin_invalid(gtin)
