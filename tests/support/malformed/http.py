"""Requests that are wrong as HTTP, or ask for what is at no address."""

from tests.support.malformed.wire_request import JSON, BadRequest, got, http

STEERING = (
    "X-Request-Timeout-Seconds: 0",
    "X_Serve_Replica: 1",
    "Serve-Multiplexed-Model-Id: 1",
    "X-Forwarded-Host: b",
)
SOCKET = ("Upgrade: websocket", "Connection: Upgrade, close", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: eA==")
NO_DEADLINE = (400, "deadline_invalid")
TOO_LARGE = (431, "headers_too_large")
SEARCH = http("POST", "/v1/search", '{"text": "red"}', JSON)


def bad_http() -> list[BadRequest]:
    return [*malformed(), *methods(), *headers(), *addresses()]


def malformed() -> list[BadRequest]:
    """Bytes that a parser of HTTP must not take for a request, most of them known from request smuggling."""

    def replaced(name: str, old: bytes, new: bytes) -> BadRequest:
        assert old in SEARCH
        return BadRequest(name, SEARCH.replace(old, new), 400, "bad_request")

    length = b"Content-Length: 15"
    chunked = b"Transfer-Encoding: chunked"
    return [
        BadRequest("no http at all", b"HELLO\r\n\r\n", 400, "bad_request"),
        BadRequest("tls to a plain port", b"\x16\x03\x01\x02\x00\x01\x00" + bytes(64), 400, "bad_request"),
        BadRequest("http 2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "bad_request"),
        replaced("version 9.9", b"HTTP/1.1", b"HTTP/9.9"),
        replaced("version 2.0", b"HTTP/1.1", b"HTTP/2.0"),
        replaced("version 0.9", b"HTTP/1.1", b"HTTP/0.9"),
        BadRequest("no version", b"GET /healthz\r\n\r\n", 400, "bad_request"),
        replaced("no host", b"Host: localhost\r\n", b""),
        replaced("no version word", b"HTTP/1.1", b"HTTX/1.1"),
        replaced("unknown method", b"POST", b"BREW"),
        replaced("lower-case method", b"POST", b"post"),
        replaced("space in the address", b"/v1/search", b"/v1/ search"),
        replaced("length and chunks", length, length + b"\r\n" + chunked),
        replaced("chunks and length", length, chunked + b"\r\n" + length),
        replaced("two lengths", length, length + b"\r\nContent-Length: 16"),
        replaced("list of lengths", length, b"Content-Length: 15, 15"),
        replaced("negative length", length, b"Content-Length: -1"),
        replaced("signed length", length, b"Content-Length: +15"),
        replaced("length in hex", length, b"Content-Length: 0xf"),
        replaced("length in words", length, b"Content-Length: many"),
        replaced("length beyond 64 bits", length, b"Content-Length: 99999999999999999999999"),
        replaced("chunks of no number", length + b"\r\n\r\n", chunked + b"\r\n\r\nzz\r\n"),
        replaced("chunks of a negative size", length + b"\r\n\r\n", chunked + b"\r\n\r\n-1\r\n"),
        replaced("chunk size beyond 64 bits", length + b"\r\n\r\n", chunked + b"\r\n\r\nffffffffffffffffff\r\n"),
        replaced("chunked twice", length, chunked + b", chunked"),
        replaced("chunked, then not", length, chunked + b", identity"),
        replaced("chunked by another name", length, b"Transfer-Encoding: xchunked"),
        replaced("space before the colon", length, b"Content-Length : 15"),
        replaced("no colon", length, b"Content-Length 15"),
        replaced("folded header", length, length + b"\r\nX-A: b\r\n c: d"),
        replaced("NUL in a header", length, length + b"\r\nX-A: \0"),
        replaced("NUL in a header's name", length, length + b"\r\nX\0A: b"),
        replaced("carriage return alone", length, length + b"\r\nX-A: b\rc"),
        replaced("header without a name", length, length + b"\r\n: b"),
        BadRequest("headers of a megabyte", http("GET", "/v1/models", b"", "", f"X-A: {'x' * 1_000_000}"), *TOO_LARGE),
        BadRequest("100,000 headers", http("GET", "/v1/models", b"", "", *["X-A: x"] * 100_000), *TOO_LARGE),
        BadRequest("address of a megabyte", http("GET", f"/v1/models?{'x' * 1_000_000}"), *TOO_LARGE),
    ]


def methods() -> list[BadRequest]:
    wrong = [
        ("GET", "/v1/search"),
        ("PUT", "/v1/search"),
        ("DELETE", "/v1/search"),
        ("OPTIONS", "/v1/search"),
        ("TRACE", "/v1/search"),
        ("PROPFIND", "/v1/search"),
        ("GET", "/v1/embeddings"),
        ("PATCH", "/v1/embeddings"),
        ("POST", "/v1/products/stored"),
        ("POST", "/v1/products/stored/similar"),
        ("OPTIONS", "/v1/products/stored"),
        ("POST", "/v1/products/stored/image"),
        ("DELETE", "/v1/feedback"),
        ("PUT", "/v1/feedback"),
        ("POST", "/v1/feedback/training-set"),
        ("POST", "/v1/review"),
        ("PUT", "/v1/models"),
        ("DELETE", "/v1/models"),
        ("GET", "/v1/models/nothing/activate"),
        ("POST", "/v1/models/comparison"),
        ("PUT", "/v1/taxonomy"),
        ("PUT", "/v1/jobs"),
        ("DELETE", "/v1/jobs/nothing"),
        ("GET", "/v1/jobs/nothing/cancel"),
        ("POST", "/v1/jobs/nothing/errors"),
        ("POST", "/healthz"),
        ("DELETE", "/readyz"),
        ("POST", "/metrics"),
        ("POST", "/openapi.json"),
    ]
    return [got(path, 405, "method_not_allowed", method) for method, path in wrong]


def headers() -> list[BadRequest]:
    """Of a browser that a page of another site uses, and deadlines that are none."""
    deadline = "X-Request-Deadline-Seconds: "
    late = ("0", "-1", "", "soon", "NaN", "1e9", "0x10", "99999999999", "1 000", "\u0661", "0.0", "+1", "inf")
    foreign = http("GET", "/v1/models").replace(b"localhost", b"attacker.example")
    site = http("POST", "/v1/search", '{"text": "red"}', JSON, "Sec-Fetch-Site: cross-site")
    return [
        *(
            BadRequest(f"deadline {value!r}", http("GET", "/v1/models", b"", "", deadline + value), *NO_DEADLINE)
            for value in late
        ),
        BadRequest("a name of another's", foreign, 403, "cross_site"),
        BadRequest("a page of another site", site, 403, "cross_site"),
        BadRequest("another site's forms", site.replace(b"cross-site", b"same-site"), 403, "cross_site"),
    ]


def addresses() -> list[BadRequest]:
    nowhere = ["/v1", "/v1/", "/v2/search", "//v1/search", "/v1//search", "/v1/search/", "/V1/search", "/v1/search;x=1"]
    nowhere += ["/../../etc/passwd", "/v1/../v1/taxonomy", "/v1/%2e%2e/%2e%2e/etc/passwd", "/.env", "/static/../app.py"]
    nowhere += ["/v1/models/a/b/activate", "/v1/review/1", "/v1/embeddings/0"]
    unwritten = ["/v1/%zz", "/v1/models%", "/v1/models%2", "/v1/models%C3", "/v1/models/%FF/x", "/v1/products/%"]
    unwritten += ["/v1/models/%ED%A0%80/x", "/v1/models/%C0%AE%C0%AE/x", "/v1/\u00e9"]
    unwritten += [
        "/v1/products/%00",
        "/v1/products/a%00b",
        "/v1/products/a%0Ab/similar",
        "/v1/models%0A",
        "/healthz%7F",
    ]
    unwritten += ["/v1/taxonomy?x=%", "/v1/review?after=%FF"]
    return [
        *(got(path, 404, "not_found") for path in nowhere),
        *(got(path, 400, "bad_request") for path in unwritten),
        got("/v1/models/nothing/activate", 404, "model_unknown", "POST"),
        got("/v1/models/%2e%2e/activate", 404, "model_unknown", "POST"),
        got(f"/v1/models/{'x' * 3000}/activate", 422, "request_invalid", "POST"),
        got("/v1/models/comparison", 404, "no_shadow"),
        got("http://a.example/v1/nothing", 404, "not_found"),
        got("*", 404, "not_found", "OPTIONS"),
        got("/v1/nothing#fragment", 404, "not_found"),
        BadRequest("connect", http("CONNECT", "a.example:443"), 400, "bad_request"),
        BadRequest("two hosts", http("GET", "/v1/models", b"", "", "Host: a.example"), 400, "bad_request"),
        BadRequest("steering headers", http("GET", "/v1/nothing", b"", "", *STEERING), 404, "not_found"),
        BadRequest("WebSocket", http("GET", "/v1/search", b"", "", *SOCKET), 405, "method_not_allowed"),
        BadRequest("WebSocket nowhere", http("GET", "/v1/socket", b"", "", *SOCKET), 404, "not_found"),
    ]
