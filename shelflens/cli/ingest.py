"""`shelflens ingest`: a whole feed into an index, or with --dry-run what that would do."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalog.errors import CatalogError, ConfigInvalid, FeedColumnsInvalid, FileNotReadable, IndexNotFound, installing
from catalog.ingest.ledger import ledger_path, state_folder
from catalog.storage.files import private_files
from shelflens.cli.app import (
    DeviceOption,
    IndexModelOption,
    IndexOption,
    JsonOption,
    app,
    check_no_address,
    errors_shown,
    tell_if_mixed,
)

if TYPE_CHECKING:
    from catalog.feeds import Feed
    from catalog.images import ImageReader
    from catalog.index.parquet import ParquetFolder
    from catalog.index.product_index import ProductIndex
    from catalog.ingest.dry_run import DryRun
    from catalog.ingest.ledger import Run, Tally
    from catalog.ingest.pipeline import KeepThumbnails, LocalWorker, Results, Sink

INTERRUPTED = 130
SHOWN = 20


@app.command()
def ingest(
    feed: Annotated[Path, typer.Argument(help="CSV, TSV, JSONL, Parquet, zip, or a folder of images.")],
    images: Annotated[Path | None, typer.Option(help="Base folder of image paths. Default: the feed's folder.")] = None,
    index: IndexOption = "shelflens-index",
    columns: Annotated[list[str] | None, typer.Option("--map", help="FIELD=COLUMN, as in title=name.")] = None,
    currency: Annotated[
        str, typer.Option(help="Currency of prices without one, and of ¥. Default: detected from the rows.")
    ] = "",
    hosts: Annotated[list[str] | None, typer.Option("--allow-host", help="Allow images from this https host.")] = None,
    stores: Annotated[
        list[str] | None, typer.Option("--allow-store", help="Allow images from s3://BUCKET/FOLDER or gs://….")
    ] = None,
    dry: Annotated[bool, typer.Option("--dry-run", help="Check all rows, store nothing.")] = False,
    dead_letter: Annotated[
        Path | None, typer.Option(help="File for failed rows. Default: FEED.failed.jsonl in the working directory.")
    ] = None,
    ledger: Annotated[Path | None, typer.Option(help="The ledger file. Default: in the index folder.")] = None,
    ray: Annotated[
        str, typer.Option(help="Run on a Ray cluster: its address, or local to start one on this machine.")
    ] = "",
    actors: Annotated[int, typer.Option(help="With --ray: number of model replicas.")] = 1,
    gpus: Annotated[
        float, typer.Option("--gpus-per-actor", help="With --ray: GPUs for each replica; fractions are allowed.")
    ] = 0,
    output: Annotated[
        Path | None, typer.Option(help="Write Parquet files for `index load` into this folder instead of an index.")
    ] = None,
    thumbnails: Annotated[bool, typer.Option(help="Store thumbnails for the page.")] = True,
    as_json: JsonOption = False,
    model: IndexModelOption = None,
    device: DeviceOption = "cpu",
) -> None:
    """Ingest a feed into an index. Run it again to resume, or to ingest changes.

    Exit code: 0 every row is stored, 1 some failed, 2 none is stored, 130 stopped by Ctrl-C.
    """
    with errors_shown(), private_files():
        from catalog.feeds import open_feed
        from catalog.images import ImageReader
        from catalog.index.backend import IndexModel
        from catalog.ingest.pipeline import LocalWorker
        from catalog.origin import load_for
        from catalog.understand import batch_size

        if ray and not output and "://" not in index:
            raise ConfigInvalid("With --ray, give --index qdrant://… or --output: an index folder has one owner.")
        check_no_address(feed)
        if images and not images.is_dir():
            raise FileNotReadable(f"The image folder {str(images)!r} does not exist.")
        source = open_feed(feed, mapping=read_mapping(columns or []), currency=currency.upper())
        archive = None if images else source.archive
        image_reader = ImageReader(images or source.root, archive, tuple(hosts or ()), tuple(stores or ()))
        with ExitStack() as opened:
            there = None if output else opened_if_there(index, opened)
            understander = load_for(there, model, device)
            thumbnails = thumbnails and not output and not dry
            worker = LocalWorker(understander, image_reader, batch_size=batch_size(device), thumbnails=thumbnails)
            if dry:
                report = rehearse(source, there, worker)
            else:
                dead = dead_letter or Path(f"{feed.name}.failed.jsonl")
                sink = there or opened.enter_context(made(index, output, understander.config.embedding_width))
                sink.claim(IndexModel(understander.version, understander.folder))
                make = partial(local_results, worker)
                if ray:
                    asked = None if output else index
                    make = partial(ray_results, ray, actors, gpus, image_reader, understander.folder, asked, thumbnails)
                keep = opened.enter_context(kept_thumbnails(index)) if thumbnails else None
                report = run_ingest(source, sink, make, ledger or ledger_path(str(output or index)), dead, keep)
                report |= {"index": str(output or index)}
    show(report, as_json)
    raise typer.Exit(INTERRUPTED if report["state"] == "cancelled" else exit_code(report["rows"], report["outcomes"]))


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
        "bad_rows": [{"line": f.line, "id": f.id, "code": f.code, "reason": f.reason} for f in found.failures],
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
def made(location: str, output: Path | None, width: int) -> "Iterator[ProductIndex | ParquetFolder]":
    from catalog.index.parquet import ParquetFolder
    from catalog.index.product_index import open_index

    if output:
        yield ParquetFolder(output)
    else:
        with open_index(location, width) as index:
            yield index


def local_results(worker: "LocalWorker", source: "Feed", sink: "Sink", position: int) -> "Results":
    return worker.results(source, sink.hashes, position)


def ray_results(
    address: str,
    actors: int,
    gpus: float,
    image_reader: "ImageReader",
    model: str,
    index: str | None,
    thumbnails: bool,
    source: "Feed",
    sink: "Sink",
    position: int,
) -> "Results":
    from catalog.model.folder import SHIPPED

    try:
        from serving.deployments.ray_ingest import ActorSpec, Pool, connect, results
    except ModuleNotFoundError as error:
        raise ConfigInvalid(f"{error.name} is not installed. {installing('ray')}") from None
    connect(address)
    step = ActorSpec(image_reader, None if model == SHIPPED else Path(model), index, thumbnails)
    return results(source, step, Pool(actors, gpus), position)


@contextmanager
def kept_thumbnails(index: str) -> "Iterator[KeepThumbnails]":
    """What keeps thumbnails where the service looks for those of this index."""
    from serving.storage.thumbnails import ThumbnailStore

    with closing(ThumbnailStore(state_folder(index) / "pictures.sqlite")) as thumbnail_store:
        yield thumbnail_store.put


def run_ingest(
    source: "Feed",
    sink: "Sink",
    make: "Callable[[Feed, Sink, int], Results]",
    ledger: Path,
    dead_letter: Path,
    keep_thumbnails: "KeepThumbnails | None" = None,
) -> dict[str, Any]:
    """Store the feed, then write the rows that failed beside. Ctrl-C ends it in order."""
    from tqdm import tqdm

    from catalog.ingest.ledger import Ledger, write_dead_letters
    from catalog.ingest.pipeline import ingest as store

    with closing(Ledger(ledger)) as runs:
        run = runs.begin(source.fingerprint, sink.identity)
        started, before = time.monotonic(), run.position
        with tqdm(desc="ingest", total=source.total, initial=before, unit="row", smoothing=0.1) as bar:
            if source.total is None:
                Thread(target=count_rows, args=(source, bar), daemon=True).start()

            def progress(tally: "Tally") -> None:
                bar.set_postfix(failed=tally.outcomes["failed"], refresh=False)
                bar.update(tally.rows - bar.n)

            try:
                store(make(source, sink, run.position), sink, run, progress, keep_thumbnails or (lambda small: None))
                state = "complete"
            except KeyboardInterrupt:
                state = "cancelled"
        failed = run.tally.outcomes["failed"] > 0
        if failed:
            write_dead_letters(dead_letter, run.failures())
        return run_report(run, state, time.monotonic() - started, before) | {
            "dead_letter": str(dead_letter) if failed else None,
            "stored": sink.count(),
        }


def count_rows(source: "Feed", bar: Any) -> None:
    """Give the bar the total it lacks. Counting means parsing, so it is done beside the work."""
    with suppress(CatalogError):
        bar.total = sum(1 for _ in source)
        bar.refresh()


def run_report(run: "Run", state: str, seconds: float, before: int) -> dict[str, Any]:
    tally = run.tally
    return {
        "state": state,
        "rows": tally.rows,
        "resumed_after": before,
        "outcomes": dict(tally.outcomes),
        "failures": dict(tally.codes),
        "categories": dict(tally.categories.most_common()),
        "low_confidence_share": round(tally.unsure / tally.understood, 4) if tally.understood else None,
        "seconds": round(seconds, 2),
        "rows_per_second": round((tally.rows - before) / seconds, 1) if seconds else None,
    }


def seconds_text(seconds: float) -> str:
    whole = max(1, round(seconds))
    return "1 second" if whole == 1 else f"{whole:,} seconds"


def show(report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(report, ensure_ascii=False, indent=1))
        return
    outcomes = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in sorted(report["outcomes"].items()))
    print(f"{report['state']}: {report['rows']:,} rows ({outcomes or 'none'})")
    if report.get("resumed_after"):
        print(f"The first {report['resumed_after']:,} rows were stored by an earlier run.")
    for name in ("modalities", "failures", "categories"):
        if report.get(name):
            listed = list(report[name].items())
            more = f", and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
            print(f"{name}: " + ", ".join(f"{value} {count:,}" for value, count in listed[:SHOWN]) + more)
    if report.get("low_confidence_share") is not None:
        print(f"to review (low confidence): {report['low_confidence_share']:.1%} of the products understood")
    if "estimated_seconds" in report:
        print(f"the ingest would take about {seconds_text(report['estimated_seconds'])}")
        for row in report["bad_rows"][:SHOWN]:
            print(f"line {row['line']}: {row['reason']} [{row['code']}]")
    else:
        print(f"{report['seconds']:,.1f} seconds, {report['rows_per_second'] or 0:,.1f} rows a second")
        print(f"{report['stored']:,} products are in {report['index']}.")
    if report.get("dead_letter"):
        print(f"Rows that failed: {report['dead_letter']}. Correct them there and ingest that file.")
    if report["state"] == "cancelled":
        print("Stopped. The same command goes on from here.")
