"""Bulk ingest: a feed is accepted at once and worked off in the background."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from catalog.errors import (
    DiskFull,
    FeedColumnsInvalid,
    FeedDamaged,
    FeedEmpty,
    FeedEncodingInvalid,
    FeedFormatUnsupported,
    InvalidFeed,
)
from serving import examples
from serving.desk import Desk, media_type, respond, respond_error
from serving.errors import (
    IdempotencyConflict,
    JobFinished,
    JobNotFound,
    JobsNotReady,
    MediaTypeUnsupported,
    MultipartInvalid,
    Overloaded,
    RequestInvalid,
    SourceNotFound,
    SourceOutside,
    SourcesOff,
    UploadIncomplete,
    UploadNotFound,
)
from serving.jobs.job import ErrorLines, Submission
from serving.jobs.jobs import Jobs
from serving.openapi import FORM, JSON, LINES, Errors, job_form_schema, operation, reference
from serving.openapi import lines as written
from serving.parse import invalid
from serving.routes.parameters import JobId
from serving.wire.jobs import JobForm, JobOut, JobRequest, JobsResponse, to_job, to_jobs

Key = Annotated[
    str | None,
    Header(min_length=1, max_length=255, description="Yours: sending the same again makes no second job."),
]
ASKING: Errors = (JobNotFound, RequestInvalid, JobsNotReady)
SUBMITTING: Errors = (
    MultipartInvalid,
    IdempotencyConflict,
    InvalidFeed,
    FeedEmpty,
    FeedFormatUnsupported,
    FeedEncodingInvalid,
    FeedColumnsInvalid,
    FeedDamaged,
    SourcesOff,
    SourceOutside,
    SourceNotFound,
    UploadNotFound,
    UploadIncomplete,
    Overloaded,
    JobsNotReady,
    DiskFull,
)


def router(desk: Desk) -> APIRouter:
    routes = APIRouter(tags=["jobs"])
    jobs = desk.jobs

    @routes.post(
        "/v1/jobs",
        response_model=JobOut,
        **operation(
            "Ingest a feed",
            examples.JOB,
            status=202,
            body={
                FORM: {"schema": job_form_schema(), "example": examples.JOB_FORM},
                JSON: {"schema": reference(JobRequest), "example": examples.JOB_REQUEST},
            },
            raises=SUBMITTING,
        ),
    )
    async def submit_job(request: Request, idempotency_key: Key = None) -> Response:
        """CSV, TSV, JSON lines, Parquet, or a zip of one of these and its pictures; sent along, uploaded before, or
        by its path in the server's folder of feeds. The answer comes at once; the job then tells how far it has come.
        """
        asked = await read(desk, request, idempotency_key)
        try:
            return respond(to_job(await jobs.submit(asked)), 202)
        except FeedColumnsInvalid as error:
            return respond_error(error, "columns")
        except InvalidFeed as error:
            return respond_error(error, asked.given_in)

    @routes.get("/v1/jobs", **operation("The newest jobs", examples.JOBS, raises=(RequestInvalid, JobsNotReady)))
    async def list_jobs(limit: Annotated[int, Query(ge=1, le=100)] = 20) -> JobsResponse:
        """Newest first. Those that ended long ago are forgotten."""
        return to_jobs(await jobs.list(limit))

    @routes.get("/v1/jobs/{id}", **operation("How far a job is", examples.JOB, raises=ASKING))
    async def get_job(id: JobId) -> JobOut:
        """Its state, its rows by what became of them, and when it will be done at the rate so far."""
        return to_job(await jobs.get(id))

    @routes.get(
        "/v1/jobs/{id}/errors",
        response_class=Response,
        **operation("Rows that failed", written(examples.FAILED_ROW), kind=LINES, raises=ASKING),
    )
    async def list_job_errors(id: JobId) -> Response:
        """The rows that failed so far, a JSON object a line: `line`, `id`, `code`, `reason`, and `row` as the feed has
        it. Corrected in `row`, the lines are a feed of their own.
        """
        return StreamingResponse(lines(jobs, id, await jobs.errors(id)), media_type=LINES)

    @routes.post(
        "/v1/jobs/{id}/cancel",
        **operation(
            "Stop a job",
            examples.JOB | {"state": "cancelled", "finished_at": examples.CREATED, "eta_seconds": None},
            status=202,
            raises=(*ASKING, JobFinished),
        ),
    )
    async def cancel_job(id: JobId) -> JobOut:
        """What it has stored stays."""
        return to_job(await jobs.cancel(id))

    return routes


async def read(desk: Desk, request: Request, key: str | None) -> Submission:
    """Raises MediaTypeUnsupported, MultipartInvalid, JsonInvalid, BodyTooLarge or RequestInvalid."""
    kind = media_type(request)
    if kind == b"application/json":
        asked = await desk.json(request, JobRequest)
        if (asked.source is None) is (asked.upload is None):
            raise RequestInvalid("Give either a source or an upload.", "source")
        return Submission(asked.columns, asked.dry_run, key, source=asked.source, upload=asked.upload)
    if kind != b"multipart/form-data":
        raise MediaTypeUnsupported("Send multipart/form-data with a file, or application/json with a source.")
    try:
        async with request.form(max_files=2, max_fields=8) as form:
            return await read_form(form.multi_items(), key)
    except (HTTPException, ValueError):
        # Starlette's limits, and what its parser makes of bytes or character sets that make no sense.
        raise MultipartInvalid from None


async def read_form(items: list[tuple[str, Any]], key: str | None) -> Submission:
    """Raises RequestInvalid."""
    fields = {name: value for name, value in items if not isinstance(value, UploadFile)}
    files = [(name, value) for name, value in items if isinstance(value, UploadFile)]
    if [name for name, _ in files] != ["file"]:
        raise RequestInvalid("Send one file, the feed, in the field file.", "file")
    try:
        form = JobForm.model_validate(fields)
    except ValidationError as error:
        raise invalid(error) from None
    file = files[0][1]
    return Submission(form.columns, form.dry_run, key, filename=file.filename or "", data=await file.read())


async def lines(jobs: Jobs, id: str, first: ErrorLines) -> AsyncIterator[bytes]:
    page = first
    yield page.lines
    while page.after is not None:
        page = await jobs.errors(id, page.after)
        yield page.lines
