"""The page's view of the map to Google's categories, in a real browser."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from catalog.understand import Understander
from serving.settings.schema import Settings
from tests.support.browser import Reader, reading, served
from tests.support.taught import taught_folder
from tests.support.tiny import tiny_onnx_folder

pytestmark = pytest.mark.slow

KINDS = ("Clothes > Shirts", "Clothes > Shoes", "Food > Apples", "Food > Pears")
GOOGLE = b"""# Google_Product_Taxonomy_Version: 2021-09-21
1 - Apparel & Accessories
212 - Apparel & Accessories > Clothing > Shirts & Tops
187 - Apparel & Accessories > Shoes
412 - Food
430 - Food > Fruit > Apples
"""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    base = tiny_onnx_folder(tmp_path / "base")
    taught_folder(base, tmp_path / "own", KINDS)
    settings = Settings(batch_wait_seconds=0.001, model=tmp_path / "own")
    with served(tmp_path / "service", Understander.load(tmp_path / "own"), settings) as address:
        yield address


def give_list(reader: Reader) -> None:
    reader.open("#/teach")
    reader.page.get_by_role("link", name="Match the categories").click()
    expect(reader.page.get_by_role("heading", name="First, Google's list")).to_be_visible()
    file = {"name": "taxonomy-with-ids.en-US.txt", "mimeType": "text/plain", "buffer": GOOGLE}
    reader.page.locator("input[type=file]").set_input_files(file)
    expect(reader.page.locator(".map-row")).to_have_count(6)


def test_categories_are_confirmed_one_by_one_and_taken_back(browser: Browser, address: str) -> None:
    with reading(browser, address) as reader:
        give_list(reader)
        rows, tally = reader.page.locator(".map-row"), reader.page.locator(".tally")
        expect(tally).to_have_text("6 categories to confirm \u00b7 0 confirmed")
        shoes = rows.filter(has=reader.page.locator(".map-own strong", has_text="Shoes"))
        shoes.get_by_role("button", name="Apparel & Accessories \u203a Shoes").click()
        expect(shoes.locator(".map-said")).to_contain_text("Confirmed")
        expect(tally).to_have_text("5 categories to confirm \u00b7 1 confirmed")
        pears = rows.filter(has=reader.page.locator(".map-own strong", has_text="Pears"))
        pears.get_by_role("button", name="Another").click()
        pears.get_by_role("combobox").press_sequentially("fruit app")
        expect(pears.get_by_role("option")).to_have_count(1)
        reader.page.keyboard.press("Enter")
        expect(pears.locator(".said")).to_have_text("Food \u203a Fruit \u203a Apples")
        assert Axe().run(reader.page).response["violations"] == []
        reader.page.get_by_role("button", name="Undo").first.click()
        expect(pears.get_by_role("button", name="Another")).to_be_visible()
        with reader.page.expect_download() as download:
            reader.page.get_by_role("button", name="Download as a sheet").click()
        assert "187,Apparel & Accessories > Shoes" in download.value.path().read_text(encoding="utf-8-sig")
        reader.page.get_by_label("Show").select_option("confirmed")
        expect(rows).to_have_count(1)
        rows.get_by_role("button", name="Undo").click()
        expect(tally).to_have_text("6 categories to confirm \u00b7 0 confirmed")
        reader.page.get_by_label("Show").select_option("open")
        expect(rows).to_have_count(6)
        reader.page.get_by_label("Show").select_option("confirmed")
        expect(reader.page.get_by_role("heading", name="Nothing was confirmed yet")).to_be_visible()
        reader.page.get_by_label("Show").select_option("all")
        reader.page.get_by_label("Words in your category").fill("food")
        reader.page.keyboard.press("Enter")
        expect(rows).to_have_count(3)


@pytest.fixture
def untaught(tmp_path: Path) -> Iterator[str]:
    """The address of a service whose model may store many products."""
    with served(tmp_path / "service", Understander.load(tiny_onnx_folder(tmp_path / "model"))) as address:
        yield address


def test_products_are_saved_with_what_was_confirmed(browser: Browser, untaught: str) -> None:
    with httpx.Client(base_url=untaught, trust_env=False, timeout=60) as client:
        client.put("/v1/taxonomy/map/tree", content=GOOGLE).raise_for_status()
        ids = {node["label"]: node["id"] for node in client.get("/v1/taxonomy").json()["nodes"]}
        for id, kind in (("a", "Shoe"), ("b", "Pear"), ("c", "Shirt")):
            client.put(f"/v1/products/{id}", json={"title": f"red {kind}"}).raise_for_status()
            client.post("/v1/feedback", json={"product_id": id, "verdict": "correct", "category": ids[kind]})
        for kind, counterpart in (("Shoe", "187"), ("Food", "412")):
            said = {"category": ids[kind], "counterpart": counterpart}
            client.post("/v1/taxonomy/map", json=said).raise_for_status()
    with reading(browser, untaught) as reader:
        reader.open("#/search")
        expect(reader.page.locator(".card")).to_have_count(3)
        with reader.page.expect_download() as download:
            reader.page.get_by_role("button", name="Download as CSV").click()
        text = download.value.path().read_text(encoding="utf-8-sig")
    saved = {row["id"]: row["google_product_category"] for row in csv.DictReader(io.StringIO(text))}
    assert saved == {"a": "187", "b": "412", "c": ""}  # what is confirmed of Food holds for Pear


def test_by_keys_alone(browser: Browser, address: str) -> None:
    with reading(browser, address) as reader:
        give_list(reader)
        rows = reader.page.locator(".map-row")
        rows.first.get_by_role("button").first.focus()
        reader.page.keyboard.press("n")
        expect(rows.first.locator(".said")).to_have_text("None of Google's")
        expect(rows.nth(1).get_by_role("button").first).to_be_focused()
        reader.page.keyboard.press("1")
        expect(rows.nth(1).locator(".map-said")).to_be_visible()
        reader.page.keyboard.press("u")
        expect(rows.nth(1).get_by_role("button").first).to_be_focused()
        reader.page.keyboard.press("ArrowUp")
        expect(rows.first.get_by_role("button", name="Undo")).to_be_focused()
        found = httpx.get(f"{address}/v1/taxonomy/map/confirmed", trust_env=False).json()["confirmed"]
        assert [one["counterpart"] for one in found] == [None]


def test_in_chinese_and_on_a_telephone(browser: Browser, address: str) -> None:
    httpx.put(f"{address}/v1/taxonomy/map/tree", content=GOOGLE, trust_env=False).raise_for_status()
    window = {"width": 360, "height": 760}
    with reading(browser, address, locale="zh-CN", viewport=window) as reader:
        reader.open("#/map")
        expect(reader.page.locator("h1")).to_have_text("Google 类目")
        expect(reader.page.locator(".map-row")).to_have_count(6)
        assert reader.page.evaluate("document.documentElement.scrollWidth") <= 360
        assert Axe().run(reader.page).response["violations"] == []
