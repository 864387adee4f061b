"""`shelflens ingest`: a whole feed into an index, or with --dry-run what that would do."""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalog.errors import ConfigInvalid, FeedColumnsInvalid, FileNotReadable, IndexNotFound, ReplaceRefused, installing
from catalog.ingest import MAX_REPLACE_SHARE
from catalog.ingest.ledger import ledger_path
from catalog.links import without_password
from catalog.storage.files import private_files
from shelflens.cli.app import (
    DeviceOption,
    IndexModelOption,
    IndexOption,
    JsonOption,
    StateOption,
    app,
    check_no_address,
    errors_shown,
    state_of,
    tell_if_mixed,
)
from shelflens.cli.reading import lines, reading

if TYPE_CHECKING:
    from catalog.feeds import Feed
    from catalog.images import ImageReader
    from catalog.index.exports import ParquetFolder
    from catalog.index.product_index import ProductIndex
    from catalog.ingest.dry_run import DryRun
    from catalog.ingest.ledger import Tally
    from catalog.ingest.pipeline import KeepThumbnails, LocalWorker
    from catalog.ingest.run import Worker
    from catalog.quality.arrivals import Sink
    from catalog.storage.database import State
    from catalog.understand import Understander

INTERRUPTED = 130
SHOWN = 20


FeedPath = Annotated[Path, typer.Argument(help="CSV, TSV, JSON, JSONL, XML, Parquet, zip, or a folder of images.")]
Images = Annotated[Path | None, typer.Option(help="Base folder of image paths. Default: the feed's folder.")]
Columns = Annotated[list[str] | None, typer.Option("--map", help="FIELD=COLUMN, as in title=name.")]
Currency = Annotated[
    str,
    typer.Option(help="Currency of prices without one, and of signs such as ¥ and $. Default: detected from the rows."),
]
Encoding = Annotated[
    str, typer.Option(help="Encoding of the feed's text, such as windows-1252. Default: detected from the feed.")
]
Hosts = Annotated[list[str] | None, typer.Option("--allow-host", help="Allow images from this https host.")]
Stores = Annotated[
    list[str] | None, typer.Option("--allow-store", help="Allow images from s3://BUCKET/FOLDER or gs://….")
]
Dry = Annotated[bool, typer.Option("--dry-run", help="Check all rows, store nothing.")]
Strict = Annotated[bool, typer.Option("--strict", help="Fail a row for an image that cannot be read.")]
Replace = Annotated[
    bool, typer.Option("--replace", help="When the whole feed is read, take out the products that it no longer has.")
]
ReplaceUpTo = Annotated[
    float, typer.Option(min=0, max=1, help="With --replace: the share of the stored products that may be taken out.")
]
DeadLetter = Annotated[
    Path | None,
    typer.Option(
        help="File for failed rows. Default: FEED.failed.jsonl in the working directory. FEED.warnings.jsonl beside it"
        " has what products were stored without."
    ),
]
LedgerFile = Annotated[Path | None, typer.Option(help="The ledger file. Default: in the index folder.")]
Ray = Annotated[str, typer.Option(help="Run on a Ray cluster: its address, or local to start one on this machine.")]
Actors = Annotated[int, typer.Option(help="With --ray: number of model replicas.")]
Gpus = Annotated[
    float, typer.Option("--gpus-per-actor", help="With --ray: GPUs for each replica; fractions are allowed.")
]
Output = Annotated[
    Path | None, typer.Option(help="Write Parquet files for `index load` into this folder instead of an index.")
]
Thumbnails = Annotated[bool, typer.Option(help="Store thumbnails for the page.")]


@app.command()
def ingest(
    feed: FeedPath,
    images: Images = None,
    index: IndexOption = "shelflens-index",
    columns: Columns = None,
    currency: Currency = "",
    encoding: Encoding = "",
    hosts: Hosts = None,
    stores: Stores = None,
    dry: Dry = False,
    strict: Strict = False,
    replace: Replace = False,
    replace_up_to: ReplaceUpTo = MAX_REPLACE_SHARE,
    dead_letter: DeadLetter = None,
    ledger: LedgerFile = None,
    ray: Ray = "",
    actors: Actors = 1,
    gpus: Gpus = 0,
    output: Output = None,
    thumbnails: Thumbnails = True,
    state: StateOption = None,
    as_json: JsonOption = False,
    model: IndexModelOption = None,
    device: DeviceOption = "cpu",
) -> None:
    """Ingest a feed into an index. Run it again to resume, or to ingest changes.

    Exit code: 0 every row is stored, 1 some failed, 2 none is stored, 130 stopped by Ctrl-C.
    """
    with errors_shown(), private_files(), ExitStack() as opened:
        from catalog.index.product_index import ProductIndex
        from catalog.ingest.pipeline import LocalWorker
        from catalog.origin import as_index_model, load_for
        from catalog.quality.arrivals import way_into
        from catalog.understand import batch_size

        if ray and not output and "://" not in index:
            raise ConfigInvalid("With --ray, give --output, or the --index of a server: an index folder has one owner.")
        if replace and output:
            raise ConfigInvalid("With --output nothing is stored yet that --replace could take out.")
        source, reader = open_source(feed, images, columns or [], currency, hosts or [], stores or [], encoding)
        there = None if output else opened_if_there(index, opened)
        understander = load_for(there, model, device)
        kept = thumbnails and not output and not dry
        worker = LocalWorker(understander, reader, batch_size=batch_size(device), thumbnails=kept, strict=strict)
        if dry:
            report = rehearse(source, there, worker) | {"reading": reading(source)}
            if replace and there:
                report |= replaced(source, there, 0, replace_up_to, None)
        else:
            sink = there or opened.enter_context(made(index, output, understander))
            sink.claim(as_index_model(understander))
            place, asked = str(output or index), None if output else index
            chosen = ray_worker(ray, actors, gpus, worker, understander.folder, asked) if ray else worker
            beside = opened.enter_context(state_of(place, state))
            keep = opened.enter_context(kept_thumbnails(beside)) if kept else None
            dead = dead_letter or Path(f"{feed.name}.failed.jsonl")
            arriving = way_into(sink, beside)
            report = run_ingest(source, arriving, chosen, ledger or ledger_path(place), dead, keep)
            report |= {"index": without_password(place), "reading": reading(source)}
            if replace and report["state"] == "complete" and exit_code(report["rows"], report["outcomes"]) < 2:
                assert isinstance(sink, ProductIndex)
                report |= replaced(source, sink, report["outcomes"].get("added", 0), replace_up_to, beside)
    show(report, as_json)
    code = exit_code(report["rows"], report["outcomes"])
    raise typer.Exit(INTERRUPTED if report["state"] == "cancelled" else max(code, int("replace_refused" in report)))


def open_source(
    feed: Path,
    images: Path | None,
    columns: list[str],
    currency: str,
    hosts: list[str],
    stores: list[str],
    encoding: str = "",
) -> "tuple[Feed, ImageReader]":
    """The feed, and what reads the images that it names."""
    from catalog.feeds import open_feed
    from catalog.images import ImageReader

    check_no_address(feed)
    if images and not images.is_dir():
        raise FileNotReadable(f"The image folder {str(images)!r} does not exist.")
    source = open_feed(feed, mapping=read_mapping(columns), currency=currency.upper(), encoding=encoding)
    archive = None if images else source.archive
    return source, ImageReader(images or source.root, archive, tuple(hosts), tuple(stores))


def read_mapping(pairs: list[str]) -> dict[str, str]:
    """["title=name"] -> {"title": "name"}."""
    split = [pair.partition("=") for pair in pairs]
    for field, equals, column in split:
        if not (field and equals and column):
            raise FeedColumnsInvalid("Give --map as FIELD=COLUMN, for example --map title=name.")
    return {field.strip(): column.strip() for field, _, column in split}


def exit_code(rows: int, outcomes: dict[str, int]) -> int:
    failed = outcomes.get("failed", 0)
    return 0 if not failed else 2 if failed == rows else 1


def rehearse(source: "Feed", index: "ProductIndex | None", worker: "LocalWorker") -> dict[str, Any]:
    """The report of a dry run, against what the index holds already, if there is one."""
    from tqdm import tqdm

    from catalog.ingest.dry_run import dry_run

    with tqdm(desc="checked", total=source.total, unit="row", leave=False) as bar:
        found = dry_run(source, index.hashes if index else lambda ids: [None] * len(ids), worker, bar.update)
    return dry_report(found)


def dry_report(found: "DryRun") -> dict[str, Any]:
    codes: dict[str, int] = {}
    for failure in found.failures:
        codes[failure.code] = codes.get(failure.code, 0) + 1
    return {
        "state": "dry run",
        "rows": found.outcomes.total(),
        "outcomes": dict(found.outcomes),
        "modalities": dict(found.modalities),
        "failures": codes,
        "estimated_seconds": round(found.seconds, 1),
        "warnings": dict(found.codes),
        "bad_rows": [{"line": f.line, "id": f.id, "code": f.code, "reason": f.reason} for f in found.failures],
        "warned_rows": [warning._asdict() for warning in found.warnings],
    }


def opened_if_there(location: str, opened: ExitStack) -> "ProductIndex | None":
    from catalog.index.product_index import open_index

    try:
        index = opened.enter_context(open_index(location, create=False))
    except IndexNotFound:
        return None
    tell_if_mixed(index)
    return index


@contextmanager
def made(location: str, output: Path | None, understander: "Understander") -> "Iterator[ProductIndex | ParquetFolder]":
    from catalog.index.exports import ParquetFolder
    from catalog.index.product_index import open_index

    if output:
        yield ParquetFolder(output)
    else:
        with open_index(location, understander.config.embedding_width) as index:
            yield index


def ray_worker(address: str, actors: int, gpus: float, local: "LocalWorker", model: str, index: str | None) -> "Worker":
    """What does the work of `local` by actors on a Ray cluster. model: see `ModelFolder.name`."""
    from catalog.model.folder import SHIPPED

    try:
        from serving.deployments.ray_ingest import ActorSpec, Pool, RayWorker, connect
    except ModuleNotFoundError as error:
        raise ConfigInvalid(f"{error.name} is not installed. {installing('ray')}") from None
    connect(address)
    spec = ActorSpec(local.source, None if model == SHIPPED else Path(model), index, local.thumbnails, local.strict)
    return RayWorker(spec, Pool(actors, gpus))


@contextmanager
def kept_thumbnails(state: "State") -> "Iterator[KeepThumbnails]":
    """What keeps thumbnails where the service looks for those of this index."""
    from serving.storage.thumbnails import NAME, ThumbnailStore

    with closing(ThumbnailStore(state.place(NAME))) as thumbnail_store:
        yield thumbnail_store.put


def run_ingest(
    source: "Feed",
    sink: "Sink",
    worker: "Worker",
    ledger: Path,
    dead_letter: Path,
    keep_thumbnails: "KeepThumbnails | None" = None,
) -> dict[str, Any]:
    """Store the feed, then write the rows that failed. Ctrl-C ends it in order."""
    from tqdm import tqdm

    from catalog.ingest.ledger import Ledger
    from catalog.ingest.run import IngestRun, counting

    with closing(Ledger(ledger)) as runs:
        run = IngestRun(source, sink, runs)
        with (
            tqdm(desc="ingest", total=source.total, initial=run.resumed_after, unit="row", smoothing=0.1) as bar,
            counting(source, partial(show_total, bar)),
        ):

            def progress(tally: "Tally") -> None:
                bar.set_postfix(failed=tally.outcomes["failed"], refresh=False)
                bar.update(tally.rows - bar.n)

            try:
                run.execute(worker, progress, keep_thumbnails or (lambda thumbnails: None))
                state = "complete"
            except KeyboardInterrupt:
                state = "cancelled"
        failed = run.write_dead_letters(dead_letter)
        warnings = dead_letter.with_name(warnings_name(dead_letter.name))
        report = {
            "dead_letter": str(dead_letter) if failed else None,
            "warnings_file": str(warnings) if run.write_warnings(warnings) else None,
            "stored": sink.count(),
        }
        return {"state": state} | run.report() | report


def warnings_name(dead_letter: str) -> str:
    """feed.csv.failed.jsonl -> feed.csv.warnings.jsonl"""
    return dead_letter.removesuffix(".jsonl").removesuffix(".failed") + ".warnings.jsonl"


def replaced(
    source: "Feed", index: "ProductIndex", added: int, max_share: float, state: "State | None"
) -> dict[str, Any]:
    """Take out what the feed no longer has. state: where the thumbnails are; without it, only tell."""
    from catalog.ingest.replace import find_gone
    from catalog.quality.arrivals import Arrivals
    from serving.storage.thumbnails import NAME, ThumbnailStore

    try:
        gone = find_gone(source, index, added)
        gone.check(max_share)
    except ReplaceRefused as error:
        return {"gone": 0, "replace_refused": error.message}
    if state and gone.ids:
        print(
            f"{len(gone.ids):,} products ({gone.share:.1%}) are no longer in the feed and are taken out.",
            file=sys.stderr,
        )
        if state.has(NAME):
            with closing(ThumbnailStore(state.place(NAME))) as thumbnails:
                thumbnails.delete(gone.ids)
        for _ in gone.take_out(Arrivals.beside(index, state)):
            pass
        index.flush()
    return {"gone": len(gone.ids)} | ({"stored": index.count()} if state else {})


def show_total(bar: Any, rows: int) -> None:
    bar.total = rows
    bar.refresh()


def seconds_text(seconds: float) -> str:
    whole = max(1, round(seconds))
    return "1 second" if whole == 1 else f"{whole:,} seconds"


def show(report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(report, ensure_ascii=False, indent=1))
        return
    outcomes = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in sorted(report["outcomes"].items()))
    print(f"{report['state']}: {report['rows']:,} rows ({outcomes or 'none'})")
    print("\n".join(lines(report["reading"])))
    if "gone" in report:
        print(f"no longer in the feed: {report['gone']:,}")
    if report.get("resumed_after"):
        print(f"The first {report['resumed_after']:,} rows were stored by an earlier run.")
    for name in ("modalities", "failures", "warnings", "categories"):
        if report.get(name):
            listed = list(report[name].items())
            more = f", and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
            print(f"{name}: " + ", ".join(f"{value} {count:,}" for value, count in listed[:SHOWN]) + more)
    if report.get("low_confidence_share") is not None:
        print(f"to review (low confidence): {report['low_confidence_share']:.1%} of the products understood")
    show_outlook(report) if "estimated_seconds" in report else show_outcome(report)
    show_files(report)


def show_files(report: dict[str, Any]) -> None:
    if report.get("replace_refused"):
        print(f"{report['replace_refused']} [{ReplaceRefused.code}]")
    if report.get("dead_letter"):
        print(f"Rows that failed: {report['dead_letter']}. Correct them there and ingest that file.")
    if report.get("warnings_file"):
        print(f"What products were stored without: {report['warnings_file']}.")
    if report["state"] == "cancelled":
        print("Stopped. The same command goes on from here.")


def show_outlook(report: dict[str, Any]) -> None:
    """Of a dry run."""
    print(f"the ingest would take about {seconds_text(report['estimated_seconds'])}")
    for row in (*report["bad_rows"][:SHOWN], *report["warned_rows"][:SHOWN]):
        print(f"line {row['line']}: {row['reason']} [{row['code']}]")


def show_outcome(report: dict[str, Any]) -> None:
    print(f"{report['seconds']:,.1f} seconds, {report['rows_per_second'] or 0:,.1f} rows a second")
    print(f"{report['stored']:,} products are in {report['index']}.")
