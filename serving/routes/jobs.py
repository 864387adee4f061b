"""Bulk ingest: a feed is accepted at once and worked off in the background."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from catalog.errors import FeedColumnsInvalid, InvalidFeed
from serving.desk import Desk, media_type, respond, respond_error
from serving.errors import JobFinished, MediaTypeUnsupported, MultipartInvalid, RequestInvalid
from serving.jobs.job import ErrorLines, Submission
from serving.jobs.jobs import Jobs
from serving.openapi import JOB, error_responses
from serving.parse import invalid
from serving.wire.jobs import JobForm, JobOut, JobRequest, JobsResponse, to_job, to_jobs

Id = Annotated[str, Path(max_length=64, description="As the job was given it.")]
Key = Annotated[
    str | None,
    Header(min_length=1, max_length=255, description="Yours: sending the same again makes no second job."),
]
NDJSON = "application/x-ndjson"
CANCELLING = error_responses(404, 422, 503, errors=[JobFinished()])


def router(desk: Desk) -> APIRouter:
    routes = APIRouter(tags=["jobs"])
    jobs = desk.jobs

    @routes.post("/v1/jobs", status_code=202, response_model=JobOut, **JOB)
    async def submit(request: Request, idempotency_key: Key = None) -> Response:
        asked = await read(desk, request, idempotency_key)
        try:
            return respond(to_job(await jobs.submit(asked)), 202)
        except FeedColumnsInvalid as error:
            return respond_error(error, "columns")
        except InvalidFeed as error:
            return respond_error(error, "source" if asked.data is None else "file")

    @routes.get("/v1/jobs", responses=error_responses(422, 503))
    async def listed(limit: Annotated[int, Query(ge=1, le=100)] = 20) -> JobsResponse:
        """The newest jobs, newest first."""
        return to_jobs(await jobs.list(limit))

    @routes.get("/v1/jobs/{id}", responses=error_responses(404, 422, 503))
    async def get(id: Id) -> JobOut:
        """How far a job has come."""
        return to_job(await jobs.get(id))

    @routes.get(
        "/v1/jobs/{id}/errors",
        response_class=Response,
        responses={200: {"content": {NDJSON: {}}}, **error_responses(404, 422, 503)},
    )
    async def errors(id: Id) -> Response:
        """The rows that failed so far, a JSON object a line: `line`, `id`, `code`, `reason`, and `row` as the feed has
        it. Corrected in `row`, the lines are a feed of their own.
        """
        return StreamingResponse(lines(jobs, id, await jobs.errors(id)), media_type=NDJSON)

    @routes.post(
        "/v1/jobs/{id}/cancel", status_code=202, responses=error_responses(404, 422, 503, errors=[JobFinished()])
    )
    async def cancel(id: Id) -> JobOut:
        """Stop a job. What it has stored stays."""
        return to_job(await jobs.cancel(id))

    return routes


async def read(desk: Desk, request: Request, key: str | None) -> Submission:
    """Raises MediaTypeUnsupported, MultipartInvalid, JsonInvalid, BodyTooLarge or RequestInvalid."""
    kind = media_type(request)
    if kind == b"application/json":
        asked = await desk.json(request, JobRequest)
        return Submission(asked.columns, asked.dry_run, key, source=asked.source)
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
