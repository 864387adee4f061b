"""What an audit has found as a page of HTML that stands alone."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from catalog.html_report import Cells, document, in_figures, note, section
from catalog.quality.audit.history import Run, State, Told
from catalog.quality.finding import Evidence

SHOWN = 100  # findings of each kind
HEADINGS: Mapping[str, str] = {
    "image_and_title_differ": "Picture and words differ",
    "image_and_field_differ": "Picture and feed differ",
    "title_and_field_differ": "Words and feed differ",
    "duplicate": "Listed twice",
    "variant": "Variants of one product",
    "attribute_missing": "Attributes that are missing",
    "field_required": "Fields that a sales channel requires",
    "field_recommended": "Fields that a sales channel recommends",
    "image_missing": "Without an image",
    "image_placeholder": "With a placeholder for an image",
    "image_too_small": "With a small image",
    "image_blurred": "With a blurred image",
    "image_background": "With a background that is not plain",
    "title_too_short": "With a short title",
    "title_too_long": "With a long title",
    "title_capitals": "With a title in capitals",
    "title_repeats": "With a title that repeats itself",
    "title_promotion": "With a title that advertises",
    "title_markup": "With HTML in the title",
    "title_without_brand": "With a title without the brand",
}
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
    parts += [of_code(HEADINGS[code], told, waiting.get(code, 0), titles) for code, told in found.items()]
    if not any(found.values()):
        parts.append(note("Nothing was found that waits for a person."))
    return document("Catalogue health", [*parts, trend(runs)])


def of_code(heading: str, told: Sequence[Told], waiting: int, titles: Mapping[str, str]) -> str:
    rows = [finding_cells(one, titles) for one in told[:SHOWN]]
    more = f"The first {SHOWN:,} of {waiting:,}." if waiting > SHOWN else ""
    if any(one.finding.code in ("duplicate", "variant") for one in told):
        more = f"{REASONS} {more}".strip()
    return section(f"{heading}: {waiting:,}", ("Product", "What was found", "Proposed", "How sure", "Why"), rows, more)


def finding_cells(told: Told, titles: Mapping[str, str]) -> Cells:
    finding = told.finding
    others = "; ".join(f"{id}: {titles[id]}" for id in finding.others if id in titles)
    return (
        f"{finding.product}: {titles.get(finding.product, '')}" if finding.product else "",
        f"{finding.sentence} {others}".strip(),
        finding.proposed if finding.field != "category" else "",
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
    codes = [*(code for code in HEADINGS if code in told), *(code for code in told if code not in HEADINGS)]
    rows = [(day(run), f"{run.products:,}", *(f"{run.counts.get(code, 0):,}" for code in codes)) for run in runs]
    return section("Audits so far", ("When", "Products", *(HEADINGS.get(code, code) for code in codes)), rows)


def day(run: Run) -> str:
    return datetime.fromtimestamp(run.created, UTC).strftime("%Y-%m-%d %H:%M")
