"""The page in a real browser, against a real server: each flow, and what happens when something goes wrong."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Route, expect

from tests.support.browser import MARKUP, PAGE_OF_RESULTS, Reader, image_png, reading
from tests.support.malformed.images import bad_images

pytestmark = pytest.mark.slow

PERCENT = re.compile(r"[<>]?\s?\d{1,3}\s%")
SHIRT = {"name": "shirt.png", "mimeType": "image/png", "buffer": image_png("Shirt", "red")}
BAD = next(bad for bad in bad_images() if bad.code == "image_corrupt")
ANALYZE, SEARCH = "**/v1/products/analyze", "**/v1/search"


def button(reader: Reader, name: str) -> Locator:
    return reader.page.get_by_role("button", name=name, exact=True)


def result(reader: Reader) -> Locator:
    return reader.page.locator(".result .levels")


def understand(reader: Reader, title: str = "red shirt") -> None:
    reader.page.get_by_label("Title").fill(title)
    button(reader, "Understand").click()


def test_an_image_and_text_are_understood(reader: Reader) -> None:
    reader.open()
    reader.page.locator("input[type=file]").set_input_files(SHIRT)
    expect(reader.page.get_by_role("img", name="Your image 1")).to_be_visible()
    understand(reader)
    expect(result(reader)).to_be_visible()
    scores = result(reader).locator(".score").all_inner_texts()
    assert len(scores) == 2
    assert all(PERCENT.fullmatch(score) for score in scores)
    voices = reader.page.locator(".voices li")
    assert voices.locator(".voice").all_inner_texts() == ["Image alone", "Text alone", "Together"]
    said = [text.split("\n")[0] for text in voices.locator(".said").all_inner_texts()]
    agrees = reader.page.get_by_text("The image and the text agree.")
    assert agrees.is_visible() is (said[0] == said[1] == said[2])
    expect(reader.page.locator(".decision strong")).to_have_text(re.compile("Ready to publish|Please check|Not sure"))
    assert "%" in reader.said()


def test_an_example_needs_one_click(reader: Reader) -> None:
    reader.open()
    button(reader, "Granny Smith apples, 1 kg bag").click()
    expect(result(reader)).to_be_visible()
    expect(reader.page.get_by_text("Only the text was read.")).to_be_visible()
    button(reader, "Clear").click()
    reader.page.locator(".thumb").first.click()
    expect(reader.page.locator(".voices li")).to_have_count(3)
    button(reader, "Find similar products in the catalogue").click()
    expect(reader.page.locator(".card").first).to_be_visible()


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_an_image_is_pasted_or_dropped(reader: Reader, way: str) -> None:
    reader.open()
    reader.page.evaluate(
        """([way, bytes]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "shirt.png", {type: "image/png"}));
            const paste = new ClipboardEvent("paste", {clipboardData: data, bubbles: true});
            const drop = new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true});
            if (way === "paste") document.body.dispatchEvent(paste);
            else document.querySelector(".drop").dispatchEvent(drop);
        }""",
        [way, list(image_png("Shirt", "red"))],
    )
    button(reader, "Understand").click()
    expect(reader.page.get_by_text("Only the image was read.")).to_be_visible()
    button(reader, "Remove shirt.png").click()
    expect(reader.page.locator(".drop input")).to_be_focused()


def test_nothing_given_is_said_and_not_sent(reader: Reader) -> None:
    reader.open()
    sent: list[str] = []
    reader.page.on("request", lambda request: sent.append(request.url))
    button(reader, "Understand").click()
    expect(reader.page.get_by_role("alert")).to_contain_text("Add an image, some text, or both.")
    expect(reader.page.get_by_label("Title")).to_be_focused()
    assert not [url for url in sent if "analyze" in url]


@pytest.mark.parametrize(("locale", "text"), [("en-GB", "corrupt or truncated"), ("zh-CN", "图片已损坏")])
def test_a_bad_image_is_told_in_the_readers_language(browser: Browser, address: str, locale: str, text: str) -> None:
    with reading(browser, address, locale=locale) as reader:
        reader.open()
        bad = {"name": BAD.filename, "mimeType": "image/jpeg", "buffer": BAD.data}
        reader.page.locator("input[type=file]").set_input_files(bad)
        reader.page.locator("button[type=submit]").click()
        alert = reader.page.get_by_role("alert")
        expect(alert).to_contain_text(text)
        expect(alert.locator("code")).to_have_text(re.compile("[0-9a-f]{32}"))
        reader.excuse()


def test_a_service_that_is_down_is_said_and_tried_again(reader: Reader) -> None:
    reader.open()
    reader.page.route(ANALYZE, lambda route: route.abort())
    understand(reader)
    expect(reader.page.get_by_role("alert")).to_contain_text("The service cannot be reached")
    reader.page.unroute(ANALYZE)
    button(reader, "Try again").click()
    expect(result(reader)).to_be_visible()
    reader.excuse()


def test_on_a_slow_network_the_reader_sees_it_can_cancel_and_sends_nothing_twice(reader: Reader) -> None:
    reader.open()
    held: list[Route] = []
    reader.page.route(ANALYZE, lambda route: held.append(route))
    understand(reader)
    expect(reader.page.locator(".waiting")).to_contain_text("Analyzing the product…")
    for _ in range(3):
        button(reader, "Understand").click(force=True)
        reader.page.get_by_label("Title").press("Enter")
    expect(reader.page.locator(".waiting")).to_contain_text("Still working", timeout=10_000)
    assert len(held) == 1
    button(reader, "Cancel").click()
    expect(reader.page.get_by_text("Cancelled.")).to_be_visible()
    reader.page.unroute(ANALYZE)
    button(reader, "Try again").click()
    expect(result(reader)).to_be_visible()
    reader.excuse()


def cards(reader: Reader) -> Locator:
    return reader.page.locator(".card")


def test_search_by_text_with_filters_that_the_address_keeps(reader: Reader) -> None:
    reader.open("#/search")
    expect(cards(reader)).to_have_count(PAGE_OF_RESULTS)
    reader.page.get_by_label("Search text").fill("red shirt")
    button(reader, "Search").click()
    expect(reader.page.locator(".tally")).to_contain_text("nearest first")
    expect(cards(reader)).to_have_count(PAGE_OF_RESULTS)
    brand = reader.page.get_by_role("group", name="Brand")
    brand.get_by_label("Marelle").check()
    expect(cards(reader)).to_have_count(8)
    expect(brand.get_by_label("Marelle")).to_be_focused()
    brand.get_by_label("Norvik").check()
    expect(cards(reader)).to_have_count(16)
    reader.page.get_by_label("To", exact=True).fill("20")
    reader.page.get_by_label("To", exact=True).press("Tab")
    expect(cards(reader)).to_have_count(7)
    address = reader.page.url
    reader.page.go_back()
    expect(cards(reader)).to_have_count(16)
    reader.page.go_forward()
    expect(cards(reader)).to_have_count(7)
    reader.page.goto("about:blank")
    reader.page.goto(address)
    expect(cards(reader)).to_have_count(7)
    reader.page.get_by_label("From", exact=True).fill("1000")
    reader.page.get_by_label("From", exact=True).press("Tab")
    expect(reader.page.get_by_text("No product matches all of these filters.")).to_be_visible()
    reader.page.locator(".empty").get_by_role("button", name="Reset").click()
    expect(cards(reader)).to_have_count(PAGE_OF_RESULTS)


def test_more_results_and_images_of_products(reader: Reader) -> None:
    reader.open("#/search?q=red+shirt")
    expect(cards(reader)).to_have_count(PAGE_OF_RESULTS)
    pictured = re.compile(r"(shirt|shoe) [0-5]$")
    cards(reader).get_by_role("link", name=pictured).first.scroll_into_view_if_needed()
    expect(reader.page.locator(".card img").first).to_be_visible()
    assert reader.page.locator(".card img").first.get_attribute("src").startswith("blob:")  # type: ignore[union-attr]
    button(reader, "Show more").click()
    expect(cards(reader)).to_have_count(27)
    expect(button(reader, "Show more")).to_have_count(0)
    expect(cards(reader).nth(PAGE_OF_RESULTS).locator("a.cover")).to_be_focused()


def test_search_by_image_and_by_likeness(reader: Reader) -> None:
    reader.open("#/search")
    reader.page.locator("input[type=file]").set_input_files(SHIRT)
    expect(reader.page.locator(".tally")).to_contain_text("nearest first")
    first = cards(reader).first.get_by_role("link").first.inner_text()
    cards(reader).first.get_by_role("link", name=f"Products similar to {first}").click()
    expect(reader.page.get_by_text("Products similar to", exact=False).first).to_be_visible()
    expect(cards(reader)).to_have_count(PAGE_OF_RESULTS)
    assert first not in cards(reader).locator("h3").all_inner_texts()
    button(reader, "End this search").click()
    expect(cards(reader).first.locator("h3")).to_have_text(first)


def test_one_product_and_its_links(reader: Reader) -> None:
    reader.open("#/search?q=red+shirt+0")
    cards(reader).get_by_role("link", name="red shirt 0", exact=True).click()
    expect(reader.page.get_by_role("heading", level=1)).to_have_text("red shirt 0")
    expect(reader.page.get_by_role("heading", level=1)).to_be_focused()
    link = reader.page.get_by_role("link", name="View in the shop")
    assert (link.get_attribute("href"), link.get_attribute("rel")) == ("https://shop.example/0", "noopener noreferrer")
    expect(cards(reader)).to_have_count(8)
    reader.page.get_by_role("link", name="Back").click()
    expect(cards(reader)).to_have_count(PAGE_OF_RESULTS)
    reader.open("#/product/" + "a%2Fb%20c%3Fd%23e")
    expect(reader.page.get_by_role("heading", level=1)).to_have_text("the id of this item has signs in it")
    reader.open("#/product/nowhere")
    expect(reader.page.get_by_role("alert")).to_contain_text("No product with this id is stored.")
    reader.excuse()


def test_what_a_merchant_writes_is_never_markup_or_script(reader: Reader) -> None:
    reader.open("#/product/hostile")
    expect(reader.page.get_by_role("heading", level=1)).to_have_text(MARKUP)
    expect(reader.page.locator(".levels")).to_be_visible()
    assert reader.page.locator("main [href^=javascript], main img[src=x], main script").count() == 0
    reader.open("#/search?q=" + "plain")
    button(reader, "Show more").click()
    expect(cards(reader).get_by_role("link", name=MARKUP, exact=True)).to_be_visible()
    reader.open("#/search?q=%3Cimg%20src%3Dx%20onerror%3D%22window.hit%3D1%22%3E&f.brand=%3Cb%3E")
    expect(reader.page.get_by_text("No product matches all of these filters.")).to_be_visible()
