"""A bulk ingest job: as it is asked for, and as it is told of."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from catalog.teaching.attributes.columns import teaching_columns
from serving.error_responses import ErrorDetail
from serving.storage.job_table import State


@dataclass(frozen=True, slots=True)
class Submission:
    """A feed to ingest: sent along (`filename` and `data`), uploaded before (`upload`, its id), or a path below the
    server's folder of feeds (`source`).

    columns: field -> column, see `catalog.feeds.columns.recognise`; encoding: see `catalog.feeds.open_feed`; strict:
    whether an image that cannot be read fails its row; replacing: whether products that the feed no longer has are
    taken out; category: the column of the categories that a model is to be taught from the feed, which is then not
    ingested, target: the precision to promise of what that accepts unseen, and attributes: name -> column of those to
    teach as well; key: what the client calls this request,
    so that sending it twice makes one job.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False
    strict: bool = False
    replacing: bool = False
    key: str | None = None
    source: str | None = None
    filename: str = ""
    data: bytes | None = field(default=None, repr=False)
    upload: str | None = None
    encoding: str = ""
    category: str = ""
    target: float = 0.0
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def reading(self) -> Mapping[str, str]:
        """field -> column, as the feed is read. Raises FeedColumnsInvalid."""
        return teaching_columns(self.columns, self.category, self.attributes) if self.category else self.columns

    @property
    def given_in(self) -> str:
        """The field of the request in which the feed was given."""
        return "upload" if self.upload is not None else "file" if self.data is not None else "source"

    def content(self, feed: Iterable[bytes]) -> str:
        """The same for two requests that ask for the same. feed: what came along, by whichever way; its name is not
        part of it.
        """
        options = [name for name in ("strict", "replacing") if getattr(self, name)]
        options += filter(None, [self.encoding])
        options += [self.category, str(self.target)] if self.category else []
        options += [json.dumps(sorted(self.attributes.items()))] if self.attributes else []
        asked = json.dumps([sorted(self.columns.items()), self.dry_run, self.source, *options])
        digest = hashlib.sha256(asked.encode() + b"\n")
        for part in feed:
            digest.update(part)
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Job:
    """created, started, finished: seconds since 1970. total: rows of the feed, None while they are being counted; done:
    those dealt with, among them skipped ones, which were stored already as they are. removed: products that the feed no
    longer had; warnings: by code, what products were stored without. teaching: whether it teaches a model, and taught:
    what came of that, as JSON holds it, once it is complete. auditing: whether it audits what is stored. error: why
    the job failed.
    """

    id: str
    state: State
    source: str
    dry_run: bool
    created: float
    started: float | None
    finished: float | None
    total: int | None
    done: int
    failed: int
    skipped: int
    added: int
    updated: int
    removed: int
    warnings: Mapping[str, int]
    eta_seconds: float | None
    teaching: bool
    taught: Mapping[str, Any] | None
    auditing: bool
    error: ErrorDetail | None


class RowLines(NamedTuple):
    """Failed rows or warnings as JSON lines. after: the place to ask for more from, None at the end."""

    lines: bytes
    after: int | None
