"""`shelflens index …`: what concerns a whole index."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from catalog.errors import ProductNotFound
from catalog.links import without_password
from catalog.storage.files import private_files
from shelflens.cli.app import INDEX_PLACES, IndexOption, StateOption, app, errors_shown, state_of, tell_if_mixed

SHOWN = 10

index_app = typer.Typer(help="Copy, load, count or delete the products of an index.", no_args_is_help=True)
app.add_typer(index_app, name="index")


@index_app.command()
def copy(
    source: Annotated[str, typer.Argument(help=INDEX_PLACES)],
    target: Annotated[str, typer.Argument(help="Target location; created if it does not exist.")],
    shards: Annotated[int, typer.Option(help="Shards of a new cluster collection.")] = 1,
    replicas: Annotated[int, typer.Option(help="Replicas of each shard of a new cluster collection.")] = 1,
) -> None:
    """Copy all products into another index, without inference."""
    with errors_shown(), private_files():
        from tqdm import tqdm

        from catalog.index.product_index import open_index

        with open_index(source, create=False) as old, open_index(target, old.width, True, shards, replicas) as new:
            tell_if_mixed(old)
            if old.model:
                new.claim(old.model)
            with tqdm(desc="copy", total=old.count(), unit="product") as bar:
                for products in old.scan():
                    new.upsert(products)
                    bar.update(len(products))
            new.flush()
            print(f"{new.count():,} products are in {without_password(target)}.")


@index_app.command()
def load(
    source: Annotated[Path, typer.Argument(help="An export, .parquet or .jsonl, or a folder of Parquet files.")],
    index: IndexOption = "shelflens-index",
    state: StateOption = None,
) -> None:
    """Load an export into an index, without inference."""
    with errors_shown(), private_files():
        from tqdm import tqdm

        from catalog.index.exports import load as run
        from catalog.index.exports import width
        from catalog.index.product_index import open_index
        from catalog.quality.arrivals import Arrivals

        with (
            open_index(index, width(source)) as opened,
            state_of(index, state) as beside,
            tqdm(desc="load", unit="product") as bar,
        ):
            run(source, Arrivals.beside(opened, beside), bar.update)
            print(f"{opened.count():,} products are in {without_password(index)}.")


@index_app.command()
def count(index: IndexOption = "shelflens-index") -> None:
    """Count the stored products."""
    with errors_shown():
        from catalog.index.product_index import open_index

        with open_index(index, create=False) as opened:
            print(opened.count())


@index_app.command()
def delete(
    ids: Annotated[list[str], typer.Argument(help="Ids of products.")],
    erase: Annotated[bool, typer.Option("--erase", help="Also erase them from the disk; slower.")] = False,
    index: IndexOption = "shelflens-index",
    state: StateOption = None,
) -> None:
    """Delete products from an index. Exit code 1 if one of them was not stored."""
    with errors_shown(), private_files():
        from catalog.index.product_index import open_index
        from catalog.ingest.ledger import ledger_path
        from catalog.quality.arrivals import Arrivals
        from serving.storage.erasure import erase_beside
        from serving.storage.thumbnails import NAME, ThumbnailStore

        with open_index(index, create=False) as opened, state_of(index, state) as beside:
            wanted = list(dict.fromkeys(ids))
            missing = [id for id, stored in zip(wanted, opened.stored(wanted), strict=True) if not stored]
            if beside.has(NAME):
                with closing(ThumbnailStore(beside.place(NAME))) as thumbnail_store:
                    thumbnail_store.delete(wanted)
            clean = not erase or erase_beside(beside, ledger_path(index), wanted)
            arrivals = Arrivals.beside(opened, beside)
            gone = arrivals.erase(wanted) if erase else arrivals.delete(wanted)
            print(f"{gone:,} of {len(wanted):,} were stored and are gone.")
        if not clean:
            typer.echo("Another process was using a file beside the index: erase again when it has ended.", err=True)
    if missing:
        shown = ", ".join(map(repr, missing[:SHOWN])) + (", …" if len(missing) > SHOWN else "")
        typer.echo(f"error: Not stored: {shown}. [{ProductNotFound.code}]", err=True)
        raise typer.Exit(1)
