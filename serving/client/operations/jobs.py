"""Bulk ingest."""

import json
import os
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from serving.api.schemas.jobs import FailedRow, JobOut, JobsResponse, PreviewResponse, SourcesResponse, WarnedRow
from serving.client.asking import segment
from serving.client.errors import RequestFailed, ServiceTimeout
from serving.client.fields import given
from serving.client.operations.uploads import Content, UploadOperations
from serving.client.steps import Request, Steps, operation

ENDED = ("complete", "failed", "cancelled")
# Bytes of a feed that is sent with its job. A larger feed is uploaded first. The service accepts more by default.
AT_ONCE = 16 * 1024 * 1024
# Bytes of a larger feed that are sent for a preview.
BEGINNING = 1024 * 1024


class JobOperations(UploadOperations):
    @operation
    def submit_job(
        self,
        file: bytes | str | os.PathLike[str] | None = None,
        *,
        source: str | None = None,
        upload: str | None = None,
        filename: str | None = None,
        columns: Mapping[str, str] | None = None,
        encoding: str = "",
        dry_run: bool = False,
        strict: bool = False,
        replace: bool = False,
        category: str = "",
        target: float = 0.98,
        attributes: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> Steps[JobOut]:
        """Ingest a feed: `file`, `source` or `upload`. A file that is too large for one request is uploaded in parts.

        file: a local path, or the content with a `filename` that gives the format. source: a path in the service's
        folder of feeds. upload: the id of a finished upload. strict: fail rows for an image that cannot be read.
        replace: take out products that the feed no longer has. category: column of the categories to teach instead, to
        a precision of target, with attributes, name -> column. idempotency_key: the same one creates no second job.
        """
        check_given(file, source, upload)
        headers = {"Idempotency-Key": idempotency_key or uuid.uuid4().hex}
        said: dict[str, Any] = {"columns": dict(columns or {}), "encoding": encoding, "dry_run": dry_run}
        said |= {"strict": strict, "replace": replace} | taught(category, target, attributes or {})
        if file is not None:
            content = Content(file, filename)
            if content.size <= AT_ONCE:
                whole = form(content, said, content.size)
                try:
                    return (yield from self._ask(JobOut, "POST", "/v1/jobs", headers=headers, **whole))
                except RequestFailed as refused:
                    if refused.code != "body_too_large":
                        raise
            upload = (yield from self._uploaded(content)).id
        said |= {"upload": upload} if upload is not None else {"source": source}
        return (yield from self._ask(JobOut, "POST", "/v1/jobs", json=said, headers=headers))

    @operation
    def preview_feed(
        self,
        file: bytes | str | os.PathLike[str] | None = None,
        *,
        source: str | None = None,
        upload: str | None = None,
        filename: str | None = None,
        columns: Mapping[str, str] | None = None,
        encoding: str = "",
    ) -> Steps[PreviewResponse]:
        """The first rows of a feed and the meaning of its columns. Nothing is stored. Arguments: see `submit_job`. Only
        the beginning of a large file is sent, which is enough for all formats but Parquet and zip.
        """
        check_given(file, source, upload)
        said: dict[str, Any] = {"columns": dict(columns or {}), "encoding": encoding}
        if file is None:
            where = {"upload": upload} if upload is not None else {"source": source}
            return self._ask(PreviewResponse, "POST", "/v1/jobs/preview", json=where | said)
        content = Content(file, filename)
        said["cut"] = content.size > AT_ONCE
        beginning = form(content, said, BEGINNING if said["cut"] else content.size)
        return self._ask(PreviewResponse, "POST", "/v1/jobs/preview", **beginning)

    @operation
    def sources(self) -> Steps[SourcesResponse]:
        """The feeds in the service's folder of feeds."""
        return self._ask(SourcesResponse, "GET", "/v1/sources")

    @operation
    def job(self, id: str) -> Steps[JobOut]:
        """The state and progress of a job."""
        return self._ask(JobOut, "GET", job(id))

    @operation
    def jobs(self, limit: int | None = None) -> Steps[JobsResponse]:
        """The newest jobs, newest first."""
        return self._ask(JobsResponse, "GET", "/v1/jobs", query=given(limit=limit))

    @operation
    def wait_for_job(
        self,
        id: str,
        *,
        progress: Callable[[JobOut], object] | None = None,
        every_seconds: float = 1.0,
        timeout: float | None = None,
    ) -> Steps[JobOut]:
        """Wait until the job has ended. progress: called with each state of the job.

        Raises ServiceTimeout after `timeout` seconds.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            found = yield from self._ask(JobOut, "GET", job(id))
            if progress is not None:
                progress(found)
            if found.state in ENDED:
                return found
            if deadline is not None and time.monotonic() + every_seconds > deadline:
                raise ServiceTimeout(f"The job has not ended within {timeout:g} seconds.")
            yield every_seconds

    @operation
    def cancel_job(self, id: str) -> Steps[JobOut]:
        """Stop a job. Products that it has stored stay."""
        return self._ask(JobOut, "POST", f"{job(id)}/cancel")

    @operation
    def job_errors(self, id: str) -> Steps[list[FailedRow]]:
        """The rows that failed so far."""
        return self._lines(FailedRow, f"{job(id)}/errors")

    @operation
    def job_warnings(self, id: str) -> Steps[list[WarnedRow]]:
        """What products were stored without so far."""
        return self._lines(WarnedRow, f"{job(id)}/warnings")

    @operation
    def job_errors_sheet(self, id: str) -> Steps[bytes]:
        """The rows that failed so far as CSV, to correct in a spreadsheet and ingest again."""
        return (yield from self._send(Request("GET", f"{job(id)}/errors", {"format": "csv"}))).content


def taught(category: str, target: float, attributes: Mapping[str, str]) -> dict[str, Any]:
    """What is said of a lesson."""
    return {"category": category, "target": target} | ({"attributes": dict(attributes)} if attributes else {})


def check_given(*feeds: object) -> None:
    if sum(one is not None for one in feeds) != 1:
        raise ValueError("give either a file, a source or an upload")


def form(content: Content, said: Mapping[str, Any], size: int) -> dict[str, Any]:
    """A form with the first `size` bytes of a feed, and its options: texts as they are, others as JSON."""
    fields = {name: value if isinstance(value, str) else json.dumps(value) for name, value in said.items()}
    return {"data": fields, "files": {"file": (content.filename, content.read(0, size))}}


def job(id: str) -> str:
    return f"/v1/jobs/{segment(id)}"
