"""The queue on the page, in a real browser: judged by keys and by hand, taken back, several at once, filtered."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, expect

from catalog.model.checkpoint import save_model
from catalog.understand import Understander
from tests.serving.page.test_page_reach import violations
from tests.support.browser import Reader, fill, reading, served
from tests.support.tiny import tiny_calibration, tiny_taxonomy, tiny_tokenizer
from tests.support.tiny_torch import tiny_model

pytestmark = pytest.mark.slow

# The least probability by which a level of the tree is promised: the upper one of nearly every product, or none.
UPPER, NONE = [0.3, 1.1], [1.1]


def model(folder: Path, promise: list[float]) -> Understander:
    """A tiny model that promises as it is told."""
    promises = {name: {"*": promise} for name in ("image", "text", "both")}
    calibration = replace(tiny_calibration(), promise=promises)
    save_model(folder, tiny_model(), tiny_taxonomy(), tiny_tokenizer(), calibration)
    return Understander.load(folder)


@pytest.fixture
def promising(tmp_path: Path) -> Iterator[str]:
    """Where a service answers whose model promises the upper level of the tree."""
    with served(tmp_path, model(tmp_path / "model", UPPER)) as address:
        fill(address)
        yield address


@pytest.fixture
def unsure(tmp_path: Path) -> Iterator[str]:
    """Where a service answers whose model promises nothing."""
    with served(tmp_path, model(tmp_path / "model", NONE)) as address:
        fill(address)
        yield address


def button(reader: Reader, name: str) -> Locator:
    return reader.page.get_by_role("button", name=name)


def reviewed(reader: Reader) -> str:
    return reader.page.locator("#review-product").inner_text()


def press(reader: Reader, key: str) -> str:
    """One key; -> the title of the product that it was for. The next one is there at once."""
    before = reviewed(reader)
    reader.page.keyboard.press(key)
    expect(reader.page.locator("#review-product")).not_to_have_text(before)
    return before


def field(reader: Reader) -> Locator:
    return reader.page.get_by_role("combobox", name="Find a category")


def options(reader: Reader) -> Locator:
    """What the category field offers; the fields of the filters have options, too."""
    return reader.page.locator("[role=option]")


def said_of(address: str, count: int) -> dict[str, dict[str, Any]]:
    """The verdicts that are stored, by the product's title, once there are as many: the page does not wait for them."""
    deadline = time.monotonic() + 20
    while len(lines := httpx.get(f"{address}/v1/feedback", trust_env=False).text.splitlines()) != count:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return {verdict["title"]: verdict for verdict in map(json.loads, lines)}


def test_by_keys(browser: Browser, promising: str) -> None:
    with reading(browser, promising) as reader:
        reader.open("#/review?decision=review")
        expect(reader.page.locator("article")).to_be_visible()
        accepted, corrected, rejected = press(reader, "a"), press(reader, "1"), press(reader, "r")
        press(reader, "s")
        typed = reviewed(reader)
        reader.page.keyboard.press("c")
        field(reader).press_sequentially("appl")
        expect(options(reader)).to_have_count(2)  # and to propose what was typed
        field(reader).press("ArrowDown")
        option = options(reader).first
        assert field(reader).get_attribute("aria-activedescendant") == option.get_attribute("id")
        field(reader).press("Enter")
        expect(reader.page.locator("#review-product")).not_to_have_text(typed)
        expect(reader.page.locator("#review-product")).to_be_focused()
        verdicts = said_of(promising, 4)
        kinds = [verdicts[title]["verdict"] for title in (accepted, corrected, rejected)]
        assert kinds == ["accept", "correct", "reject"]
        assert verdicts[typed]["category"] == "food.apple"
        reader.page.get_by_label("Keyboard shortcuts").uncheck()
        before = reviewed(reader)
        reader.page.locator("#review-product").press("a")
        assert reviewed(reader) == before


def test_nothing_is_accepted_where_nothing_is_promised(browser: Browser, unsure: str) -> None:
    with reading(browser, unsure) as reader:
        reader.open("#/review")
        expect(reader.page.locator("article .decision.abstain")).to_be_visible()
        expect(button(reader, "Accept")).to_have_count(0)
        expect(reader.page.locator("article button.main")).to_have_count(0)
        before = reviewed(reader)
        reader.page.locator("#review-product").press("a")
        assert reviewed(reader) == before
        guess = reader.page.locator(".choice").nth(1)
        expect(guess).to_have_attribute("aria-keyshortcuts", "2")
        press(reader, "2")
        assert said_of(unsure, 1)[before]["verdict"] == "correct"


def test_no_number_chooses_a_guess_about_what_the_model_does_not_know(browser: Browser, unsure: str) -> None:
    numbered = """async (notes) => {
        const { numbered } = await import("/page/review-card.js");
        return numbered({ understanding: { notes, alternatives: [{ score: 0.5 }] } }).length;
    }"""
    with reading(browser, unsure) as reader:
        reader.open("#/review")
        assert [reader.page.evaluate(numbered, notes) for notes in ([], ["unfamiliar"])] == [1, 0]


def test_verdicts_are_taken_back_one_after_the_other(browser: Browser, unsure: str) -> None:
    with reading(browser, unsure) as reader:
        reader.open("#/review")
        expect(reader.page.locator("article")).to_be_visible()
        expect(button(reader, "Undo")).to_be_disabled()
        first, second, third = press(reader, "1"), press(reader, "r"), press(reader, "2")
        said_of(unsure, 3)
        for key, title in (("u", third), ("Control+z", second)):
            reader.page.keyboard.press(key)
            expect(reader.page.locator("#review-product")).to_have_text(title)
        button(reader, "Undo").click()
        expect(reader.page.locator("#review-product")).to_have_text(first)
        expect(button(reader, "Undo")).to_be_disabled()
        assert said_of(unsure, 0) == {}


def test_the_history_takes_back_what_an_earlier_visit_said(browser: Browser, unsure: str) -> None:
    with reading(browser, unsure) as reader:
        reader.open("#/review")
        rejected = press(reader, "r")
        said_of(unsure, 1)
        reader.open("#/review")
        expect(reader.page.locator("#review-product")).not_to_have_text(rejected)
        reader.page.locator("summary", has_text="History").click()
        line = reader.page.locator(".verdict-list li")
        expect(line).to_have_count(1)
        expect(line).to_contain_text("Rejected")
        line.get_by_role("button", name="Take back").click()
        expect(reader.page.locator("#review-product")).to_have_text(rejected)
        expect(line).to_have_count(0)
        press(reader, "1")
        assert said_of(unsure, 1)[rejected]["verdict"] == "correct"


def test_the_same_answer_for_products_alike(browser: Browser, unsure: str) -> None:
    for number in range(4):
        httpx.put(f"{unsure}/v1/products/same-{number}", json={"title": "striped shoe"}, trust_env=False)
    with reading(browser, unsure) as reader:
        reader.open("#/review?product=same-0")
        expect(reader.page.locator("#review-product")).to_have_text("striped shoe")
        alike = reader.page.locator(".alike")
        expect(alike.locator(".tile").nth(2)).to_be_visible()
        for number in (1, 2):
            alike.locator(f"input[value=same-{number}]").check()
        reader.page.locator("#review-product").press("1")
        expect(reader.page.locator("#live")).to_have_text(re.compile("3 products reviewed"))
        deadline = time.monotonic() + 20
        while len(judged := httpx.get(f"{unsure}/v1/feedback", trust_env=False).text.splitlines()) < 3:
            assert time.monotonic() < deadline
        assert {json.loads(line)["product_id"] for line in judged} == {"same-0", "same-1", "same-2"}
        reader.page.keyboard.press("u")
        expect(reader.page.locator("#review-product")).to_have_text("striped shoe")
        said_of(unsure, 0)


def test_the_tree_is_browsed_and_what_it_lacks_is_proposed(browser: Browser, unsure: str) -> None:
    with reading(browser, unsure) as reader:
        reader.open("#/review")
        expect(reader.page.locator("article")).to_be_visible()
        browsed = reviewed(reader)
        reader.page.keyboard.press("c")
        expect(options(reader)).to_have_text([re.compile("Clothes"), re.compile("Food")])
        field(reader).press("Enter")
        expect(reader.page.locator("#review-product")).to_have_text(browsed)
        field(reader).press("ArrowDown")
        field(reader).press("ArrowDown")
        field(reader).press("ArrowRight")
        expect(options(reader)).to_have_count(4)
        options(reader).filter(has_text="Pear").click()
        expect(reader.page.locator("#review-product")).not_to_have_text(browsed)
        proposed = reviewed(reader)
        field(reader).fill("Toys > Robots")
        expect(options(reader)).to_have_text([re.compile("Propose “Toys > Robots”")])
        field(reader).press("Enter")
        expect(reader.page.locator("#review-product")).not_to_have_text(proposed)
        verdicts = said_of(unsure, 2)
        assert verdicts[browsed]["category"] == "food.pear"
        assert verdicts[proposed]["proposed_category"] == "Toys > Robots"


def test_tags_and_attributes_are_corrected(browser: Browser, unsure: str) -> None:
    with reading(browser, unsure) as reader:
        reader.open("#/review")
        expect(reader.page.locator("article")).to_be_visible()
        title = reviewed(reader)
        reader.page.get_by_label("Add a tag").select_option("striped")
        expect(reader.page.get_by_role("button", name="Remove striped")).to_be_visible()
        reader.page.get_by_label("Add an attribute").select_option("colour")
        reader.page.get_by_label("Colour", exact=True).select_option("green")
        reader.page.locator(".choice").first.click()
        expect(reader.page.locator("#review-product")).not_to_have_text(title)
        verdict = said_of(unsure, 1)[title]
        assert (verdict["tags"], verdict["attributes"]) == (["striped"], {"colour": "green"})


def test_filters_stand_in_the_address(browser: Browser, unsure: str) -> None:
    with reading(browser, unsure) as reader:
        reader.open("#/review")
        expect(reader.page.locator(".tally")).to_have_text("27 products left")
        guess = reader.page.get_by_label("Guessed category")
        value = guess.locator("option").nth(2).get_attribute("value")
        guess.select_option(value)
        expect(reader.page.locator(".tally")).not_to_have_text("27 products left")
        assert f"category={value}" in reader.page.url
        words = reader.page.get_by_label("Text", exact=True)
        words.fill("zebra")
        words.press("Enter")
        expect(reader.page.get_by_text("No product to review matches these filters")).to_be_visible()
        button(reader, "Reset").click()
        expect(reader.page.locator(".tally")).to_have_text("27 products left")


def test_an_empty_queue_says_why(browser: Browser, tmp_path: Path) -> None:
    with (
        served(tmp_path, model(tmp_path / "model", NONE)) as address,
        reading(browser, address) as reader,
    ):
        reader.open("#/review")
        expect(reader.page.get_by_text("Nothing has been imported yet")).to_be_visible()
        httpx.put(f"{address}/v1/products/1", json={"title": "shoe"}, trust_env=False)
        reader.open("#/review")
        expect(reader.page.locator("article")).to_be_visible()
        reader.page.keyboard.press("1")
        expect(reader.page.get_by_text("You reviewed 1 product.")).to_be_visible()
        said_of(address, 1)
        reader.open("#/review")
        expect(reader.page.get_by_text("The model is sure of every product")).to_be_visible()


def test_a_verdict_that_is_not_stored_brings_the_product_back(browser: Browser, unsure: str) -> None:
    with reading(browser, unsure) as reader:
        reader.open("#/review")
        expect(reader.page.locator("article")).to_be_visible()
        reader.page.route("**/v1/feedback", lambda route: route.abort())
        before = reviewed(reader)
        button(reader, "Reject").click()
        expect(reader.page.get_by_role("alert")).to_contain_text("The service cannot be reached")
        assert reviewed(reader) == before
        expect(button(reader, "Undo")).to_be_disabled()
        reader.page.unroute("**/v1/feedback")
        button(reader, "Reject").click()
        expect(reader.page.locator("#review-product")).not_to_have_text(before)
        reader.excuse()


def test_on_a_telephone_the_answers_stand_before_the_description(browser: Browser, unsure: str) -> None:
    with reading(browser, unsure, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True) as reader:
        reader.open("#/review")
        expect(reader.page.locator("article")).to_be_visible()
        answers = reader.page.locator(".verdicts").bounding_box()
        merchant = reader.page.locator(".merchant").bounding_box()
        assert answers
        assert merchant
        assert answers["y"] < merchant["y"]
        assert answers["y"] < 2 * 740
        expect(reader.page.locator("kbd:visible")).to_have_count(0)
        expect(reader.page.get_by_label("Keyboard shortcuts")).to_be_hidden()
        assert reader.page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_what_opens(browser: Browser, unsure: str, scheme: str, locale: str) -> None:
    for number in range(2):
        httpx.put(f"{unsure}/v1/products/same-{number}", json={"title": "striped shoe"}, trust_env=False)
    with reading(browser, unsure, locale=locale, color_scheme=scheme, reduced_motion="reduce") as reader:
        reader.open("#/review?product=same-0")
        reader.page.locator(".alike .tile").first.wait_for()
        assert violations(reader) == {}
        reader.page.locator("[role=combobox]").click()
        reader.page.keyboard.press("ArrowDown")
        assert violations(reader) == {}
        reader.page.keyboard.press("Escape")
        reader.page.locator(".choice").first.click()
        reader.page.locator(".history summary").click()
        reader.page.locator(".verdict-list li").wait_for()
        assert violations(reader) == {}
