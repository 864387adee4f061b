"""The page's view of teaching in a real browser, against a service that really teaches."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from catalog.understand import Understander
from serving.settings.schema import Settings
from tests.support.browser import Reader, reading, served
from tests.support.tiny import tiny_onnx_folder

pytestmark = pytest.mark.slow

KINDS = {"shirt": "Clothes > Shirts", "shoe": "Clothes > Shoes", "apple": "Food > Apples", "pear": "Food > Pears"}
COLOURS = ("red", "green", "blue", "plain", "striped")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("taught")
    model = tiny_onnx_folder(folder / "model")
    settings = Settings(batch_wait_seconds=0.001, model=model)
    with served(folder / "service", Understander.load(model), settings) as address:
        yield address


@pytest.fixture
def reader(browser: Browser, address: str) -> Iterator[Reader]:
    with reading(browser, address) as reader:
        yield reader


def shelves(each: int, title: str = "title") -> dict[str, Any]:
    """A feed whose products are filed, as a browser's file field takes it. title: the column's name."""
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(("id", title, "shelf"))
    for word, category in KINDS.items():
        table.writerows((f"{word}{n}", f"{COLOURS[n % 5]} {word} {n}", category) for n in range(each))
    return {"name": "shelves.csv", "mimeType": "text/csv", "buffer": written.getvalue().encode()}


def teach(reader: Reader, each: int) -> None:
    reader.open("#/teach")
    reader.page.locator(".file-place input").set_input_files(shelves(each))
    reader.page.get_by_label("Column of your categories").select_option("shelf")
    reader.page.get_by_label("Accepted answers should be right in").select_option("0.9")
    reader.page.get_by_role("button", name="Teach", exact=True).click()


def test_a_merchant_teaches_his_categories_and_reads_the_report(reader: Reader) -> None:
    teach(reader, 8)
    expect(reader.page.locator(".job .badge").first).to_have_text("Complete")
    report = reader.page.locator("section", has=reader.page.get_by_role("heading", name="How right it is"))
    expect(report).to_contain_text("Products learnt from: 32. Categories: 4.")
    figures = report.locator(".figures dt").all_inner_texts()
    assert figures[:3] == ["Right at level 1", "Right at level 2", "Accepted without a person"]
    expect(reader.page.get_by_text("64 products, estimated")).to_be_visible()
    model = reader.page.locator(".models li")
    expect(model).to_have_count(1)
    model.get_by_role("button", name="Activate").click()
    expect(model).to_contain_text("Active")
    reader.open("#/teach")
    expect(reader.page.locator(".job")).to_have_count(1)
    expect(reader.page.locator(".job")).to_contain_text("shelves.csv")
    expect(model).to_have_count(2)
    model.filter(has_text="started with the service").get_by_role("button", name="Activate").click()
    expect(model.first).to_contain_text("started with the service")
    expect(model.first).to_contain_text("Active")
    model.last.get_by_role("button", name="Remove").click()
    expect(model).to_have_count(1)


def test_columns_are_corrected_before_the_lesson(reader: Reader) -> None:
    reader.open("#/teach")
    reader.page.locator(".file-place input").set_input_files(shelves(4, "what it is"))
    expect(reader.page.locator(".feed-preview .notice")).to_contain_text("No column gives a title")
    reader.page.get_by_label("Column of your categories").select_option("shelf")
    reader.page.get_by_label("what it is is read as").select_option("title")
    expect(reader.page.locator(".first-rows li").first).to_contain_text("red shirt 0")
    expect(reader.page.get_by_label("Column of your categories")).to_have_value("shelf")
    reader.page.get_by_role("button", name="Teach", exact=True).click()
    expect(reader.page.locator(".job .badge").first).to_have_text("Complete")
    expect(reader.page.get_by_text("Products learnt from: 16. Categories: 4.")).to_be_visible()


def test_what_cannot_be_taught_is_told(reader: Reader) -> None:
    reader.open("#/teach")
    reader.page.get_by_role("button", name="Teach", exact=True).click()
    expect(reader.page.locator(".notice")).to_have_text("Choose a feed first.")
    reader.page.locator(".file-place input").set_input_files(shelves(1) | {"buffer": b"id,title,shelf\n1,shirt,A\n"})
    reader.page.get_by_role("button", name="Teach", exact=True).click()
    expect(reader.page.locator(".notice")).to_have_text("Choose the column of your categories.")
    reader.page.get_by_label("Column of your categories").select_option("shelf")
    reader.page.get_by_role("button", name="Teach", exact=True).click()
    expect(reader.page.locator(".job .notice.bad")).to_contain_text("It takes 4 products at least")


def test_in_chinese_and_on_a_telephone(browser: Browser, address: str) -> None:
    with reading(browser, address, locale="zh-CN", viewport={"width": 360, "height": 760}) as reader:
        reader.open("#/teach")
        expect(reader.page.locator("h1")).to_have_text("教会模型您自己的分类")
        width = reader.page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360
