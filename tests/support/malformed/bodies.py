"""Bodies that cannot be read: not JSON, not a form, of another type, or with an image that is none."""

import base64
import gzip
import json
from collections.abc import Iterator

from tests.support.malformed.images import bad_images, more_bad_images
from tests.support.malformed.wire_request import BOUNDARY, FORM, JSON, BadRequest, form, http, part, sent

# Addresses that take JSON, each with a body that is right.
GOOD: dict[tuple[str, str], dict[str, object]] = {
    ("POST", "/v1/products/analyze"): {"items": [{"title": "red shirt"}]},
    ("POST", "/v1/embeddings"): {"input": "red shirt"},
    ("POST", "/v1/search"): {"text": "red shirt"},
    ("PUT", "/v1/products/new"): {"title": "red shirt"},
    ("PATCH", "/v1/products/stored"): {"title": "red shirt"},
    ("POST", "/v1/feedback"): {"product_id": "stored", "verdict": "accept"},
    ("POST", "/v1/jobs"): {"source": "good.csv"},
}
DEEP = 100_000

NOT_JSON = {
    "nothing": b"",
    "cut short": b'{"title": "x',
    "one quote": b"{'title': 'x'}",
    "comma at the end": b'{"title": "x",}',
    "comment": b'{"title": "x"} // mine',
    "two documents": b'{"title": "x"}{"title": "y"}',
    "NUL after the end": b'{"title": "x"}\0',
    "byte order mark": b'\xef\xbb\xbf{"title": "x"}',
    "utf-16": '{"title": "x"}'.encode("utf-16"),
    "latin-1": b'{"title": "caf\xe9"}',
    "utf-8 of a surrogate": b'{"title": "\xed\xa0\x80"}',
    "overlong utf-8": b'{"title": "\xc0\xae"}',
    "lone surrogate": b'{"title": "\\ud800"}',
    "surrogates the wrong way round": b'{"title": "\\udc00\\ud800"}',
    "control character": b'{"title": "a\nb"}',
    "wrong escape": b'{"title": "\\x41"}',
    "number with a leading zero": b'{"price": 01}',
    "hex number": b'{"price": 0x10}',
    "gzip": gzip.compress(b'{"title": "x"}', mtime=0),
    "arrays without end": b'{"title": ' + b"[" * DEEP,
    "objects without end": b'{"a":' * DEEP,
    "xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
}
NOT_OBJECTS = {"null": b"null", "number": b"1", "text": b'"x"', "list": b"[]", "true": b"true"}
NOT_JSON_TYPES = ("", "text/plain", "text/json", "application/x-www-form-urlencoded", "application/xml", "*/*", "json")


def bad_bodies() -> list[BadRequest]:
    return [*not_json(), *other_types(), *duplicates(), *bad_forms(), *bad_images_everywhere()]


def not_json() -> Iterator[BadRequest]:
    for method, path in GOOD:
        for name, body in NOT_JSON.items():
            yield sent(name, method, path, body, 400, "json_invalid")
        for name, body in NOT_OBJECTS.items():
            yield sent(name, method, path, body, 422, "request_invalid")
        limit = 8 * 1_048_576 if path == "/v1/embeddings" else 1_048_576
        yield sent("too many characters", method, path, b" " * limit + b"{}", 413, "body_too_large")


def other_types() -> Iterator[BadRequest]:
    for (method, path), body in GOOD.items():
        for kind in NOT_JSON_TYPES:
            name = f"{method} {path} as {kind or 'nothing'}"
            yield BadRequest(name, http(method, path, json.dumps(body), kind), 415, "media_type_unsupported")
        if path not in ("/v1/products/analyze", "/v1/jobs"):
            data = http(method, path, form(part("title", "red shirt")), FORM)
            yield BadRequest(f"{method} {path} as a form", data, 415, "media_type_unsupported")
    two = http("POST", "/v1/search", '{"text": "x"}', JSON).replace(b"Host:", b"Content-Type: text/plain\r\nHost:")
    yield BadRequest("two content types", two, 415, "media_type_unsupported")


def duplicates() -> Iterator[BadRequest]:
    """Of two equal keys the last one counts, whatever the first says."""
    yield sent("twice items", "POST", "/v1/products/analyze", '{"items": [{"title": "x"}], "items": 5}', *INVALID)
    yield sent("twice text", "POST", "/v1/search", '{"text": "x", "text": 5}', *INVALID)
    yield sent("twice title", "PUT", "/v1/products/new", '{"title": "x", "title": ["y"]}', *INVALID)


INVALID = (422, "request_invalid")
MULTIPART = (400, "multipart_invalid")


def bad_forms() -> Iterator[BadRequest]:
    def analyzed(name: str, body: bytes, status: int, code: str, kind: str = FORM) -> BadRequest:
        return BadRequest(f"form: {name}", http("POST", "/v1/products/analyze", body, kind), status, code)

    good = part("title", "red shirt")
    yield analyzed("no boundary", form(good), *MULTIPART, "multipart/form-data")
    yield analyzed("empty boundary", form(good), *MULTIPART, "multipart/form-data; boundary=")
    yield analyzed("another boundary", form(good), *MULTIPART, "multipart/form-data; boundary=other")
    yield analyzed("boundary of 300 characters", form(good), *MULTIPART, f"multipart/form-data; boundary={'x' * 300}")
    yield analyzed("not cut anywhere", b"red shirt", *MULTIPART)
    yield analyzed("nothing", b"", 422, "product_empty")
    yield analyzed("no parts", form(), 422, "product_empty")
    yield analyzed("part without a name", form(good.replace(b'; name="title"', b"")), *MULTIPART)
    yield analyzed("part without headers", f"--{BOUNDARY}\r\n\r\nx\r\n--{BOUNDARY}--\r\n".encode(), *MULTIPART)
    yield analyzed("header without a colon", form(good.replace(b"Disposition:", b"Disposition")), *MULTIPART)
    yield analyzed("33 images", form(*[part("image", b"x", "a.png")] * 33), *MULTIPART)
    yield analyzed("33 fields", form(*[part("title", "x")] * 33), *MULTIPART)
    yield analyzed("field of 2 megabytes", form(part("title", "x" * 2_000_000)), *MULTIPART)
    yield analyzed("unknown field", form(part("titel", "x")), *INVALID)
    yield analyzed("field without a name", form(part("", "x")), *INVALID)
    yield analyzed("image as a field", form(part("image", "x")), *INVALID)
    yield analyzed("title as a file", form(part("title", "x", "a.txt")), *INVALID)
    yield analyzed("file in an unknown field", form(part("picture", b"x", "../../a.png")), *INVALID)
    yield analyzed("no number", form(good, part("top_k", "many")), *INVALID)
    yield analyzed("number too large", form(good, part("top_k", "1e9")), *INVALID)
    yield analyzed("unknown part of the answer", form(good, part("include", "category,price")), *INVALID)
    yield analyzed("id of 257 characters", form(good, part("id", "x" * 257)), *INVALID)
    yield analyzed("text of 8193 characters", form(part("title", "x" * 8_193)), 422, "text_too_long")
    yield analyzed("nine images", form(*[part("image", b"x", "a.png")] * 9), 422, "too_many_images")


def bad_images_everywhere() -> Iterator[BadRequest]:
    for image in (*bad_images(), *more_bad_images()):
        if image.code is None:
            continue
        uri = "data:image/jpeg;base64," + base64.b64encode(image.data).decode()
        yield sent(image.name, "PUT", "/v1/products/new", {"title": "x", "images": [uri]}, 422, image.code)
        yield sent(image.name, "PATCH", "/v1/products/stored", {"images": [uri]}, 422, image.code)
        yield sent(image.name, "POST", "/v1/search", {"image": uri}, 422, image.code)
        yield sent(image.name, "POST", "/v1/embeddings", {"input": ["x", {"image": uri}]}, 422, image.code)
        body = form(part("image", image.data, image.filename))
        yield BadRequest(f"form: {image.name}", http("POST", "/v1/products/analyze", body, FORM), 422, image.code)
    for uri, code in {
        "http://169.254.169.254/latest/meta-data": "image_url_not_allowed",
        "HTTPS://a.example/b.jpg": "image_url_not_allowed",
        "file:///etc/passwd": "image_data_invalid",
        "/etc/passwd": "image_data_invalid",
        "data:image/png,plain": "image_data_invalid",
        "data:image/png;base64": "image_data_invalid",
        "data:image/png;base64,####": "image_data_invalid",
        "data:image/png;base64,AAA": "image_data_invalid",
        "data:image/png;base64,AA AA": "image_data_invalid",
        "data:image/png;base64,\u0661\u0661\u0661\u0661": "image_data_invalid",
        "data:;base64,": "image_empty",
    }.items():
        yield sent(uri, "PUT", "/v1/products/new", {"images": [uri]}, 422, code)
        yield sent(uri, "POST", "/v1/search", {"image": uri}, 422, code)
        yield sent(uri, "POST", "/v1/embeddings", {"input": {"image": uri}}, 422, code)
