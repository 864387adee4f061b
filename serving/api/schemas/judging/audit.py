"""What audits have found, and what is said of it."""

import math
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from catalog.model.contract import Outcome, Promise
from catalog.quality.audit import Run, State, Told, Verdict
from catalog.quality.audit.merging import said
from catalog.quality.finding import Source
from serving.api.schemas.schema import Schema, rounded, written
from serving.storage.store_api import AuditState, Findings

MAX_OTHERS = 100
AnyState = Literal["open", "accepted", "corrected", "dismissed", "all"]


class RunOut(BaseModel):
    """figures: of the catalogue as a whole, such as `distinct`, how many different products it has; counts: findings by
    code, without those that had been dismissed.
    """

    id: int
    created_at: Annotated[str, Field(description="ISO 8601, UTC.")]
    products: int
    figures: dict[str, float]
    counts: dict[str, int]


class StatesOut(BaseModel):
    open: int = 0
    accepted: int = 0
    corrected: int = 0
    dismissed: int = 0


class MergingOut(BaseModel):
    """Whether duplicates may be merged unseen, by people's verdicts: those from `least` on, of which at least `bound`
    are right (95 % confidence).
    """

    promised: bool
    target: Annotated[float, Field(description="The precision that is asked.")]
    verdicts: Annotated[int, Field(description="That count: all, or of those that are sure enough.")]
    wrong: int
    needed: Annotated[int | None, Field(description="Verdicts that would do, with as many wrong; null if promised.")]
    least: Annotated[float | None, Field(description="The least probability that is promised.")]
    bound: float | None
    coverage: Annotated[float | None, Field(description="The share of the verdicts that are from there on.")]
    sentence: Annotated[str, Field(description="The same in English.")]


class AuditsResponse(BaseModel):
    runs: Annotated[list[RunOut], Field(description="The newest first, at most 30.")]
    counts: Annotated[dict[str, StatesOut], Field(description="Of the last run's findings, by code.")]
    merging: MergingOut


class EvidenceOut(BaseModel):
    """One side's word. start, end: its place in the title or the description; score: how sure it is of that, or what it
    adds to the log-odds.
    """

    source: Source
    says: str
    start: int | None
    end: int | None
    score: float | None


class FoundProduct(BaseModel):
    """images: how many are kept of it."""

    id: str
    title: str
    images: int


class FindingOut(BaseModel):
    """A fault of a product. field: the attribute or the field of the feed; said: what the catalogue says; proposed:
    what it should say, or "" where that is not known.
    """

    id: str
    code: str
    sentence: Annotated[str, Field(description="In English.")]
    product: str
    others: Annotated[list[str], Field(description=f"Other products that it is of, at most {MAX_OTHERS}.")]
    products: Annotated[list[FoundProduct], Field(description="The product and some of the others.")]
    field: str
    said: str
    proposed: str
    probability: Annotated[float, Field(ge=0, le=1, description="That it is a fault.")]
    evidence: list[EvidenceOut]
    state: State
    value: Annotated[str, Field(description="What a person wrote in place of `proposed`.")]
    given_by: Annotated[str, Field(description="The name of the API key.")]
    judged_at: str | None
    auto: Annotated[bool, Field(description="Open, but promised: the patch has it, unless it is dismissed.")]


class FindingsResponse(BaseModel):
    findings: Annotated[list[FindingOut], Field(description="The gravest first.")]
    after: Annotated[int | None, Field(description="Where the next page starts; null behind the last.")]


class FindingVerdict(Schema):
    """What is to be done about a finding."""

    verdict: Annotated[
        Verdict,
        Field(description="`accepted`: it is so; `corrected`: the field is `value`; `dismissed`: it is no fault."),
    ]
    value: Annotated[str, Field(max_length=1_000, description="With `corrected`.")] = ""


def to_audits(found: AuditState) -> AuditsResponse:
    return AuditsResponse(
        runs=[to_run(run) for run in found.runs],
        counts={code: StatesOut.model_validate(states) for code, states in found.counts.items()},
        merging=to_merging(found.merging),
    )


def to_merging(outcome: Outcome) -> MergingOut:
    kept = outcome if isinstance(outcome, Promise) else None
    return MergingOut(
        promised=kept is not None,
        target=outcome.target,
        verdicts=outcome.products,
        wrong=outcome.errors,
        needed=None if isinstance(outcome, Promise) else outcome.needed,
        least=rounded(1 / (1 + math.exp(-kept.threshold))) if kept else None,
        bound=rounded(kept.bound) if kept else None,
        coverage=rounded(kept.coverage) if kept else None,
        sentence=said(outcome),
    )


def to_run(run: Run) -> RunOut:
    return RunOut(
        id=run.id,
        created_at=written(run.created),
        products=run.products,
        figures=dict(run.figures),
        counts=dict(run.counts),
    )


def to_findings(found: Findings, limit: int) -> FindingsResponse:
    """limit: of the page; one more was looked for."""
    more = len(found.told) > limit
    told = found.told[:limit]
    return FindingsResponse(findings=[to_finding(one, found) for one in told], after=told[-1].number if more else None)


def to_finding(told: Told, found: Findings) -> FindingOut:
    finding, titles = told.finding, found.titles
    others = list(finding.others[:MAX_OTHERS])
    return FindingOut(
        id=finding.id,
        code=finding.code,
        sentence=finding.sentence,
        product=finding.product,
        others=others,
        products=[
            FoundProduct(id=id, title=titles[id], images=found.images.get(id, 0))
            for id in (finding.product, *others)
            if id in titles
        ],
        field=finding.field,
        said=finding.said,
        proposed=finding.proposed,
        probability=rounded(finding.probability),
        evidence=[EvidenceOut(**one._asdict()) for one in finding.evidence],
        state=told.state,
        value=told.value,
        given_by=told.given_by,
        judged_at=None if told.created is None else written(told.created),
        auto=told.auto,
    )
