"""Feeds that come in parts: from nothing to a job, whatever happens on the way."""

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from catalog.storage.files import write_durably
from catalog.storage.postgres import StateDatabase
from catalog.understand import Understander
from serving.client import AsyncClient, Client, RequestFailed, Retries
from serving.jobs.uploads import ABANDONED_SECONDS
from serving.middleware.api_keys import add_key
from serving.settings.schema import Settings
from tests.support.answers import assert_error
from tests.support.job_service import JobService, as_csv, as_json_lines, counts, office, rows
from tests.support.tiny import tiny_onnx_folder
from tests.support.transport import Through

# A part is as large as a request may be, here.
SETTINGS = Settings(batch_wait_seconds=0.001, max_body_bytes=2_000, max_json_bytes=2_000, max_upload_bytes=50_000)
FEED = as_csv(rows(300)).encode()
UPLOADS, JOBS = "/v1/uploads", "/v1/jobs"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Understander:
    return Understander.load(tiny_onnx_folder(tmp_path_factory.mktemp("uploads") / "model"))


@pytest.fixture
def service(model: Understander, tmp_path: Path, database: StateDatabase | None) -> Iterator[JobService]:
    with office(tmp_path, model, SETTINGS, database=database) as service:
        yield service


def begin(service: JobService, size: int = len(FEED), filename: str = "feed.csv") -> str:
    response = service.client.post(UPLOADS, json={"filename": filename, "bytes": size})
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


def patch(service: JobService, id: str, offset: object, part: bytes) -> Any:
    return service.client.patch(f"{UPLOADS}/{id}", content=part, headers={"Upload-Offset": str(offset)})


def send(service: JobService, id: str, content: bytes = FEED, start: int = 0, part: int = 2_000) -> None:
    for offset in range(start, len(content), part):
        response = patch(service, id, offset, content[offset : offset + part])
        assert response.json() == {"received": min(len(content), offset + part)}


def received(service: JobService, id: str) -> int:
    return int(service.client.get(f"{UPLOADS}/{id}").json()["received"])


def submit(service: JobService, id: str, key: str | None = None, **fields: Any) -> Any:
    return service.client.post(JOBS, json={"upload": id, **fields}, headers={"Idempotency-Key": key} if key else {})


def test_a_feed_larger_than_a_request_comes_in_parts(service: JobService) -> None:
    assert len(FEED) > 2 * SETTINGS.max_body_bytes
    begun = service.client.post(UPLOADS, json={"filename": "C:\\spring\\feed.csv", "bytes": len(FEED)})
    id = begun.json()["id"]
    told = {"id": id, "filename": "feed.csv", "bytes": len(FEED), "received": 0, "part_bytes": 2_000}
    assert (begun.status_code, begun.json()) == (201, told)
    send(service, id)
    assert service.client.get(f"{UPLOADS}/{id}").json() == told | {"received": len(FEED)}
    accepted = submit(service, id)
    assert (accepted.status_code, accepted.json()["source"]) == (202, "feed.csv")
    job = service.ended(accepted.json()["id"])
    assert counts(job) == {"total": 300, "done": 300, "added": 300}
    assert service.kept() == {}
    assert_error(service.client.get(f"{UPLOADS}/{id}"), 404, "upload_not_found")
    assert_error(submit(service, id), 404, "upload_not_found")


def test_a_part_counts_once_and_only_where_the_upload_ends(service: JobService) -> None:
    id = begin(service)
    send(service, id, FEED[:3_000])
    for offset in (0, 2_000, 2_999, 3_001):
        message = assert_error(
            patch(service, id, offset, FEED[offset : offset + 100]), 409, "upload_offset_wrong", "Upload-Offset"
        )
        assert message == f"The next part starts at byte 3000, not at byte {offset}."
    assert received(service, id) == 3_000
    assert patch(service, id, 3_000, b"").json() == {"received": 3_000}
    send(service, id, start=3_000)
    assert service.kept()[f"{id}.csv"] == FEED


def test_parts_that_come_at_the_same_time_are_appended_once(service: JobService) -> None:
    id = begin(service, 2_000)
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(patch(service, id, 0, bytes([n]) * 1_000).status_code))  # type: ignore[misc]
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] + 7 * [409]
    content = service.kept()[f"{id}.csv"]
    assert content == content[:1] * 1_000


def test_what_a_crash_left_of_a_part_is_written_over(model: Understander, tmp_path: Path) -> None:
    with office(tmp_path, model, SETTINGS) as service:
        id = begin(service)
        send(service, id, FEED[:4_000])
    path = tmp_path / "jobs" / "uploads" / f"{id}.csv"
    path.write_bytes(path.read_bytes() + b"torn" * 2_000)
    os.utime(path, (0, 0))  # as after a long night: what nobody knows of would be removed
    with office(tmp_path, model, SETTINGS) as service:
        assert received(service, id) == 4_000
        send(service, id, start=4_000)
        assert path.read_bytes() == FEED
        assert counts(service.ended(submit(service, id).json()["id"])) == {"total": 300, "done": 300, "added": 300}


def test_a_part_that_the_client_broke_off_left_nothing(service: JobService) -> None:
    id = begin(service)
    send(service, id, FEED[:2_000])

    async def torn() -> list[Any]:
        """A client that leaves in the middle of a part."""
        messages = iter(
            [{"type": "http.request", "body": FEED[2_000:2_500], "more_body": True}, {"type": "http.disconnect"}]
        )
        sent: list[Any] = []

        async def receive() -> Any:
            return next(messages)

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"upload-offset", b"2000"), (b"content-length", b"2000"), (b"host", b"localhost")]
        address = f"{UPLOADS}/{id}"
        scope = {
            "type": "http",
            "method": "PATCH",
            "path": address,
            "raw_path": address.encode(),
            "query_string": b"",
            "headers": headers,
            "server": ("localhost", 80),
            "client": ("localhost", 1),
            "http_version": "1.1",
            "scheme": "http",
        }
        await service.client.app(scope, receive, send)  # type: ignore[arg-type]
        return sent

    assert service.client.portal
    assert service.client.portal.call(torn) == []
    assert received(service, id) == 2_000
    send(service, id, start=2_000)
    assert service.kept()[f"{id}.csv"] == FEED


def test_limits(service: JobService) -> None:
    begin(service, 50_000)
    too_large = service.client.post(UPLOADS, json={"filename": "a.csv", "bytes": 50_001})
    assert (
        assert_error(too_large, 413, "upload_too_large", "bytes") == "The file has 50,001 bytes; the limit is 50,000."
    )
    for size in (0, -1, 1.5, "x", None):
        assert_error(
            service.client.post(UPLOADS, json={"filename": "a", "bytes": size}), 422, "request_invalid", "bytes"
        )
    id = begin(service, 2_001)
    assert_error(patch(service, id, 0, bytes(2_001)), 413, "body_too_large")
    assert patch(service, id, 0, bytes(2_000)).status_code == 200
    assert_error(patch(service, id, 2_000, bytes(2)), 422, "upload_part_too_long")
    for offset in ("-1", "x", "", "1.5"):
        assert_error(patch(service, id, offset, b"a"), 422, "request_invalid", "Upload-Offset")
    assert_error(service.client.patch(f"{UPLOADS}/{id}", content=b"a"), 422, "request_invalid", "Upload-Offset")
    assert_error(patch(service, "nothing", 0, b"a"), 404, "upload_not_found")
    assert received(service, id) == 2_000


def test_so_many_are_open_at_once_and_one_that_was_deleted_makes_room(model: Understander, tmp_path: Path) -> None:
    with office(tmp_path, model, SETTINGS.model_copy(update={"max_queued_jobs": 2})) as service:
        first, _ = begin(service), begin(service)
        send(service, first, FEED[:100])
        assert_error(service.client.post(UPLOADS, json={"filename": "a", "bytes": 1}), 429, "overloaded")
        assert service.client.delete(f"{UPLOADS}/{first}").status_code == 204
        assert list(service.uploads.iterdir()) == []
        assert_error(service.client.delete(f"{UPLOADS}/{first}"), 404, "upload_not_found")
        begin(service)


def test_a_file_for_which_there_is_no_room_is_refused_at_once(model: Understander, tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"max_upload_bytes": 2**52})
    with office(tmp_path, model, settings) as service:
        message = assert_error(service.client.post(UPLOADS, json={"filename": "a", "bytes": 2**52}), 507, "disk_full")
        assert message == f"The service's disk has no room for {2**52:,} more bytes."


@pytest.mark.slow
def test_a_disk_that_others_fill_loses_no_part(model: Understander, small_disk: Path) -> None:
    settings = Settings(max_body_bytes=40_000_000)
    with office(small_disk, model, settings, start=False) as service:
        id = begin(service, 100_000_000)
        part = bytes(8_000_000)
        assert patch(service, id, 0, part).status_code == 200
        free = os.statvfs(small_disk)
        (small_disk / "other").write_bytes(bytes(free.f_bavail * free.f_frsize - 12_000_000))
        assert patch(service, id, 8_000_000, part).status_code == 200
        assert_error(patch(service, id, 16_000_000, part), 507, "disk_full")
        assert received(service, id) == 16_000_000
        (small_disk / "other").unlink()
        assert patch(service, id, 16_000_000, part).json() == {"received": 24_000_000}


def test_a_job_takes_a_finished_upload_only(service: JobService) -> None:
    id = begin(service)
    send(service, id, FEED[:2_000])
    message = assert_error(submit(service, id), 409, "upload_incomplete", "upload")
    assert message == f"2,000 of {len(FEED):,} bytes of the upload have arrived."
    assert_error(submit(service, "nothing"), 404, "upload_not_found")
    assert_error(submit(service, id, source="feed.csv"), 422, "request_invalid", "source")
    assert_error(service.client.post(JOBS, json={"columns": {}}), 422, "request_invalid", "source")


def test_a_feed_whose_columns_are_unknown_need_not_be_uploaded_again(service: JobService) -> None:
    content = b"nr,wording\n1,a red shirt\n"
    id = begin(service, len(content))
    send(service, id, content)
    refused = submit(service, id)
    assert_error(refused, 422, "feed_columns_invalid", "columns")
    accepted = submit(service, id, columns={"id": "nr", "title": "wording"})
    assert counts(service.ended(accepted.json()["id"])) == {"total": 1, "done": 1, "added": 1}


def test_the_same_request_again_makes_no_second_job(service: JobService) -> None:
    first, again, other = begin(service), begin(service), begin(service, 4_000)
    for id, content in ((first, FEED), (again, FEED), (other, FEED[:4_000])):
        send(service, id, content)
    job = submit(service, first, "spring").json()["id"]
    assert submit(service, first, "spring").json()["id"] == job
    assert submit(service, again, "spring").json()["id"] == job
    assert_error(submit(service, other, "spring"), 409, "idempotency_conflict", "Idempotency-Key")
    assert_error(submit(service, first, "spring", dry_run=True), 409, "idempotency_conflict", "Idempotency-Key")
    service.ended(job)
    assert submit(service, first, "spring").json()["id"] == job


def test_an_upload_that_was_abandoned_is_removed(service: JobService, tmp_path: Path) -> None:
    old, new = begin(service), begin(service)
    for id in (old, new):
        send(service, id, FEED[:2_000])
    with service.jobs._uploads.file.use() as database:
        database.execute("UPDATE uploads SET touched = ? WHERE id = ?", (time.time() - ABANDONED_SECONDS - 1, old))
    third = begin(service)
    assert_error(service.client.get(f"{UPLOADS}/{old}"), 404, "upload_not_found")
    assert list(service.kept()) == [f"{new}.csv"]
    assert received(service, third) == 0


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_a_key_that_may_only_read_uploads_nothing(model: Understander, tmp_path: Path, method: str) -> None:
    settings = SETTINGS.model_copy(update={"keys": tmp_path / "keys.json"})
    reader, writer = add_key(settings.keys, "reader", "read"), add_key(settings.keys, "writer", "write")
    with office(tmp_path, model, settings, start=False) as service:
        service.client.headers["Authorization"] = f"Bearer {writer}"
        id = begin(service)
        address = UPLOADS if method == "POST" else f"{UPLOADS}/{id}"
        refused = service.client.request(method, address, headers={"Authorization": f"Bearer {reader}"})
        assert_error(refused, 403, "scope_insufficient")
        assert received(service, id) == 0


@pytest.mark.parametrize("make", [Client, AsyncClient])
@pytest.mark.parametrize("as_bytes", [False, True])
def test_the_client_sends_what_is_too_large_in_parts(
    service: JobService, tmp_path: Path, make: Any, as_bytes: bool
) -> None:
    path = tmp_path / "spring.jsonl"
    write_durably(path, as_json_lines(rows(100)).encode())
    through = Through(service.client)
    client = make("http://testserver", transport=through)
    file: Any = path.read_bytes() if as_bytes else path
    job = answer(client.submit_job(file, filename="spring.jsonl", idempotency_key="one"))
    assert job.source == "spring.jsonl"
    assert counts(service.ended(job.id)) == {"total": 100, "done": 100, "added": 100}
    parts = [len(request.content) for request in through.passed if request.method == "PATCH"]
    assert sum(parts) == path.stat().st_size
    assert max(parts) == 2_000
    assert answer(client.submit_job(path, idempotency_key="one")).id == job.id
    answer(client.close())


class Lossy(Through):
    """Some parts arrive and their answer does not; others do not arrive at all, or too slowly."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        parts = sum(one.method == "PATCH" for one in self.passed)
        if request.method == "PATCH" and parts in (1, 5):
            super().handle_request(request)
            raise httpx.ReadError("lost", request=request)
        if request.method == "PATCH" and parts == 3:
            self.passed.append(request)
            raise httpx.WriteError("lost", request=request)
        if request.method == "PATCH" and parts == 7:
            self.passed.append(request)
            raise httpx.WriteTimeout("slow", request=request)
        return super().handle_request(request)


@pytest.mark.parametrize("make", [Client, AsyncClient])
def test_the_client_goes_on_where_the_connection_was_lost(model: Understander, tmp_path: Path, make: Any) -> None:
    settings = Settings(batch_wait_seconds=0.001, max_body_bytes=200_000)
    long = as_csv(rows(300, description="striped " * 750)).encode()
    with office(tmp_path, model, settings, start=False) as service:
        through = Lossy(service.client)
        client = make("http://testserver", transport=through, retries=Retries(wait_seconds=0))
        upload = answer(client.upload(long, filename="a.csv"))
        assert (upload.received, upload.bytes) == (len(long), len(long))
        assert (service.uploads / f"{upload.id}.csv").read_bytes() == long
        answer(client.delete_upload(upload.id))
        with pytest.raises(RequestFailed, match="404 upload_not_found"):
            answer(client.get_upload(upload.id))
        answer(client.close())


def answer(asked: Any) -> Any:
    async def wait() -> Any:
        return await asked

    return asyncio.run(wait()) if asyncio.iscoroutine(asked) else asked
