"""A look at a feed before its job, the feeds on the server, and failed rows as a sheet: over HTTP and the client."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.understand import Understander
from serving.client import Client
from serving.settings.schema import Settings
from tests.support.answers import assert_error
from tests.support.job_service import JobService, counts, office
from tests.support.tiny import tiny_onnx_folder
from tests.support.transport import Through

PREVIEW = "/v1/jobs/preview"
FEED = "Nr,name,price\n1,red shirt,9.90 EUR\n2,blue shirt,cheap\n"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobService]:
    folder = tmp_path_factory.mktemp("preview")
    feeds = folder / "feeds"
    (feeds / "spring").mkdir(parents=True)
    (feeds / "spring" / "products.csv").write_text(FEED)
    (feeds / "notes.md").write_text("no feed")
    (feeds / ".hidden.csv").write_text(FEED)
    (feeds / "out.csv").symlink_to(folder / "secret.csv")
    (folder / "secret.csv").write_text(FEED)
    model = Understander.load(tiny_onnx_folder(folder / "model"))
    with office(folder, model, Settings(batch_wait_seconds=0.001, feeds=feeds)) as service:
        yield service


@pytest.fixture
def client(service: JobService) -> Iterator[Client]:
    with Client("http://testserver", transport=Through(service.client)) as client:
        yield client


def test_a_feed_whose_encoding_is_named(service: JobService, client: Client) -> None:
    feed = "id,title\n1,niño\n2,niña\n".encode("latin-1")
    found = service.client.post(PREVIEW, files={"file": ("feed.csv", feed)}).json()
    assert found["error"]["code"] == "feed_encoding_invalid"
    named = client.preview_feed(feed, filename="feed.csv", encoding="windows-1252")
    assert [row.title for row in named.rows] == ["niño", "niña"]
    finished = client.wait_for_job(client.submit_job(feed, filename="feed.csv", encoding="ISO-8859-1").id)
    assert (finished.state, finished.added, client.get_product("1").title) == ("complete", 2, "niño")
    refused = service.client.post(PREVIEW, files={"file": ("feed.csv", feed)}, data={"encoding": "klingon"})
    assert_error(refused, 422, "request_invalid", "encoding")


def test_a_feed_is_looked_at_and_not_kept(service: JobService) -> None:
    response = service.client.post(PREVIEW, files={"file": ("feed.csv", FEED.encode())})
    assert response.status_code == 200
    found = response.json()
    assert (found["format"], found["rows"], found["error"]["code"]) == ("csv", [], "feed_columns_invalid")
    assert found["error"]["param"] == "columns"
    assert [(column["name"], column["field"]) for column in found["columns"]] == [
        ("Nr", None),
        ("name", "title"),
        ("price", "price"),
    ]
    mapped = service.client.post(
        PREVIEW, files={"file": ("feed.csv", FEED.encode())}, data={"columns": '{"id": "Nr"}', "cut": "true"}
    ).json()
    assert mapped["error"] is None
    assert [(row["id"], row["title"], row["price"], row["currency"]) for row in mapped["rows"]] == [
        ("1", "red shirt", 9.9, "EUR")
    ]
    assert list(service.uploads.iterdir()) == []


def test_a_feed_on_the_server_and_an_upload_are_looked_at(client: Client) -> None:
    found = client.preview_feed(source="spring/products.csv", columns={"id": "Nr"})
    assert [[warning.code for warning in row.warnings] for row in found.rows] == [[], ["row_price_invalid"]]
    upload = client.upload(FEED.encode(), filename="feed.csv")
    assert client.preview_feed(upload=upload.id).columns == client.preview_feed(source="spring/products.csv").columns
    assert client.get_upload(upload.id).received == len(FEED)
    large = b"id,title\n" + b"".join(b"%d,red shirt\n" % number for number in range(1_400_000))
    assert [row.id for row in client.preview_feed(large, filename="f.csv").rows] == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("body", "status", "code", "param"),
    [
        ({"source": "../secret.csv"}, 422, "source_outside", "source"),
        ({"source": "nothing.csv"}, 422, "source_not_found", "source"),
        ({"upload": "0" * 32}, 404, "upload_not_found", None),
        ({}, 422, "request_invalid", "source"),
        ({"source": "spring/products.csv", "dry_run": True}, 422, "request_invalid", "dry_run"),
    ],
)
def test_what_cannot_be_looked_at_is_an_error(
    service: JobService, body: dict[str, str], status: int, code: str, param: str | None
) -> None:
    assert_error(service.client.post(PREVIEW, json=body), status, code, param)


def test_the_feeds_of_the_folder_are_listed(service: JobService, client: Client) -> None:
    (source,) = client.sources().sources or ()
    assert (source.path, source.bytes) == ("spring/products.csv", len(FEED))
    assert source.modified_at.endswith("+00:00")


def test_without_a_folder_there_are_no_sources(service: JobService, tmp_path: Path) -> None:
    model = service.analyzer._model.result()
    with office(tmp_path, model, Settings(batch_wait_seconds=0.001), start=False) as closed:
        assert closed.client.get("/v1/sources").json() == {"sources": None}
        assert_error(closed.client.post(PREVIEW, json={"source": "a.csv"}), 422, "sources_off", "source")


def test_failed_rows_are_corrected_in_a_sheet_and_come_in(service: JobService, client: Client) -> None:
    feed = "Nr,name,attributes\n11,red shirt,\n12,blue shirt,blue\n"
    job = service.ingested(feed, "Frühjahr/spring.csv", columns='{"id": "Nr"}')
    response = service.client.get(f"/v1/jobs/{job['id']}/errors", params={"format": "csv"})
    assert response.headers["content-type"].startswith("text/csv")
    assert response.headers["content-disposition"] == "attachment; filename*=UTF-8''spring.failed.csv"
    lines = response.content.decode("utf-8-sig").splitlines()
    assert lines[0] == "Nr,name,attributes,failed_line,failed_code,failed_reason"
    assert lines[1].startswith("12,blue shirt,blue,3,row_invalid,")
    assert client.job_errors_sheet(job["id"]) == response.content
    mended = response.content.replace(b",blue,", b",,")
    assert counts(service.ingested(mended, "spring.failed.csv", columns='{"id": "Nr"}')) == {
        "total": 1,
        "done": 1,
        "added": 1,
    }
    assert_error(service.client.get(f"/v1/jobs/{job['id']}/errors?format=xml"), 422, "request_invalid", "format")
    assert_error(service.client.get("/v1/jobs/none/errors?format=csv"), 404, "job_not_found")
