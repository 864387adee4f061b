"""The README's images of the page. The demo catalogue goes in through the page itself; then each view is taken."""

import io
import sys
import tempfile
import zipfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from catalog.understand import Understander
from tests.support.browser import Reader, chromium, reading, served

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "assets" / "demo"
WINDOW = {"width": 1200, "height": 860}
PHONE = {"width": 360, "height": 760}
GAP = 24  # pixels between two telephones
LARGEST = 150_000  # bytes of a file


def demo_feed() -> bytes:
    """The demo catalogue and the products with a fault, with their images, as a merchant would zip them."""
    written = io.BytesIO()
    products, faults = ((DEMO / name).read_text(encoding="utf-8") for name in ("products.csv", "faults.csv"))
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("products.csv", products + faults.partition("\n")[2])
        for image in sorted((DEMO / "images").iterdir()):
            archive.write(image, f"images/{image.name}")
    return written.getvalue()


def save(images: list[bytes], path: Path) -> None:
    """Side by side, in as many colours as LARGEST allows."""
    opened = [Image.open(io.BytesIO(image)).convert("RGB") for image in images]
    width = sum(image.width for image in opened) + GAP * (len(opened) - 1)
    sheet = Image.new("RGB", (width, opened[0].height), "white")
    left = 0
    for image in opened:
        sheet.paste(image, (left, 0))
        left += image.width + GAP
    for colours in (256, 192, 128, 96, 64):
        sheet.quantize(colours, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size < LARGEST:
            return
    raise SystemExit(f"{path.name} is larger than {LARGEST:,} bytes.")


def ingest(page: Page) -> bytes:
    """Send the catalogue; -> the view while it is read."""
    feed = {"name": "autumn-catalogue.zip", "mimeType": "application/zip", "buffer": demo_feed()}
    page.locator(".file-place input").set_input_files(feed)
    page.get_by_role("button", name="Send").click()
    badge = page.locator(".job .badge").first
    expect(page.locator(".job .figures dd").first).not_to_have_text("0", timeout=120_000)
    image = page.screenshot()
    expect(badge).to_have_text("Complete", timeout=120_000)
    return image


def understand(page: Page) -> None:
    page.locator("input[type=file]").set_input_files(DEMO / "images" / "red-sneakers.jpg")
    page.locator("#title").fill("Runner 5, red")
    page.locator("button[type=submit]").click()
    page.locator(".levels").wait_for()


def settle(reader: Reader) -> bytes:
    """The window once every image in it is there."""
    page = reader.page
    page.wait_for_load_state("networkidle")
    page.wait_for_function("[...document.images].every(image => image.complete)")
    return page.screenshot()


def photograph(browser: Browser, address: str, folder: Path) -> None:
    with reading(browser, address, viewport=WINDOW) as reader:
        reader.page.set_viewport_size({"width": WINDOW["width"], "height": 1000})
        reader.open("#/jobs")
        save([ingest(reader.page)], folder / "jobs.png")
        reader.page.set_viewport_size(WINDOW)
        reader.open("#/understand")
        understand(reader.page)
        save([settle(reader)], folder / "understand.png")
        reader.open("#/search?q=red+shoes")
        reader.page.locator(".card").first.wait_for()
        save([settle(reader)], folder / "search.png")
        reader.open("#/health")
        reader.page.get_by_role("button", name="Look through").click()
        reader.page.locator(".finding").first.wait_for(timeout=60_000)
        save([settle(reader)], folder / "health.png")
    with reading(browser, address, viewport=WINDOW, color_scheme="dark", locale="zh-CN") as reader:
        reader.open("#/review")
        reader.page.locator("article").wait_for()
        save([settle(reader)], folder / "review.png")
    telephones = []
    for scheme in ("light", "dark"):
        with reading(browser, address, viewport=PHONE, color_scheme=scheme, has_touch=True, is_mobile=True) as reader:
            reader.open("#/understand" if scheme == "light" else "#/search?q=leather+bag")
            if scheme == "light":
                understand(reader.page)
            reader.page.locator(".levels, .card").first.wait_for()
            telephones.append(settle(reader))
    save(telephones, folder / "telephone.png")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as state,
        served(Path(state), Understander.load()) as address,
        chromium() as browser,
    ):
        photograph(browser, address, folder)
    for path in sorted(folder.glob("*.png")):
        print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images")
