"""Catalogue health: what the audits of the stored products have found, and what people say of it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from catalog.errors import DiskFull
from catalog.quality.audit.patch import as_sheet, patch
from catalog.quality.finding import SENTENCES
from serving.api import examples
from serving.api.context import Context, respond
from serving.api.openapi import Errors, json_body, operation
from serving.api.routes.judging.feedback import giver
from serving.api.schemas.jobs import JobOut, to_job
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

CSV = "text/csv"
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
    if code and code not in SENTENCES:
        raise RequestInvalid(f"No kind of fault is called {code!r}. They are {', '.join(SENTENCES)}.", "code")
    query = FindingsQuery(None if state == "all" else state, code, product, after, limit + 1)
    return to_findings(await context.store.findings(query), limit)


@router.post(
    "/v1/audit/findings/{id}",
    response_model=FindingOut,
    **operation(
        "Say what to do about a finding",
        examples.FINDING,
        body=json_body(FindingVerdict, examples.FINDING_VERDICT),
        raises=(FindingNotFound, IndexNotReady, DiskFull),
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
    said, after = await context.store.corrections((0.0, ""))
    while after:  # there is no bound on how many there are
        more, after = await context.store.corrections(after)
        said += more
    rows = patch(said, {})
    return Response(as_sheet(rows), media_type=CSV)
