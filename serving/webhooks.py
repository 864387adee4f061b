"""Events on their way to the operator's webhook, signed and repeated as standardwebhooks.com has it.

Each is a POST of JSON, {"type", "timestamp", "data"}. `webhook-id` is the same whenever it is repeated, and
`webhook-signature` is "v1," and the HMAC-SHA256 of "id.timestamp.body" under the secret, in base64.
"""

import base64
import hashlib
import hmac
import logging
import secrets
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx

import catalog
from catalog.errors import CatalogError, ConfigInvalid
from catalog.storage.database import SharedDatabase
from catalog.storage.files import private_files, write_durably
from serving.settings.schema import Settings
from serving.storage.outbox import NAME, Outbox, Waiting

SECRET_PREFIX, SECRET_BYTES = "whsec_", 32
LOOPBACK = ("localhost", "127.0.0.1", "::1")
# Seconds before each repetition; after the last one the event is given up.
RETRIES = (5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
ANSWER_SECONDS = 10.0
LOOK_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Deliverer:
    """Sends what waits in an outbox, from a thread of its own, one event after another."""

    def __init__(self, outbox: Outbox, url: str, secret: bytes, retries: Sequence[float] = RETRIES) -> None:
        self.outbox = outbox
        self._url, self._secret, self._retries = url, secret, retries
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """What has not been sent waits for the next start."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join()
        self.outbox.close()

    def _run(self) -> None:
        with httpx.Client(timeout=ANSWER_SECONDS, trust_env=False) as client:
            while not self._closing.is_set():
                with suppress(CatalogError):  # of a damaged file, which the log has told
                    while not self._closing.is_set() and (event := self.outbox.take()):
                        self._send(client, event)
                self._closing.wait(LOOK_SECONDS)

    def _send(self, client: httpx.Client, event: Waiting) -> None:
        why = problem(client, self._url, event, self._secret)
        if not why:
            return self.outbox.ended(event.id)
        fields = {"event": event.id, "attempts": event.attempts + 1, "why": why}
        if event.attempts < len(self._retries):
            logger.warning("the webhook has not taken an event; it is sent again", extra={"fields": fields})
            return self.outbox.put_off(event.id, self._retries[event.attempts])
        logger.error("the webhook has not taken an event, which is given up", extra={"fields": fields})
        self.outbox.ended(event.id)


def webhook(settings: Settings, database: SharedDatabase | None = None) -> Deliverer | None:
    """What sends the events of the state; None where nobody wants them. Raises what `webhook_secret` does."""
    if settings.webhook_url is None:
        return None
    outbox = Outbox(database or settings.state_folder / NAME)
    return Deliverer(outbox, settings.webhook_url, webhook_secret(settings))


def problem(client: httpx.Client, url: str, event: Waiting, secret: bytes) -> str:
    """Post an event. -> why it was not taken, "" if it was."""
    now = str(int(time.time()))
    headers = {
        "content-type": "application/json",
        "user-agent": f"shelflens/{catalog.__version__}",
        "webhook-id": event.id,
        "webhook-timestamp": now,
        "webhook-signature": signature(secret, event.id, now, event.body),
    }
    try:
        status = client.post(url, content=event.body.encode(), headers=headers).status_code
    except httpx.HTTPError as error:
        return type(error).__name__
    return "" if 200 <= status < 300 else f"status {status}"


def signature(secret: bytes, id: str, timestamp: str, body: str) -> str:
    signed = hmac.new(secret, f"{id}.{timestamp}.{body}".encode(), hashlib.sha256).digest()
    return "v1," + base64.b64encode(signed).decode()


def webhook_secret(settings: Settings) -> bytes:
    """The secret in the file of the settings, which is made if there is none. Raises ConfigInvalid, DiskFull or
    FileNotWritable.
    """
    path: Path = settings.webhook_secret
    if not path.exists():
        with private_files():
            write_durably(path, (SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()).encode())
    try:
        text = path.read_text("ascii").strip()
        secret = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except (OSError, ValueError):
        secret = b""
    if len(secret) < SECRET_BYTES // 2:
        raise ConfigInvalid(f"{path.name} holds no webhook secret: whsec_ and at least 16 bytes in base64.")
    return secret


def check_webhook(settings: Settings) -> None:
    """Raises ConfigInvalid, or what `webhook_secret` does."""
    if settings.webhook_url is None:
        return
    parts = urlsplit(settings.webhook_url)
    private = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if not parts.hostname or parts.username or not private:
        raise ConfigInvalid("webhook_url is an https URL without a user's name, or http on this machine.")
    webhook_secret(settings)
