"""Catalogue health: what the audits of the stored products have found, and what people say of it."""

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from catalog.errors import (
    CorrectionInvalid,
    CorrectionsUnplaced,
    DiskFull,
    FeedColumnsInvalid,
    FeedDamaged,
    FeedEmpty,
    FeedEncodingInvalid,
    FeedFormatUnsupported,
    FeedInvalid,
)
from catalog.feeds.rewriting import Rewritten
from catalog.quality.audit.changes import changes
from catalog.quality.audit.history import FIRST, Told, check_value
from catalog.quality.audit.patch import as_sheet, patch
from catalog.quality.finding import KINDS
from serving.api import examples
from serving.api.context import Context, RequestContext, respond, respond_error
from serving.api.openapi import FORM, JSON, Errors, feed_form_schema, json_body, operation, reference
from serving.api.routes.jobs import GIVEN, attached, read
from serving.api.routes.judging.feedback import giver
from serving.api.schemas.jobs import FeedForm, FeedRequest, JobOut, to_job
from serving.api.schemas.judging.audit import (
    AnyState,
    AuditsResponse,
    FindingOut,
    FindingsResponse,
    FindingVerdict,
    to_audits,
    to_finding,
    to_findings,
)
from serving.errors import FindingNotFound, IndexNotReady, JobsNotReady, RequestInvalid
from serving.storage.store_api import FindingsQuery

CSV, FEED = "text/csv", "application/octet-stream"
CORRECTING: Errors = (
    FeedEmpty,
    FeedFormatUnsupported,
    FeedEncodingInvalid,
    FeedColumnsInvalid,
    FeedDamaged,
    CorrectionsUnplaced,
)
READING: Errors = (RequestInvalid, IndexNotReady)
FindingId = Annotated[str, Path(pattern="^[0-9a-f]{16}$", description="As it was found.")]

router = APIRouter(tags=["audit"])


@router.get("/v1/audit", **operation("How healthy the catalogue is", examples.AUDITS, raises=(IndexNotReady,)))
async def get_audits(context: Context) -> AuditsResponse:
    """The audits so far, with how many faults each has found, and what was said of the last one's."""
    return to_audits(await context.store.audits())


@router.post(
    "/v1/audit",
    response_model=JobOut,
    **operation("Look for faults", examples.JOB, status=202, raises=(JobsNotReady, DiskFull)),
)
async def begin_audit(context: Context) -> Response:
    """Look through all stored products, as a job. Its findings stand in place of the last audit's once it is complete;
    what was said of a finding is remembered as long as the catalogue says the same. Where an audit is under way, that
    one is told of.
    """
    return respond(to_job(await context.jobs.audit()), 202)


@router.get("/v1/audit/findings", **operation("What was found", examples.FINDINGS, raises=READING))
async def list_findings(
    context: Context,
    state: Annotated[AnyState, Query(description="`open`: of which nobody has said anything.")] = "open",
    code: Annotated[str, Query(max_length=64, description="Only this kind of fault.")] = "",
    product: Annotated[str, Query(max_length=256, description="An id: only what is of this product.")] = "",
    after: Annotated[int, Query(ge=0, le=2**53, description="What the page before gave.")] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> FindingsResponse:
    """Findings of the last audit, the gravest first."""
    if code and code not in KINDS:
        raise RequestInvalid(f"No kind of fault is called {code!r}. They are {', '.join(KINDS)}.", "code")
    query = FindingsQuery(None if state == "all" else state, code, product, after, limit + 1)
    return to_findings(await context.store.findings(query), limit)


@router.post(
    "/v1/audit/findings/{id}",
    response_model=FindingOut,
    **operation(
        "Say what to do about a finding",
        examples.FINDING,
        body=json_body(FindingVerdict, examples.FINDING_VERDICT),
        raises=(CorrectionInvalid, FindingNotFound, IndexNotReady, DiskFull),
    ),
)
async def judge_finding(context: Context, request: Request, id: FindingId) -> Response:
    """Accept it, correct it, or dismiss it, in place of what was said before. The stored product stays as it is: what
    is accepted or corrected is in the patch of the feed.
    """
    said = await context.json(request, FindingVerdict)
    value = said.value.strip()
    if (said.verdict == "corrected") != bool(value):
        raise RequestInvalid("`corrected` needs a value, and no other verdict has one.", "value")
    try:
        check_value(value)
    except CorrectionInvalid as error:
        return respond_error(error, "value")
    found = await context.store.judge_finding(id, said.verdict, value, giver(request))
    return respond(to_finding(found.told[0], found))


@router.delete(
    "/v1/audit/findings/{id}",
    **operation("Take back what was said of it", status=204, raises=(FindingNotFound, DiskFull, *READING)),
)
async def reopen_finding(context: Context, id: FindingId) -> None:
    """The finding then waits again."""
    await context.store.reopen_finding(id)


@router.get(
    "/v1/audit/patch",
    response_class=Response,
    **operation("The corrections as a feed", examples.PATCH, kind=CSV, raises=(IndexNotReady,)),
)
async def get_audit_patch(context: Context) -> Response:
    """What was accepted or corrected in all audits so far, as CSV: a row for each product, with its id and what
    changes. `shelflens audit --patch FILE --feed FEED` writes the same in the feed's own columns.
    """
    return Response(as_sheet(patch(await corrections(context), {})), media_type=CSV)


async def corrections(context: RequestContext) -> list[Told]:
    """All of them, part by part: there is no bound on how many there are."""
    said, after = await context.store.corrections(FIRST)
    while after:
        more, after = await context.store.corrections(after)
        said += more
    return said


@router.post(
    "/v1/audit/corrected",
    response_class=Response,
    **operation(
        "A feed with the corrections in it",
        examples.CORRECTED,
        kind=FEED,
        body={
            FORM: {"schema": feed_form_schema(FeedForm), "example": examples.FEED_FORM},
            JSON: {"schema": reference(FeedRequest), "example": examples.PREVIEW_REQUEST},
        },
        raises=(*GIVEN, FeedInvalid, *CORRECTING, IndexNotReady),
    ),
)
async def correct_feed(context: Context, request: Request) -> Response:
    """The feed again (CSV, TSV, JSON Lines), with what was accepted or corrected in all audits so far in the rows of
    these products, and all else byte for byte as it is. A column that is new stands behind the others. The header
    `X-Corrected-Products` says how many products were changed, `X-Corrections-Left-Out` how many values could not be
    written, by the reason: `no_row=1, encoding=2`. Nothing of the feed is kept.
    """
    asked, _ = await read(context, request, FeedRequest, FeedForm)
    try:
        data, found = await context.jobs.corrected(asked, changes(await corrections(context)))
    except FeedColumnsInvalid as error:
        return respond_error(error, "columns")
    except FeedInvalid as error:
        return respond_error(error, asked.given_in)
    name = asked.filename or (asked.source or "feed").rpartition("/")[2]
    return Response(data, media_type=FEED, headers=attached(f"corrected-{name}") | told(found))


def told(found: Rewritten) -> dict[str, str]:
    left = Counter(one.why for one in found.unplaced)
    counts = {"X-Corrections-Left-Out": ", ".join(f"{why}={count}" for why, count in left.items())} if left else {}
    return {"X-Corrected-Products": str(found.products), **counts}
