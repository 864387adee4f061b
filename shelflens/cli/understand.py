"""`shelflens understand`: images in, a table or JSON out."""

import glob
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.errors import CatalogError, FileNotReadable
from catalog.product import Product, Understanding
from shelflens.cli.app import DeviceOption, ModelOption, app, check_no_address, errors_shown, read_image

if TYPE_CHECKING:
    from rich.table import Table


@app.command()
def understand(
    images: Annotated[list[str], typer.Argument(help="Images, folders or glob patterns.", show_default=False)],
    title: Annotated[str, typer.Option(help="Title of the product; with several images, of each product.")] = "",
    description: Annotated[str, typer.Option(help="Description of the product.")] = "",
    together: Annotated[bool, typer.Option("--one", help="All images show the same product.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON in the format of the HTTP response.")] = False,
    model: ModelOption = None,
    device: DeviceOption = "cpu",
) -> None:
    """Classify images. Exit code 1 if some could not be read, 2 if none could."""
    with errors_shown():
        paths = expand(images)
        from tqdm import tqdm

        from catalog.understand import BATCH_SIZE, Understander

        understander = Understander.load(model, device)
    groups = [paths] if together else [[path] for path in paths]
    names = [str(group[0]) for group in groups]
    results: list[Understanding | CatalogError] = []
    batches = range(0, len(groups), BATCH_SIZE)
    for start in tqdm(batches, desc="products", unit="batch", leave=False, disable=len(batches) < 2):
        read = [read_product(group, title, description) for group in groups[start : start + BATCH_SIZE]]
        understood = iter(understander.understand([item for item in read if isinstance(item, Product)]))
        results += [next(understood) if isinstance(item, Product) else item for item in read]
    if as_json:
        from serving.api.schemas.analyze import analysis

        answer = analysis(names, results, understander.version, understander.taxonomy.version)
        print(answer.model_dump_json(indent=1))
    else:
        show(results, names)
    failed = sum(isinstance(result, CatalogError) for result in results)
    raise typer.Exit(0 if not failed else 2 if failed == len(results) else 1)


def expand(patterns: list[str]) -> list[Path]:
    """Files as they are, folders as the images in them, patterns as what they match; sorted within each."""
    from catalog.feeds.formats.folders import IMAGES

    paths: list[Path] = []
    for pattern in patterns:
        check_no_address(pattern)
        path = Path(pattern)
        if pattern and os.path.isdir(path):
            found = sorted(p for p in path.rglob("*") if p.suffix.lower() in IMAGES and p.is_file())
        elif os.path.exists(path) or not glob.has_magic(pattern):
            found = [path] if pattern else []
        else:
            found = sorted(Path(name) for name in glob.glob(pattern, recursive=True) if os.path.isfile(name))
        if not found:
            raise FileNotReadable(f"No image was found at {pattern!r}.")
        paths += found
    return paths


def read_product(paths: list[Path], title: str, description: str) -> Product | FileNotReadable:
    """One product of all the images, or what is wrong with the first that cannot be read."""
    try:
        return Product(str(paths[0]), title, description, tuple(read_image(path) for path in paths))
    except FileNotReadable as error:
        return error


def show(results: list[Understanding | CatalogError], names: list[str]) -> None:
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    console.print(results_table(results, names))


def results_table(results: list[Understanding | CatalogError], names: list[str]) -> "Table":
    """One row per product: what it is, how sure that is, and what else is known of it."""
    from rich.markup import escape
    from rich.table import Table

    failed = any(isinstance(result, CatalogError) for result in results)
    columns = ("product", "category", "score", "tags and attributes", "decision", *(("error",) if failed else ()))
    table = Table(*columns, show_lines=False)
    for name, result in zip(names, results, strict=True):
        short = escape(Path(name).name)
        if isinstance(result, CatalogError):
            table.add_row(short, "", "", "", "", f"[red]{escape(f'{result.message} [{result.code}]')}[/red]")
            continue
        known = [scored.name for scored in (*result.attributes.values(), *result.tags)]
        colour = {"auto": "green", "review": "yellow", "abstain": "red"}[result.decision]
        table.add_row(
            short,
            " > ".join(result.path) or "[dim]not sure[/dim]",
            f"{result.category.score:.2f}" if result.category else "",
            ", ".join(known),
            f"[{colour}]{result.decision}[/{colour}]",
        )
    return table
