"""The JavaScript client: its own tests in Node, against a service with a tiny model, and what its types declare."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import catalog
from catalog.understand import Understander
from scripts.generate.javascript import CLIENT, ONCE, name
from scripts.generate.openapi import document, operations
from tests.support.browser import chromium
from tests.support.catalogue import draw_product
from tests.support.services import tiny_server
from tests.support.tiny import tiny_onnx_folder

NODE = shutil.which("node")
SOURCE = CLIENT / "src"

needs_node = pytest.mark.skipif(NODE is None, reason="needs node")


def run_tests(file: str, environment: dict[str, str]) -> None:
    assert NODE is not None
    command = [NODE, "--test", "--test-reporter=spec", str(CLIENT / "test" / file)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, env=os.environ | environment)
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"skipped 0\b", run.stdout), run.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("javascript")
    draw_product("Shirt", "red").save(folder / "shirt.png")
    model = Understander.load(tiny_onnx_folder(folder / "model"))
    with tiny_server(model, folder / "index", works=True) as address:
        yield {"SHELFLENS_TEST_ADDRESS": address, "SHELFLENS_TEST_IMAGE": str(folder / "shirt.png")}


@needs_node
def test_it_does_what_the_service_does(environment: dict[str, str]) -> None:
    run_tests("service.test.js", environment)


@needs_node
def test_it_sends_again_waits_and_verifies() -> None:
    run_tests("transport.test.js", {"SHELFLENS_API_KEY": ""})


@pytest.mark.slow
def test_it_runs_in_a_browser(environment: dict[str, str]) -> None:
    script = """async () => {
        const { Client } = await import("/client/index.js");
        const client = new Client(location.origin);
        const refused = await client.analyze({ image: [new Blob(["no image"])] }).catch(({ code }) => code);
        const stored = await client.putProduct("browser/1", { title: "red shirt" });
        const rows = [];
        for await (const { id } of client.exportedProducts({ embeddings: false })) rows.push(id);
        await client.deleteProduct(stored.id);
        return [refused, rows.includes("browser/1")];
    }"""
    with chromium() as browser:
        page = browser.new_page(bypass_csp=True)  # the service lets no other scripts in
        page.route("**/client/*.js", lambda route: route.fulfill(path=SOURCE / route.request.url.rpartition("/")[2]))
        page.goto(f"{environment['SHELFLENS_TEST_ADDRESS']}/healthz")
        assert page.evaluate(script) == ["image_format_unsupported", True]


def test_every_operation_is_a_method_with_types() -> None:
    calls, types = ((SOURCE / f"operations.{suffix}").read_text(encoding="utf-8") for suffix in ("js", "d.ts"))
    found = [name(one) for one in operations(document())]
    assert len(set(found)) == len(found)
    assert re.findall(r"^  (?:async )?(\w+)\(.*\) \{$", calls, re.M) == found
    assert re.findall(r"^  (\w+)\(.*\): .+;$", types.partition("class Operations")[2], re.M) == found
    assert {one.id for one in operations(document())} >= ONCE


def test_every_type_that_is_named_is_declared() -> None:
    declared, named = set[str](), set[str]()
    for file in SOURCE.glob("*.d.ts"):
        text = re.sub(r"/\*\*.*?\*/|//[^\n]*|\"[^\"]*\"", "", file.read_text(encoding="utf-8"), flags=re.S)
        declared |= set(re.findall(r"(?:interface|type|class) (\w+)", text))
        named |= set(re.findall(r"\b[A-Z]\w+\b", text))
    builtin = {"Promise", "Record", "Blob", "AsyncGenerator", "ReadableStream", "Uint8Array", "ArrayBuffer", "Error"}
    assert named - declared - builtin - {"AbortSignal", "NonNullable", "Name", "Asked", "Data", "Type"} == set()


def test_the_package_names_what_there_is() -> None:
    package = json.loads((CLIENT / "package.json").read_text(encoding="utf-8"))
    assert package["version"] == catalog.__version__
    assert not package.keys() & {"dependencies", "devDependencies", "scripts"}
    for file in package["exports"]["."].values():
        assert Path(CLIENT / file).is_file()
    exported = re.findall(r"export \{([^}]+)\}", (SOURCE / "index.js").read_text(encoding="utf-8"))
    assert sorted(word.strip() for words in exported for word in words.split(",")) == [
        "Client",
        "RequestFailed",
        "ServiceTimeout",
        "ServiceUnreachable",
        "ShelflensError",
        "WebhookInvalid",
        "verifyWebhook",
    ]
