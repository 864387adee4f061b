"""Every documented limit, one step below and one above, of the service as it is deployed, by Ray Serve."""

import io
import json
import os
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from catalog.errors import ConfigInvalid
from catalog.images.structure import ImageLimits
from serving.deployments.preflight import MESSAGE_LENGTH, check_messages, url
from serving.deployments.start import serve, stop
from serving.settings.schema import Settings
from tests.support.malformed.large_content import (
    csv_feed,
    fat_product,
    form_of,
    large_image,
    small_image,
    uri,
    zip_feed,
)
from tests.support.services import free_port
from tests.support.tiny import tiny_onnx_folder

pytestmark = pytest.mark.slow

ANALYZE, JOBS = "/v1/products/analyze", "/v1/jobs"
MAX_IMAGE = ImageLimits().max_bytes
FAT = 101
# Less than the default, so that there are answers which do not pass.
MAX_JSON = 128 * 1024


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_onnx_folder(tmp_path_factory.mktemp("limits") / "model", size=224)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Settings:
    index = str(tmp_path_factory.mktemp("index") / "index")
    return Settings(model=folder, index=index, port=free_port(), max_json_bytes=MAX_JSON)


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[httpx.Client]:
    serve(settings, blocking=False)
    try:
        with httpx.Client(base_url=url(settings), timeout=60, trust_env=False) as client:
            yield client
    finally:
        stop()


def code(response: Any) -> str:
    """Of its error, or of its only result's; "" if all is well."""
    answer = response.json()
    if "results" in answer:
        (result,) = answer["results"]
        return (result["error"] or {"code": ""})["code"]
    return str(answer["error"]["code"])


@pytest.mark.parametrize(("more", "error"), [(-10_000, ""), (0, ""), (1, "image_too_many_bytes")])
def test_an_image(client: httpx.Client, more: int, error: str) -> None:
    data = large_image(MAX_IMAGE + more)
    sent = client.post(ANALYZE, files={"image": ("a.bmp", data)})
    assert (sent.status_code, sent.json().get("error", {"code": ""})["code"]) == ((413, error) if error else (200, ""))
    by_json = client.post(ANALYZE, json={"items": [{"images": [uri(data)]}]})
    assert (by_json.status_code, code(by_json)) == (200, error)


def test_a_stored_image_and_a_search_by_it(client: httpx.Client) -> None:
    data = uri(large_image(MAX_IMAGE))
    put = client.put("/v1/products/photo", json={"title": "apple", "images": [data]})
    assert put.status_code == 201, put.text
    found = client.post("/v1/search", json={"image": data})
    assert found.status_code == 200, found.text
    assert found.json()["results"][0]["id"] == "photo"
    assert client.delete("/v1/products/photo").status_code == 204


def test_items_with_images(client: httpx.Client, settings: Settings) -> None:
    items = [
        {"id": str(n), "images": [uri(small_image(8 * n + m)) for m in range(8)]} for n in range(settings.max_items)
    ]
    answer = client.post(ANALYZE, json={"items": items, "include": ["embedding"]})
    assert answer.status_code == 200, answer.text
    assert [(result["id"], result["error"]) for result in answer.json()["results"]] == [
        (str(n), None) for n in range(settings.max_items)
    ]
    refused = client.post(ANALYZE, json={"items": [*items, {"title": "shoe"}]})
    assert (refused.status_code, code(refused)) == (422, "too_many_items")
    ninth = {"images": [uri(small_image(n)) for n in range(9)]}
    assert code(client.post(ANALYZE, json={"items": [ninth]})) == "too_many_images"


def test_a_body(client: httpx.Client, settings: Settings) -> None:
    for more, status in ((0, 200), (1, 413)):
        form = form_of(client, settings.max_body_bytes + more, "image", [large_image(10_000_000)])
        answer = client.post(ANALYZE, **form)
        assert answer.status_code == status, answer.text[:500]


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 413)])
def test_json(client: httpx.Client, settings: Settings, more: int, status: int) -> None:
    body = json.dumps({"items": [{"title": "shoe", "images": [uri(small_image(1))]}]})
    room = settings.max_json_bytes + more - len(body) + len(uri(small_image(1))) + 1
    answer = client.post(ANALYZE, content=body + " " * room, headers={"content-type": "application/json"})
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(("more", "error"), [(0, ""), (1, "text_too_long")])
def test_text(client: httpx.Client, more: int, error: str) -> None:
    item = {"description": "鞋" * 8_192, "title": "x" * more}
    assert code(client.post(ANALYZE, json={"items": [item]})) == ("text_too_long" if more else error)


def test_a_feed_as_large_as_a_request(client: httpx.Client, settings: Settings) -> None:
    """Its products are larger than a request could make them: what of them passes at once is said, and nothing else."""
    empty = client.build_request("POST", "/", files={"file": ("feed.csv", b"")}).read()
    room = settings.max_body_bytes - len(empty)
    for feed, more in (("first", 0), ("second", 0), ("third", 1)):
        form = {"files": {"file": ("feed.csv", csv_feed(room + more, start=feed))}}
        answer = client.post(JOBS, **form)
        if more:
            assert (answer.status_code, code(answer)) == (413, "body_too_large")
        else:
            job = ended(client, answer)
            assert (job["state"], job["added"]) == ("complete", 30), job
    some = client.get("/v1/products/first0/similar", params={"limit": 10})
    assert some.status_code == 200, some.text[:500]
    assert len(some.content) > 5_000_000
    many = client.get("/v1/products/first0/similar", params={"limit": 59})
    assert (many.status_code, code(many)) == (413, "message_too_large")
    for feed in ("first", "second"):
        for row in range(30):
            assert client.delete(f"/v1/products/{feed}{row}").status_code == 204


def test_a_zip_of_rows_with_images(client: httpx.Client) -> None:
    job = ended(client, client.post(JOBS, files={"file": ("feed.zip", zip_feed(rows=16, images=8))}))
    assert (job["state"], job["done"], job["failed"]) == ("complete", 16, 0), job
    for row in range(16):
        assert client.delete(f"/v1/products/z{row}").status_code == 204


@pytest.fixture(scope="module")
def fat_products(client: httpx.Client) -> list[str]:
    """-> ids of as many as pass, and one more."""
    ids = [f"fat-{number}" for number in range(FAT)]
    for number, id in enumerate(ids):
        put = client.put(f"/v1/products/{id}", json=fat_product(number))
        assert put.status_code == 201, put.text
    return ids


@pytest.mark.usefixtures("fat_products")
def test_answers_with_as_many_products_as_may_be(client: httpx.Client) -> None:
    review = client.get("/v1/review", params={"limit": 100})
    assert review.status_code == 200, review.text
    similar = client.get("/v1/products/fat-0/similar", params={"limit": 100})
    assert (similar.status_code, len(similar.json()["results"])) == (200, 100)
    assert len(similar.content) > 7_000_000
    refused = client.get("/v1/products/fat-0/similar", params={"limit": 101})
    assert (refused.status_code, code(refused)) == (422, "request_invalid")
    found = client.post("/v1/search", json={"text": "red shirt", "limit": 100, "facets": ["name 1"]})
    assert (found.status_code, len(found.json()["results"])) == (200, 100)
    assert found.json()["results"][0]["attributes"]["name 1"]


def test_a_training_set_with_many_images(client: httpx.Client, fat_products: list[str]) -> None:
    for id in fat_products:
        right = {"product_id": id, "verdict": "correct", "category": "clothes.shirt"}
        said = client.post("/v1/feedback", json=right)
        assert said.status_code == 201, said.text
    answer = client.get("/v1/feedback/training-set")
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        rows = [json.loads(line) for line in archive.read("manifest.jsonl").splitlines()]
        assert {row["id"] for row in rows} == set(fat_products)
        images = {name for name in archive.namelist() if name.startswith("images/")}
        assert {row["image"] for row in rows} == images
    lines = client.get("/v1/feedback").text.splitlines()
    assert [json.loads(line)["product_id"] for line in lines] == fat_products


def test_an_upload_in_parts_is_never_whole_in_memory(client: httpx.Client, settings: Settings) -> None:
    each, count = 200_000, 1_500
    header, row = b"id,title,link\n", b"u%06d,red shirt,%s\n"
    length = len(header) + count * len(row % (0, bytes(each)))
    begun = client.post("/v1/uploads", json={"filename": "large.csv", "bytes": length})
    assert begun.status_code == 201, begun.text
    address, part_bytes = f"/v1/uploads/{begun.json()['id']}", begun.json()["part_bytes"]
    before, peak = memory(), dict[int, int]()

    def send(offset: int, part: bytes) -> httpx.Response:
        answer = client.patch(address, content=part, headers={"Upload-Offset": str(offset)})
        peak.update({pid: max(peak.get(pid, 0), size) for pid, size in memory().items()})
        return answer

    waiting, received = bytearray(header), 0
    for number in range(count):
        waiting += row % (number, b"n" * each)
        while len(waiting) >= part_bytes or (waiting and number == count - 1):
            part = bytes(waiting[:part_bytes])
            del waiting[:part_bytes]
            received += len(part)
            assert send(received - len(part), part).json() == {"received": received}
    assert received == length
    refused = send(0, b"id")
    assert (refused.status_code, code(refused)) == (409, "upload_offset_wrong")
    too_long = send(length, bytes(part_bytes + 1))
    assert (too_long.status_code, code(too_long)) == (413, "body_too_large")
    job = ended(client, client.post(JOBS, json={"upload": begun.json()["id"], "dry_run": True}))
    assert (job["state"], job["total"], job["failed"]) == ("complete", count, 0), job
    peak.update({pid: max(peak.get(pid, 0), size) for pid, size in memory().items()})
    grown = {pid: size - before[pid] for pid, size in peak.items() if pid in before}
    # A file of half the length proves nothing: with one of 150 MB a process grew by 142 MB.
    assert max(grown.values()) < 0.7 * length, grown


def memory() -> dict[int, int]:
    """Resident bytes of this process and of all that it has started, by their ids."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            pages = int((process / "statm").read_text().split()[1])
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue  # it has just ended
        found[int(process.name)] = (parent, pages * os.sysconf("SC_PAGE_SIZE"))
    ours = {os.getpid()}
    while more := {pid for pid, (parent, _) in found.items() if parent in ours} - ours:
        ours |= more
    return {pid: found[pid][1] for pid in ours}


def ended(client: httpx.Client, accepted: Any, seconds: float = 300) -> dict[str, Any]:
    assert accepted.status_code == 202, accepted.text
    id, deadline = accepted.json()["id"], time.monotonic() + seconds
    while (job := client.get(f"{JOBS}/{id}").json())["state"] in ("queued", "running"):
        assert time.monotonic() < deadline, job
        time.sleep(0.05)
    assert isinstance(job, dict)
    return job


def test_a_limit_of_the_operators_that_is_too_low_is_said() -> None:
    with pytest.raises(ConfigInvalid, match=f"{MESSAGE_LENGTH} is 4194304, but with these settings up to 105906176"):
        check_messages(Settings(), {MESSAGE_LENGTH: "4194304"})
    with pytest.raises(ConfigInvalid, match="4194304"):
        check_messages(Settings(), {})
    check_messages(Settings(), {MESSAGE_LENGTH: "105906176"})
