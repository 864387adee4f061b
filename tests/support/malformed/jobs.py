"""Bulk ingests that must not begin."""

import json
from collections.abc import Iterator

from tests.support.malformed.wire_request import FORM, JSON, BadRequest, form, got, http, part, sent

JOBS = "/v1/jobs"
INVALID = (422, "request_invalid")
FEED = part("file", "id,title\n1,red shirt\n", "feed.csv")


def bad_jobs() -> list[BadRequest]:
    return [*sources(), *uploads(), *keys(), *others()]


def sources() -> Iterator[BadRequest]:
    outside = [
        "../secret.csv",
        "folder/../../secret.csv",
        "/etc/passwd",
        "..",
        "link.csv",
        "C:\\secret.csv",
        "..\\a.csv",
    ]
    outside += ["//host/share/a.csv"]
    missing = ["nothing.csv", "", ".", "folder", "good.csv\0.zip", "good.csv/a", "x" * 300, "~/a.csv", "file:good.csv"]
    missing += ["%2e%2e/secret.csv", "$HOME/a.csv"]
    for source in outside:
        yield sent(f"source {source}", "POST", JOBS, {"source": source}, 422, "source_outside")
    for source in missing:
        yield sent(f"source {source[:20]!r}", "POST", JOBS, {"source": source}, 422, "source_not_found")
    for name, body in (
        ("no source", {}),
        ("source null", {"source": None}),
        ("source a list", {"source": ["good.csv"]}),
        ("source too long", {"source": "x" * 1_025}),
        ("unknown field", {"source": "good.csv", "path": "x"}),
        ("columns a list", {"source": "good.csv", "columns": ["title"]}),
        ("columns of numbers", {"source": "good.csv", "columns": {"title": 1}}),
        ("column of a long name", {"source": "good.csv", "columns": {"title": "x" * 257}}),
        ("65 columns", {"source": "good.csv", "columns": {f"attributes.{n}": "x" for n in range(65)}}),
        ("dry run perhaps", {"source": "good.csv", "dry_run": "perhaps"}),
    ):
        yield sent(name, "POST", JOBS, body, *INVALID)
    for name, columns in (("unknown field", {"titel": "title"}), ("unknown column", {"title": "name"})):
        body = {"source": "good.csv", "columns": columns}
        yield sent(f"columns: {name}", "POST", JOBS, body, 422, "feed_columns_invalid")


def uploads() -> Iterator[BadRequest]:
    def upload(name: str, body: bytes, status: int, code: str, kind: str = FORM) -> BadRequest:
        return BadRequest(f"upload: {name}", http("POST", JOBS, body, kind), status, code)

    yield upload("nothing", form(), *INVALID)
    yield upload("no file", form(part("columns", "{}")), *INVALID)
    yield upload("file as a field", form(part("file", "id,title\n1,x\n")), *INVALID)
    yield upload("file in another field", form(part("feed", "id,title\n1,x\n", "feed.csv")), *INVALID)
    yield upload("two files", form(FEED, FEED), *INVALID)
    yield upload("three files", form(FEED, FEED, FEED), 400, "multipart_invalid")
    yield upload("eleven fields", form(FEED, *[part("dry_run", "true")] * 11), 400, "multipart_invalid")
    yield upload("unknown field", form(FEED, part("source", "good.csv")), *INVALID)
    yield upload("dry run perhaps", form(FEED, part("dry_run", "perhaps")), *INVALID)
    for columns in (
        "title",
        "[]",
        "{",
        "1",
        '{"title": 1}',
        "[" * 100_000,
        '{"title": NaN}',
        "null",
        '{"a": "\\ud800"}',
    ):
        yield upload(f"columns {columns[:20]}", form(FEED, part("columns", columns)), *INVALID)
    yield upload("columns unknown", form(FEED, part("columns", '{"titel": "title"}')), 422, "feed_columns_invalid")
    yield upload("columns missing", form(FEED, part("columns", '{"title": "name"}')), 422, "feed_columns_invalid")
    yield upload(
        "columns too many", form(FEED, part("columns", json.dumps({str(n): "x" for n in range(65)}))), *INVALID
    )
    for name, data, code in (
        ("empty", b"", "feed_empty"),
        ("only a header", b"id,title\n", "feed_empty"),
        ("an image", b"\x89PNG\r\n\x1a\n" + bytes(64), "feed_format_unsupported"),
        ("a program", b"\x7fELF" + bytes(64), "feed_format_unsupported"),
        ("half a zip", b"PK\x03\x04" + bytes(64), "feed_damaged"),
        ("half a Parquet file", b"PAR1" + bytes(64), "feed_damaged"),
        ("no known column", b"nr,wording\n1,x\n", "feed_columns_invalid"),
    ):
        yield upload(name, form(part("file", data, "../../feed.csv")), 422, code)
    yield upload("csv by itself", b"id,title\n1,x\n", 415, "media_type_unsupported", "text/csv")
    yield upload("no boundary", form(FEED), 400, "multipart_invalid", "multipart/form-data")


def keys() -> Iterator[BadRequest]:
    body = json.dumps({"source": "good.csv", "dry_run": True})
    for name, key, status, code in (
        ("empty", "", *INVALID),
        ("of 256 characters", "k" * 256, *INVALID),
        ("used for something else", "used", 409, "idempotency_conflict"),
    ):
        data = http("POST", JOBS, body, JSON, f"Idempotency-Key: {key}")
        yield BadRequest(f"key {name}", data, status, code)
    data = http("POST", JOBS, form(FEED), FORM, "Idempotency-Key: used")
    yield BadRequest("key used for a file", data, 409, "idempotency_conflict")


def others() -> Iterator[BadRequest]:
    for limit in ("0", "-1", "101", "x", "", "1e1", "NaN", "9" * 400):
        yield got(f"{JOBS}?limit={limit}", *INVALID)
    for id in ("nothing", "..", "%2e%2e", "%27--", "%F0%9F%91%95", "x" * 64):
        yield got(f"{JOBS}/{id}", 404, "job_not_found")
        yield got(f"{JOBS}/{id}/errors", 404, "job_not_found")
        yield got(f"{JOBS}/{id}/cancel", 404, "job_not_found", "POST")
    yield got(f"{JOBS}/{'x' * 65}", *INVALID)
    yield got(f"{JOBS}/{'x' * 65}/cancel", 422, "request_invalid", "POST")
    yield got(f"{JOBS}/a/b", 404, "not_found")
    yield got(f"{JOBS}/", 404, "not_found")
