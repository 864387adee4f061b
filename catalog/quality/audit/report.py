"""What an audit has found as a page of HTML that stands alone."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from catalog.html_report import Cells, document, in_figures, note, section
from catalog.quality.audit.changes import takes_value, written
from catalog.quality.audit.history import TOGETHER, Run, State, Told
from catalog.quality.finding import KINDS, Evidence

SHOWN = 100  # findings of each kind
FIGURES: Mapping[str, str] = {"distinct": "different products", "completeness": "of 100 points for completeness"}
SOURCES = {
    "title": "the title",
    "description": "the description",
    "image": "the image",
    "field": "the feed",
    "model": "the model",
    "product": "the other product",
    "channel": "the sales channel",
}
NEXT = (
    "Nothing is changed by this report. Accept, correct or dismiss each finding on the page Health of the service"
    " (shelflens serve). What you accept or correct is then a patch of your feed:"
    " shelflens audit --patch FILE --feed FEED."
)
REASONS = "Signed figures are what each reason adds to the log-odds that both are one product: 0 is even, 3 is 95 %."


def report(
    runs: Sequence[Run],
    found: Mapping[str, Sequence[Told]],
    counts: Mapping[str, Mapping[State, int]],
    titles: Mapping[str, str],
    merging: str = "",
) -> str:
    """runs: the newest first, at least one; found: open findings by code, the gravest first; counts: as of
    `History.counts`; titles: of products by id; merging: what is promised of duplicates.
    """
    run = runs[0]
    waiting = {code: states.get("open", 0) for code, states in counts.items()}
    figures = [(f"{run.products:,}", "products"), (f"{sum(waiting.values()):,}", "findings that wait for a person")]
    figures += [(f"{value:,.4g}", FIGURES[name]) for name, value in run.figures.items() if name in FIGURES]
    parts = [in_figures(figures), *([note(NEXT)] if any(found.values()) else [])]
    parts += [note(merging)] if merging and "duplicate" in counts else []
    parts += [of_code(KINDS[code].heading, told, waiting.get(code, 0), titles) for code, told in found.items()]
    if not any(found.values()):
        parts.append(note("Nothing was found that waits for a person."))
    return document("Catalogue health", [*parts, trend(runs)])


def of_code(heading: str, told: Sequence[Told], waiting: int, titles: Mapping[str, str]) -> str:
    rows = [finding_cells(one, titles) for one in told[:SHOWN]]
    more = f"The first {SHOWN:,} of {waiting:,}." if waiting > SHOWN else ""
    if any(one.finding.code in TOGETHER for one in told):
        more = f"{REASONS} {more}".strip()
    return section(f"{heading}: {waiting:,}", ("Product", "What was found", "Proposed", "How sure", "Why"), rows, more)


def finding_cells(told: Told, titles: Mapping[str, str]) -> Cells:
    finding = told.finding
    others = "; ".join(f"{id}: {titles[id]}" for id in finding.others if id in titles)
    return (
        f"{finding.product}: {titles.get(finding.product, '')}" if finding.product else "",
        f"{finding.sentence} {others}".strip(),
        ", ".join(written(finding).values()) if takes_value(finding) else "",
        f"{finding.probability:.0%}, in the patch" if told.auto else f"{finding.probability:.0%}",
        "; ".join(map(said, finding.evidence)),
    )


def said(evidence: Evidence) -> str:
    if evidence.source == "product":  # a reason, with what it adds to the log-odds
        return f"{evidence.says} ({evidence.score:+.2g})" if evidence.score is not None else evidence.says
    sure = f" ({evidence.score:.0%} sure)" if evidence.score is not None else ""
    return f"{SOURCES[evidence.source]}: {evidence.says}{sure}"


def trend(runs: Sequence[Run]) -> str:
    if len(runs) < 2:
        return ""
    told = {code: None for run in runs for code in run.counts}  # another release may have had other codes
    codes = [*(code for code in KINDS if code in told), *(code for code in told if code not in KINDS)]
    rows = [(day(run), f"{run.products:,}", *(f"{run.counts.get(code, 0):,}" for code in codes)) for run in runs]
    return section(
        "Audits so far", ("When", "Products", *(KINDS[code].heading if code in KINDS else code for code in codes)), rows
    )


def day(run: Run) -> str:
    return datetime.fromtimestamp(run.created, UTC).strftime("%Y-%m-%d %H:%M")
