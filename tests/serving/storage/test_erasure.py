"""An erased product leaves nothing: every byte of every file is searched for its words and images."""

import base64
import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalog.ingest.ledger import Failure, Ledger, Tally
from catalog.understand import Understander
from serving.settings.schema import Settings
from shelflens.cli import app
from tests.support.catalogue import draw_product
from tests.support.job_service import JobService, as_csv, office
from tests.support.malformed.images import encode
from tests.support.tiny import tiny_onnx_folder

SETTINGS = Settings(batch_wait_seconds=0.001)
TITLE, COMMENT, TAG, FILE, FAILED, BY_COMMAND = "Zyvolän", "Krömptel", "Wäxtupf", "Quibbörn", "Dröllfisk", "Plünkwart"
REVIEW = "Schnörgel"
MARKERS = (TITLE, COMMENT, TAG, FILE, FAILED, BY_COMMAND, REVIEW)

pytestmark = pytest.mark.slow  # every byte of an index, again and again


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Understander:
    return Understander.load(tiny_onnx_folder(tmp_path_factory.mktemp("erasure") / "model"))


@pytest.fixture
def service(tmp_path: Path, model: Understander) -> Iterator[JobService]:
    with office(tmp_path, model, SETTINGS) as running:
        yield running


def leave_traces(service: JobService, folder: Path) -> bytes:
    """Of the product "gone", everywhere; and of its neighbour "kept". Returns the image of the first."""
    for id, text, colour in (("gone", TITLE, "red"), ("kept", "Neighbour", "blue")):
        drawn = base64.b64encode(encode(draw_product("Shirt", colour), "PNG")).decode()
        body = {"title": text, "description": text, "images": [f"data:image/png;base64,{drawn}"]}
        assert service.client.put(f"/v1/products/{id}", json=body).status_code == 201
    for id, text in (("gone", REVIEW), ("kept", "Reviewed")):
        review = {"id": "1", "text": f"The {text} is good."}
        assert service.client.post(f"/v1/products/{id}/reviews", json={"reviews": [review]}).status_code == 200
    image = service.client.get("/v1/products/gone/image").content
    for id, text, tag in (("gone", COMMENT, TAG), ("kept", "Commented", "tagged")):
        verdict = {"product_id": id, "verdict": "correct", "comment": text, "tags": [tag]}
        response = service.client.post("/v1/feedback", json=verdict)
        assert response.status_code == 201, response.text
    failing = [{"id": id, "title": text, "attributes": "red"} for id, text in (("gone", FAILED), ("kept", "Unpriced"))]
    service.ingested(as_csv(failing), f"{FILE}.csv")
    ledger = Ledger(folder / "ledger.sqlite")
    run = ledger.begin("feed", "index")
    run.commit(1, Tally(), [Failure(2, "gone", "row_invalid", "?", {"title": BY_COMMAND})])
    ledger.close()
    return image


def traces(folder: Path, image: bytes) -> dict[str, list[str]]:
    """In which files a marker is, in any encoding that something of the service writes, or the image."""
    sought = {"the image": [image[12:]]}
    for word in MARKERS:
        escaped = json.dumps(word)[1:-1].encode()
        sought[word] = [word.encode(), word.encode("utf-16-le"), word.encode("utf-16-be"), escaped]
    contents = {str(path.relative_to(folder)): without_holes(path) for path in folder.rglob("*") if path.is_file()}
    found = {
        name: [file for file, data in contents.items() if any(form.translate(None, b"\0") in data for form in forms)]
        for name, forms in sought.items()
    }
    return {name: files for name, files in found.items() if files}


def without_holes(path: Path) -> bytes:
    """The file without zero bytes, of which the index has hundreds of megabytes."""
    with path.open("rb") as file:
        return b"".join(part.translate(None, b"\0") for part in iter(lambda: file.read(2**20), b""))


def wait_until_erased(folder: Path) -> None:
    deadline = time.monotonic() + 30
    while (folder / "erasing").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_nothing_is_left_in_any_file(service: JobService, tmp_path: Path) -> None:
    image = leave_traces(service, tmp_path)
    assert set(traces(tmp_path, image)) == {*MARKERS, "the image"}
    assert service.client.delete("/v1/products/gone", params={"erase": True}).status_code == 204
    wait_until_erased(tmp_path)
    assert traces(tmp_path, image) == {}


def test_what_is_kept_is_the_verdict_and_the_neighbours(service: JobService, tmp_path: Path) -> None:
    leave_traces(service, tmp_path)
    assert service.client.delete("/v1/products/gone", params={"erase": True}).status_code == 204
    wait_until_erased(tmp_path)
    said = {one["product_id"]: one for one in map(json.loads, service.client.get("/v1/feedback").text.splitlines())}
    assert (said["gone"]["verdict"], said["gone"]["comment"]) == ("correct", "")
    assert said["kept"]["comment"] == "Commented"
    (job,) = service.client.get("/v1/jobs").json()["jobs"]
    assert (job["source"], job["failed"]) == ("(erased)", 2)
    assert [row["id"] for row in service.errors(job["id"])] == ["kept"]


def test_erasing_that_was_cut_short_goes_on_at_the_next_start(tmp_path: Path, model: Understander) -> None:
    with office(tmp_path, model, SETTINGS) as service:
        image = leave_traces(service, tmp_path)
        reading = sqlite3.connect(tmp_path / "jobs" / "jobs.sqlite", isolation_level=None)
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM failures").fetchone()  # nobody can empty the log of this file now
        assert service.client.delete("/v1/products/gone", params={"erase": True}).status_code == 204
    assert (tmp_path / "erasing").exists()
    reading.close()
    with office(tmp_path, model, SETTINGS):
        wait_until_erased(tmp_path)
        assert traces(tmp_path, image) == {}
    assert traces(tmp_path, image) == {}


def test_a_product_that_failed_and_was_never_stored_is_erased_too(service: JobService, tmp_path: Path) -> None:
    service.ingested(as_csv([{"id": "gone", "title": FAILED, "attributes": "red"}]), f"{FILE}.csv")
    assert service.client.delete("/v1/products/gone", params={"erase": True}).status_code == 404
    wait_until_erased(tmp_path)
    assert traces(tmp_path, b"of an image that was never sent") == {}


def test_the_command_erases_as_the_service_does(tmp_path: Path, model: Understander) -> None:
    folder = tmp_path / "index"  # which holds its state, too
    with office(folder.parent, model, SETTINGS) as service:
        image = leave_traces(service, tmp_path)
    for name in ("pictures.sqlite", "feedback.sqlite", "reviews.sqlite", "ledger.sqlite", "jobs"):
        (tmp_path / name).rename(folder / name)
    arguments = ["index", "delete", "gone", "--erase", "--index", str(folder)]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert traces(tmp_path, image) == {}
