"""What `catalog.images.fetch` fetches, from whom, and how little can be made of it."""

import ipaddress
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest
import trustme

from catalog.errors import ImageFetchFailed, ImageNotFound, ImageTooManyBytes, ImageUrlRefused
from catalog.images.fetch import Fetcher, FetchLimits
from catalog.images.ip_addresses import Address, is_allowed, is_public, resolve

NAME = "cdn.example.com"
QUICK = FetchLimits(max_bytes=1_000, connect_seconds=0.5, total_seconds=1.0)
Answer = Callable[[bytes], Iterator[bytes]]


class Server(socketserver.ThreadingTCPServer):
    """An https server on a port of its own, with a certificate for NAME that only our own authority vouches for."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.authority = trustme.CA()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(NAME, "other.example.com").configure_cert(self.context)
        self.names: list[str | None] = []
        self.context.sni_callback = lambda _, name, __: self.names.append(name)
        self.requests: list[bytes] = []
        self.connections = 0
        self.answers: dict[bytes, Answer] = {}
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def trusted(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context

    def fetcher(
        self, hosts: Sequence[str] = ("*.example.com",), limits: FetchLimits = QUICK, **options: object
    ) -> Fetcher:
        """One that may connect to this machine, which a Fetcher may not unless a test says so."""
        settings: dict[str, object] = {
            "resolver": lambda host, port: ["127.0.0.1"],
            "may_connect": lambda address: True,
            "trusted": self.trusted(),
            "port": self.port,
        }
        return Fetcher(hosts, limits, **(settings | options))  # type: ignore[arg-type]

    def url(self, path: str = "/1.png", host: str = NAME) -> str:
        return f"https://{host}:{self.port}{path}"


class Conversation(socketserver.BaseRequestHandler):
    server: Server

    def handle(self) -> None:
        self.server.connections += 1
        try:
            with self.server.context.wrap_socket(self.request, server_side=True) as stream:
                self.answer(stream)
        except OSError:
            pass

    def answer(self, stream: ssl.SSLSocket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            request += stream.recv(4096) or b"\r\n\r\n"
        self.server.requests.append(request)
        path = request.split(b" ")[1] if request.strip() else b""
        for part in self.server.answers.get(path, lambda _: iter([b"HTTP/1.1 404 No\r\n\r\n"]))(path):
            stream.sendall(part)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server
        server.shutdown()


def answer(body: bytes, status: str = "200 OK", *headers: str) -> Answer:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "Connection: close"]
    return lambda _: iter(["\r\n".join(lines).encode() + b"\r\n\r\n" + body])


def redirect(location: str, status: int = 302) -> Answer:
    return answer(b"", f"{status} Moved", f"Location: {location}")


# ---- fetching


def test_an_image_is_fetched_under_its_name_from_the_pinned_address(server: Server) -> None:
    server.answers[b"/1.png?w=2"] = answer(b"picture", "200 OK", "Content-Type: text/html", "Set-Cookie: a=b")
    fetcher = server.fetcher()
    assert fetcher.fetch(server.url("/1.png?w=2#part")) == b"picture"
    assert fetcher.fetch(server.url("/1.png?w=2")) == b"picture"
    assert server.names == [NAME, NAME]
    request = server.requests[1].lower()
    assert f"host: {NAME}:{server.port}".encode() in request
    assert b"cookie" not in request
    assert b"authorization" not in request


def test_production_may_not_connect_to_this_machine(server: Server) -> None:
    server.answers[b"/1.png"] = answer(b"picture")
    with pytest.raises(ImageUrlRefused, match="an IP address that is not public"):
        server.fetcher(may_connect=is_public).fetch(server.url())
    assert server.connections == 0
    assert Fetcher(["x"]).may_connect is is_public
    assert Fetcher(["x"]).resolver is resolve
    assert Fetcher(["x"]).port == 443


def test_a_certificate_from_elsewhere_is_refused(server: Server) -> None:
    with pytest.raises(ImageFetchFailed, match="could not be fetched"):
        server.fetcher(trusted=ssl.create_default_context()).fetch(server.url())
    assert server.requests == []


def test_a_certificate_for_another_name_is_refused(server: Server) -> None:
    with pytest.raises(ImageFetchFailed, match="could not be fetched"):
        server.fetcher().fetch(server.url(host="third.example.com"))
    assert server.requests == []


def test_a_name_that_changes_its_address_is_resolved_only_once(server: Server) -> None:
    """DNS rebinding: the second answer would be the one that is connected to."""
    server.answers[b"/1.png"] = answer(b"picture")
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    checked: list[Address] = []

    def may_connect(address: Address) -> bool:
        checked.append(address)
        return str(address) == "127.0.0.1"

    assert server.fetcher(resolver=rebinding, may_connect=may_connect).fetch(server.url()) == b"picture"
    assert (asked, checked) == ([NAME], [ipaddress.ip_address("127.0.0.1")])


@pytest.mark.parametrize("addresses", [["127.0.0.1", "10.0.0.1"], ["93.184.216.34", "::1"], ["8.8.8.8", "fe80::1%lo"]])
def test_one_address_that_is_not_public_condemns_the_host(server: Server, addresses: list[str]) -> None:
    with pytest.raises(ImageUrlRefused, match="an IP address that is not public"):
        server.fetcher(resolver=lambda host, port: addresses, may_connect=is_public).fetch(server.url())


def test_the_next_address_is_tried_when_one_does_not_answer(server: Server) -> None:
    server.answers[b"/1.png"] = answer(b"picture")
    with socket.socket() as closed:
        closed.bind(("127.0.0.9", 0))
        fetcher = server.fetcher(resolver=lambda host, port: ["127.0.0.9", "127.0.0.1"])
        assert fetcher.fetch(server.url()) == b"picture"


@pytest.mark.parametrize("found", [[], ["not an address"], ["127.0.0.1"] * 33])
def test_what_is_no_address(server: Server, found: list[str]) -> None:
    with pytest.raises(ImageFetchFailed, match="has no IP address"):
        server.fetcher(resolver=lambda host, port: found).fetch(server.url())


def test_a_name_that_does_not_resolve(server: Server) -> None:
    def fail(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(ImageFetchFailed, match=r"^The image's host has no IP address\.$"):
        server.fetcher(resolver=fail).fetch(server.url())


def test_no_proxy_of_the_environment_is_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.answers[b"/1.png"] = answer(b"picture")
    assert server.fetcher().fetch(server.url()) == b"picture"


# ---- redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_and_checked(server: Server, status: int) -> None:
    server.answers[b"/1.png"] = redirect("/2.png", status)
    server.answers[b"/2.png"] = redirect(server.url("/3.png", "other.example.com"), status)
    server.answers[b"/3.png"] = answer(b"picture")
    assert server.fetcher().fetch(server.url()) == b"picture"
    assert server.names == [NAME, NAME, "other.example.com"]


def test_three_redirects_and_no_more(server: Server) -> None:
    for number in range(5):
        server.answers[f"/{number}".encode()] = redirect(f"/{number + 1}")
    server.answers[b"/5"] = answer(b"picture")
    assert server.fetcher().fetch(server.url("/2")) == b"picture"
    with pytest.raises(ImageFetchFailed, match="redirects more than 3 times"):
        server.fetcher().fetch(server.url("/1"))


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("http://cdn.example.com/2", "does not begin with https"),
        ("https://evil.test:PORT/2", "host is not allowed"),
        ("https://127.0.0.1:PORT/2", "host is not allowed"),
        ("https://user@cdn.example.com:PORT/2", "contains a user name"),
        ("https://cdn.example.com:22/2", "has a port other than"),
        ("file:///etc/passwd", "URL is not valid"),
        ("//evil.test:PORT/2", "host is not allowed"),
        ("https://inside.example.com:PORT/2", "an IP address that is not public"),
    ],
)
def test_redirects_that_lead_astray(server: Server, location: str, message: str) -> None:
    server.answers[b"/1.png"] = redirect(location.replace("PORT", str(server.port)))
    fetcher = server.fetcher(
        resolver=lambda host, port: ["127.0.0.1"] if host == NAME else ["169.254.169.254"],
        may_connect=lambda address: str(address) == "127.0.0.1",
    )
    with pytest.raises(ImageUrlRefused, match=message):
        fetcher.fetch(server.url())
    assert server.connections == 1


def test_a_redirect_to_nowhere(server: Server) -> None:
    server.answers[b"/1.png"] = answer(b"", "302 Moved")
    with pytest.raises(ImageFetchFailed, match="redirects without naming a target"):
        server.fetcher().fetch(server.url())


# ---- sizes and times


def test_the_size_limit_is_inclusive(server: Server) -> None:
    server.answers[b"/1.png"] = answer(b"x" * 1_000)
    server.answers[b"/2.png"] = answer(b"x" * 1_001)
    assert len(server.fetcher().fetch(server.url())) == 1_000
    with pytest.raises(ImageTooManyBytes, match="larger than the limit of 1,000 bytes"):
        server.fetcher().fetch(server.url("/2.png"))


def test_a_body_without_end_is_cut_off(server: Server) -> None:
    def endless(_: bytes) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        while True:
            yield b"400\r\n" + b"x" * 0x400 + b"\r\n"

    server.answers[b"/1.png"] = endless
    with pytest.raises(ImageTooManyBytes, match="limit of 1,000 bytes"):
        server.fetcher().fetch(server.url())


def test_packed_bodies_are_not_unpacked(server: Server) -> None:
    server.answers[b"/1.png"] = answer(b"\x1f\x8b packed", "200 OK", "Content-Encoding: gzip")
    assert server.fetcher().fetch(server.url()) == b"\x1f\x8b packed"


def drip(start: bytes) -> Answer:
    def parts(_: bytes) -> Iterator[bytes]:
        yield start
        while True:
            time.sleep(0.1)
            yield b"x"

    return parts


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: "])
def test_a_server_that_drips_is_left_in_time(server: Server, start: bytes) -> None:
    server.answers[b"/1.png"] = drip(start)
    started = time.monotonic()
    with pytest.raises(ImageFetchFailed, match="did not respond in time"):
        server.fetcher(limits=FetchLimits(total_seconds=0.4)).fetch(server.url())
    assert time.monotonic() - started < 2


def test_the_time_counts_through_redirects(server: Server) -> None:
    def slowly(_: bytes) -> Iterator[bytes]:
        time.sleep(0.25)
        yield b"HTTP/1.1 302 Moved\r\nLocation: /1.png\r\nContent-Length: 0\r\n\r\n"

    server.answers[b"/1.png"] = slowly
    with pytest.raises(ImageFetchFailed, match="did not respond in time"):
        server.fetcher(limits=FetchLimits(total_seconds=0.6)).fetch(server.url())


def test_a_server_that_does_not_speak(server: Server) -> None:
    """It takes the connection, and then nothing: no TLS."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(ImageFetchFailed, match="did not respond in time"):
            server.fetcher(limits=FetchLimits(total_seconds=0.3), port=port).fetch(f"https://{NAME}:{port}/")


def test_a_resolver_that_does_not_answer(server: Server) -> None:
    def slow(host: str, port: int) -> list[str]:
        time.sleep(1)
        return ["127.0.0.1"]

    started = time.monotonic()
    with pytest.raises(ImageFetchFailed, match="did not respond in time"):
        server.fetcher(limits=FetchLimits(total_seconds=0.2), resolver=slow).fetch(server.url())
    assert time.monotonic() - started < 0.9


@pytest.mark.parametrize(
    "reply",
    [
        *(b"", b"nonsense", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort", b"\0" * 500),
        *(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["nothing", "nonsense", "short", "zeros", "negative", "endless header", "chunks"],
)
def test_answers_that_are_none(server: Server, reply: bytes) -> None:
    server.answers[b"/1.png"] = lambda _: iter([reply])
    with pytest.raises(ImageFetchFailed, match=r"^The image could not be fetched\.$"):
        server.fetcher().fetch(server.url())


@pytest.mark.parametrize("status", [204, 206, 304, 401, 403, 500])
def test_other_statuses_are_failures(server: Server, status: int) -> None:
    server.answers[b"/1.png"] = answer(b"", f"{status} Something")
    with pytest.raises(ImageFetchFailed, match=f"responded with status {status}"):
        server.fetcher().fetch(server.url())


@pytest.mark.parametrize("status", [404, 410])
def test_what_the_host_does_not_have_is_not_found(server: Server, status: int) -> None:
    server.answers[b"/1.png"] = answer(b"", f"{status} Something")
    with pytest.raises(ImageNotFound, match=f"responded with status {status}"):
        server.fetcher().fetch(server.url())


# ---- addresses


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://cdn.example.com/1", "does not begin with https"),
        ("ftp://cdn.example.com/1", "does not begin with https"),
        ("https://cdn.example.com:8443/1", "has a port other than 443"),
        ("https://cdn.example.com:80/1", "has a port other than 443"),
        ("https://user@cdn.example.com/1", "contains a user name"),
        ("https://user:secret@cdn.example.com/1", "contains a user name"),
        ("https://@cdn.example.com/1", "contains a user name|is not allowed"),
        ("https://evil.test/1", "host is not allowed"),
        ("https://cdn.example.com.evil.test/1", "host is not allowed"),
        ("https://evil.test#@cdn.example.com/1", "host is not allowed"),
        ("https://evil.test\\@cdn.example.com/1", "URL is not valid|contains a user name|is not allowed"),
        ("https://evilcdn.example.com/1", "host is not allowed"),
        ("https://cdn.example.com%2eevil.test/1", "URL is not valid|is not allowed"),
        ("https:///1", "URL is not valid"),
        ("https://", "URL is not valid"),
        ("https://cdn.example.com:99999/", "URL is not valid|port other"),
        ("https://[::1", "URL is not valid"),
        ("https://cdn.example.com/" + "x" * 2_048, "URL is not valid"),
        ("https://cdn.example.com/\r\nX: y", "URL is not valid"),
    ],
)
def test_urls_that_are_refused(url: str, message: str) -> None:
    def no_resolver(host: str, port: int) -> list[str]:
        raise AssertionError("asked for an address")

    with pytest.raises(ImageUrlRefused, match=message):
        Fetcher(["cdn.example.com"], resolver=no_resolver).fetch(url)


FORMS = [
    *("127.0.0.1", "2130706433", "017700000001", "0x7f000001", "0x7f.1", "127.1", "0177.0.0.1", "0", "0.0.0.0"),
    *("169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "10.0.0.1", "192.168.1.1", "100.64.0.1"),
    *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]", "[::7f00:1]", "[64:ff9b::a9fe:a9fe]"),
    *("[2002:a9fe:a9fe::]", "[fe80::1]", "[fc00::1]", "192.0.0.192", "224.0.0.1", "255.255.255.255"),
]


@pytest.mark.parametrize("form", FORMS)
def test_no_form_of_an_address_reaches_inside_even_if_it_is_on_the_list(form: str) -> None:
    """With the system's own resolver, which takes all the old forms of IPv4."""
    with pytest.raises(
        (ImageUrlRefused, ImageFetchFailed), match=r"not public|URL is not valid|has no IP address|is not allowed"
    ):
        Fetcher([form, form.strip("[]")], FetchLimits(total_seconds=5)).fetch(f"https://{form}/")


@pytest.mark.parametrize(
    "address",
    [
        *("64:ff9b::a9fe:a9fe", "64:ff9b::808:808", "64:ff9b:1::1", "2002:a9fe:a9fe::", "2002:808:808::", "::7f00:1"),
        *("::808:808", "192.0.0.192", "192.0.0.9", "224.0.0.1", "239.255.255.250", "ff02::1", "ff0e::1", "100.64.0.1"),
        *("100.127.255.255", "::ffff:8.8.8.8", "::ffff:127.0.0.1", "::ffff:0:8.8.8.8", "fec0::1", "2001::1", "5f00::1"),
        *(
            "2001:db8::1",
            "3fff::1",
            "192.88.99.1",
            "198.18.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "0.0.0.0",
            "127.0.0.1",
        ),
        *("10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "::", "::1", "fe80::1", "fd00::1", "fe80::1%1"),
        *("192.0.2.1", "198.51.100.1", "203.0.113.1", "100::1", "4000::1"),
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "1.1.1.1", "2606:4700::1111", "2a00:1450:4001::8a"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("host", "allowed", "expected"),
    [
        ("cdn.example.com", ["cdn.example.com"], True),
        ("cdn.example.com", ["CDN.Example.com."], True),
        ("cdn.example.com", ["*.example.com"], True),
        ("a.b.example.com", ["x", "*.example.com"], True),
        ("example.com", ["*.example.com"], False),
        ("evilexample.com", ["*.example.com"], False),
        (".example.com", ["*.example.com"], False),
        ("example.com", ["example.co"], False),
        ("example.com", ["*"], False),
        ("example.com", [], False),
    ],
)
def test_the_list_of_hosts(host: str, allowed: list[str], expected: bool) -> None:
    assert is_allowed(host, allowed) is expected


def test_the_systems_resolver() -> None:
    assert "127.0.0.1" in resolve("localhost", 443)
