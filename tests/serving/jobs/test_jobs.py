"""Bulk ingest jobs over HTTP: what goes in, what is told of it, and what is refused."""

import io
import json
import os
import sqlite3
import threading
import time
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog.model.preprocess import Prepared
from catalog.product import Understanding
from catalog.understand import Understander
from serving.settings.schema import Settings
from serving.storage import job_table
from tests.support.answers import assert_error
from tests.support.catalogue import draw_product
from tests.support.job_service import JobService, as_csv, as_json_lines, counts, office, rows
from tests.support.malformed.images import encode
from tests.support.tiny import tiny_onnx_folder

SETTINGS = Settings(batch_wait_seconds=0.001, job_patience_seconds=60)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Understander:
    return Understander.load(tiny_onnx_folder(tmp_path_factory.mktemp("jobs") / "model"))


@pytest.fixture
def feeds(tmp_path: Path) -> Path:
    (tmp_path / "feeds" / "spring").mkdir(parents=True)
    return tmp_path / "feeds"


@pytest.fixture
def service(tmp_path: Path, feeds: Path, model: Understander) -> Iterator[JobService]:
    settings = SETTINGS.model_copy(update={"feeds": feeds, "max_queued_jobs": 3, "max_finished_jobs": 4})
    with office(tmp_path, model, settings) as running:
        yield running


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory, model: Understander) -> Iterator[JobService]:
    """Where nothing is accepted. Its folder of feeds has one, and many ways out."""
    folder = tmp_path_factory.mktemp("strict")
    feeds = folder / "feeds"
    (feeds / "spring").mkdir(parents=True)
    (folder / "secret.csv").write_text(as_csv(rows(2)))
    (feeds / "feed.csv").write_text(as_csv(rows(2)))
    (feeds / "link.csv").symlink_to("../secret.csv")
    (feeds / "folder-link").symlink_to(folder)
    (feeds / "chain.csv").symlink_to("link.csv")
    (feeds / "loop.csv").symlink_to("loop.csv")
    os.mkfifo(feeds / "pipe.csv")
    with office(folder, model, SETTINGS.model_copy(update={"feeds": feeds})) as running:
        yield running


def assert_untouched(strict: JobService) -> None:
    assert strict.client.get("/v1/jobs").json() == {"jobs": []}
    assert list(strict.uploads.glob("*")) == []


def zipped(files: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return written.getvalue()


def parquet(columns: dict[str, list[Any]], group: int = 1_000) -> bytes:
    written = io.BytesIO()
    pq.write_table(pa.table(columns), written, row_group_size=group, compression="none", use_dictionary=False)
    return written.getvalue()


# What goes in.


def test_an_uploaded_feed_is_accepted_at_once_and_goes_in_whole(service: JobService) -> None:
    response = service.upload(as_csv(rows(50)), "C:\\my feeds\\Spring.CSV")
    assert response.status_code == 202
    accepted = response.json()
    assert (accepted["source"], accepted["dry_run"], accepted["error"]) == ("Spring.CSV", False, None)
    assert accepted["state"] in ("queued", "running")
    job = service.ended(accepted["id"])
    assert job["state"] == "complete"
    assert counts(job) == {"total": 50, "done": 50, "added": 50}
    assert job["eta_seconds"] is None
    assert accepted["created_at"] <= job["started_at"] <= job["finished_at"]
    assert job["created_at"].endswith("+00:00")
    assert service.errors(job["id"]) == []
    assert len(service.stored()) == 50
    assert list(service.uploads.iterdir()) == []
    stored = service.client.get("/v1/products/p7").json()
    assert (stored["title"], stored["brand"], stored["model"]) == (
        "red shirt 7",
        "Halden",
        service.client.get("/readyz").json()["model"],
    )


@pytest.mark.parametrize("name", ["feed.jsonl", "feed", "feed.parquet", "feed.tsv"])
def test_every_format_goes_in_whatever_its_name(service: JobService, name: str) -> None:
    lines = rows(3)
    content: str | bytes = as_json_lines(lines)
    if name.endswith(".parquet"):
        content = parquet({column: [row[column] for row in lines] for column in lines[0]})
    elif name.endswith(".tsv"):
        content = as_csv(lines).replace(",", "\t")
    assert counts(service.ingested(content, name)) == {"total": 3, "done": 3, "added": 3}


def test_a_zip_brings_its_images_which_are_kept_small(service: JobService) -> None:
    image = encode(draw_product("Shirt", "red"), "PNG")
    feed = as_csv([{"id": "a", "title": "", "image_link": "images/a.png"}])
    job = service.ingested(zipped({"shop/feed.csv": feed.encode(), "shop/images/a.png": image}), "shop.zip")
    assert counts(job) == {"total": 1, "done": 1, "added": 1}
    assert service.client.get("/v1/products/a").json()["images"] == 1
    kept = service.client.get("/v1/products/a/image")
    assert (kept.status_code, kept.headers["content-type"], kept.content[8:12]) == (200, "image/webp", b"WEBP")
    without = zipped({"shop/feed.csv": as_csv([{"id": "a", "title": "a shirt"}]).encode()})
    assert counts(service.ingested(without, "shop.zip")) == {"total": 1, "done": 1, "updated": 1}
    assert service.client.get("/v1/products/a/image").status_code == 404


def test_the_same_feed_again_costs_the_model_nothing_and_changes_cost_what_they_must(service: JobService) -> None:
    lines = rows(40)
    service.ingested(as_csv(lines))
    service.analyzer.asked.clear()
    assert counts(service.ingested(as_csv(lines))) == {"total": 40, "done": 40, "skipped": 40}
    lines[1]["brand"] = "Fjell"
    assert counts(service.ingested(as_csv(lines))) == {"total": 40, "done": 40, "skipped": 39, "updated": 1}
    assert service.analyzer.asked == []
    lines[2]["title"] = "green shoe"
    assert counts(service.ingested(as_csv(lines))) == {"total": 40, "done": 40, "skipped": 39, "updated": 1}
    assert service.analyzer.asked == [["p2"]]
    assert service.client.get("/v1/products/p1").json()["brand"] == "Fjell"


def test_a_dry_run_stores_nothing_and_tells_the_same(service: JobService) -> None:
    lines = rows(5)
    service.ingested(as_csv(lines[:2]))
    service.analyzer.asked.clear()
    lines[1]["title"], lines[4]["title"] = "green shirt", ""
    job = service.ingested(as_csv(lines), dry_run="true")
    assert (job["dry_run"], job["state"]) == (True, "complete")
    assert counts(job) == {"total": 5, "done": 5, "skipped": 1, "updated": 1, "added": 2, "failed": 1}
    assert [(line["line"], line["code"]) for line in service.errors(job["id"])] == [(6, "product_empty")]
    assert service.stored() == ["p0", "p1"]
    assert service.analyzer.asked == []
    wet = service.ingested(as_csv(lines))
    assert counts(wet) == counts(job)


def test_columns_are_named_where_they_are_not_recognised(service: JobService) -> None:
    feed = "nr,wording\n1,a red shirt\n"
    assert counts(service.ingested(feed, columns='{"id": "nr", "title": "wording"}')) == {
        "total": 1,
        "done": 1,
        "added": 1,
    }
    assert service.client.get("/v1/products/1").json()["title"] == "a red shirt"


def test_bad_rows_fail_alone_and_come_in_once_corrected(service: JobService) -> None:
    lines = as_csv(rows(80)).splitlines()
    lines[10] = 'p9,"never closed,Halden'
    lines[20] = "p19,too,many,cells"
    lines[30] = "p28,the id of another,Halden"
    lines[40] = "p39,,"
    job = service.ingested("\n".join(lines))
    assert job["state"] == "complete"
    assert counts(job) == {"total": 80, "done": 80, "added": 76, "failed": 4}
    errors = service.errors(job["id"])
    assert [(error["line"], error["code"]) for error in errors] == [
        (11, "row_invalid"),
        (21, "row_ragged"),
        (31, "row_id_duplicate"),
        (41, "product_empty"),
    ]
    assert errors[0].keys() == {"line", "id", "code", "reason", "row"}
    assert len(service.stored()) == 76
    for number, error in enumerate(errors):
        error["row"] = {"id": f"corrected-{number}", "title": "a shoe"}
    corrected = "".join(json.dumps(error) + "\n" for error in errors)
    assert counts(service.ingested(corrected, "corrected.jsonl")) == {"total": 4, "done": 4, "added": 4}


def test_many_errors_come_as_one_stream(service: JobService) -> None:
    """More than one page of them, of rows with long brands."""
    job = service.ingested(as_csv(rows(150, title="", brand="x" * 20_000)))
    assert counts(job) == {"total": 150, "done": 150, "failed": 150}
    errors = service.errors(job["id"])
    assert [error["id"] for error in errors] == [f"p{n}" for n in range(150)]
    assert {error["code"] for error in errors} == {"product_empty"}


def test_a_thousand_rows_are_read_a_few_at_a_time(service: JobService) -> None:
    job = service.ingested(as_csv(rows(1_000)))
    assert counts(job) == {"total": 1_000, "done": 1_000, "added": 1_000}
    assert sum(map(len, service.analyzer.asked)) == 1_000
    assert max(map(len, service.analyzer.asked)) == 16


def test_a_slow_model_is_asked_about_fewer_together(tmp_path: Path) -> None:
    """So that whoever waits for an answer waits about a quarter of a second for a job, whatever it asks."""

    class Slow(Understander):
        def understand_prepared(
            self, products: Sequence[Prepared], top_k: int = 5, evidence: bool = True
        ) -> list[Understanding]:
            time.sleep(0.08 * len(products))
            return super().understand_prepared(products, top_k, evidence)

    with office(tmp_path, Slow.load(tiny_onnx_folder(tmp_path / "model")), SETTINGS) as service:
        service.ingested(as_csv(rows(20)))
        assert max(map(len, service.analyzer.asked[1:])) <= 3


def test_images_are_read_only_from_where_they_may_be(service: JobService, feeds: Path) -> None:
    places = ["../secret.png", "/etc/passwd", "here.png", "https://a.example/b.png", "s3://bucket/b.png"]
    lines = [{"id": str(n), "title": "", "image_link": place} for n, place in enumerate(places)]
    job = service.ingested(as_csv(lines))
    codes = [error["code"] for error in service.errors(job["id"])]
    assert codes == ["image_outside_root"] * 3 + ["image_url_refused"] * 2


# Feeds that lie on the server.


def by_source(service: JobService, source: str, **more: object) -> Any:
    return service.client.post("/v1/jobs", json={"source": source, **more})


def test_a_source_is_read_with_the_images_beside_it(service: JobService, feeds: Path) -> None:
    draw_product("Shoe", "blue").save(feeds / "spring" / "shoe.png")
    draw_product("Shoe", "blue").save(feeds / "above.png")
    lines = [{"id": "a", "nr": "shoe.png"}, {"id": "b", "nr": "../above.png"}]
    (feeds / "spring" / "feed.jsonl").write_text(as_json_lines(lines))
    response = by_source(service, "spring/feed.jsonl", columns={"images": "nr"})
    assert response.status_code == 202
    job = service.ended(response.json()["id"])
    assert (job["source"], counts(job)) == ("spring/feed.jsonl", {"total": 2, "done": 2, "added": 1, "failed": 1})
    assert [error["code"] for error in service.errors(job["id"])] == ["image_outside_root"]
    assert (feeds / "spring" / "feed.jsonl").exists()
    assert service.client.get("/v1/products/a").json()["images"] == 1


def test_a_link_inside_the_folder_is_followed(service: JobService, feeds: Path) -> None:
    (feeds / "feed.csv").write_text(as_csv(rows(2)))
    (feeds / "spring" / "latest.csv").symlink_to(feeds / "feed.csv")
    assert counts(service.ended(by_source(service, "spring/latest.csv").json()["id"])) == {
        "total": 2,
        "done": 2,
        "added": 2,
    }


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("/etc/passwd", "source_outside"),
        ("../secret.csv", "source_outside"),
        ("spring/../../secret.csv", "source_outside"),
        ("spring/../feed.csv", "source_outside"),
        ("..\\secret.csv", "source_outside"),
        ("\\\\host\\secret.csv", "source_outside"),
        ("c:\\secret.csv", "source_outside"),
        ("link.csv", "source_outside"),
        ("folder-link/secret.csv", "source_outside"),
        ("chain.csv", "source_outside"),
        ("feed.csv\0.csv", "source_not_found"),
        ("", "source_not_found"),
        (".", "source_not_found"),
        ("spring", "source_not_found"),
        ("missing.csv", "source_not_found"),
        ("loop.csv", "source_not_found"),
        ("pipe.csv", "source_not_found"),
        ("feed.csv/deeper.csv", "source_not_found"),
        ("x" * 1_000, "source_not_found"),
    ],
)
def test_a_source_elsewhere_is_refused(strict: JobService, source: str, code: str) -> None:
    message = assert_error(by_source(strict, source), 422, code, "source")
    assert "secret" not in message
    assert_untouched(strict)


def test_without_a_folder_of_feeds_sources_are_off(tmp_path: Path, model: Understander) -> None:
    with office(tmp_path, model, SETTINGS) as service:
        assert_error(by_source(service, "feed.csv"), 422, "sources_off", "source")


def test_a_source_that_is_gone_when_its_turn_comes_fails_the_job(service: JobService, feeds: Path) -> None:
    """Also one that has become a link to elsewhere."""
    (feeds / "feed.csv").write_text(as_csv(rows(2)))
    (feeds.parent / "secret.csv").write_text(as_csv(rows(2)))
    go_on = Event()
    service.analyzer.hold(go_on)
    service.submit(as_csv(rows(1)))
    waiting = by_source(service, "feed.csv").json()["id"]
    (feeds / "feed.csv").unlink()
    (feeds / "feed.csv").symlink_to("../secret.csv")
    go_on.set()
    job = service.ended(waiting)
    assert (job["state"], job["error"]["code"], job["error"]["param"]) == ("failed", "source_outside", "source")


# What is refused, or fails as a whole.


def test_a_job_of_which_no_row_came_in_has_failed_and_says_why(service: JobService) -> None:
    job = service.ingested("id,title,image\n1,red,lost.png\n2,blue,lost.png\n", strict="true")
    assert (job["state"], job["done"], job["failed"]) == ("failed", 2, 2)
    assert job["error"]["code"] == "feed_rows_invalid"
    assert job["error"]["message"].startswith("None of the 2 rows could be ingested: image_")
    assert len(service.errors(job["id"])) == 2


@pytest.mark.parametrize(
    ("content", "fields", "code", "param"),
    [
        (b"", {}, "feed_empty", "file"),
        ("id,title\n", {}, "feed_empty", "file"),
        (b"\x89PNG\r\n\x1a\n", {}, "feed_format_unsupported", "file"),
        (b"PK\x03\x04 and no more", {}, "feed_damaged", "file"),
        (b"PAR1 and no more", {}, "feed_damaged", "file"),
        ("id,title\n1,红裙\n2,蓝裙\n".encode("gb18030"), {}, "feed_encoding_invalid", "file"),
        ("nr,wording\n1,a\n", {}, "feed_columns_invalid", "columns"),
        ("id,title\n1,a\n", {"columns": '{"title": "nmae"}'}, "feed_columns_invalid", "columns"),
        ("id,title\n1,a\n", {"columns": '{"titel": "title"}'}, "feed_columns_invalid", "columns"),
        ("id,title\n1,a\n", {"columns": '{"title": 1}'}, "request_invalid", "columns.title"),
        ("id,title\n1,a\n", {"columns": "title=name"}, "request_invalid", "columns"),
        ("id,title\n1,a\n", {"columns": "[]"}, "request_invalid", "columns"),
        ("id,title\n1,a\n", {"columns": "[" * 10_000}, "request_invalid", "columns"),
        ("id,title\n1,a\n", {"columns": json.dumps({str(n): "a" for n in range(65)})}, "request_invalid", "columns"),
        ("id,title\n1,a\n", {"dry_run": "perhaps"}, "request_invalid", "dry_run"),
        ("id,title\n1,a\n", {"dryrun": "true"}, "request_invalid", "dryrun"),
    ],
)
def test_what_can_be_told_at_once_is_refused(
    strict: JobService, content: str | bytes, fields: dict[str, str], code: str, param: str
) -> None:
    assert_error(strict.upload(content, "feed", **fields), 422, code, param)
    assert_untouched(strict)


def test_bad_requests_are_refused(strict: JobService) -> None:
    post = strict.client.post
    feed = ("feed.csv", as_csv(rows(1)).encode())
    assert_error(post("/v1/jobs", files={"columns": (None, "{}")}), 422, "request_invalid", "file")
    assert_error(post("/v1/jobs", files={"file": (None, "id,title")}), 422, "request_invalid", "file")
    assert_error(post("/v1/jobs", files={"feed": feed}), 422, "request_invalid", "file")
    assert_error(post("/v1/jobs", files=[("file", feed), ("file", feed)]), 422, "request_invalid", "file")
    assert_error(post("/v1/jobs", json={}), 422, "request_invalid", "source")
    assert_error(post("/v1/jobs", json={"source": "a", "file": "b"}), 422, "request_invalid", "file")
    assert_error(post("/v1/jobs", json={"source": 5}), 422, "request_invalid", "source")
    assert_error(post("/v1/jobs", content=b"{", headers={"content-type": "application/json"}), 400, "json_invalid")
    assert_error(post("/v1/jobs", content=b"a,b", headers={"content-type": "text/csv"}), 415, "media_type_unsupported")
    assert_error(
        post("/v1/jobs", content=b"--x", headers={"content-type": "multipart/form-data"}), 400, "multipart_invalid"
    )
    long_key = {"Idempotency-Key": "k" * 256}
    assert_error(post("/v1/jobs", files={"file": feed}, headers=long_key), 422, "request_invalid", "idempotency-key")
    assert_error(strict.client.get("/v1/jobs?limit=0"), 422, "request_invalid", "limit")
    assert_error(strict.client.get("/v1/jobs?limit=101"), 422, "request_invalid", "limit")
    assert_error(strict.client.get("/v1/jobs/nothing"), 404, "job_not_found")
    assert_error(strict.client.get("/v1/jobs/nothing/errors"), 404, "job_not_found")
    assert_error(post("/v1/jobs/nothing/cancel"), 404, "job_not_found")


def test_a_feed_that_breaks_off_fails_the_job_and_keeps_what_came_before(service: JobService) -> None:
    lines = rows(96)
    whole = bytearray(parquet({column: [row[column] for row in lines] for column in lines[0]}, group=32))
    start = whole.find(b"red shirt 64")
    whole[start - 200 : start - 20] = bytes(180)
    job = service.ingested(bytes(whole), "feed.parquet")
    assert (job["state"], job["error"]["code"], job["error"]["type"]) == (
        "failed",
        "feed_damaged",
        "invalid_request_error",
    )
    assert job["done"] == job["added"] == 64
    assert len(service.stored()) == 64
    assert list(service.uploads.iterdir()) == []


# Idempotency.


def test_a_key_makes_one_job_of_equal_requests(service: JobService) -> None:
    feed, other = as_csv(rows(3)), as_csv(rows(4))
    first = service.upload(feed, "a.csv", key="monday").json()["id"]
    service.ended(first)
    again = service.upload(feed, "b.csv", key="monday")
    assert (again.status_code, again.json()["id"], again.json()["state"]) == (202, first, "complete")
    for changed in (
        service.upload(other, key="monday"),
        service.upload(feed, key="monday", dry_run="true"),
        service.upload(feed, key="monday", columns='{"title": "title"}'),
        service.client.post("/v1/jobs", json={"source": "a.csv"}, headers={"Idempotency-Key": "monday"}),
    ):
        assert_error(changed, 409, "idempotency_conflict", "Idempotency-Key")
    assert service.upload(feed, key="tuesday").json()["id"] != first
    assert len(service.client.get("/v1/jobs").json()["jobs"]) == 2


def test_a_refused_feed_does_not_use_its_key_up(service: JobService) -> None:
    assert_error(service.upload("nr\n1\n", key="k"), 422, "feed_columns_invalid", "columns")
    assert service.upload(as_csv(rows(1)), key="k").status_code == 202


@pytest.mark.parametrize("equal", [True, False])
def test_of_requests_that_race_with_one_key_one_makes_the_job(service: JobService, equal: bool) -> None:
    barrier, answers = threading.Barrier(4), list[Any]()

    def race(number: int) -> None:
        feed = as_csv(rows(3 if equal else 3 + number))
        barrier.wait()
        answers.append(service.upload(feed, key="one"))

    threads = [threading.Thread(target=race, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    accepted = [answer.json()["id"] for answer in answers if answer.status_code == 202]
    assert len(accepted) == (4 if equal else 1)
    assert len(set(accepted)) == 1
    assert sorted(answer.status_code for answer in answers)[-1] == (202 if equal else 409)
    service.ended(accepted[0])
    assert len(service.client.get("/v1/jobs").json()["jobs"]) == 1
    assert list(service.uploads.iterdir()) == []


# Progress, cancelling, and bounds.


def test_progress_is_told_while_the_job_runs(service: JobService) -> None:
    go_on = Event()
    service.analyzer.hold(go_on, after=64)
    id = service.submit(as_csv(rows(200)))
    job = service.wait(id, lambda job: job["done"] >= 64 and job["total"] is not None)
    assert (job["state"], job["total"], job["done"], job["added"]) == ("running", 200, 64, 64)
    assert job["eta_seconds"] >= 0
    assert job["finished_at"] is None
    assert service.client.post("/v1/products/analyze", json={"items": [{"title": "shoe"}]}).status_code in (200, 429)
    go_on.set()
    assert counts(service.ended(id)) == {"total": 200, "done": 200, "added": 200}


def test_a_running_job_is_cancelled_within_a_chunk(service: JobService) -> None:
    go_on = Event()
    service.analyzer.hold(go_on, after=64)
    id = service.submit(as_csv(rows(500)))
    service.wait(id, lambda job: job["done"] >= 64)
    response = service.client.post(f"/v1/jobs/{id}/cancel")
    assert (response.status_code, response.json()["state"]) == (202, "running")
    job = service.wait(id, lambda job: job["state"] == "cancelled", seconds=5)
    assert job["done"] == job["added"] == 64
    assert job["finished_at"] is not None
    assert len(service.stored()) == 64
    assert list(service.uploads.iterdir()) == []
    assert_error(service.client.post(f"/v1/jobs/{id}/cancel"), 409, "job_finished")
    go_on.set()
    assert counts(service.ingested(as_csv(rows(500)))) == {"total": 500, "done": 500, "skipped": 64, "added": 436}


def test_a_waiting_job_is_cancelled_at_once(service: JobService) -> None:
    go_on = Event()
    service.analyzer.hold(go_on)
    running, waiting = service.submit(as_csv(rows(5))), service.submit(as_csv(rows(5)))
    service.wait(running, lambda job: job["state"] == "running")
    cancelled = service.client.post(f"/v1/jobs/{waiting}/cancel").json()
    assert (cancelled["state"], cancelled["started_at"], cancelled["done"]) == ("cancelled", None, 0)
    assert len(list(service.uploads.iterdir())) == 1
    go_on.set()
    assert service.ended(running)["state"] == "complete"
    assert service.job(waiting)["state"] == "cancelled"


def test_jobs_that_wait_are_bounded_but_a_known_key_is_answered(service: JobService) -> None:
    go_on = Event()
    service.analyzer.hold(go_on)
    service.wait(service.submit(as_csv(rows(1))), lambda job: job["state"] == "running")
    waiting = [service.upload(as_csv(rows(n)), key=f"k{n}").json()["id"] for n in (1, 2, 3)]
    response = service.upload(as_csv(rows(9)))
    assert assert_error(response, 429, "overloaded").startswith("3 jobs are already waiting")
    assert response.headers["retry-after"]
    assert service.upload(as_csv(rows(2)), key="k2").json()["id"] == waiting[1]
    assert len(list(service.uploads.iterdir())) == 4
    listed = service.client.get("/v1/jobs?limit=2").json()["jobs"]
    assert [job["id"] for job in listed] == [waiting[2], waiting[1]]
    go_on.set()
    for id in waiting:
        assert service.ended(id)["state"] == "complete"
    finished = [service.job(id)["finished_at"] for id in waiting]
    assert finished == sorted(finished)


def test_the_oldest_finished_jobs_are_forgotten(service: JobService) -> None:
    ids = [service.ingested(as_csv([{"id": str(n), "title": ""}]))["id"] for n in range(6)]
    deadline = time.monotonic() + 10
    while len(service.client.get("/v1/jobs").json()["jobs"]) > 4:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert [job["id"] for job in service.client.get("/v1/jobs").json()["jobs"]] == ids[:1:-1]
    assert_error(service.client.get(f"/v1/jobs/{ids[1]}/errors"), 404, "job_not_found")
    assert len(service.errors(ids[2])) == 1


def test_the_openapi_document_has_the_jobs(service: JobService) -> None:
    document = service.client.get("/openapi.json").json()
    body = document["paths"]["/v1/jobs"]["post"]["requestBody"]["content"]
    assert body["multipart/form-data"]["schema"]["required"] == ["file"]
    assert body["application/json"]["schema"] == {"$ref": "#/components/schemas/JobRequest"}
    assert document["paths"]["/v1/jobs/{id}/cancel"]["post"]["responses"].keys() >= {"202", "404", "409"}
    conflict = document["paths"]["/v1/jobs"]["post"]["responses"]["409"]["content"]["application/json"]["examples"]
    assert conflict.keys() == {"idempotency_conflict", "upload_incomplete"}


def test_what_a_product_is_stored_without_is_told_of(service: JobService) -> None:
    feed = as_csv([*rows(2, image_link="missing.png"), {**rows(3)[2], "image_link": ""}])
    job = service.ingested(feed)
    assert counts(job) == {"total": 3, "done": 3, "added": 3}
    assert job["warnings"] == {"image_outside_root": 2}
    response = service.client.get(f"/v1/jobs/{job['id']}/warnings")
    assert (response.status_code, response.headers["content-type"]) == (200, "application/x-ndjson")
    assert [json.loads(line) for line in response.text.splitlines()] == [
        {
            "line": line,
            "id": id,
            "code": "image_outside_root",
            "reason": '"missing.png": The image is given as a path, but there is no image folder.',
        }
        for line, id in ((2, "p0"), (3, "p1"))
    ]
    assert_error(service.client.get("/v1/jobs/unknown/warnings"), 404, "job_not_found")
    strict = service.ingested(feed, strict="true")
    assert (strict["failed"], strict["warnings"]) == (2, {})


def test_a_job_replaces_what_its_feed_no_longer_has(service: JobService) -> None:
    service.ingested(as_csv(rows(10)))
    dry = service.ingested(as_csv(rows(8)), replace="true", dry_run="true")
    assert (dry["removed"], len(service.stored())) == (2, 10)
    job = service.ingested(as_csv(rows(8)), replace="true")
    assert (job["state"], job["removed"], len(service.stored())) == ("complete", 2, 8)
    refused = service.ingested(as_csv(rows(2)), replace="true")
    assert (refused["state"], refused["removed"], refused["error"]["code"]) == ("failed", 0, "replace_refused")
    assert "6 products, 75% of those that were stored; the limit is 30%" in refused["error"]["message"]
    assert len(service.stored()) == 8


def test_a_table_of_jobs_of_an_earlier_release_takes_new_ones(tmp_path: Path, model: Understander) -> None:
    (tmp_path / "jobs").mkdir()
    with sqlite3.connect(tmp_path / "jobs" / "jobs.sqlite") as db:
        earlier = job_table.SCHEMA.replace("    strict INTEGER NOT NULL DEFAULT 0,\n", "")
        db.executescript(earlier.replace("    replacing INTEGER NOT NULL DEFAULT 0,\n", ""))
    with office(tmp_path, model, SETTINGS) as service:
        assert service.ingested(as_csv(rows(2)), strict="true")["added"] == 2
