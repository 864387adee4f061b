"""An https URL -> bytes, protected against server-side request forgery (SSRF).

For every URL in a chain of redirects, the host must be on the allow list, all its addresses must be public, and the
connection goes to one of the checked addresses, whatever the name resolves to later (DNS rebinding). The certificate is
verified for the host name.

httpcore, the transport of httpx, does the HTTP: it follows no redirects, keeps no cookies, reads no proxy from the
environment, and accepts our own sockets. (httpx-secure 2.0 checks only the address that answered first, after it has
connected to it.)
"""

import ipaddress
import queue
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpcore
import httpx

from catalog.errors import CatalogError, ImageFetchFailed, ImageNotFound, ImageTooManyBytes, ImageUrlRefused
from catalog.images.ip_addresses import Address, is_allowed, is_public, resolve
from catalog.images.structure import MAX_IMAGE_BYTES

HEADERS = [(b"Accept", b"image/*"), (b"Accept-Encoding", b"identity"), (b"User-Agent", b"shelflens")]
REDIRECTS = (301, 302, 303, 307, 308)
MAX_URL = 2_048
MAX_ADDRESSES = 32
Resolver = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True)
class FetchLimits:
    """connect_seconds: for all addresses of a host together; total_seconds: from the call on, redirects included."""

    max_bytes: int = MAX_IMAGE_BYTES
    max_redirects: int = 3
    connect_seconds: float = 5.0
    total_seconds: float = 15.0


class Fetcher:
    """Fetches from some hosts. Threads may share it.

    hosts: "cdn.example.com", "*.example.com". The other parameters are for tests, which have no public address: who
    resolves names, which addresses may be connected to, which certificates are trusted, which port is the right one.
    """

    def __init__(
        self,
        hosts: Sequence[str],
        limits: FetchLimits = FetchLimits(),
        *,
        resolver: Resolver = resolve,
        may_connect: Callable[[Address], bool] = is_public,
        trusted: ssl.SSLContext | None = None,
        port: int = 443,
    ) -> None:
        self.hosts, self.limits, self.resolver, self.may_connect, self.port = hosts, limits, resolver, may_connect, port
        self.trusted = trusted

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        return self.trusted or httpx.create_ssl_context()

    def fetch(self, url: str) -> bytes:
        """Raises ImageUrlRefused, ImageNotFound or ImageTooManyBytes; ImageFetchFailed: it may work another time."""
        deadline = time.monotonic() + self.limits.total_seconds
        try:
            for _ in range(self.limits.max_redirects + 1):
                answer = self._get(url, deadline)
                if isinstance(answer, bytes):
                    return answer
                url = answer.url
        except (CatalogError, MemoryError):
            raise
        except (httpcore.TimeoutException, TimeoutError):
            raise ImageFetchFailed("The image's host did not respond in time.") from None
        except Exception:
            raise ImageFetchFailed from None
        raise ImageFetchFailed(f"The image URL redirects more than {self.limits.max_redirects} times.")

    def _get(self, url: str, deadline: float) -> "bytes | Redirect":
        target = self._checked(url)
        addresses = self._addresses(target.raw_host.decode(), deadline)
        backend = PinnedBackend(addresses, deadline, self.limits.connect_seconds)
        with (
            httpcore.ConnectionPool(ssl_context=self._trusted, network_backend=backend) as pool,
            pool.stream("GET", url_of(target), headers=HEADERS) as response,
        ):
            if response.status in REDIRECTS:
                return Redirect(str(target.join(location(response.headers))))
            if response.status in (404, 410):
                raise ImageNotFound(f"The image's host responded with status {response.status}.")
            if response.status != 200:
                raise ImageFetchFailed(f"The image's host responded with status {response.status}.")
            return self._body(response.iter_stream())

    def _checked(self, url: str) -> httpx.URL:
        """Raises ImageUrlRefused."""
        try:
            target = httpx.URL(url) if len(url) <= MAX_URL else None
        except (httpx.InvalidURL, ValueError):
            target = None
        if target is None or not target.raw_host:
            raise ImageUrlRefused("The image URL is not valid.")
        if target.scheme != "https":
            raise ImageUrlRefused("The image URL does not begin with https://.")
        if target.userinfo or "@" in re.split(r"[/?#]", url.partition("//")[2], maxsplit=1)[0]:
            raise ImageUrlRefused("The image URL contains a user name.")
        if (target.port or 443) != self.port:
            raise ImageUrlRefused(f"The image URL has a port other than {self.port}.")
        if not is_allowed(target.raw_host.decode("ascii", "replace").lower(), self.hosts):
            raise ImageUrlRefused("The image's host is not allowed.")
        return target

    def _addresses(self, host: str, deadline: float) -> list[str]:
        """All the host's addresses. One that is not public condemns them all. Raises ImageUrlRefused."""
        try:
            found = [ipaddress.ip_address(name) for name in in_time(lambda: self.resolver(host, self.port), deadline)]
        except (OSError, ValueError, UnicodeError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise ImageFetchFailed("The image's host has no IP address.") from None
        if not 0 < len(found) <= MAX_ADDRESSES:
            raise ImageFetchFailed("The image's host has no IP address, or too many.")
        if not all(self.may_connect(address) for address in found):
            raise ImageUrlRefused("The image's host has an IP address that is not public.")
        return [str(address) for address in found]

    def _body(self, stream: Iterable[bytes]) -> bytes:
        """Raises ImageTooManyBytes, whatever length was declared."""
        parts, size = [], 0
        for part in stream:
            size += len(part)
            if size > self.limits.max_bytes:
                raise ImageTooManyBytes(f"The image is larger than the limit of {self.limits.max_bytes:,} bytes.")
            parts.append(part)
        return b"".join(parts)


@dataclass(frozen=True)
class Redirect:
    url: str


class PinnedBackend(httpcore.NetworkBackend):
    """Connects to the addresses it was made with, whatever host it is asked for."""

    def __init__(self, addresses: Sequence[str], deadline: float, connect_seconds: float) -> None:
        self.addresses, self.deadline, self.connect_seconds = addresses, deadline, connect_seconds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        deadline = min(self.deadline, time.monotonic() + self.connect_seconds)
        failure: Exception = httpcore.ConnectError("no address")
        for address in self.addresses:
            try:
                stream = httpcore.SyncBackend().connect_tcp(address, port, remaining(deadline), None, socket_options)
                return TimedStream(stream, self.deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class TimedStream(httpcore.NetworkStream):
    """A stream of which every act must be done by the deadline, so a server that drips gains no time."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self.stream, self.deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, remaining(self.deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, remaining(self.deadline))

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self.stream.start_tls(ssl_context, server_hostname, remaining(self.deadline))
        return TimedStream(stream, self.deadline)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


def remaining(deadline: float) -> float:
    """Seconds. Raises httpcore.ReadTimeout when there are none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("deadline")
    return left


def in_time(act: Callable[[], Sequence[str]], deadline: float) -> Sequence[str]:
    """What the act returns. The system's resolver cannot be told when to stop, so it runs in a thread of its own."""
    answers: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put(act())
        except Exception as error:
            answers.put(error)

    threading.Thread(target=run, name="resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=remaining(deadline))
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def url_of(target: httpx.URL) -> httpcore.URL:
    return httpcore.URL(scheme=b"https", host=target.raw_host, port=target.port, target=target.raw_path)


def location(headers: Sequence[tuple[bytes, bytes]]) -> str:
    """Raises ImageFetchFailed."""
    found = next((value for name, value in headers if name.lower() == b"location"), None)
    if found is None:
        raise ImageFetchFailed("The image URL redirects without naming a target.")
    return found.decode("latin-1")
