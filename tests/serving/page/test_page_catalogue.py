"""The page's overview, what is browsed without a query, and the page of one product, in a real browser."""

import csv
import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.support.browser import MARKUP, PAGE_OF_RESULTS, Reader, image_png, reading

pytestmark = pytest.mark.slow

IMAGES = [
    {"name": f"{colour}.png", "mimeType": "image/png", "buffer": image_png("Shirt", colour)}
    for colour in ("red", "green", "blue")
]


def button(reader: Reader, name: str) -> Locator:
    return reader.page.get_by_role("button", name=name, exact=True)


def cards(reader: Reader) -> Locator:
    return reader.page.locator(".card")


def test_the_overview_is_the_entry_and_leads_on(reader: Reader) -> None:
    reader.open("")
    expect(reader.page.get_by_role("heading", level=1)).to_have_text("Your catalogue")
    expect(reader.page.locator(".lead")).to_have_text("27 products are stored.")
    expect(cards(reader)).to_have_count(6)
    state = reader.page.locator(".states li").filter(has_text=re.compile(r"[1-9]\d*$")).first
    number = int(state.locator(".score").inner_text())
    state.get_by_role("link").click()
    expect(reader.page.locator(".tally p")).to_have_text(f"{min(number, 24)} of {number} products")


def test_products_are_browsed_ordered_listed_and_saved(reader: Reader, tmp_path: Path) -> None:
    reader.open("#/search")
    expect(cards(reader)).to_have_count(PAGE_OF_RESULTS)
    expect(reader.page.locator(".suggestions").get_by_role("link", name="Halden")).to_be_visible()
    reader.page.get_by_role("combobox", name="Order").select_option("price_desc")
    expect(cards(reader).first.locator(".price")).to_have_text("€33.00")
    button(reader, "Table").click()
    rows = reader.page.locator(".listing tbody tr")
    expect(rows).to_have_count(PAGE_OF_RESULTS)
    expect(rows.first.locator(".price")).to_have_text("€33.00")
    reader.page.get_by_role("group", name="Brand").get_by_label("Norvik").check()
    expect(rows).to_have_count(8)
    with reader.page.expect_download() as saving:
        button(reader, "Download as CSV").click()
    saving.value.save_as(tmp_path / "products.csv")
    with (tmp_path / "products.csv").open(encoding="utf-8-sig", newline="") as file:
        saved = list(csv.DictReader(file))
    assert {row["brand"] for row in saved} == {"Norvik"}
    assert [float(row["price"]) for row in saved] == sorted((float(row["price"]) for row in saved), reverse=True)
    assert saved[0]["colour"] == "blue"
    button(reader, "Cards").click()
    expect(cards(reader)).to_have_count(8)


def test_likeness_names_the_product_and_not_its_id(reader: Reader) -> None:
    reader.open("#/search?like=p-0")
    expect(reader.page.locator(".like")).to_contain_text("Products similar to red shirt 0")
    expect(reader.page.locator(".like img")).to_be_visible()


def test_a_product_is_added_changed_judged_and_deleted(reader: Reader, address: str) -> None:
    page = reader.page
    reader.open("#/new")
    page.get_by_label("Id", exact=True).fill("by/hand 1")
    page.locator("input[type=file]").set_input_files(IMAGES[:2])
    page.get_by_label("Title").fill("red shirt by hand")
    page.get_by_label("Price").fill("12.5")
    page.get_by_label("Currency").fill("eur")
    button(reader, "Add an attribute").click()
    page.get_by_label("Attribute", exact=True).fill("size")
    page.get_by_label("Value", exact=True).fill("M")
    button(reader, "Add it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("red shirt by hand")
    expect(page.locator(".image-button")).to_have_count(2)
    button(reader, "Edit").click()
    page.get_by_label("Title").fill(MARKUP)
    page.get_by_role("spinbutton", name="Price").fill("")
    button(reader, "Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(MARKUP)
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    stored = httpx.get(f"{address}/v1/products/by%2Fhand%201", trust_env=False).json()
    assert (stored["price"], stored["currency"], stored["attributes"]) == (None, "EUR", {"size": "M"})
    page.get_by_role("combobox", name="Find a category").press_sequentially("appl")
    page.get_by_role("option").first.click()
    expect(page.locator(".levels .score").last).to_have_text("100 %")
    button(reader, "Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    dialog.get_by_label("Also erase it from the disk").check()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.locator(".tally p")).to_contain_text("27 products")
    assert httpx.get(f"{address}/v1/products/by%2Fhand%201", trust_env=False).status_code == 404
    reader.excuse()  # it is asked whether the id is free, which 404 answers


def test_the_models_suggestion_is_taken_with_one_click(reader: Reader, address: str) -> None:
    url = f"{address}/v1/products/p-0"
    before = httpx.get(url, trust_env=False).json()
    model = before["understanding"]["attributes"]["colour"]["value"]
    httpx.patch(url, json={"attributes": {"colour": "lilac"}}, trust_env=False)
    try:
        reader.open("#/product/p-0")
        expect(reader.page.locator(".conflict")).to_contain_text(f"The model says {model}", ignore_case=True)
        reader.page.locator(".conflict").get_by_role("button").click()
        expect(reader.page.locator(".conflict")).to_have_count(0)
        assert httpx.get(url, trust_env=False).json()["attributes"] == {"colour": model}
    finally:
        httpx.patch(url, json={"attributes": before["attributes"]}, trust_env=False)


def test_a_kept_image_is_said_to_be_small(reader: Reader) -> None:
    reader.open("#/product/p-0")
    button(reader, "Show image 1 in full").click()
    expect(reader.page.get_by_role("dialog").locator(".zoomed img")).to_be_visible()
    expect(reader.page.get_by_role("dialog")).to_contain_text("at most 320 pixels wide and high")


def test_images_are_shown_in_full_and_by_keys(reader: Reader) -> None:
    page = reader.page
    reader.open()
    page.locator("input[type=file]").set_input_files(IMAGES)
    expect(page.locator(".previews li")).to_have_count(3)
    button(reader, "Show image 1 in full").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".zoomed img")).to_be_visible()
    expect(dialog).to_contain_text("1 of 3")
    page.keyboard.press("ArrowLeft")
    expect(dialog).to_contain_text("3 of 3")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(button(reader, "Show image 1 in full")).to_be_focused()
    button(reader, "Remove green.png").click()
    expect(page.locator(".previews li")).to_have_count(2)
    page.evaluate("""() => {
        const append = FormData.prototype.append;
        FormData.prototype.append = function (name, ...rest) {
            (window.sent ??= []).push(name);
            return append.call(this, name, ...rest);
        };
    }""")
    button(reader, "Understand").click()
    expect(page.locator(".decision")).to_be_visible()
    assert page.evaluate("window.sent.filter(name => name === 'image').length") == 2


# As stored, in British English, and in Chinese.
PRICES = [
    (1234.5, "EUR", "€1,234.50", "€1,234.50"),
    (5.9, "JPY", "JP¥5.9", "JP¥5.9"),
    (329, "CNY", "CN¥329.00", "¥329.00"),
    (12, "AUD", "A$12.00", "AU$12.00"),
    (0, "GBP", "£0.00", "£0.00"),
    (0.0125, "USD", "US$0.0125", "US$0.0125"),
    (3, "ABCD", "3.00 ABCD", "3.00 ABCD"),
    (3.5, None, "3.50", "3.50"),
]


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_a_price_is_told_in_its_own_currency(browser: Browser, address: str, locale: str) -> None:
    with reading(browser, address, locale=locale) as reader:
        reader.open("#/product/p-0")
        expect(reader.page.locator(".price").first).to_have_text("€10.00")
        told = "const {price} = await import('/page/language.js'); return said.map((one) => price(...one))"
        found = reader.page.evaluate(f"async (said) => {{{told}}}", [one[:2] for one in PRICES])
    assert found == [one[2 if locale == "en-GB" else 3] for one in PRICES]


def test_a_product_is_told_in_chinese_and_without_the_queues_shortcut(browser: Browser, address: str) -> None:
    with reading(browser, address, locale="zh-CN") as reader:
        reader.open("#/product/p-0")
        expect(reader.page.locator(".facts").first).to_contain_text("红色")  # "red", as the merchant writes it
        expect(reader.page.get_by_role("combobox", name="查找类目")).to_be_visible()
        assert reader.page.locator("kbd").count() == 0


@pytest.mark.parametrize(
    ("image", "text", "together", "said"),
    [
        (None, ["Shoes"], ["Shoes", "Heels"], "The combined result is more specific than either alone."),
        (["Shoes", "Flats"], ["Food"], ["Shoes", "Heels"], "The combined result differs from both."),
        (
            ["Shoes", "Flats"],
            ["Shoes", "Heels"],
            ["Shoes"],
            "They differ in detail. The combined result is what both agree on.",
        ),
        (["Shoes"], ["Shoes"], ["Shoes"], "The image and the text agree."),
        (["Food"], ["Shoes"], ["Shoes"], "They differ. The combined result follows the text."),
        (["Food"], ["Shoes"], None, "Together they are not conclusive."),
    ],
)
def test_what_image_and_text_say_is_compared(
    reader: Reader, image: list[str] | None, text: list[str] | None, together: list[str] | None, said: str
) -> None:
    def category(path: list[str] | None) -> dict[str, object] | None:
        return {"id": ".".join(path), "path": path, "score": 0.9} if path else None

    found = {
        "evidence": {"image": category(image), "text": category(text)},
        "modalities_used": ["image", "text"],
        "category": category(together),
    }
    reader.open()
    told = "const {evidence} = await import('/page/findings.js'); return evidence(found).querySelector('p').textContent"
    assert reader.page.evaluate(f"async (found) => {{{told}}}", found) == said
