"""`shelflens audit`: what is doubled, contradictory or missing in an index, as a report and as a patch of the feed."""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from catalog.errors import ConfigInvalid, FileNotReadable
from catalog.links import without_password
from catalog.storage.files import private_files, written_whole
from shelflens.cli.app import IndexOption, JsonOption, app, errors_shown, tell_if_mixed


@app.command()
def audit(
    index: IndexOption = "shelflens-index",
    output: Annotated[Path | None, typer.Option(help="Write the report to this HTML file.")] = None,
    patch: Annotated[
        Path | None,
        typer.Option(help="Look for nothing; write what people accepted or corrected to this CSV file."),
    ] = None,
    feed: Annotated[Path | None, typer.Option(help="With --patch: a feed whose columns the file is to have.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Look for faults in an index: products that contradict themselves, that are listed twice, variants, and what is
    missing.

    What people said on the page Health is remembered: what was dismissed does not come back. The report shows how the
    figures changed between audits.

    Exit code: 0 looked through, 2 an error, 130 stopped by Ctrl-C (the findings before stay).
    """
    from catalog.ingest.ledger import state_folder
    from catalog.quality.audit.history import NAME

    with errors_shown(), private_files():
        if feed and not patch:
            raise ConfigInvalid("--feed names the columns of a patch: give --patch, too.")
        if patch and (output or as_json):
            raise ConfigInvalid("--patch looks for nothing, so there is no report: leave --output and --json out.")
        if patch and feed and patch.resolve() == feed.resolve():
            raise ConfigInvalid("--patch would replace the feed itself: name another file.")
        path = state_folder(index) / NAME
        if patch:
            write_patch(path, patch, feed)
        else:
            look_through(path, index, output, as_json)


def look_through(path: Path, index: str, output: Path | None, as_json: bool) -> None:
    from tqdm import tqdm

    from catalog.index.product_index import open_index
    from catalog.model.folder import read_taxonomy, shipped_model
    from catalog.origin import model_folder
    from catalog.quality.audit import History
    from catalog.quality.audit import audit as run
    from catalog.quality.audit.checks import shipped_checks
    from catalog.quality.audit.report import HEADINGS, report

    with open_index(index, create=False) as opened, closing(History(path)) as history:
        tell_if_mixed(opened)
        with tqdm(desc="audit", total=2 * opened.count(), unit="product") as bar:
            taxonomy = read_taxonomy(model_folder(opened.model) if opened.model else shipped_model())
            done = run(shipped_checks(taxonomy), opened.scan, history, bar.update)
        counts = history.counts()
        if output:
            found = {code: history.page(code=code, limit=100) for code in counts}
            ids = {id for told in found.values() for one in told for id in (one.finding.product, *one.finding.others)}
            titles = {stored.id: stored.product.title for stored in opened.get(sorted(ids)) if stored}
            with written_whole(output) as temporary:
                temporary.write_text(report(history.runs(), found, counts, titles), encoding="utf-8")
    if as_json:
        print(json.dumps({"products": done.products, "figures": done.figures, "findings": counts}))
        return
    print(f"{done.products:,} products were looked through.")
    for code, states in counts.items():
        told = ", ".join(f"{count:,} {state}" for state, count in states.items())
        print(f"{HEADINGS[code]}: {told} [{code}]")
    if not counts:
        print("Nothing was found.")
    elif output:
        print(
            f"Each with its proof: {output}. To accept or dismiss: shelflens serve --index {without_password(index)},"
            " page Health."
        )
    else:
        print("Each with its proof: --output report.html, or the page Health of shelflens serve.")


def write_patch(path: Path, output: Path, feed: Path | None) -> None:
    from catalog.quality.audit import History
    from catalog.quality.audit.patch import as_sheet, columns_of, patch, without_value

    if not path.exists():
        raise FileNotReadable("No audit of this index was made yet. Run shelflens audit without --patch first.")
    columns = columns_of(read_columns(feed)) if feed else {}
    with closing(History(path)) as history:
        corrections = history.corrections()
    rows = patch(corrections, columns)
    with written_whole(output) as temporary:
        temporary.write_text(as_sheet(rows), encoding="utf-8", newline="")
    print(f"{len(rows):,} {'product is' if len(rows) == 1 else 'products are'} corrected in {output}.")
    if unknown := sum(map(without_value, corrections)):
        print(f"Accepted, but not in it, as no value is known: {unknown:,}. Correct them on the page Health.")
    for column in new_columns(rows, columns):
        print(f"{column!r} is new to the feed. To ingest it: --map 'attributes.{column}={column}'.")


def new_columns(rows: Sequence[Mapping[str, str]], columns: Mapping[str, str]) -> list[str]:
    """Of attributes that the feed has no column for, and that an ingest passes over. columns: as of `columns_of`."""
    from catalog.feeds.columns import FIELDS
    from catalog.quality.audit.patch import DUPLICATE_OF, VARIANTS_OF

    known = {*FIELDS, *columns.values(), DUPLICATE_OF, VARIANTS_OF}
    return [column for column in dict.fromkeys(chain.from_iterable(rows)) if columns and column not in known]


def read_columns(feed: Path) -> dict[str, str | None]:
    """Each column of the feed, and what it is read as. Raises FeedInvalid."""
    from catalog.feeds import preview

    found = preview(feed, {})
    if found.error:
        raise found.error
    return {column.name: column.field for column in found.columns}
