"""Bulk ingest."""

import json
import os
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import PurePath

from serving.client.asking import Asking, segment
from serving.client.errors import ServiceTimeout
from serving.client.fields import given, read_file
from serving.client.steps import Steps, operation
from serving.wire.jobs import FailedRow, JobOut, JobsResponse

ENDED = ("complete", "failed", "cancelled")


class JobOperations(Asking):
    @operation
    def submit_job(
        self,
        file: bytes | str | os.PathLike[str] | None = None,
        *,
        source: str | None = None,
        filename: str | None = None,
        columns: Mapping[str, str] | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
    ) -> Steps[JobOut]:
        """Have a feed ingested. file: its path here, or its content with a `filename` that says its format; source: its
        path in the service's folder of feeds. Give one of the two.

        idempotency_key: yours, so that asking again, also tomorrow, makes no second job.
        """
        if (file is None) is (source is None):
            raise ValueError("give either a file or a source")
        headers = {"Idempotency-Key": idempotency_key or uuid.uuid4().hex}
        if file is None:
            body = {"source": source, "columns": columns or {}, "dry_run": dry_run}
            return self._ask(JobOut, "POST", "/v1/jobs", json=body, headers=headers)
        content = file if isinstance(file, bytes) else read_file(file)
        name = filename or ("feed" if isinstance(file, bytes) else PurePath(file).name)
        form = {"columns": json.dumps(dict(columns or {})), "dry_run": str(dry_run).lower()}
        return self._ask(JobOut, "POST", "/v1/jobs", data=form, files={"file": (name, content)}, headers=headers)

    @operation
    def job(self, id: str) -> Steps[JobOut]:
        """How far a job has come."""
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
        """The job once it has ended, whichever way. progress: called with the job each time it was asked about.

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
        """Stop a job. What it has stored stays."""
        return self._ask(JobOut, "POST", f"{job(id)}/cancel")

    @operation
    def job_errors(self, id: str) -> Steps[list[FailedRow]]:
        """The rows that failed so far."""
        return self._lines(FailedRow, f"{job(id)}/errors")


def job(id: str) -> str:
    return f"/v1/jobs/{segment(id)}"
