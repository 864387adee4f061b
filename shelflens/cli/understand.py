"""`shelflens understand`: images in, a table or JSON out."""

import glob
import os
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.errors import CatalogError, FileNotReadable
from catalog.product import Product, Understanding
from shelflens.cli.app import DeviceOption, ModelOption, app, check_no_address, errors_shown, read_image

if TYPE_CHECKING:
    from rich.table import Table

    from catalog.evidence import Why
    from catalog.index.product_index import ProductIndex
    from catalog.understand import Understander


@app.command()
def understand(
    images: Annotated[list[str], typer.Argument(help="Images, folders or glob patterns.", show_default=False)],
    title: Annotated[str, typer.Option(help="Title of the product; with several images, of each product.")] = "",
    description: Annotated[str, typer.Option(help="Description of the product.")] = "",
    together: Annotated[bool, typer.Option("--one", help="All images show the same product.")] = False,
    why: Annotated[
        bool, typer.Option("--why", help="Tell what speaks for each answer: words, part of the image. Takes longer.")
    ] = False,
    index: Annotated[
        str, typer.Option("--index", help="With --why: the index whose nearest products of a known category are told.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON in the format of the HTTP response.")] = False,
    model: ModelOption = None,
    device: DeviceOption = "cpu",
) -> None:
    """Classify images. Exit code 1 if some could not be read, 2 if none could."""
    with errors_shown(), ExitStack() as opened:
        paths = expand(images)
        from catalog.index.product_index import open_index
        from catalog.origin import load_for

        near = opened.enter_context(open_index(index, create=False)) if index else None
        understander = load_for(near, model, device)
        groups = [paths] if together else [[path] for path in paths]
        names = [str(group[0]) for group in groups]
        products = (read_product(group, title, description) for group in groups)
        results, whys = read_all(understander, products, len(groups), near, why)
    if as_json:
        from serving.api.schemas.analyze import PARTS, Options, analysis

        options = Options(include=[*PARTS, "evidence"] if why else list(PARTS))
        version = understander.taxonomy.version
        print(analysis(names, results, understander.version, version, options, whys).model_dump_json(indent=1))
    else:
        show(results, names)
        tell(whys, names)
    failed = sum(isinstance(result, CatalogError) for result in results)
    raise typer.Exit(0 if not failed else 2 if failed == len(results) else 1)


def read_all(
    understander: "Understander",
    products: Iterable[Product | FileNotReadable],
    count: int,
    index: "ProductIndex | None",
    why: bool,
) -> tuple[list[Understanding | CatalogError], list["Why | None"]]:
    """The answer for each of so many products, or what is wrong with it, and if asked for what speaks for it."""
    from tqdm import tqdm

    from catalog.understand import BATCH_SIZE

    results: list[Understanding | CatalogError] = []
    whys: list[Why | None] = []
    remaining = iter(products)
    batches = range(0, count, BATCH_SIZE)
    for _ in tqdm(batches, desc="products", unit="batch", leave=False, disable=len(batches) < 2):
        read = list(islice(remaining, BATCH_SIZE))
        understood = iter(understander.understand([item for item in read if isinstance(item, Product)]))
        answers = [next(understood) if isinstance(item, Product) else item for item in read]
        results += answers
        pairs = zip(read, answers, strict=True)
        whys += [explained(understander, index, product, answer) for product, answer in pairs] if why else []
    return results, whys


def explained(
    understander: "Understander",
    index: "ProductIndex | None",
    product: Product | FileNotReadable,
    answer: Understanding | CatalogError,
) -> "Why | None":
    from catalog.evidence import Why, labelled_query, neighbours
    from catalog.evidence.explain import explain

    if not isinstance(product, Product) or not isinstance(answer, Understanding):
        return None
    found = explain(understander, understander.prepare(product))
    if found is None:
        return None
    near = neighbours(index.search(labelled_query(answer.embedding))) if index else None
    return Why(product, found, near)


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


def tell(whys: list["Why | None"], names: list[str]) -> None:
    from catalog.evidence.lines import why_lines

    for name, why in zip(names, whys, strict=False):
        if why:
            print(f"\n{Path(name).name}", *why_lines(why), sep="\n")


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
