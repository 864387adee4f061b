"""`shelflens taxonomy map`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shelflens.cli.app import DeviceOption, ModelOption, errors_shown
from shelflens.cli.taxonomy.group import check_new, opened, taxonomy_app

if TYPE_CHECKING:
    from catalog.categories.likeness import Embed


@taxonomy_app.command("map")
def map_command(
    first: Annotated[str, typer.Argument(help="A tree's file, or shipped for the shipped model's.")],
    second: Annotated[str, typer.Argument(help="Likewise.")],
    output: Annotated[Path | None, typer.Option(help="A .csv file. Default: print it.")] = None,
    names_only: Annotated[
        bool, typer.Option("--names-only", help="By the letters of names alone, without a model: seconds.")
    ] = False,
    confirmed: Annotated[
        Path | None, typer.Option(help="An earlier output, of which what was confirmed stays so.")
    ] = None,
    model: ModelOption = None,
    device: DeviceOption = "cpu",
) -> None:
    """Propose for each category of one tree the likeliest of another. A person confirms, in the column of that name:
    yes, no, or another category's id or path.
    """
    with errors_shown():
        from tqdm import tqdm

        from catalog.categories import as_sheet, confirmed_in, map_trees
        from catalog.storage.files import write_durably

        if output:
            check_new(output)
        before = confirmed_in(confirmed) if confirmed else {}
        one, other = opened(first), opened(second)
        mapped = map_trees(one, other, None if names_only else encoder(model, device))
        sheet = as_sheet(tqdm(mapped, "map", len(one.nodes), unit="category"), one, other, before)
        if output:
            write_durably(output, sheet.encode())
            print(f"wrote the counterparts of {len(one.nodes):,} categories to {output}")
        else:
            print(sheet.removeprefix("\ufeff"), end="")


def encoder(model: Path | None, device: str) -> "Embed":
    """The model's embedding of names, each encoded once."""
    import numpy as np
    from tqdm import tqdm

    from catalog.arrays import Floats
    from catalog.understand import Understander

    understander = Understander.load(model, device)

    def embed(texts: Sequence[str]) -> Floats:
        different = sorted(set(texts), key=len)
        with tqdm(desc="encode", total=len(different), unit="name") as bar:
            vectors = dict(zip(different, understander.embed(different, bar.update), strict=True))
        return np.stack([vectors[text] for text in texts])

    return embed
