"""Authentication by API key, and rate limits. A request's body is not read here."""

import ipaddress
from collections.abc import Iterable
from contextlib import ExitStack

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.errors import (
    ApiKeyInvalid,
    ApiKeyMissing,
    CrossSite,
    KeysRequired,
    NotFound,
    ScopeInsufficient,
    ServiceError,
)
from serving.middleware.api_keys import Keys
from serving.middleware.early_response import Header, reject_unread
from serving.middleware.paths import UNKNOWN, is_open, only_reads, pattern_of
from serving.middleware.rate_limits import ClientLimits
from serving.settings.schema import Settings

# Keys in a request's scope, which no client can set. On Ray Serve the proxy's middleware sets PASSED. The gateway's
# receives that scope and does not check again. It does check a request that came another way.
PASSED = "shelflens.passed"
CLIENT = "shelflens.client"
LIMITED = "/v1/"


class AuthMiddleware:
    """ASGI middleware. A client is the name of its API key; all clients without a key are one, of an empty name."""

    def __init__(self, app: ASGIApp, settings: Settings, keys: Keys, limits: ClientLimits) -> None:
        self.app = app
        self.settings = settings
        self.keys = keys
        self.limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or PASSED in scope:
            return await self.app(scope, receive, send)
        with ExitStack() as stack:
            try:
                scope[CLIENT] = self.client(scope)
                if scope["path"].startswith(LIMITED):
                    stack.enter_context(self.limits.admitted(scope[CLIENT]))
            except ServiceError as error:
                return await reject_unread(error, scope, receive, send)
            scope[PASSED] = True

            async def send_and_leave(message: Message) -> None:
                if message["type"] == "http.response.body" and not message.get("more_body", False):
                    stack.close()  # Serve goes on for a while, but a client that has its answer may ask again
                await send(message)

            await self.app(scope, receive, send_and_leave)

    def client(self, scope: Scope) -> str:
        """Raises ApiKeyMissing, ApiKeyInvalid, ScopeInsufficient, NotFound or CrossSite."""
        if is_open(scope["path"]):
            return ""
        if not self.needs_key(scope):
            self.check_site(scope)
            return ""
        given = bearer(scope["headers"])
        if not given:
            raise ApiKeyMissing
        key = self.keys.find(given)
        if key is None:
            raise ApiKeyInvalid
        if key.scope == "read" and not only_reads(scope["method"], scope["path"]):
            raise NotFound if pattern_of(scope["path"]) == UNKNOWN else ScopeInsufficient
        return key.name

    def needs_key(self, scope: Scope) -> bool:
        """Where there are keys, always; else beyond this machine, where without any nobody comes in."""
        if len(self.keys):
            return True
        reached = server_of(scope)
        here = is_loopback(self.settings.host) and (is_loopback(reached) or not is_address(reached))
        return not (here or self.settings.insecure)

    def check_site(self, scope: Scope) -> None:
        """Any page that a browser on this machine shows can send requests here. It may neither change anything
        (Sec-Fetch-Site, Origin), nor, by a name of its own that leads to this machine, read anything (Host).
        """
        headers = dict(scope["headers"])
        if is_foreign(headers) and scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            raise CrossSite
        host = host_of(headers.get(b"host", b"").decode("latin-1"))
        # No site on the internet has a name without a dot.
        known = is_address(host) or "." not in host or host == self.settings.host or host.endswith(".localhost")
        if not (known or self.settings.insecure) and is_address(server_of(scope)):
            raise CrossSite("Without API keys this service answers to this machine's own names only, like localhost.")


def check_access(settings: Settings, keys: Keys) -> None:
    """Raises KeysRequired, before the service listens where it must not."""
    if not (len(keys) or settings.insecure or is_loopback(settings.host)):
        raise KeysRequired


def bearer(headers: Iterable[Header]) -> str:
    """The key that a request was sent with; empty if there is none."""
    given = dict(headers).get(b"authorization", b"").decode("latin-1")
    scheme, _, key = given.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def is_foreign(headers: dict[bytes, bytes]) -> bool:
    """Whether a page of another site sends this. Origin speaks for browsers, and plug-ins in them, that do not say what
    the site is to ours; where a browser does, a proxy may have changed the Host that Origin is held against.
    """
    site = headers.get(b"sec-fetch-site", b"none")
    if site != b"none":
        return site != b"same-origin"
    origin = headers.get(b"origin")
    return origin is not None and origin.rpartition(b"://")[2].lower() != headers.get(b"host", b"").lower()


def server_of(scope: Scope) -> str:
    """The address that the request came in at; not one in tests, which connect to nothing."""
    return str((scope.get("server") or ("localhost",))[0])


def host_of(header: str) -> str:
    """localhost:8000 -> localhost, [::1]:8000 -> ::1"""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.rpartition(":")[0].lower() if ":" in header else header.lower()


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """A name is taken for loopback only if it is one of this machine's own for it."""
    return ipaddress.ip_address(host).is_loopback if is_address(host) else host == "localhost"
