"""Events reach a webhook: signed, repeated until they are taken, and each as one."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from queue import Queue

import pytest

from catalog.errors import ConfigInvalid
from catalog.storage.postgres import StateDatabase
from catalog.understand import Understander
from serving.settings.schema import Settings
from serving.storage.outbox import Event, Outbox
from serving.webhooks import Deliverer, check_webhook, webhook_secret
from tests.support.endpoint import served
from tests.support.services import tiny_client
from tests.support.tiny import tiny_onnx_folder

SECRET = b"s" * 32
Received = Queue[tuple[dict[str, str], bytes]]


@contextmanager
def receiver(statuses: list[int]) -> Iterator[tuple[str, Received]]:
    """Where a webhook listens, and what it received. statuses: its answers, the last one for ever."""
    received: Received = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.put(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with served(Handler) as root:
        yield f"{root}/events", received


def test_an_event_is_repeated_until_it_is_taken_and_told_once(tmp_path: Path, database: StateDatabase | None) -> None:
    outbox = Outbox(database or tmp_path / "webhooks.sqlite")
    for _ in range(2):
        outbox.add(Event("job.ended", "1", {"id": "1", "state": "complete"}))
    with receiver([500, 302, 204]) as (url, received):
        sender = Deliverer(outbox, url, SECRET, retries=[0.0, 0.0, 0.0])
        sender.start()
        attempts = [received.get(timeout=60) for _ in range(3)]
        outbox.add(Event("job.ended", "2", {"id": "2"}))
        outbox.add(Event("job.ended", "1", {"id": "1", "state": "complete"}))
        assert json.loads(received.get(timeout=60)[1])["data"] == {"id": "2"}
        sender.close()
        assert received.empty()
    assert len({headers["webhook-id"] for headers, _ in attempts}) == 1
    for headers, body in attempts:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        right = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{right}"
        assert json.loads(body)["type"] == "job.ended"


def test_what_nobody_took_waits_for_the_next_start_and_ends_after_the_last_try(tmp_path: Path) -> None:
    first = Outbox(tmp_path / "webhooks.sqlite")
    first.add(Event("job.ended", "1", {}))
    first.close()
    outbox = Outbox(tmp_path / "webhooks.sqlite")
    with receiver([500]) as (url, received):
        sender = Deliverer(outbox, url, SECRET, retries=[0.0])
        sender.start()
        assert [received.get(timeout=60)[0]["webhook-id"] for _ in range(2)]
        while outbox.waiting():
            pass
        sender.close()
        assert received.empty()


def test_a_job_a_contradiction_and_its_names_are_told(tmp_path: Path) -> None:
    with receiver([200]) as (url, received):
        settings = Settings(
            webhook_url=url, webhook_secret=tmp_path / "secret", state=str(tmp_path / "state"), batch_wait_seconds=0.001
        )
        check_webhook(settings)
        model = Understander.load(tiny_onnx_folder(tmp_path / "model"))
        with tiny_client(model, tmp_path / "index", settings) as client:
            feed = {"file": ("feed.csv", b"id,title\n1,red shoe\n")}
            job = client.post("/v1/jobs", files=feed).json()
            event = json.loads(received.get(timeout=60)[1])
        assert event["type"] == "job.ended"
        assert event["data"] == {"id": job["id"], "state": "complete", "source": "feed.csv", "error": None}


def test_the_secret_is_made_once_and_only_for_its_user(tmp_path: Path) -> None:
    settings = Settings(webhook_url="https://shop.example/events", webhook_secret=tmp_path / "secret")
    check_webhook(settings)
    assert settings.webhook_secret.stat().st_mode & 0o077 == 0
    assert webhook_secret(settings) == webhook_secret(settings)
    settings.webhook_secret.write_text("whsec_short")
    with pytest.raises(ConfigInvalid, match="secret"):
        check_webhook(settings)


@pytest.mark.parametrize(
    "url", ["http://shop.example/", "ftp://localhost/", "https://", "https://me:word@shop.example/"]
)
def test_a_webhook_elsewhere_is_reached_by_https_alone(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="webhook_url"):
        check_webhook(Settings(webhook_url=url, webhook_secret=tmp_path / "secret"))
