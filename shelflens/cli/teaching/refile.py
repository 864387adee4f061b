"""`shelflens refile`: the products of an index in the categories of a taught model."""

from pathlib import Path
from typing import Annotated

import typer

from catalog.storage.files import private_files
from shelflens.cli.app import IndexOption, app, errors_shown
from shelflens.cli.teaching.teach import resumable


@app.command()
def refile(
    model: Annotated[Path, typer.Option("--model", help="The folder of a taught model, or of its base.")],
    index: IndexOption = "shelflens-index",
) -> None:
    """File the products of an index anew in a taught model's categories, without reading them again. Verdicts stay.

    The index must hold vectors of the model that was taught, or of another one taught from it. To revert it, refile
    with the former model; the model that was taught says again what it had said. Run it again to resume.

    Exit code: 0 filed, 2 an error, 130 stopped by Ctrl-C.
    """
    with errors_shown(), private_files(), resumable():
        from tqdm import tqdm

        from catalog.filing import open_filer
        from catalog.index.product_index import open_index
        from catalog.ingest.refile import refile as run

        with open_index(index, create=False) as opened:
            filer = open_filer(model)
            with tqdm(desc="refile", total=opened.count(), unit="product") as bar:
                count, left = run(opened, filer, bar.update)
        print(f"{count:,} products were filed anew by the model {filer.version}.")
        if left:
            print(f"{left:,} others it has to read: ingest their feed again with this model.")
