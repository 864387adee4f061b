"""`shelflens audit`: what is doubled, contradictory or missing in an index, as a report or as corrections."""

import json
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalog.links import without_password
from catalog.storage.files import private_files, written_whole
from shelflens.cli.app import IndexOption, JsonOption, StateOption, app, errors_shown, state_of, tell_if_mixed
from shelflens.cli.catalogue.corrections import check_options, write_corrected, write_patch
from shelflens.cli.ingest import Columns, Encoding, read_mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from catalog.model.contract import Outcome
    from catalog.quality.audit import Run
    from catalog.quality.audit import State as FindingState
    from catalog.storage.database import State

    Counts = Mapping[str, Mapping[FindingState, int]]


PatchOption = Annotated[
    Path | None, typer.Option(help="Look for nothing; write what people accepted or corrected to this CSV file.")
]
CorrectedOption = Annotated[
    Path | None,
    typer.Option(
        help="Look for nothing; write the feed (CSV, TSV, JSON Lines) again to this file, with what people accepted"
        " or corrected in it, and everything else byte for byte as it is."
    ),
]
FeedOption = Annotated[
    Path | None,
    typer.Option(help="With --corrected: the feed. With --patch: one whose columns the file is to have."),
]


@app.command()
def audit(
    index: IndexOption = "shelflens-index",
    output: Annotated[Path | None, typer.Option(help="Write the report to this HTML file.")] = None,
    patch: PatchOption = None,
    corrected: CorrectedOption = None,
    feed: FeedOption = None,
    columns: Columns = None,
    encoding: Encoding = "",
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look for faults in an index: what contradicts itself, is listed twice, is a variant, or is missing.

    What people said on the page Health is remembered: what was dismissed does not come back. The report shows how the
    figures changed between audits.

    Exit code: 0 looked through, 2 an error, 130 stopped by Ctrl-C (the findings before stay).
    """
    with errors_shown(), private_files(), state_of(index, state) as beside:
        check_options(patch, corrected, feed, bool(output or as_json), bool(columns or encoding))
        mapping = read_mapping(columns or [])
        if patch:
            write_patch(beside, patch, feed, mapping, encoding)
        elif corrected and feed:
            write_corrected(beside, corrected, feed, mapping, encoding)
        else:
            look_through(beside, index, output, as_json)


def look_through(state: "State", index: str, output: Path | None, as_json: bool) -> None:
    from tqdm import tqdm

    from catalog.index.product_index import open_index
    from catalog.model.folder import read_taxonomy, shipped_model
    from catalog.origin import model_folder
    from catalog.quality.audit import History
    from catalog.quality.audit import audit as run
    from catalog.quality.audit.checks import shipped_checks
    from catalog.quality.audit.history import NAME
    from catalog.quality.audit.merging import said
    from catalog.quality.audit.report import report

    with open_index(index, create=False) as opened, closing(History(state.place(NAME))) as history:
        tell_if_mixed(opened)
        with tqdm(desc="audit", total=2 * opened.count(), unit="product") as bar:
            taxonomy = read_taxonomy(model_folder(opened.model) if opened.model else shipped_model())
            done = run(shipped_checks(taxonomy), opened.scan, history, bar.update)
        counts, merging = history.counts(), history.merging()
        if output:
            found = {code: history.page(code=code, limit=100) for code in counts}
            ids = {id for told in found.values() for one in told for id in (one.finding.product, *one.finding.others)}
            titles = {stored.id: stored.product.title for stored in opened.get(sorted(ids)) if stored}
            with written_whole(output) as temporary:
                temporary.write_text(report(history.runs(), found, counts, titles, said(merging)), encoding="utf-8")
    if as_json:
        print(json.dumps(as_answer(done, counts, merging)))
        return
    tell(done, counts, merging)
    if counts and output:
        place = without_password(index)
        print(f"Each with its proof: {output}. To accept or dismiss: shelflens serve --index {place}, page Health.")
    elif counts:
        print("Each with its proof: --output report.html, or the page Health of shelflens serve.")


def as_answer(done: "Run", counts: "Counts", merging: "Outcome") -> dict[str, Any]:
    from catalog.model.contract import Promise
    from catalog.quality.audit.merging import said

    promised = {"promised": isinstance(merging, Promise)} | asdict(merging) | {"sentence": said(merging)}
    return {"products": done.products, "figures": done.figures, "findings": counts, "merging": promised}


def tell(done: "Run", counts: "Counts", merging: "Outcome") -> None:
    from catalog.quality.audit.merging import said
    from catalog.quality.finding import KINDS

    print(f"{done.products:,} products were looked through.")
    for code, states in counts.items():
        told = ", ".join(f"{count:,} {state}" for state, count in states.items())
        print(f"{KINDS[code].heading}: {told} [{code}]")
    if "duplicate" in counts:
        print(said(merging))
    if not counts:
        print("Nothing was found.")
