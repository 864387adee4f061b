"""What the page shows where nothing stored is like the query, in a real browser."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from catalog.model.calibration import Bounds
from catalog.model.folder import open_model
from catalog.model.runtime import open_runtime
from catalog.understand import Understander
from tests.support.browser import reading, served
from tests.support.tiny import tiny_onnx_folder

pytestmark = pytest.mark.slow


def test_where_nothing_is_close_the_page_says_so_and_shows_the_nearest(browser: Browser, tmp_path: Path) -> None:
    opened = open_model(tiny_onnx_folder(tmp_path / "model"))
    strict = Bounds(least=0.9999, unsure=0.9999, ratio=0.0, share=0.7)
    opened = replace(opened, calibration=replace(opened.calibration, floor={"text": strict}))
    with served(tmp_path, Understander(opened, open_runtime(opened, "cpu", 0, False))) as address:
        for title in ("red shoe", "blue pear"):
            httpx.put(f"{address}/v1/products/{title}", json={"title": title}).raise_for_status()
        with reading(browser, address) as reader:
            reader.open("#/search?q=laptop")
            expect(reader.page.locator(".found .notice")).to_have_text("Nothing is close. The nearest are:")
            expect(reader.page.locator(".found .card")).to_have_count(2)
            reader.open("#/search?q=red%20shoe")
            expect(reader.page.locator(".found .card")).to_have_count(1)
            expect(reader.page.locator(".found .notice")).to_have_count(0)
            reader.open("#/search?q=洗衣机")  # words that the model cannot read are searched by as words
            expect(reader.page.locator(".found")).to_contain_text("Nothing in the catalogue matches this query.")
            reader.page.get_by_role("link", name="Browse everything").click()
            expect(reader.page.locator(".found .card")).to_have_count(2)
