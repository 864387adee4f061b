"""The demo catalogue: a feed in Google Merchant columns whose images our own script draws."""

import csv
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

DEMO = Path(__file__).parents[2] / "assets" / "demo"
COLUMNS = [
    "id",
    "title",
    "description",
    "link",
    "image_link",
    "additional_image_link",
    "availability",
    "price",
    "brand",
    "google_product_category",
    "product_type",
    "color",
    "gender",
    "age_group",
    "condition",
]


def read_rows(feed: str = "products.csv") -> list[dict[str, str]]:
    with (DEMO / feed).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def image_paths(row: dict[str, str]) -> list[str]:
    return [path for path in [row["image_link"], *row["additional_image_link"].split(",")] if path]


def test_columns_are_those_of_a_merchant_feed() -> None:
    with (DEMO / "products.csv").open(encoding="utf-8", newline="") as file:
        assert next(csv.reader(file)) == COLUMNS


def test_there_are_enough_products_and_every_id_is_unique() -> None:
    rows = read_rows()
    assert len(rows) >= 40
    assert len({row["id"] for row in rows}) == len(rows)
    assert len({row["image_link"] for row in rows}) == len(rows)


def test_every_row_is_filled_in() -> None:
    for row in read_rows():
        for column in ("title", "description", "brand", "google_product_category", "color"):
            assert row[column].strip() == row[column] != "", row["id"]
        assert re.fullmatch(r"\d+\.\d\d EUR", row["price"]), row["id"]
        assert float(row["price"].removesuffix(" EUR")) > 0, row["id"]
        assert row["link"] == f"https://shop.example.com/products/{row['id']}"
        assert row["availability"] in {"in_stock", "out_of_stock", "preorder"}, row["id"]
        assert row["gender"] in {"male", "female", "unisex", ""}, row["id"]
        assert row["age_group"] == ("adult" if row["gender"] else ""), row["id"]
        assert row["condition"] == "new", row["id"]
        assert len(row["product_type"].split(" > ")) == 3, row["id"]


def test_every_image_decodes() -> None:
    for row in read_rows():
        for path in image_paths(row):
            with Image.open(DEMO / path) as image:
                image.load()
                assert image.format == "JPEG", path
                assert image.mode == "RGB", path
                assert min(image.size) >= 400, path


def test_the_images_are_those_of_the_rows_and_take_less_than_two_megabytes() -> None:
    listed = {path for row in (*read_rows(), *read_rows("faults.csv")) for path in image_paths(row)}
    files = list((DEMO / "images").iterdir())
    assert {f"images/{file.name}" for file in files} == listed
    assert sum(file.stat().st_size for file in files) < 2_000_000


def test_some_products_need_their_image() -> None:
    """The demo shows what an image adds, and that a description need not be English."""
    rows = read_rows()
    poor = [
        row for row in rows if row["title"] in {"blue item 2231", "SKU 70418 black", "HOT SALE new season 2026 !!!"}
    ]
    assert len(poor) == 3
    assert sum(any("\u4e00" <= letter <= "\u9fff" for letter in row["description"]) for row in rows) == 2


@pytest.mark.slow
def test_the_script_draws_the_same_catalogue_again(tmp_path: Path) -> None:
    """Drawn without supersampling to save time, so images are compared as thumbnails of 16 x 16."""
    command = [sys.executable, str(DEMO / "draw.py"), "--out", str(tmp_path), "--scale", "1"]
    subprocess.run(command, check=True, capture_output=True)
    assert (tmp_path / "products.csv").read_bytes() == (DEMO / "products.csv").read_bytes()
    drawn = sorted(file.name for file in (tmp_path / "images").iterdir())
    assert drawn == sorted(file.name for file in (DEMO / "images").iterdir())
    for name in drawn:
        again, kept = thumbnail(tmp_path / "images" / name), thumbnail(DEMO / "images" / name)
        assert np.abs(again - kept).mean() < 4, name


def thumbnail(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    with Image.open(path) as image:
        return np.asarray(image.resize((16, 16), Image.Resampling.BOX), dtype=np.float32)
