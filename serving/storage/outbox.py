"""Events that wait until the webhook has taken them."""

import hashlib
import json
import logging
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from catalog.errors import CatalogError
from catalog.storage.database import StorePlace, open_store

NAME = "webhooks.sqlite"
# How long the id of an event is remembered after its end, so that it is not told again.
REMEMBERED_SECONDS = 30 * 86_400.0
MAX_WAITING = 10_000
# For so long an event is left to the process that has begun to send it.
SENDING_SECONDS = 60.0
ALL = 2**63 - 1
SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    id TEXT PRIMARY KEY, body TEXT NOT NULL, created REAL NOT NULL, due REAL, attempts INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS events_due ON events (due);
"""

logger = logging.getLogger(__name__)


class Event(NamedTuple):
    """kind: such as job.ended; of: what makes it this one event, so that telling it twice is telling it once."""

    kind: str
    of: str
    data: Mapping[str, Any]

    @property
    def id(self) -> str:
        return "evt_" + hashlib.sha256(f"{self.kind}\n{self.of}".encode()).hexdigest()[:32]


class Waiting(NamedTuple):
    id: str
    body: str
    attempts: int


class Outbox:
    """Several threads and processes may share it. An event never keeps work from being done: what cannot be written
    down is logged.
    """

    def __init__(self, place: StorePlace) -> None:
        self.file = open_store(place, SCHEMA, "events that the webhook has not taken")

    def add(self, event: Event) -> None:
        now = time.time()
        body = json.dumps({"type": event.kind, "timestamp": _iso(now), "data": event.data}, ensure_ascii=False)
        try:
            with self.file.use() as db:
                row = (event.id, body, now, now)
                db.execute("INSERT INTO events VALUES (?, ?, ?, ?, 0) ON CONFLICT (id) DO NOTHING", row)
                beyond = "SELECT id FROM events WHERE due IS NOT NULL ORDER BY created DESC LIMIT ? OFFSET ?"
                lost = db.execute(f"DELETE FROM events WHERE id IN ({beyond})", (ALL, MAX_WAITING)).rowcount
            if lost:
                logger.error("events that waited longest are dropped", extra={"fields": {"events": lost}})
        except CatalogError as error:
            logger.error("an event is lost", extra={"fields": {"type": event.kind, "code": error.code}})

    def take(self) -> Waiting | None:
        """The event whose turn has come first. For SENDING_SECONDS nobody else is given it."""
        now = self.file.now()
        with self.file.transaction() as db:
            db.execute("DELETE FROM events WHERE due IS NULL AND created < ?", (now - REMEMBERED_SECONDS,))
            order = "SELECT id, body, attempts FROM events WHERE due <= ? ORDER BY due, id LIMIT 1"
            found = db.execute(order, (now,)).fetchone()
            if found is None:
                return None
            db.execute("UPDATE events SET due = ? WHERE id = ?", (now + SENDING_SECONDS, found[0]))
        return Waiting(*found)

    def waiting(self) -> int:
        """How many events are neither taken nor given up."""
        with self.file.use() as db:
            return int(db.execute("SELECT count(*) FROM events WHERE due IS NOT NULL").fetchone()[0])

    def ended(self, id: str) -> None:
        """It was taken, or given up: its content is forgotten, its id remembered."""
        with self.file.use() as db:
            db.execute("UPDATE events SET due = NULL, body = '' WHERE id = ?", (id,))

    def put_off(self, id: str, seconds: float) -> None:
        due = self.file.now() + seconds
        with self.file.use() as db:
            db.execute("UPDATE events SET due = ?, attempts = attempts + 1 WHERE id = ?", (due, id))

    def close(self) -> None:
        self.file.close()


def _iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
