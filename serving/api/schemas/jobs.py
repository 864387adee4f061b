"""Bulk ingest jobs: what is asked for, and what is told of one."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, field_validator

from catalog.errors import CatalogError, FeedColumnsInvalid
from catalog.feeds.encodings.names import known_encoding
from catalog.feeds.preview import Preview, PreviewRow
from serving.api.schemas.models import Taught
from serving.api.schemas.schema import Schema, written
from serving.error_responses import ErrorDetail, detail
from serving.jobs.files import Source
from serving.jobs.job import Job
from serving.storage.job_table import State

Name = Annotated[str, Field(min_length=1, max_length=256)]
Column = Annotated[str, Field(max_length=256)]
Columns = Annotated[
    dict[Name, Column],
    Field(
        max_length=64,
        description='Field -> column of the feed, such as {"title": "name"}. Fields: id, title, description, images,'
        " brand, price, list_price, sale_price, currency, link, product_type, sku, gtin, availability, status, and"
        " others, attributes, or attributes.NAME. Several columns, parted by commas: the first with a value counts."
        " Usual columns are recognised without. A field whose column is empty is read from none.",
    ),
]


def named(encoding: str) -> str:
    """Raises ValueError."""
    if encoding and known_encoding(encoding) is None:
        raise ValueError("is not the name of an encoding, such as windows-1252 or shift_jis")
    return encoding


Encoding = Annotated[
    str,
    Field(max_length=40, description="Of the feed's text, such as windows-1252. Recognised without."),
    AfterValidator(named),
]
DryRun = Annotated[bool, Field(description="Read and check every row, and store nothing.")]


Strict = Annotated[
    bool, Field(description="Fail a row for an image that cannot be read. Without, the product is stored without it.")
]
Replace = Annotated[
    bool,
    Field(
        description="When the whole feed is read, take out the products that it no longer has. Refused"
        " (`replace_refused`) if they are more than the server's `max_replace_share`."
    ),
]


Category = Annotated[
    str,
    Field(
        max_length=256,
        description="Teach a model instead of ingesting: the column of the categories, paths such as Garden > Hoses.",
    ),
]
Target = Annotated[
    float, Field(ge=0.5, le=0.999, description="With `category`: precision to promise of what is accepted unseen.")
]

Attributes = Annotated[
    dict[Name, Column],
    Field(
        max_length=64,
        description='With `category`: attributes to teach as well, name -> column, such as {"colour": "base_colour"}.'
        " An empty column: the attribute that the feed has by this name.",
    ),
]


class FeedRequest(Schema):
    """A feed that lies on the server, or was uploaded before: CSV, TSV, JSON, JSON lines, XML, Parquet, or a zip of
    one of these and its images. Either `source` or `upload`.
    """

    source: Annotated[
        str | None, Field(max_length=1_024, description="Its path below the server's folder of feeds.")
    ] = None
    upload: Annotated[str | None, Field(max_length=64, description="The id of a finished upload, see /v1/uploads.")] = (
        None
    )
    columns: Columns = {}
    encoding: Encoding = ""


class JobRequest(FeedRequest):
    dry_run: DryRun = False
    strict: Strict = False
    replace: Replace = False
    category: Category = ""
    target: Target = 0.98
    attributes: Attributes = {}


JobRequest.__doc__ = FeedRequest.__doc__


def parsed(text: object) -> object:
    """Raises ValueError."""
    try:
        return json.loads(text or "{}") if isinstance(text, str) else text
    except RecursionError:
        raise ValueError from None


class FeedForm(Schema):
    """A feed that comes along, as a file in the field `file`. `columns` is JSON text."""

    columns: Columns = {}
    encoding: Encoding = ""

    _columns = field_validator("columns", mode="before")(parsed)


class JobForm(FeedForm):
    """A feed that comes along, as a file in the field `file`. `columns` and `attributes` are JSON text."""

    dry_run: DryRun = False
    strict: Strict = False
    replace: Replace = False
    category: Category = ""
    target: Target = 0.98
    attributes: Attributes = {}

    _attributes = field_validator("attributes", mode="before")(parsed)


class PreviewForm(FeedForm):
    """A feed, or its beginning, that comes along as a file in the field `file`. `columns` is JSON text."""

    cut: Annotated[
        bool, Field(description="The file is only the feed's beginning, cut anywhere, so its last row is left out.")
    ] = False


class FeedColumn(BaseModel):
    """A column of the feed, its first values, and what it is read as."""

    name: str
    field: Annotated[str | None, Field(description="As in `columns`; null: it is not read.")]
    examples: list[str]


class FeedPrice(BaseModel):
    """A price as the feed has it, and as it is read; null with the code of the error where it cannot be."""

    column: str
    written: str
    price: float | None
    currency: str
    code: str


class RowError(BaseModel):
    """As `code` and `reason` of a job's failed row."""

    code: str
    message: str


class FeedRow(BaseModel):
    """What a row of the feed becomes, or what is wrong with it. images: how many images it names."""

    line: int
    id: str
    title: str
    price: float | None
    currency: str
    product_type: str
    images: int
    warnings: Annotated[list[RowError], Field(description="What the product is stored without.")]
    error: RowError | None


class PreviewResponse(BaseModel):
    """How a feed is read. A column whose `field` is null is not read."""

    format: Annotated[
        Literal["csv", "jsonl", "json", "xml", "parquet", "folder", "zip"] | None,
        Field(description="`zip`: of images alone. Null where it could not be told."),
    ]
    system: Annotated[str, Field(description="The shop system that the feed is taken to come from, by its columns.")]
    columns: list[FeedColumn]
    prices: Annotated[list[FeedPrice], Field(description="At most three of each column of prices.")]
    rows: Annotated[list[FeedRow], Field(description="At most five.")]
    error: Annotated[ErrorDetail | None, Field(description="Why a job would refuse the feed as it is.")]


class SourceOut(BaseModel):
    path: Annotated[str, Field(description="The `source` of a job.")]
    bytes: int
    modified_at: Annotated[str, Field(description="ISO 8601, UTC.")]


class SourcesResponse(BaseModel):
    sources: Annotated[
        list[SourceOut] | None, Field(description="By path, at most 500. Null: the server has no folder of feeds.")
    ]


class JobOut(BaseModel):
    """done: rows dealt with, whatever became of them; skipped: those that are stored already as they are. A job with a
    `category` stores nothing; it teaches.
    """

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
    removed: Annotated[int, Field(description="With `replace`: products that the feed no longer has.")]
    warnings: Annotated[dict[str, int], Field(description="Code -> how often; see `/v1/jobs/{id}/warnings`.")]
    eta_seconds: Annotated[float | None, Field(description="From the rate so far; null while there is none.")]
    teaching: Annotated[bool, Field(description="Whether it teaches a model.")]
    taught: Annotated[Taught | None, Field(description="What came of teaching, once it is complete.")]
    auditing: Annotated[bool, Field(description="Whether it looks for faults in what is stored: see `/v1/audit`.")]
    error: Annotated[ErrorDetail | None, Field(description="Why the job failed as a whole.")]


class FailedRow(BaseModel):
    """A row that could not be ingested. row: as the feed has it."""

    line: int
    id: str
    code: str
    reason: str
    row: dict[str, Any]


class WarnedRow(BaseModel):
    """What a product was stored without."""

    line: int
    id: str
    code: str
    reason: str


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
        removed=job.removed,
        warnings=dict(job.warnings),
        eta_seconds=None if job.eta_seconds is None else round(job.eta_seconds, 1),
        teaching=job.teaching,
        taught=Taught.model_validate(job.taught) if job.taught else None,
        auditing=job.auditing,
        error=job.error,
    )


def to_jobs(jobs: Sequence[Job]) -> JobsResponse:
    return JobsResponse(jobs=[to_job(job) for job in jobs])


def to_preview(found: Preview, given_in: str) -> PreviewResponse:
    """given_in: the field of the request that holds the feed."""
    columns = [FeedColumn(name=one.name, field=one.field, examples=list(one.examples)) for one in found.columns]
    param = "columns" if isinstance(found.error, FeedColumnsInvalid) else given_in
    return PreviewResponse(
        format=found.format,
        system=found.system,
        columns=columns,
        prices=[FeedPrice(column=one.column, **asdict(price)) for one in found.prices for price in one.examples],
        rows=[to_row(row) for row in found.rows],
        error=detail(found.error, param) if found.error else None,
    )


def to_row(row: PreviewRow) -> FeedRow:
    return FeedRow(
        line=row.line,
        id=row.id,
        title=row.title,
        price=row.price,
        currency=row.currency,
        product_type=row.product_type,
        images=row.images,
        warnings=[to_row_error(warning) for warning in row.warnings],
        error=to_row_error(row.error) if row.error else None,
    )


def to_row_error(error: CatalogError) -> RowError:
    return RowError(code=error.code, message=error.message)


def to_sources(sources: Sequence[Source] | None) -> SourcesResponse:
    told = (
        None
        if sources is None
        else [SourceOut(path=one.path, bytes=one.bytes, modified_at=written(one.modified)) for one in sources]
    )
    return SourcesResponse(sources=told)
