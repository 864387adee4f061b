"""A real server for a real browser, and a visitor who notes what the page must not do."""

import base64
import re
import shutil
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright
from starlette.types import ASGIApp

from catalog.index.product_index import open_index
from catalog.understand import Understander
from serving.api.app import build_app
from serving.calls import in_threads
from serving.inference.local import LocalBackend
from serving.inference.models import Models
from serving.settings.schema import Settings
from serving.storage.store import CatalogStore
from serving.storage.store_api import StoreApi
from tests.support.catalogue import COLOURS, KINDS, draw_product
from tests.support.malformed.images import encode
from tests.support.services import SETTINGS, assembled

# A product's title and link as an attacker would write them. The page sets no such property by itself.
MARKUP = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>'
SCRIPT_LINK = 'https://shop.example/"onmouseover="window.hit=1'
BRANDS = {"red": "Halden", "green": "Marelle", "blue": "Norvik"}
PAGE_OF_RESULTS = 24
MAX_SHIFT = 0.05  # cumulative layout shift; a tenth is "good"
SHIFTS = (
    "window.shifts = 0; new PerformanceObserver(list => { for (const entry of list.getEntries())"
    " if (!entry.hadRecentInput) window.shifts += entry.value }).observe({type: 'layout-shift', buffered: true})"
)
PATIENCE = 20_000  # milliseconds: other tests and other people may keep the machine busy
expect.set_options(timeout=PATIENCE)


def image_png(kind: str, colour: str) -> bytes:
    return encode(draw_product(kind, colour).resize((160, 160), Image.Resampling.NEAREST), "PNG")


def catalogue() -> dict[str, dict[str, Any]]:
    """Products to PUT, by id: more than a page of results, a few without an image, one hostile."""
    products: dict[str, dict[str, Any]] = {}
    for copy in range(2):
        for kind in KINDS:
            for colour in COLOURS:
                number = len(products)
                image = "data:image/png;base64," + base64.b64encode(image_png(kind, colour)).decode()
                products[f"p-{number}"] = {
                    "title": f"{colour} {kind.lower()} {number}",
                    "images": [image] if copy == 0 else [],
                    "brand": BRANDS[colour],
                    "price": 10.0 + number,
                    "currency": "EUR",
                    "link": f"https://shop.example/{number}",
                    "attributes": {"colour": colour},
                }
    products["plain-1"] = {"title": "plain fresh item"}
    products["a/b c?d#e"] = {"title": "the id of this item has signs in it", "brand": "Halden"}
    products["hostile"] = {"title": MARKUP, "description": MARKUP, "brand": MARKUP, "link": SCRIPT_LINK}
    return products


@contextmanager
def served(folder: Path, model: Understander, settings: Settings = SETTINGS) -> Iterator[str]:
    """The whole service over an empty index; -> its address."""
    store = CatalogStore(open_index(folder / "index", model.config.embedding_width), folder)
    asked = StoreApi(in_threads(store))
    models = Models(LocalBackend(lambda: model, settings, asked.taught_files))
    services, jobs = assembled(models, asked, folder / "jobs", settings)
    app = build_app(services, settings)

    @asynccontextmanager
    async def at_work(_: FastAPI) -> AsyncIterator[None]:
        await jobs.start()
        yield
        await jobs.close()

    app.router.lifespan_context = at_work
    try:
        with running(app) as address:
            yield address
    finally:
        store.close()


@contextmanager
def running(app: ASGIApp) -> Iterator[str]:
    """The application on a free port of this machine; -> its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none", lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            wait_until_ready(address)
            yield address
        finally:
            server.should_exit = True
            thread.join(20)


def wait_until_ready(address: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            if httpx.get(address + "/readyz", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.05)


def fill(address: str) -> None:
    with httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
        for id, product in catalogue().items():
            path = "/v1/products/" + "".join(f"%{byte:02X}" for byte in id.encode())
            response = client.put(path, json=product)
            assert response.status_code == 201, response.text


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's, or whichever is installed. No test of the page runs without one."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Reader:
    """Someone at the page. `complaints` are what the browser printed; a test that provokes some clears them."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.on("console", lambda said: said.type in ("error", "warning") and self.complaints.append(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))

    def open(self, hash: str = "#/understand") -> None:
        """A fresh load, also where only the hash differs from what is open."""
        if self.page.url.startswith(self.address):
            self.page.goto("about:blank")
        self.page.goto(f"{self.address}/{hash}")
        self.page.locator("main h1").wait_for()

    def excuse(self, pattern: str = "Failed to load resource") -> None:
        """Forget what a test provoked: that the browser prints each answer that is not a success."""
        self.complaints = [text for text in self.complaints if not re.search(pattern, text)]

    def said(self) -> str:
        """What a screen reader was last told."""
        return self.page.locator("#live").inner_text()


@contextmanager
def reading(browser: Browser, address: str, **options: Any) -> Iterator[Reader]:
    """A new visitor, who at the end has asked no other host and seen no complaint of the browser."""
    context = browser.new_context(**{"locale": "en-GB", "viewport": {"width": 1280, "height": 900}, **options})
    context.set_default_timeout(PATIENCE)
    try:
        reader = Reader(context.new_page(), address)
        yield reader
        assert reader.page.evaluate("window.hit") is None
        assert reader.hosts <= {urlsplit(address).netloc, ""}
        assert reader.complaints == []
    finally:
        context.close()


def feed(rows: int) -> dict[str, Any]:
    """A CSV as a browser's file field takes it. The first row's image and the second row's price are bad, and the
    titles are in a column of an unusual name.
    """
    lines = ["id,what it is,price,image_link"]
    for number in range(rows):
        price = "free" if number == 1 else f"{number}.50 EUR"
        lines.append(f"feed-{number},red shirt {number},{price},{'missing.png' if number == 0 else ''}")
    return {"name": "spring.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}
