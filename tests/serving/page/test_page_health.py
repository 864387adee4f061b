"""The page's view of the catalogue's health, in a real browser."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, expect

from catalog.understand import Understander
from tests.support.browser import Reader, reading, served
from tests.support.tiny import tiny_onnx_folder

pytestmark = pytest.mark.slow

SHOP = {
    "1": "Kestrel wireless headphones WH-510 black",
    "2": "Kestrel WH510 headphones, wireless (black)",
    "3": "Kestrel wireless headphones WH-510 white",
    "4": "Fresh red apple",
}


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    model = Understander.load(tiny_onnx_folder(tmp_path / "model"))
    with served(tmp_path / "service", model) as address:
        for id, title in SHOP.items():
            assert httpx.put(f"{address}/v1/products/{id}", json={"title": title}).status_code < 300
        yield address


def of_groups(reader: Reader) -> Locator:
    """Findings of what is listed twice and of variants: what is missing is found beside them."""
    return reader.page.locator(".finding").filter(has_text=re.compile("Listed twice|Variants"))


def look_through(reader: Reader) -> None:
    reader.page.get_by_role("button", name="Look through the catalogue").click()


def test_findings_are_accepted_dismissed_and_taken_back(browser: Browser, address: str) -> None:
    with reading(browser, address) as reader:
        reader.open("#/health")
        expect(reader.page.get_by_role("heading", name="No audit was made yet")).to_be_visible()
        look_through(reader)
        findings = of_groups(reader)
        expect(findings).to_have_count(2)
        double, variant = findings.nth(0), findings.nth(1)
        expect(double.locator(".fault-sentence")).to_contain_text("This seems to be the same product as")
        expect(variant.locator(".fault-sentence")).to_contain_text("they differ in Colour")
        expect(reader.page.locator(".figures")).to_contain_text("Different products3")
        variant.get_by_role("button", name="That is so").click()
        expect(variant.locator(".badge.auto")).to_have_text("Accepted")
        double.get_by_role("button", name="Dismiss").click()
        expect(double.locator(".map-said")).to_contain_text("Dismissed")
        assert Axe().run(reader.page).response["violations"] == []
        with reader.page.expect_download() as download:
            reader.page.get_by_role("button", name="Download corrections").click()
        assert download.value.path().read_text(encoding="utf-8").startswith("id,item_group_id")

        look_through(reader)
        expect(findings).to_have_count(0)
        reader.page.get_by_text("Audits so far").click()
        expect(reader.page.locator(".trend tbody tr")).to_have_count(2)
        reader.page.get_by_label("Show").select_option("dismissed")
        expect(findings).to_have_count(1)
        findings.get_by_role("button", name="Undo").click()
        expect(findings.get_by_role("button", name="Dismiss")).to_be_visible()


def test_an_audit_is_a_job_that_leads_to_what_it_found(browser: Browser, address: str) -> None:
    with reading(browser, address) as reader:
        reader.open("#/health")
        look_through(reader)
        reader.page.locator(".finding").first.wait_for()
        reader.open("#/jobs")
        reader.page.get_by_role("link", name="Audit of the catalogue").click()
        expect(reader.page.locator(".job .badge").first).to_have_text("Complete")
        reader.page.get_by_role("link", name="See what was found").click()
        expect(of_groups(reader)).to_have_count(2)
