"""The page's way to bring feeds in, in a real browser: what a feed's columns are read as, and by which ways it goes."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Route, expect

from catalog.understand import Understander
from tests.support.browser import MAX_SHIFT, SHIFTS, Reader, image_png, reading, served
from tests.support.services import SETTINGS
from tests.support.tiny import tiny_onnx_folder

pytestmark = pytest.mark.slow
FILES = ".file-place input"
CHINESE = "商品编号,商品名称,价格\n1,红色连衣裙,¥5.9\n2,蓝色衬衫,便宜\n"


def a_file(content: str | bytes, name: str = "spring.csv") -> dict[str, Any]:
    return {"name": name, "mimeType": "text/csv", "buffer": content.encode() if isinstance(content, str) else content}


def choose(reader: Reader, *files: dict[str, Any]) -> None:
    reader.page.locator(FILES).set_input_files(list(files))


def send(reader: Reader) -> None:
    reader.page.get_by_role("button", name="Send", exact=True).click()


def newest(reader: Reader) -> Locator:
    return reader.page.locator(".job").first


def read_as(reader: Reader) -> dict[str, str]:
    """What the table says of each column."""
    rows = reader.page.locator(".feed-columns tbody tr").all()
    return {row.locator("th").inner_text(): row.locator("select").input_value() for row in rows}


def test_columns_are_shown_and_chosen_and_the_first_rows_told(reader: Reader) -> None:
    reader.open("#/jobs")
    choose(reader, a_file("Nr,name,price,Farbe\nA1,Zephyr shirt,9.90 EUR,rot\nA2,Hat,cheap,blau\n"))
    expect(reader.page.locator(".feed-preview [role=alert]")).to_contain_text("No column gives the id.")
    assert read_as(reader) == {"Nr": "", "name": "title", "price": "price", "Farbe": "attributes.colour"}
    expect(reader.page.locator(".feed-columns tr").nth(1)).to_contain_text("A1 · A2")
    reader.page.get_by_label("Nr is read as").select_option("Id")
    first = reader.page.locator(".first-rows li")
    expect(first).to_have_count(2)
    expect(first.first).to_contain_text("Zephyr shirt")
    expect(first.first).to_contain_text("€9.90")
    expect(first.last).to_contain_text('The price "cheap" is not a number')
    expect(reader.page.locator(".feed-preview [role=alert]")).to_have_count(0)
    reader.page.get_by_label("Farbe is read as").select_option("Attribute: Farbe")
    reader.page.get_by_label("price is read as").select_option("not read")
    expect(first.last).not_to_contain_text("cheap")
    send(reader)
    expect(newest(reader).locator(".badge").first).to_have_text("Complete")
    expect(newest(reader)).to_contain_text("2 of 2 rows")
    newest(reader).get_by_role("link", name="Browse the catalogue, newest first").click()
    expect(reader.page.locator(".card h3").filter(has_text="Zephyr shirt")).to_have_count(1)


def test_failed_rows_come_as_a_sheet_under_the_feeds_name(reader: Reader) -> None:
    reader.open("#/jobs")
    choose(reader, a_file("id,title,attributes\n1,Shirt,red\n2,Hat,blue\n", "Frühjahr 2027.csv"))
    send(reader)
    expect(newest(reader).locator(".badge").first).to_have_text("No row could be read")
    expect(newest(reader).locator(".badge").first).to_have_class("badge nothing")
    with reader.page.expect_download() as download:
        newest(reader).get_by_role("button", name="Failed rows").click()
    assert download.value.suggested_filename == "Frühjahr 2027.failed.csv"
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert text.splitlines()[0] == "id,title,attributes,failed_line,failed_code,failed_reason"


def test_the_encoding_of_a_feed_can_be_chosen(reader: Reader) -> None:
    reader.open("#/jobs")
    choose(reader, a_file("Nr;Größe;title\nenc-1;XL;Mütze\n".encode("windows-1252")))
    expect(reader.page.locator(".feed-preview [role=alert]")).to_be_visible()
    reader.page.get_by_label("Encoding").select_option("windows-1252")
    reader.page.get_by_label("Nr is read as").select_option("Id")
    expect(reader.page.locator(".first-rows li")).to_contain_text("Mütze")
    send(reader)
    expect(newest(reader).locator(".badge").first).to_have_text("Complete")
    reader.open("#/product/enc-1")
    expect(reader.page.get_by_role("heading", level=1)).to_have_text("Mütze")


def test_a_bad_image_fails_its_row_where_that_is_asked_for(reader: Reader) -> None:
    reader.open("#/jobs")
    choose(reader, a_file("id,title,image\nstrict-1,Shirt,gone.png\n"))
    reader.page.get_by_label("Fail rows with bad images").check()
    send(reader)
    expect(newest(reader).locator(".badge").first).to_have_text("No row could be read")


def test_a_feed_replaces_the_catalogue_alone_and_once(browser: Browser, stocked: str) -> None:
    with reading(browser, stocked) as reader:
        replacing = reader.page.get_by_label("Replace the catalogue")
        reader.open("#/jobs")
        choose(reader, a_file("id,title\na,Shirt\nb,Hat\nc,Belt\nd,Scarf\n"))
        send(reader)
        expect(newest(reader).locator(".badge").first).to_have_text("Complete")
        choose(reader, a_file("id,title\na,Shirt\nb,Hat\nc,Belt\n", "second.csv"))
        replacing.check()
        send(reader)
        expect(reader.page.locator(".notice.good")).to_have_text("second.csv was accepted.")
        expect(newest(reader)).to_contain_text("second.csv")
        expect(newest(reader)).to_contain_text("Removed")
        expect(newest(reader).locator(".badge").first).to_have_text("Complete")
        expect(replacing).not_to_be_checked()
        reader.open("#/product/d")
        expect(reader.page.get_by_role("alert")).to_contain_text("No product with this id is stored.")
        reader.excuse()
        reader.open("#/jobs")
        choose(reader, a_file("id,title\na,Shirt\n", "one.csv"))
        replacing.check()
        choose(reader, a_file("id,title\na,Shirt\n", "one.csv"), a_file("id,title\nb,Hat\n", "two.csv"))
        expect(replacing).to_be_disabled()
        expect(replacing).not_to_be_checked()


def test_several_feeds_become_a_job_each(reader: Reader) -> None:
    reader.open("#/jobs")
    choose(reader, a_file("id,title\na,Shirt\n", "one.csv"), a_file("id,title\nb,Hat\n", "two.csv"))
    expect(reader.page.locator(".feed-preview")).to_have_count(2)
    expect(reader.page.locator(".first-rows li")).to_have_count(2)
    send(reader)
    expect(reader.page.locator(".notice.good")).to_have_text("one.csv, two.csv were accepted.")
    expect(reader.page.locator(".job").nth(0)).to_contain_text("two.csv")
    expect(reader.page.locator(".job").nth(1)).to_contain_text("one.csv")


def test_a_folder_goes_as_a_zip_of_the_feed_and_its_images(reader: Reader, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    (folder / "pics").mkdir(parents=True)
    (folder / "feed.csv").write_text("id,title,image\nz1,Hemd,pics/größe.png\n", encoding="utf-8")
    (folder / "pics" / "größe.png").write_bytes(image_png("Shirt", "red"))
    (folder / "notes.md").write_text("not sent")
    bodies: list[bytes] = []
    reader.page.route(
        "**/v1/jobs",
        lambda route: (
            (bodies.append(route.request.post_data_buffer or b"") if route.request.method == "POST" else None),
            route.continue_(),
        )[1],
    )
    reader.open("#/jobs")
    reader.page.locator("input[webkitdirectory]").set_input_files(folder)
    expect(reader.page.locator(".first-rows li")).to_contain_text("1 image")
    send(reader)
    expect(reader.page.locator("p.notice.good")).to_contain_text("accepted")  # or the newest job is an earlier one
    expect(newest(reader)).to_contain_text("1 of 1 row")
    expect(newest(reader).locator(".badge").first).to_have_text("Complete")
    (body,) = bodies
    if body:  # Chromium does not always tell of a body of files
        sent = zipfile.ZipFile(io.BytesIO(body[body.index(b"PK\3\4") :]))
        assert sent.testzip() is None
        assert sorted(sent.namelist()) == ["feed.csv", "pics/größe.png"]


@pytest.fixture
def stocked(tmp_path: Path) -> Iterator[str]:
    """Where a service answers that has a folder of feeds."""
    folder = tmp_path / "feeds"
    (folder / "spring").mkdir(parents=True)
    (folder / "autumn.csv").write_text("id,title\na1,Coat\na2,Scarf\n")
    (folder / "spring" / "shop.csv").write_text("Nr,title,picture\ns1,Dress,dress.png\n")
    (folder / "spring" / "dress.png").write_bytes(image_png("Dress", "red"))
    model = Understander.load(tiny_onnx_folder(tmp_path / "model"))
    with served(tmp_path, model, SETTINGS.model_copy(update={"feeds": folder})) as address:
        yield address


@pytest.mark.parametrize("width", [360, 1280])
def test_a_feed_on_the_server_is_chosen_looked_at_and_read(browser: Browser, stocked: str, width: int) -> None:
    with reading(browser, stocked, viewport={"width": width, "height": 740}) as reader:
        reader.page.add_init_script(SHIFTS)
        reader.open("#/jobs")
        feeds = reader.page.get_by_label("A feed on the server")
        options = ["A feed on the server…", "autumn.csv (1 kB)", "spring/shop.csv (1 kB)"]
        expect(feeds.locator("option")).to_have_text(options)
        reader.page.wait_for_load_state("networkidle")
        assert reader.page.evaluate("window.shifts") < MAX_SHIFT
        feeds.select_option("spring/shop.csv")
        expect(reader.page.get_by_role("heading", name="spring/shop.csv")).to_be_visible()
        expect(reader.page.locator(".feed-preview [role=alert]")).to_contain_text("No column gives the id.")
        reader.page.get_by_label("Nr is read as").select_option("Id")
        reader.page.get_by_label("picture is read as").select_option("Images")
        expect(reader.page.locator(".first-rows li")).to_contain_text("1 image")
        send(reader)
        expect(reader.page.locator(".notice.good")).to_have_text("spring/shop.csv was accepted.")
        expect(newest(reader).locator(".badge").first).to_have_text("Complete")
        expect(newest(reader)).to_contain_text("1 of 1 row")
        reader.open("#/product/s1")
        expect(reader.page.locator(".gallery img")).to_be_visible()


def test_a_large_feed_goes_in_parts_and_on_after_a_lost_connection(reader: Reader) -> None:
    rows = "".join(f"big-{number},{'x' * 4000}\n" for number in range(4_300))
    lost: list[str] = []

    def lose(route: Route) -> None:
        offset = route.request.headers.get("upload-offset", "")
        if route.request.method == "PATCH" and offset != "0" and not lost:
            lost.append(offset)
            return route.abort()
        return route.continue_()

    reader.page.route("**/v1/uploads/*", lose)
    reader.open("#/jobs")
    choose(reader, a_file("id,title\n" + rows, "big.csv"))
    expect(reader.page.locator(".first-rows li")).to_have_count(5)
    reader.page.get_by_label("Dry run").check()
    send(reader)
    expect(reader.page.locator(".notice.good")).to_have_text("big.csv was accepted.", timeout=60_000)
    assert lost
    newest(reader).get_by_role("button", name="Cancel").click()
    reader.excuse()


@pytest.fixture(params=[("en-GB", "light"), ("zh-CN", "dark")], ids=lambda one: "-".join(one))
def phone(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Reader]:
    locale, colours = request.param
    view = {"width": 360, "height": 740}
    with reading(browser, address, locale=locale, color_scheme=colours, viewport=view) as reader:
        yield reader


def test_on_a_phone_the_form_has_its_button_in_sight_and_no_sideways_scroll(phone: Reader) -> None:
    phone.open("#/jobs")
    columns = [f"a column with a long name {number}" for number in range(30)]
    choose(phone, a_file(",".join(["id", "title", *columns]) + "\n1,Shirt" + ",some value of it" * 30 + "\n"))
    expect(phone.page.locator(".first-rows li")).to_have_count(1)
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 360
    expect(phone.page.locator(".send-actions button")).to_be_in_viewport()


def test_a_chinese_reader_is_told_the_columns(phone: Reader) -> None:
    phone.open("#/jobs")
    choose(phone, a_file(CHINESE))
    expect(phone.page.locator(".first-rows li")).to_have_count(2)
    assert read_as(phone) == {"商品编号": "id", "商品名称": "title", "价格": "price"}


def test_a_chinese_reader_is_told_the_columns_that_mean_nothing(phone: Reader) -> None:
    phone.open("#/jobs")
    choose(phone, a_file("甲,乙\n1,红色连衣裙\n"))
    alert = phone.page.locator(".feed-preview [role=alert]")
    expect(alert).to_contain_text("甲")
    expect(alert).to_contain_text("乙")
    assert read_as(phone) == {"甲": "", "乙": ""}


@pytest.mark.parametrize(("files", "size"), [(65_536, 0), (2, 2**31)])
def test_a_folder_that_no_zip_holds_is_refused(reader: Reader, files: int, size: int) -> None:
    reader.open("#/jobs")
    told = reader.page.evaluate(
        """async ([files, size]) => {
            const {zip} = await import("/page/zip.js");
            const entries = Array.from({length: files}, (_, number) => ({name: `${number}.png`, file: {size}}));
            return await zip(entries, {signal: new AbortController().signal}).catch(({text}) => text);
        }""",
        [files, size],
    )
    assert told.startswith("The folder has more files, or is larger, than fits in one zip")
