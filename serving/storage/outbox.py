"""Events that wait until the webhook has taken them, in one SQLite file."""

import hashlib
import json
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from catalog.errors import CatalogError
from catalog.storage.sqlite import StateFile

NAME = "webhooks.sqlite"
# How long the id of an event is remembered after its end, so that it is not told again.
REMEMBERED_SECONDS = 30 * 86_400.0
MAX_WAITING = 10_000
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
    """Several threads and processes may share the file. An event never keeps work from being done: what cannot be
    written down is logged.
    """

    def __init__(self, path: Path) -> None:
        self.file = StateFile(path, SCHEMA, "events that the webhook has not taken")

    def add(self, event: Event) -> None:
        now = time.time()
        body = json.dumps({"type": event.kind, "timestamp": _iso(now), "data": event.data}, ensure_ascii=False)
        try:
            with self.file.use() as db:
                db.execute("INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, 0)", (event.id, body, now, now))
                beyond = "SELECT id FROM events WHERE due IS NOT NULL ORDER BY created DESC LIMIT -1 OFFSET ?"
                lost = db.execute(f"DELETE FROM events WHERE id IN ({beyond})", (MAX_WAITING,)).rowcount
            if lost:
                logger.error("events that waited longest are dropped", extra={"fields": {"events": lost}})
        except CatalogError as error:
            logger.error("an event is lost", extra={"fields": {"type": event.kind, "code": error.code}})

    def due(self, limit: int = 20) -> list[Waiting]:
        """The events whose turn has come, the oldest first."""
        with self.file.use() as db:
            db.execute("DELETE FROM events WHERE due IS NULL AND created < ?", (time.time() - REMEMBERED_SECONDS,))
            order = "SELECT id, body, attempts FROM events WHERE due <= ? ORDER BY due LIMIT ?"
            return [Waiting(*row) for row in db.execute(order, (time.time(), limit))]

    def ended(self, id: str) -> None:
        """It was taken, or given up: its content is forgotten, its id remembered."""
        with self.file.use() as db:
            db.execute("UPDATE events SET due = NULL, body = '' WHERE id = ?", (id,))

    def put_off(self, id: str, seconds: float) -> None:
        with self.file.use() as db:
            db.execute("UPDATE events SET due = ?, attempts = attempts + 1 WHERE id = ?", (time.time() + seconds, id))

    def close(self) -> None:
        self.file.close()


def _iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
