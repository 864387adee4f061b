"""A job that teaches a model the categories of a feed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog.model.folder import open_model
from catalog.storage.database import State
from catalog.understand import Understander
from serving.settings.schema import Settings
from serving.storage.erasure import erase_beside
from tests.support.answers import assert_error
from tests.support.job_service import JobService, as_csv, office, rows
from tests.support.tiny import tiny_onnx_folder

KINDS = {"shirt": "Clothes > Shirts", "shoe": "Clothes > Shoes", "apple": "Food > Apples", "pear": "Food > Pears"}
COLOURS = ("red", "green", "blue", "plain", "striped")
FILED = [
    {"id": f"{word}{n}", "title": f"{COLOURS[n % 5]} {word} {n}", "shelf": shelf}
    for word, shelf in KINDS.items()
    for n in range(8)
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_onnx_folder(tmp_path_factory.mktemp("teach") / "model")


@pytest.fixture
def settings(model: Path) -> Settings:
    return Settings(batch_wait_seconds=0.001, model=model)


@pytest.fixture
def service(tmp_path: Path, model: Path, settings: Settings) -> Iterator[JobService]:
    with office(tmp_path, Understander.load(model), settings) as running:
        yield running


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*")}


def test_a_feed_teaches_a_model_that_can_be_served(service: JobService, model: Path, tmp_path: Path) -> None:
    content = as_csv([*FILED, {"id": "lost", "title": "red shirt", "shelf": ""}])
    job = service.ingested(content, category="shelf", target="0.9")
    assert (job["state"], job["error"], job["teaching"]) == ("complete", None, True)
    assert (job["total"], job["done"], job["failed"], job["added"]) == (33, 33, 1, 0)
    taught: dict[str, Any] = job["taught"]
    assert (taught["examples"], taught["categories"], taught["failed"]) == (32, 4, {"row_category_missing": 1})
    assert [level["level"] for level in taught["levels"]] == [1, 2]
    assert taught["curve"][-1]["guessed"]
    opened = open_model(Path(taught["folder"]))
    assert (opened.version, opened.space) == (taught["version"], open_model(model).space)
    assert Path(taught["folder"]).is_relative_to(tmp_path)
    assert files(tmp_path / "jobs" / "models") == {job["id"]}, "nothing is left of what was read"
    assert service.stored() == []
    assert service.client.get("/v1/jobs").json()["jobs"][0]["taught"] == taught


def test_a_feed_teaches_attributes(service: JobService) -> None:
    toned = [row | {"tone": row["title"].split()[0]} for row in FILED]
    job = service.ingested(as_csv(toned), category="shelf", target="0.5", attributes='{"colour": "tone"}')
    assert (job["state"], job["error"]) == ("complete", None)
    [colour] = job["taught"]["attributes"]
    assert (colour["name"], colour["examples"], colour["rare"]) == ("colour", 32, 8)
    assert {value["value"]: value["products"] for value in colour["values"]} == {"red": 8, "green": 8, "blue": 8}
    claims = [claim for value in colour["values"] for claim in value["claims"]]
    assert {claim["modalities"] for claim in claims} == {"text"}
    assert all((claim["promise"] is None) is not (claim["unpromised"] is None) for claim in claims)


def test_attributes_that_cannot_be_taught_are_told(service: JobService) -> None:
    content = as_csv(FILED)
    missing = service.upload(content, category="shelf", attributes='{"colour": "hue"}')
    assert_error(missing, 422, "feed_columns_invalid", "columns")
    twice = service.upload(content, category="shelf", attributes='{"colour": "title", "Color": "title"}')
    assert_error(twice, 422, "feed_columns_invalid", "columns")
    alone = service.upload(content, attributes='{"colour": "title"}')
    assert_error(alone, 422, "request_invalid", "category")
    assert_error(service.upload(content, category="shelf", attributes="[1]"), 422, "request_invalid", "attributes")
    nothing = service.ingested(content, category="shelf", attributes='{"season": ""}')
    assert (nothing["state"], nothing["error"]["code"]) == ("failed", "feed_columns_invalid")


def test_an_ordinary_job_teaches_nothing(service: JobService) -> None:
    job = service.ingested(as_csv(rows(2)))
    assert (job["teaching"], job["taught"], job["added"]) == (False, None, 2)


def test_what_cannot_be_taught_is_told(service: JobService) -> None:
    few = service.ingested(as_csv(FILED[:6]), category="shelf")
    assert (few["state"], few["error"]["code"], few["taught"]) == ("failed", "too_few_products", None)
    assert_error(service.upload(as_csv(FILED), category="colour"), 422, "feed_columns_invalid", "columns")
    assert_error(service.upload(as_csv(FILED), category="shelf", dry_run="true"), 422, "request_invalid", "category")
    assert_error(service.upload(as_csv(FILED), category="shelf", target="1.5"), 422, "request_invalid", "target")


def test_the_same_key_makes_one_job_of_the_same_lesson(service: JobService) -> None:
    first = service.upload(as_csv(FILED), key="k", category="shelf")
    again = service.upload(as_csv(FILED), key="k", category="shelf")
    assert again.json()["id"] == first.json()["id"]
    other = service.upload(as_csv(FILED), key="k", category="shelf", target="0.9")
    assert_error(other, 409, "idempotency_conflict", "Idempotency-Key")
    more = service.upload(as_csv(FILED), key="k", category="shelf", attributes='{"season": ""}')
    assert_error(more, 409, "idempotency_conflict", "Idempotency-Key")


def test_a_lesson_that_was_cut_off_goes_on(tmp_path: Path, model: Path, settings: Settings) -> None:
    reader = Understander.load(model)
    with office(tmp_path, reader, settings, start=False) as service:
        id = service.submit(as_csv(FILED), category="shelf")
        assert service.job(id)["state"] == "queued"
    with office(tmp_path, reader, settings) as service:
        assert service.ended(id)["taught"]["examples"] == 32


def test_a_lesson_is_cancelled(tmp_path: Path, model: Path, settings: Settings) -> None:
    reader = Understander.load(model)
    with office(tmp_path, reader, settings, start=False) as service:
        id = service.submit(as_csv(FILED), category="shelf")
        service.jobs._table.take("another")
        assert service.client.post(f"/v1/jobs/{id}/cancel").status_code == 202
    with office(tmp_path, reader, settings) as service:
        job = service.ended(id)
        assert (job["state"], job["taught"]) == ("cancelled", None)
        assert files(tmp_path / "jobs" / "models") == set()


def test_erasing_a_product_leaves_no_row_in_a_report(service: JobService, tmp_path: Path) -> None:
    wrong = [row | {"shelf": "Food > Pears"} if row["id"] == "shirt0" else row for row in FILED]
    job = service.ingested(as_csv(wrong), category="shelf")
    service.jobs._table.learnt(job["id"], job["taught"] | {"doubts": doubted()})
    assert service.job(job["id"])["taught"]["doubts"]
    erase_beside(State(tmp_path), tmp_path / "ledger.sqlite", ["shirt0"])
    taught = service.job(job["id"])["taught"]
    assert (taught["doubts"], taught["confusions"], taught["examples"]) == ([], [], 32)


def doubted() -> list[dict[str, Any]]:
    scores = {"given_score": 0.1, "likelier_score": 0.8}
    row = {"id": "shirt0", "line": 2, "title": "red shirt 0", "given": "Food > Pears", "likelier": "Clothes > Shirts"}
    return [row | scores | {"neighbours": []}]
