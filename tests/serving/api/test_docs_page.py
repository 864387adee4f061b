"""/docs in a real browser: it shows every route, and asks no other host for anything."""

import asyncio
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from catalog.understand import Understander
from serving.api.app import build_app
from serving.inference.local import LocalBackend
from serving.settings.schema import Settings
from tests.support.services import tiny_services, tiny_store
from tests.support.tiny import tiny_onnx_folder

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    model = Understander.load(tiny_onnx_folder(tmp_path / "model"))
    settings = Settings(keys=tmp_path / "keys.json")
    with tiny_store(tmp_path / "index") as store, socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        services = tiny_services(LocalBackend(lambda: model, settings), store, tmp_path / "jobs", settings)
        app = build_app(services, settings)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")
def test_the_documentation_page(address: str) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    asked: list[str] = []
    complaints: list[str] = []
    with playwright.sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda line: complaints.append(line.text) if line.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{address}/docs")
        page.get_by_text("/v1/products/analyze").first.wait_for()
        shown = page.locator(".opblock-summary-path").all_inner_texts()
        browser.close()
    assert len(shown) > 10
    assert complaints == []
    assert [url for url in asked if not url.startswith((address, "data:"))] == []
