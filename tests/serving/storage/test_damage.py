"""A damaged file is told of, named, and does not keep the rest from being served."""

import base64
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from catalog.index.product_index import open_index
from catalog.index.query import IndexQuery
from catalog.understand import Understander
from serving.settings.schema import Settings
from tests.support.answers import assert_error
from tests.support.catalogue import COLOURS, draw_product
from tests.support.job_service import JobService, as_csv, office, rows
from tests.support.malformed.images import encode
from tests.support.stored import WIDTH, embedding, quick_folder, stored_product, unit
from tests.support.tiny import tiny_onnx_folder

SETTINGS = Settings(batch_wait_seconds=0.001)
FILES = ("pictures.sqlite", "feedback.sqlite", "categories.sqlite", "audits.sqlite", "jobs/jobs.sqlite")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Understander:
    return Understander.load(tiny_onnx_folder(tmp_path_factory.mktemp("damage") / "model"))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory, model: Understander) -> Path:
    """The folder of a stopped service that has something of everything."""
    folder = tmp_path_factory.mktemp("sound") / "state"
    with office(folder, model, SETTINGS) as service:
        fill(service)
    return folder


def fill(service: JobService) -> None:
    for colour in list(COLOURS)[:4]:
        drawn = base64.b64encode(encode(draw_product("Shirt", colour), "PNG")).decode()
        body = {"title": f"{colour} shirt", "images": [f"data:image/png;base64,{drawn}"]}
        assert service.client.put(f"/v1/products/{colour}", json=body).status_code == 201
    verdict = {"product_id": "red", "verdict": "correct", "tags": ["plain"], "comment": "no stripes"}
    assert service.client.post("/v1/feedback", json=verdict).status_code == 201
    service.ingested(as_csv([*rows(20, price="2"), *rows(20, price="x")]))
    service.ended(service.client.post("/v1/audit").json()["id"])
    categories = "1604 - Apparel & Accessories\n212 - Apparel & Accessories > Clothing\n"
    listed = service.client.put("/v1/taxonomy/map/tree", content=f"# Google_Product_Taxonomy\n{categories}")
    assert listed.status_code == 200, listed.text
    said = {"category": "clothes.shirt", "counterpart": "212"}
    assert service.client.post("/v1/taxonomy/map", json=said).status_code < 300
    version = service.client.get("/readyz").json()["model"]
    assert service.client.post(f"/v1/models/{version}/activate").status_code == 200


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "state"))


def overwrite(path: Path, start: int, count: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(np.random.default_rng(start).bytes(count))


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_opened_is_named_and_the_rest_is_served(
    folder: Path, model: Understander, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    overwrite(folder / name, 0, 256)
    with office(folder, model, SETTINGS) as service:
        assert Path(name).name in [vars(record).get("fields", {}).get("file") for record in caplog.records]
        ready = service.client.get("/readyz").json()
        assert ready["status"] == "degraded"
        (told,) = ready["damaged"]
        assert told.startswith(f"{Path(name).name} is damaged")
        assert "move it away" in told
        found = service.client.post("/v1/search", json={"text": "red shirt"})
        assert (found.status_code, len(found.json()["results"])) == (200, 10)
        assert service.client.get("/v1/products/red").status_code == 200
        asked = {
            "pictures.sqlite": "/v1/products/red/image",
            "feedback.sqlite": "/v1/feedback",
            "categories.sqlite": "/v1/taxonomy/map",
            "audits.sqlite": "/v1/audit",
            "jobs/jobs.sqlite": "/v1/jobs",
        }
        for other, address in asked.items():
            answer = service.client.get(address)
            if other == name:
                assert_error(answer, 500, "state_damaged")
                assert answer.json()["error"]["message"] == told
            else:
                assert answer.status_code == 200


def test_a_file_that_is_damaged_within_is_told_of_at_the_start(folder: Path, model: Understander) -> None:
    pages = (folder / "pictures.sqlite").stat().st_size // 4096
    for page in range(1, pages):
        overwrite(folder / "pictures.sqlite", page * 4096, 64)
    with office(folder, model, SETTINGS) as service:
        assert service.client.get("/readyz").json()["damaged"][0].startswith("pictures.sqlite is damaged")
        assert_error(service.client.get("/v1/products/red/image"), 500, "state_damaged")
        assert service.client.post("/v1/search", json={"text": "red shirt"}).status_code == 200


def test_a_file_of_jobs_that_is_damaged_within_takes_none_in(folder: Path, model: Understander) -> None:
    """Where the rows of jobs themselves can be read, one would be accepted, and never be worked off."""
    path = folder / "jobs/jobs.sqlite"
    with closing(sqlite3.connect(path)) as db:
        (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'failures'").fetchone()
    overwrite(path, (page - 1) * 4096, 64)
    with office(folder, model, SETTINGS) as service:
        assert service.client.get("/readyz").json()["status"] == "degraded"
        assert service.client.get("/v1/jobs").status_code == 200
        sent = service.client.post("/v1/jobs", files={"file": ("feed.csv", as_csv(rows(1)))})
        assert_error(sent, 500, "state_damaged")
        begun = service.client.post("/v1/uploads", json={"filename": "feed.csv", "bytes": 1})
        assert_error(begun, 500, "state_damaged")


WRONG_VALUES = {
    "feedback.sqlite": {
        "/v1/feedback": [
            "feedback SET created = 1e300",
            "feedback SET created = 'soon'",
            "feedback SET given_by = x'00'",
            "feedback SET document = replace(document, '\"plain\"', '7')",
            "feedback SET document = CAST(x'c328' AS TEXT)",
        ],
    },
    "categories.sqlite": {
        "/v1/taxonomy/map/confirmed": ["confirmed SET created = -1e300", "confirmed SET path = x'ff'"],
        "/v1/taxonomy/map": ["tree SET document = replace(document, 'Apparel', 'Upparel')"],
    },
    "audits.sqlite": {
        "/v1/audit": [
            "audits SET created = 1e300",
            "audits SET products = 'many'",
            "audits SET counts = '[]'",
            'audits SET figures = \'{"score": "good"}\'',
        ],
        "/v1/audit/findings": [
            "findings SET document = json_set(document, '$.probability', 7)",
            "findings SET document = json_set(document, '$.said', 7)",
        ],
    },
    "jobs/jobs.sqlite": {
        "/v1/jobs": [
            "jobs SET created = 1e300",
            "jobs SET finished = 'late'",
            "jobs SET total = x'01'",
            "jobs SET source = x'c328'",
        ],
        "/v1/jobs/{job}/errors": ["failures SET line = x'00'", "failures SET reason = x'ff'"],
    },
}


@pytest.fixture(scope="module")
def spoiled(sound: Path, model: Understander, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobService]:
    folder = Path(shutil.copytree(sound, tmp_path_factory.mktemp("spoiled") / "state"))
    with office(folder, model, SETTINGS, start=False) as service:
        yield service


@pytest.mark.parametrize("name", WRONG_VALUES)
def test_a_value_that_nobody_wrote_is_damage(spoiled: JobService, name: str) -> None:
    """SQLite keeps any value in any column, and its own check finds nothing wrong with these."""
    (job, *_) = (one["id"] for one in spoiled.client.get("/v1/jobs").json()["jobs"] if one["failed"])
    path = spoiled.uploads.parent.parent / name
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for address, changes in WRONG_VALUES[name].items():
            for change in changes:
                table = change.partition(" ")[0]
                db.execute(f"CREATE TEMPORARY TABLE kept AS SELECT * FROM {table}")
                assert db.execute(f"UPDATE {change}").rowcount > 0
                answer = spoiled.client.get(address.format(job=job))
                assert (answer.status_code, answer.json()["error"]["code"]) == (500, "state_damaged"), change
                db.execute(f"DELETE FROM {table}")
                db.execute(f"INSERT INTO {table} SELECT * FROM kept")
                db.execute("DROP TABLE kept")
            assert spoiled.client.get(address.format(job=job)).status_code == 200
    assert Path(name).name in "".join(spoiled.client.get("/readyz").json()["damaged"])


def test_an_image_that_is_not_what_was_kept_is_not_shown(folder: Path, model: Understander) -> None:
    data = (folder / "pictures.sqlite").read_bytes()
    with office(folder, model, SETTINGS) as service:
        kept = service.client.get("/v1/products/red/image").content
    at = data.index(kept[:64]) + 100
    (folder / "pictures.sqlite").write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    with office(folder, model, SETTINGS) as service:
        assert_error(service.client.get("/v1/products/red/image"), 500, "state_damaged")
        assert service.client.get("/readyz").json()["status"] == "degraded"
        assert service.client.get("/v1/products/blue/image").status_code == 200


def test_a_damaged_choice_of_model_is_told_of(folder: Path, model: Understander) -> None:
    overwrite(folder / "active-model", 2, 2)
    with office(folder, model, SETTINGS) as service:
        assert service.client.get("/readyz").json()["damaged"][0].startswith("active-model is damaged")
        assert service.client.post("/v1/search", json={"text": "red shirt"}).status_code == 200


def test_what_was_to_be_erased_is_told_of_where_it_is_not_known(folder: Path, model: Understander) -> None:
    (folder / "erasing").write_bytes(b'["red"]\n#00000000')
    with office(folder, model, SETTINGS) as service:
        (told,) = service.client.get("/readyz").json()["damaged"]
    assert told.startswith("erasing is damaged")
    assert told.endswith("erase them again.")


@pytest.fixture
def sound_service(folder: Path, model: Understander) -> Iterator[JobService]:
    with office(folder, model, SETTINGS) as service:
        yield service


def test_a_sound_service_is_ready(sound_service: JobService) -> None:
    ready = sound_service.client.get("/readyz").json()
    assert (ready["status"], ready["damaged"]) == ("ready", [])


def test_a_damaged_record_is_one_products_error_until_it_is_stored_again(folder: Path, model: Understander) -> None:
    with office(folder, model, SETTINGS) as service:
        service.client.put("/v1/products/hurt", json={"title": "Zyvolan shirt", "brand": "Untouched"})
    spoilt = 0
    for path in (folder / "index").rglob("payload_storage/*"):
        if path.is_file() and b"Zyvolan" in (data := path.read_bytes()):
            path.write_bytes(data.replace(b"Zyvolan", b"Zyvulan"))
            spoilt += 1
    assert spoilt
    with office(folder, model, SETTINGS) as service:
        assert_error(service.client.get("/v1/products/hurt"), 500, "state_damaged")
        for asked in ({"text": "shirt"}, {"text": "shirt", "collapse": True}):
            found = service.client.post("/v1/search", json={**asked, "limit": 100})
            results = found.json()["results"]
            ids = {result["id"] for result in results}
            assert "hurt" not in ids
            assert {"red", "p1"} <= ids | {id for result in results for id in result["duplicates"]}
        assert "hurt" not in [product["id"] for product in service.client.get("/v1/products").json()["products"]]
        assert "1 products" in service.client.get("/readyz").json()["damaged"][0]
        assert service.client.put("/v1/products/hurt", json={"title": "Mended"}).status_code == 201
        assert service.client.get("/v1/products/hurt").json()["title"] == "Mended"
        assert service.client.get("/readyz").json()["status"] == "ready"


def test_a_damaged_product_does_not_hide_those_that_are_near_equal() -> None:
    query = IndexQuery(embedding=embedding(1), collapse=True)
    with quick_folder() as folder:
        with open_index(folder / "index", WIDTH) as index:
            best = stored_product("best", vector=embedding(1), brand="Zyvolan")
            index.upsert([best, stored_product("twin", vector=unit(embedding(1) + 0.01 * embedding(2)))])
            assert [(match.stored.id, match.duplicates) for match in index.search(query)] == [("best", ("twin",))]
        for path in (folder / "index").rglob("payload_storage/page_*.dat"):
            path.write_bytes(path.read_bytes().replace(b"Zyvolan", b"Zyvulan"))
        with open_index(folder / "index") as index:
            assert [match.stored.id for match in index.search(query)] == ["twin"]
