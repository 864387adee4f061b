"""`shelflens events …`, `recommend` and `train-sequence`: what shoppers did, and what they may want next, where no
service runs.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shelflens.cli.app import IndexOption, JsonOption, StateOption, app, errors_shown, state_of, using_pytorch
from shelflens.cli.ingest import INTERRUPTED

if TYPE_CHECKING:
    from catalog.behaviour.log import EventLog
    from catalog.behaviour.recommend import Recommendation
    from catalog.storage.database import StorePlace
    from training.sequence.train import Report

SHOWN_ERRORS = 5
REASONS = {
    "earlier": "had before",
    "together": "met in one visit with {product}",
    "later": "met after {product}",
    "alike": "like {product}",
    "popular": "met by many",
    "sequence": "fits what was met before",
    "new": "new",
}

commands = typer.Typer(name="events", help="What shoppers did: import it, show it, forget it.", no_args_is_help=True)
app.add_typer(commands)

UserArgument = Annotated[str, typer.Argument(help="The id of a user, as in the events.")]


@commands.command("import")
def import_events(
    files: Annotated[list[Path], typer.Argument(help="CSV or TSV with a heading, or JSON lines.")],
    kind: Annotated[str, typer.Option(help="Of a file that does not say what its events are, such as purchase.")] = "",
    index: IndexOption = "shelflens-index",
    state: StateOption = None,
) -> None:
    """Keep the events of files: user, product, time (ISO 8601, or seconds or milliseconds since 1970), and kind: view,
    click, cart, purchase or search (with query). Common names of these columns are known. An id of an event keeps it
    from being kept twice; without one, its content does.

    Exit code: 0 all kept, 1 some lines were not, 2 an error.
    """
    from catalog.behaviour.events import Event
    from catalog.behaviour.files import BadLine, read_events

    bad: list[BadLine] = []
    read = 0

    def good(path: Path) -> Iterator[Event]:
        nonlocal read
        for one in read_events(path, kind):
            if isinstance(one, BadLine):
                bad.append(one)
            else:
                read += 1
                yield one

    with errors_shown(), event_log(index, state) as log:
        new = sum(log.add(good(path)) for path in files)
    print(f"{read:,} events were read; {new:,} of them are new.")
    for line in bad[:SHOWN_ERRORS]:
        typer.echo(f"line {line.number}: {line.error.message} [{line.error.code}]", err=True)
    if bad:
        typer.echo(f"{len(bad):,} lines were not kept.", err=True)
        raise typer.Exit(1)


@commands.command()
def show(
    user: UserArgument,
    limit: Annotated[int, typer.Option(min=1, help="Number of events.")] = 100,
    index: IndexOption = "shelflens-index",
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is kept of a user, the newest first. Exit code 1 when there is nothing."""
    with errors_shown(), event_log(index, state) as log:
        found = log.events(user, limit)
    for one in found:
        when = datetime.fromtimestamp(one.time, UTC).isoformat(timespec="seconds")
        row = {"time": when, "kind": one.kind, "product_id": one.product, "query": one.words, "id": one.id}
        print(json.dumps(row, ensure_ascii=False) if as_json else f"{when}  {one.kind:8}  {one.product or one.words}")
    raise typer.Exit(0 if found else 1)


@commands.command()
def forget(user: UserArgument, index: IndexOption = "shelflens-index", state: StateOption = None) -> None:
    """Have everything as if a user had never come, and leave nothing of him on disk. Exit code 1 when there is nothing,
    or when another process is using the file, which then still may have some of it.
    """
    with errors_shown(), event_log(index, state) as log:
        count = log.forget(user)
        clean = log.file.scrub()
    print(f"{count:,} events were forgotten.")
    if not clean:
        typer.echo("Another process is using the file: forget the user again when it has ended.", err=True)
    raise typer.Exit(0 if count and clean else 1)


@app.command()
def recommend(
    user: Annotated[str, typer.Option(help="The id of a user, as in the events.")] = "",
    after: Annotated[list[str] | None, typer.Option(help="Id of a product that somebody looks at now.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="Number of products.")] = 10,
    filter_json: Annotated[str, typer.Option("--filter", help="JSON, as of shelflens search.")] = "",
    diversity: Annotated[float, typer.Option(min=0, max=1, help="How unlike each other products shall be.")] = 0.1,
    index: IndexOption = "shelflens-index",
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Recommend stored products to a user, or to somebody who looks at products now. --after may be repeated."""
    from contextlib import closing
    from time import time

    with errors_shown():
        from catalog.behaviour.events import Event
        from catalog.behaviour.recommend import Wanted
        from catalog.behaviour.shop import Behaviour
        from catalog.index.filters import parse_filter
        from catalog.index.product_index import open_index
        from shelflens.cli.search import read_filter

        chosen = parse_filter(read_filter(filter_json)) if filter_json else None
        wanted = Wanted(limit=limit, filter=chosen, diversity=diversity)
        with (
            open_index(index, create=False) as opened,
            state_place(index, state) as place,
            closing(Behaviour(place, opened)) as behaviour,
        ):
            behaviour.learn()
            now = time()
            if after:
                seen = [Event("", "view", id, now, "", f"{number:04d}") for number, id in enumerate(after)]
                found = behaviour.recommend_after(seen, wanted, now)
            else:
                found = behaviour.recommend(user, wanted, now)
    for one in found:
        print(json.dumps(as_row(one), ensure_ascii=False) if as_json else line(one))


@app.command()
def train_sequence(
    index: IndexOption = "shelflens-index",
    state: StateOption = None,
    epochs: Annotated[int, typer.Option(min=1, help="At most; training ends when it brings nothing more.")] = 40,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal models of equal events.")] = 0,
) -> None:
    """Train a small transformer to foretell what shoppers come to next, from their events and the products' vectors.

    The last fifth of the events is held out. The model is used only if it recommends better on them than what the shop
    has. A stopped run is resumed while the events are the same. Forgetting a user, or erasing a product that somebody
    met, removes the model: train it anew.

    Exit code: 0 it is used, 2 not better or another error, 130 stopped by Ctrl-C.
    """
    with errors_shown(), using_pytorch():
        from catalog.behaviour.shop import space_of
        from catalog.index.product_index import open_index
        from training.sequence.learn import Settings
        from training.sequence.train import train_sequence as run

        with open_index(index, create=False) as opened, event_log(index, state) as log:
            try:
                report = run(log, opened, space_of(opened), Settings(seed=seed, epochs=epochs))
            except KeyboardInterrupt:
                print("Stopped. The same command goes on from here while the events are the same.")
                raise typer.Exit(INTERRUPTED) from None
        tell(report)


def tell(report: "Report") -> None:
    """Raises SequenceUnhelpful after telling why."""
    from catalog.errors import SequenceUnhelpful

    verdict, before, after = report.verdict, report.verdict.without, report.verdict.with_it
    print(f"{report.events:,} events, {report.products:,} products, {report.steps:,} steps")
    print(f"held out: {verdict.questions:,} later events of {verdict.shoppers:,} shoppers")
    print(f"hit rate@10 {before.hit_rate:.4f} without the model, {after.hit_rate:.4f} with it")
    print(f"NDCG@10     {before.ndcg:.4f} without the model, {after.ndcg:.4f} with it")
    print(f"gain of a shopper {verdict.gain:+.4f}, with a standard error of {verdict.error:.4f}")
    if not verdict.is_better:
        raise SequenceUnhelpful
    if not report.written:
        raise SequenceUnhelpful("A user was forgotten, or a product erased, while this ran. Train it anew.")
    share = f"{report.taken.first:.0%} of the first products of a visit, {report.taken.during:.0%} of the others"
    print(f"It is used from now on: its share is {share}.")


def as_row(found: "Recommendation") -> dict[str, Any]:
    reason = {"source": found.reason.source, "product_id": found.reason.product or None}
    title = found.stored.product.title
    return {"id": found.stored.id, "title": title, "score": round(found.score, 6), "reason": reason}


def line(found: "Recommendation") -> str:
    why = REASONS[found.reason.source].format(product=found.reason.product)
    return f"{found.stored.id}  {found.stored.product.title}  ({why})"


@contextmanager
def state_place(index: str, state: str | None) -> Iterator["StorePlace"]:
    from catalog.behaviour.log import NAME

    with state_of(index, state) as beside:
        yield beside.place(NAME)


@contextmanager
def event_log(index: str, state: str | None) -> Iterator["EventLog"]:
    from contextlib import closing

    from catalog.behaviour.log import EventLog
    from catalog.storage.files import private_files

    with private_files(), state_place(index, state) as place, closing(EventLog(place)) as log:
        yield log
