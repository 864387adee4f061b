"""The page's view of bulk jobs in a real browser, against a service that really ingests."""

import csv
import io
import json
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Route, expect

from tests.support.browser import Reader, feed

pytestmark = pytest.mark.slow

JOBS = "**/v1/jobs"
WHY = "section:has(h2:text('Why rows failed')) li"
FILES = ".file-place input"
FAULTY = b"\nfeed-2,an id of an earlier row,,\n,no id,,"
LONG = 20_000  # rows: more than are read while a test looks


def button(reader: Reader, name: str) -> Locator:
    return reader.page.get_by_role("button", name=name, exact=True)


def send(reader: Reader, rows: int, title_column: bool = True, more: bytes = b"") -> None:
    sheet = feed(rows)
    reader.page.locator(FILES).set_input_files(sheet | {"buffer": sheet["buffer"] + more})
    if title_column:
        reader.page.get_by_label("what it is is read as").select_option("Title")
    button(reader, "Send").click()


def newest(reader: Reader) -> Locator:
    return reader.page.locator(".job").first


def figures(job: Locator) -> list[str]:
    """Added, updated, unchanged and failed rows."""
    return job.locator(".figures dd").all_inner_texts()


def stored_jobs(address: str) -> set[str]:
    return {job["id"] for job in httpx.get(f"{address}/v1/jobs").raise_for_status().json()["jobs"]}


def test_a_feed_is_tried_then_sent_and_its_failed_rows_come_back(reader: Reader, tmp_path: Path) -> None:
    reader.open("#/jobs")
    reader.page.get_by_label("Dry run").check()
    send(reader, 30)
    expect(reader.page.locator(".notice.good")).to_have_text("spring.csv was accepted.")
    expect(newest(reader).locator(".badge").first).to_have_text("Complete")
    expect(newest(reader)).to_contain_text("Dry run")
    reader.page.get_by_label("Dry run").uncheck()
    send(reader, 30, title_column=False, more=FAULTY)
    expect(reader.page.locator(".job")).to_have_count(2)
    expect(newest(reader).locator(".badge").first).to_have_text("Complete")
    assert figures(newest(reader)) == ["30", "0", "0", "2"]
    expect(newest(reader)).to_contain_text("32 of 32 rows")
    with reader.page.expect_download() as download:
        newest(reader).get_by_role("button", name="Failed rows").click()
    assert download.value.suggested_filename == "spring.failed.csv"
    sheet = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert {row["id"] for row in csv.DictReader(io.StringIO(sheet))} == {"feed-2", ""}
    newest(reader).get_by_role("link", name="spring.csv").click()
    expect(reader.page.get_by_role("heading", name="Why rows failed")).to_be_visible()
    expect(reader.page.locator(WHY)).to_have_count(2)
    address = reader.page.url
    reader.page.goto("about:blank")
    reader.page.goto(address)
    expect(reader.page.locator(WHY)).to_have_count(2)


def test_a_running_job_shows_how_far_it_is_and_is_cancelled(reader: Reader) -> None:
    reader.open("#/jobs")
    send(reader, LONG)
    expect(newest(reader).locator(".badge").first).to_have_text("Running")
    expect(newest(reader)).to_contain_text(" of 20,000 rows", timeout=30_000)
    newest(reader).get_by_role("button", name="Cancel").click()
    expect(newest(reader).locator(".badge").first).to_have_text("Cancelled", timeout=30_000)
    expect(newest(reader).get_by_role("button", name="Cancel")).to_have_count(0)


def test_a_feed_that_is_none_is_said_at_once(reader: Reader) -> None:
    reader.open("#/jobs")
    button(reader, "Send").click()
    expect(reader.page.get_by_role("alert")).to_have_text("Choose a feed first.")
    image_png = {"name": "feed.csv", "mimeType": "text/csv", "buffer": b"\x89PNG\r\n\x1a\n" + bytes(64)}
    reader.page.locator(FILES).set_input_files(image_png)
    expect(reader.page.get_by_role("alert")).to_contain_text("The feed is a single image.")
    button(reader, "Send").click()
    expect(reader.page.get_by_role("alert")).to_have_count(2)
    reader.excuse()


def test_an_upload_outlives_a_look_elsewhere_and_is_sent_once(reader: Reader) -> None:
    reader.open("#/jobs")
    held: list[Route] = []
    reader.page.route(JOBS, lambda route: held.append(route) if route.request.method == "POST" else route.continue_())
    send(reader, 5)
    expect(reader.page.locator(".feed-form .waiting", has_text="Sending spring.csv…")).to_be_visible()
    button(reader, "Send").dispatch_event("click")
    reader.page.get_by_role("link", name="Search", exact=True).click()
    reader.page.get_by_role("link", name="Jobs", exact=True).click()
    button(reader, "Send").dispatch_event("click")
    assert len(held) == 1
    held[0].continue_()
    expect(reader.page.locator(".notice.good")).to_have_text("spring.csv was accepted.")


def test_a_lost_answer_does_not_make_two_jobs(reader: Reader, address: str) -> None:
    before = stored_jobs(address)
    reader.open("#/jobs")
    keys: list[str | None] = []

    def lose(route: Route) -> None:
        if route.request.method != "POST":
            return route.continue_()
        keys.append(route.request.headers.get("idempotency-key"))
        if len(keys) > 1:
            return route.continue_()
        route.fetch()
        return route.abort()

    reader.page.route(JOBS, lose)
    send(reader, 7)
    button(reader, "Try again").click()
    expect(reader.page.locator(".notice.good")).to_have_text("spring.csv was accepted.")
    assert len(keys) == 2
    assert keys[0] == keys[1]
    expect(reader.page.locator(".job").first).to_contain_text("7 of 7 rows")
    assert len(stored_jobs(address) - before) == 1
    reader.excuse()


def test_a_value_of_one_row_is_said_of_that_row_alone(reader: Reader, address: str) -> None:
    rows = "id,title\none,shoe,red,new\ntwo,shirt,blue\nthree,coat\n"
    sent = httpx.post(f"{address}/v1/jobs", files={"file": ("cells.csv", rows)}).raise_for_status()
    reader.open(f"#/jobs/{sent.json()['id']}")
    reason = reader.page.locator(".reasons li")
    expect(reason.locator("strong")).to_have_text("2 rows, the first of them:")
    expect(reason.locator("span").first).to_contain_text("one: The row has 4 cells, the header 2.")
    expect(reason.locator("span").last).to_contain_text("two: The row has 3 cells, the header 2.")


def test_what_products_were_stored_without_is_counted_and_can_be_had(reader: Reader, address: str) -> None:
    rows = "id,title,gtin,image\none,red shoe,123,none.png\ntwo,blue shirt,,none.png\n"
    sent = httpx.post(f"{address}/v1/jobs", files={"file": ("lacking.csv", rows)}).raise_for_status()
    reader.open(f"#/jobs/{sent.json()['id']}")
    expect(newest(reader)).to_contain_text("Stored without something: 3")
    expect(reader.page.get_by_role("heading", name="What products were stored without")).to_be_visible()
    reasons = reader.page.locator(".reasons li")
    expect(reasons.locator("span")).to_have_text(["2 times", "1 time"])
    expect(reasons.locator("strong").last).to_contain_text("The GTIN (EAN, UPC, ISBN) does not have")
    with reader.page.expect_download() as download:
        button(reader, "Warnings").click()
    assert download.value.suggested_filename == "lacking.warnings.jsonl"
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines].count("one") == 2


def test_a_job_that_is_not_there(reader: Reader) -> None:
    reader.open("#/jobs/nothing")
    expect(reader.page.get_by_role("alert")).to_be_visible()
    reader.page.get_by_role("link", name="All jobs").click()
    expect(reader.page.get_by_role("heading", level=1)).to_have_text("Import a catalogue")
    reader.excuse()
