"""Bulk ingest jobs: what is asked for, and what is told of one."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field, field_validator

from serving.errors import ErrorDetail
from serving.jobs.job import Job, State
from serving.wire.schema import Schema, written

Name = Annotated[str, Field(min_length=1, max_length=256)]
Columns = Annotated[
    dict[Name, Name],
    Field(
        max_length=64,
        description='Field -> column of the feed, such as {"title": "name"}. Fields: id, title, description, images,'
        " brand, price, currency, link, product_type, attributes, or attributes.NAME."
        " Usual columns are recognised without.",
    ),
]
DryRun = Annotated[bool, Field(description="Read and check every row, and store nothing.")]


class JobRequest(Schema):
    """A feed that lies on the server, or was uploaded before: CSV, TSV, JSON lines, Parquet, or a zip of one of these
    and its pictures. Either `source` or `upload`.
    """

    source: Annotated[
        str | None, Field(max_length=1_024, description="Its path below the server's folder of feeds.")
    ] = None
    upload: Annotated[str | None, Field(max_length=64, description="The id of a finished upload, see /v1/uploads.")] = (
        None
    )
    columns: Columns = {}
    dry_run: DryRun = False


class JobForm(Schema):
    """A feed that comes along, as a file in the field `file`. `columns` is JSON text."""

    columns: Columns = {}
    dry_run: DryRun = False

    @field_validator("columns", mode="before")
    @classmethod
    def parsed(cls, text: object) -> object:
        try:
            return json.loads(text or "{}") if isinstance(text, str) else text
        except RecursionError:
            raise ValueError from None


class JobOut(BaseModel):
    """done: rows dealt with, whatever became of them; skipped: those that are stored already as they are."""

    id: str
    state: State
    source: Annotated[str, Field(description="The path that was given, or the name of the file that came along.")]
    dry_run: bool
    created_at: Annotated[str, Field(description="ISO 8601, UTC.")]
    started_at: str | None
    finished_at: str | None
    total: Annotated[int | None, Field(description="Rows of the feed; null while they are being counted.")]
    done: int
    failed: int
    skipped: int
    added: int
    updated: int
    eta_seconds: Annotated[float | None, Field(description="From the rate so far; null while there is none.")]
    error: Annotated[ErrorDetail | None, Field(description="Why the job failed as a whole.")]


class FailedRow(BaseModel):
    """A row that could not be ingested. row: as the feed has it."""

    line: int
    id: str
    code: str
    reason: str
    row: dict[str, Any]


class JobsResponse(BaseModel):
    jobs: list[JobOut]


def to_job(job: Job) -> JobOut:
    return JobOut(
        id=job.id,
        state=job.state,
        source=job.source,
        dry_run=job.dry_run,
        created_at=written(job.created),
        started_at=None if job.started is None else written(job.started),
        finished_at=None if job.finished is None else written(job.finished),
        total=job.total,
        done=job.done,
        failed=job.failed,
        skipped=job.skipped,
        added=job.added,
        updated=job.updated,
        eta_seconds=None if job.eta_seconds is None else round(job.eta_seconds, 1),
        error=job.error,
    )


def to_jobs(jobs: Sequence[Job]) -> JobsResponse:
    return JobsResponse(jobs=[to_job(job) for job in jobs])
