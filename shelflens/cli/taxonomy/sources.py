"""`shelflens taxonomy import`."""

from pathlib import Path
from typing import Annotated

import typer

from catalog.errors import ConfigInvalid
from shelflens.cli.app import errors_shown
from shelflens.cli.taxonomy.group import check_new, save, taxonomy_app


@taxonomy_app.command("import")
def import_tree(
    source: Annotated[str, typer.Argument(help="shopify, google, or the file of your own tree.")],
    path: Annotated[
        Path | None, typer.Argument(help="The file or folder that Shopify or Google publishes, downloaded.")
    ] = None,
    output: Annotated[Path, typer.Option(help="The tree's file, to be written.")] = Path("tree.json"),
    language: Annotated[
        list[str] | None,
        typer.Option(help="Of Shopify's and Google's, the first for the labels; again for more. Default: all."),
    ] = None,
    path_column: Annotated[str, typer.Option("--path", help="Of a table, the column of paths.")] = "",
    id_column: Annotated[str, typer.Option("--id", help="Of a table, the column of ids.")] = "",
    separator: Annotated[str, typer.Option(help="What parts the steps of a path. Default: >")] = "",
) -> None:
    """Make a tree of Shopify's or Google's taxonomy, or of your own: one path a line such as "Home > Garden > Hoses",
    a CSV or TSV with a column of paths, or of names and parents, or a tree's own JSON.
    """
    with errors_shown():
        from catalog.categories import read_source
        from catalog.categories.tables import Columns

        published = source in ("shopify", "google")
        if published and path is None:
            raise ConfigInvalid(f"Give the file or folder, too: shelflens taxonomy import {source} PATH.")
        if not published and path is not None:
            raise ConfigInvalid(f"{source!r} is neither shopify nor google. Your own tree is one file.")
        check_new(output)
        columns = Columns(path_column, id_column, separator)
        tree = read_source(source if published else "", path or Path(source), language or (), columns)
        save(tree, output)
        depth = max(len(tree.ancestors(leaf.id)) for leaf in tree.leaves)
        print(f"wrote {len(tree.nodes):,} categories, {len(tree.leaves):,} of them leaves, {depth} levels, to {output}")
        if source == "google" and not any(node.google.isdecimal() for node in tree.nodes):
            typer.echo("The file has no ids of Google's, so its paths are used, which Google takes as well.", err=True)
