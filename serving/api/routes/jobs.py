"""Bulk ingest: a feed is accepted at once and worked off in the background."""

from dataclasses import replace
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import quote

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
    FeedInvalid,
)
from serving.api import examples
from serving.api.context import Context, RequestContext, media_type, respond, respond_error
from serving.api.openapi import FORM, JSON, LINES, Errors, feed_form_schema, operation, reference
from serving.api.openapi import lines as written
from serving.api.parameters import JobId
from serving.api.parse import invalid
from serving.api.schemas.jobs import (
    FeedForm,
    FeedRequest,
    JobForm,
    JobOut,
    JobRequest,
    JobsResponse,
    PreviewForm,
    PreviewResponse,
    SourcesResponse,
    to_job,
    to_jobs,
    to_preview,
    to_sources,
)
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
from serving.jobs.failed_rows import SHEET, JobRows, file_name
from serving.jobs.job import Submission

Key = Annotated[
    str | None,
    Header(min_length=1, max_length=255, description="Yours: sending the same again makes no second job."),
]
Form = Annotated[Literal["jsonl", "csv"], Query(description="`jsonl`: JSON lines; `csv`: for a spreadsheet.")]
Said = TypeVar("Said", bound=FeedRequest)
SaidInForm = TypeVar("SaidInForm", bound=FeedForm)
ASKING: Errors = (JobNotFound, RequestInvalid, JobsNotReady)
# Of what is wrong with the feed itself a preview tells in its answer.
GIVEN: Errors = (
    MultipartInvalid,
    SourcesOff,
    SourceOutside,
    SourceNotFound,
    UploadNotFound,
    UploadIncomplete,
    JobsNotReady,
    DiskFull,
)
SUBMITTING: Errors = (
    *GIVEN,
    IdempotencyConflict,
    FeedInvalid,
    FeedEmpty,
    FeedFormatUnsupported,
    FeedEncodingInvalid,
    FeedColumnsInvalid,
    FeedDamaged,
    Overloaded,
)

router = APIRouter(tags=["jobs"])


@router.post(
    "/v1/jobs",
    response_model=JobOut,
    **operation(
        "Ingest a feed",
        examples.JOB,
        status=202,
        body={
            FORM: {"schema": feed_form_schema(JobForm), "example": examples.JOB_FORM},
            JSON: {"schema": reference(JobRequest), "example": examples.JOB_REQUEST},
        },
        raises=SUBMITTING,
    ),
)
async def submit_job(context: Context, request: Request, idempotency_key: Key = None) -> Response:
    """CSV, TSV, JSON lines, Parquet, or a zip of one of these and its images; sent along, uploaded before, or
    by its path in the server's folder of feeds. The answer comes at once; the job then tells how far it has come.
    With a `category`, the feed teaches a model its categories, and nothing of it is stored.
    """
    asked, said = await read(context, request, JobRequest, JobForm)
    if said.category and (said.dry_run or said.strict or said.replace):
        raise RequestInvalid("A job with a category stores nothing: leave out dry_run, strict and replace.", "category")
    asked = replace(asked, dry_run=said.dry_run, strict=said.strict, replacing=said.replace, key=idempotency_key)
    if said.attributes and not said.category:
        raise RequestInvalid("Attributes are taught with categories: give the column of the category, too.", "category")
    asked = replace(asked, category=said.category, target=said.target if said.category else 0.0)
    asked = replace(asked, attributes=said.attributes)
    try:
        return respond(to_job(await context.jobs.submit(asked)), 202)
    except FeedColumnsInvalid as error:
        return respond_error(error, "columns")
    except FeedInvalid as error:
        return respond_error(error, asked.given_in)


@router.post(
    "/v1/jobs/preview",
    response_model=PreviewResponse,
    **operation(
        "Look at the beginning of a feed",
        examples.PREVIEW,
        body={
            FORM: {"schema": feed_form_schema(PreviewForm), "example": examples.PREVIEW_FORM},
            JSON: {"schema": reference(FeedRequest), "example": examples.PREVIEW_REQUEST},
        },
        raises=GIVEN,
    ),
)
async def preview_feed(context: Context, request: Request) -> Response:
    """Its columns with their first values, the fields they are read as, and what the first rows become, read as a
    job reads them. Nothing is stored. What a job would refuse the feed for stands in `error`, beside the columns.
    """
    asked, said = await read(context, request, FeedRequest, PreviewForm)
    found = await context.jobs.preview(asked, isinstance(said, PreviewForm) and said.cut)
    return respond(to_preview(found, asked.given_in))


@router.get("/v1/sources", **operation("Feeds on the server", examples.SOURCES, raises=(JobsNotReady,)))
async def list_sources(context: Context) -> SourcesResponse:
    """The feeds that lie in the server's folder of feeds, for jobs to read by their path."""
    return to_sources(await context.jobs.sources())


@router.get("/v1/jobs", **operation("The newest jobs", examples.JOBS, raises=(RequestInvalid, JobsNotReady)))
async def list_jobs(context: Context, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> JobsResponse:
    """Newest first. Those that ended long ago are forgotten."""
    return to_jobs(await context.jobs.list(limit))


@router.get("/v1/jobs/{id}", **operation("How far a job is", examples.JOB, raises=ASKING))
async def get_job(context: Context, id: JobId) -> JobOut:
    """Its state, its rows by what became of them, and when it will be done at the rate so far."""
    return to_job(await context.jobs.get(id))


@router.get(
    "/v1/jobs/{id}/errors",
    response_class=Response,
    **operation(
        "Rows that failed",
        written(examples.FAILED_ROW),
        kind=LINES,
        also={SHEET: examples.FAILED_SHEET},
        raises=(*ASKING, FeedColumnsInvalid),
    ),
)
async def list_job_errors(context: Context, id: JobId, format: Form = "jsonl") -> Response:
    """The rows that failed so far, a JSON object a line: `line`, `id`, `code`, `reason`, and `row` as the feed has
    it. Corrected in `row`, the lines are a feed of their own. As CSV, for a spreadsheet, they have the feed's own
    columns and `failed_line`, `failed_code` and `failed_reason`; corrected, that is a feed as well.
    """
    failed = JobRows(context.jobs.errors, id)
    content = failed.sheet(await failed.columns()) if format == "csv" else await failed.lines()
    name = file_name((await context.jobs.get(id)).source, "failed", format)
    return StreamingResponse(content, media_type=SHEET if format == "csv" else LINES, headers=attached(name))


@router.get(
    "/v1/jobs/{id}/warnings",
    response_class=Response,
    **operation("What products lack", written(examples.WARNED_ROW), kind=LINES, raises=ASKING),
)
async def list_job_warnings(context: Context, id: JobId) -> Response:
    """What products were stored without so far, such as an image that cannot be read: a JSON object a line, with
    `line`, `id`, `code` and `reason`. Of each code the first 20,000; the job counts them all.
    """
    content = await JobRows(context.jobs.warnings, id).lines()
    name = file_name((await context.jobs.get(id)).source, "warnings", "jsonl")
    return StreamingResponse(content, media_type=LINES, headers=attached(name))


def attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}


@router.post(
    "/v1/jobs/{id}/cancel",
    **operation(
        "Stop a job",
        examples.JOB | {"state": "cancelled", "finished_at": examples.CREATED, "eta_seconds": None},
        status=202,
        raises=(*ASKING, JobFinished),
    ),
)
async def cancel_job(context: Context, id: JobId) -> JobOut:
    """What it has stored stays."""
    return to_job(await context.jobs.cancel(id))


async def read(
    context: RequestContext, request: Request, said: type[Said], form: type[SaidInForm]
) -> tuple[Submission, Said | SaidInForm]:
    """said, form: what is said of a feed that is there already, and of one that comes along.

    Raises MediaTypeUnsupported, MultipartInvalid, JsonInvalid, BodyTooLarge or RequestInvalid.
    """
    kind = media_type(request)
    if kind == b"application/json":
        asked = await context.json(request, said)
        if (asked.source is None) is (asked.upload is None):
            raise RequestInvalid("Send either a source or an upload, not both.", "source")
        return Submission(asked.columns, source=asked.source, upload=asked.upload, encoding=asked.encoding), asked
    if kind != b"multipart/form-data":
        raise MediaTypeUnsupported("Send multipart/form-data with a file, or application/json with a source.")
    try:
        async with request.form(max_files=2, max_fields=10) as fields:
            return await read_form(fields.multi_items(), form)
    except (HTTPException, ValueError):
        # Starlette's limits, and what its parser makes of bytes or character sets that make no sense.
        raise MultipartInvalid from None


async def read_form(items: list[tuple[str, Any]], form: type[SaidInForm]) -> tuple[Submission, SaidInForm]:
    """Raises RequestInvalid."""
    fields = {name: value for name, value in items if not isinstance(value, UploadFile)}
    files = [(name, value) for name, value in items if isinstance(value, UploadFile)]
    if [name for name, _ in files] != ["file"]:
        raise RequestInvalid("Send the feed as one file in the field `file`.", "file")
    try:
        said = form.model_validate(fields)
    except ValidationError as error:
        raise invalid(error) from None
    file = files[0][1]
    data = await file.read()
    return Submission(said.columns, filename=file.filename or "", data=data, encoding=said.encoding), said
