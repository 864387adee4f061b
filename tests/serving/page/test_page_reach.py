"""Who can use the page, and where: screen readers, keyboards, small windows, both languages, keys, slow lines."""

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Route, expect

from tests.support.browser import MAX_SHIFT, SHIFTS, Reader, reading

pytestmark = pytest.mark.slow

# Each view as someone finds it, and what shows that it is there.
VIEWS = {
    "understand": ("#/understand", ".thumb"),
    "understood": ("#/understand", ".levels"),
    "overview": ("#/overview", ".panels"),
    "browsing": ("#/search", ".card"),
    "new": ("#/new", ".product-form"),
    "results": ("#/search?q=red+shirt&f.brand=Halden", ".card"),
    "product": ("#/product/p-0", ".similar-products .card"),
    "missing": ("#/product/nowhere", ".notice"),
    "jobs": ("#/jobs", ".past :is(.empty, .job, .notice)"),
    "review": ("#/review", "article"),
    "teach": ("#/teach", ".feed-choice"),
    "map": ("#/map", "main .sheet"),
    "health": ("#/health", "main :is(.empty, .finding)"),
}
# Bytes on the wire, each in its language alone. The Chinese words also say in Chinese what the service says of errors.
LARGEST_PAGE = {"en-GB": 105_000, "zh-CN": 120_000}
FETCHED = (
    "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].map(e => e.toJSON())"
)


def show(reader: Reader, view: str) -> None:
    hash, sign = VIEWS[view]
    reader.open(hash)
    if view == "understood":
        reader.page.locator(".example").first.click()
    reader.page.locator(sign).first.wait_for()


# Any two of theme, width and language meet.
@pytest.mark.parametrize(
    ("theme", "width", "locale"),
    [("light", 1280, "en-GB"), ("dark", 1280, "zh-CN"), ("dark", 360, "en-GB"), ("light", 360, "zh-CN")],
)
def test_axe_finds_nothing(browser: Browser, address: str, theme: str, width: int, locale: str) -> None:
    window = {"width": width, "height": 740}
    with reading(
        browser, address, color_scheme=theme, viewport=window, locale=locale, reduced_motion="reduce"
    ) as reader:
        for view in VIEWS:
            show(reader, view)
            assert violations(reader) == {}, view
        reader.open("#/review")
        reader.page.locator("input[role=combobox]").press_sequentially("s")
        reader.page.locator("[role=option]").first.wait_for()
        reader.page.keyboard.press("ArrowDown")
        assert violations(reader) == {}
        reader.excuse()


def violations(reader: Reader) -> dict[str, list[str]]:
    """The rules that the page breaks, each with the elements that do."""
    found = Axe().run(reader.page).response["violations"]
    return {rule["id"]: [node["html"] for node in rule["nodes"]] for rule in found}


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_every_window_holds_the_views_and_what_it_shows_stays(
    browser: Browser, address: str, width: int, locale: str
) -> None:
    with reading(browser, address, viewport={"width": width, "height": 740}, locale=locale) as reader:
        reader.page.add_init_script(SHIFTS)
        for view in VIEWS:
            show(reader, view)
            reader.page.wait_for_load_state("networkidle")
            assert reader.page.evaluate("document.documentElement.scrollWidth") <= width, view
            outside = "e => e.getBoundingClientRect().right > innerWidth + 1 && e.checkVisibility() && e.className"
            wide = reader.page.evaluate(f"[...document.querySelectorAll('main *')].map({outside}).filter(Boolean)")
            assert wide == [], view
            if view != "understood":  # a click's own change is no shift
                assert reader.page.evaluate("window.shifts") < MAX_SHIFT, view
        reader.excuse()


def test_a_keyboard_is_enough(reader: Reader) -> None:
    reader.open()
    page = reader.page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="中文")).to_be_focused()
    page.evaluate("document.querySelector('.skip').focus()")
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Search", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("red shirt")
    page.keyboard.press("Enter")
    expect(page.locator(".card")).to_have_count(24)
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.card .cover')"):
            break
        shown = "(e => getComputedStyle(e).outlineStyle !== 'none' || e.type === 'file')(document.activeElement)"
        assert page.evaluate(shown), page.evaluate("document.activeElement.outerHTML")
    title = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


def test_language_is_chosen_by_the_browser_then_by_the_reader(browser: Browser, address: str) -> None:
    with reading(browser, address, locale="zh-CN") as reader:
        reader.open()
        page = reader.page
        expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
        expect(page.get_by_role("heading", level=1)).to_have_text("识别商品")
        assert page.title() == "识别 · Shelflens"
        page.get_by_label("标题").fill("red shirt")
        page.locator("button[type=submit]").click()
        expect(page.locator(".levels li").first).to_have_text(re.compile("服装|食品"))
        page.get_by_role("button", name="English").click()
        expect(page.locator("html")).to_have_attribute("lang", "en")
        expect(page.get_by_label("Title")).to_have_value("red shirt")
        expect(page.locator(".levels li").first).to_have_text(re.compile("Clothes|Food"))
        reader.open()
        expect(page.get_by_role("heading", level=1)).to_have_text("Understand a product")


def test_colours_are_chosen_by_the_system_then_by_the_reader(browser: Browser, address: str) -> None:
    with reading(browser, address, color_scheme="dark") as reader:
        reader.open()
        paper = "getComputedStyle(document.body).backgroundColor"
        assert reader.page.evaluate(paper) == "rgb(15, 21, 20)"
        toggle = reader.page.get_by_role("button", name="Dark colours")
        expect(toggle).to_have_attribute("aria-pressed", "true")
        toggle.click()
        assert reader.page.evaluate(paper) == "rgb(243, 245, 244)"
        reader.open()
        assert reader.page.evaluate(paper) == "rgb(243, 245, 244)"


def test_a_key_is_asked_for_kept_for_the_tab_and_never_in_the_address(reader: Reader) -> None:
    sent: list[str | None] = []
    error = {"error": {"message": "No.", "type": "invalid_request_error", "param": None, "code": "api_key_missing"}}

    def guard(route: Route) -> None:
        sent.append(route.request.headers.get("authorization"))
        if sent[-1] == "Bearer sesame":
            return route.continue_()
        return route.fulfill(status=401, json=error)

    reader.page.route("**/v1/**", guard)
    reader.open("#/review")
    dialog = reader.page.get_by_role("dialog")
    expect(dialog.get_by_label("API key")).to_be_focused()
    assert reader.page.get_by_role("dialog").count() == 1
    dialog.get_by_label("API key").fill("wrong")
    dialog.get_by_role("button", name="Use this key").click()
    expect(dialog.get_by_role("alert")).to_have_text("That key was not accepted.")
    assert violations(reader) == {}
    dialog.get_by_label("API key").fill("sesame")
    dialog.get_by_role("button", name="Use this key").click()
    expect(reader.page.locator("article")).to_be_visible()
    assert "sesame" not in reader.page.url
    assert reader.page.evaluate("[localStorage.length, sessionStorage.getItem('shelflens.key')]") == [0, "sesame"]
    reader.open("#/search?q=red+shirt")
    expect(reader.page.locator(".card").first).to_be_visible()
    reader.page.get_by_role("button", name="API key").click()
    dialog.get_by_role("button", name="Forget the key").click()
    reader.open("#/search?q=red+shirt")
    dialog.get_by_role("button", name="Cancel").click()
    expect(reader.page.get_by_role("alert")).to_contain_text("No.")
    reader.excuse()


@pytest.mark.parametrize(("locale", "other"), [("en-GB", "zh"), ("zh-CN", "messages-en")])
def test_the_page_is_light_and_brings_one_language(browser: Browser, address: str, locale: str, other: str) -> None:
    with reading(browser, address, locale=locale) as reader:
        show(reader, "understand")
        entries: list[dict[str, Any]] = reader.page.evaluate(FETCHED)
    files = [entry for entry in entries if "/v1/" not in entry["name"]]
    assert len(files) > 10
    assert [entry["name"] for entry in files if f"{other}.js" in entry["name"]] == []
    assert sum(entry["transferSize"] for entry in files) < LARGEST_PAGE[locale]


def test_the_language_stays_where_the_others_messages_cannot_be_fetched(reader: Reader) -> None:
    reader.page.route("**/page/messages-zh.js", lambda route: route.abort())
    reader.open()
    reader.page.get_by_role("button", name="中文").click()
    expect(reader.page.get_by_role("alert")).to_contain_text("The service cannot be reached.")
    expect(reader.page.locator("html")).to_have_attribute("lang", "en")
    expect(reader.page.get_by_role("heading", level=1)).to_have_text("Understand a product")
    reader.excuse()


def test_nothing_moves_for_who_asks_for_it(browser: Browser, address: str) -> None:
    with reading(browser, address, reduced_motion="reduce") as reader:
        reader.open()
        assert reader.page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
