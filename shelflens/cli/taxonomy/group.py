"""The command group, and how a tree is named on the command line."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.errors import FileNotWritable
from shelflens.cli.app import app

if TYPE_CHECKING:
    from catalog.taxonomy.tree import Taxonomy

SHIPPED = "shipped"  # in place of a file

taxonomy_app = typer.Typer(
    help="Category trees as files: import, map, change and compare them.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(taxonomy_app, name="taxonomy")

TreeOption = Annotated[Path, typer.Option("--tree", help="The tree's file, as import writes it.")]


def opened(name: str) -> "Taxonomy":
    """A tree's file in any form that `import FILE` reads, or the shipped model's."""
    from catalog.categories import read_source
    from catalog.model.folder import read_taxonomy, shipped_model

    if name == SHIPPED:
        return read_taxonomy(shipped_model())
    return read_source("", Path(name))


def save(tree: "Taxonomy", path: Path) -> None:
    """Whole or not at all."""
    from catalog.storage.files import write_durably

    write_durably(path, tree.to_json().encode())


def check_new(path: Path) -> None:
    """Raises FileNotWritable where there is a file already, in which a person may have worked."""
    if path.exists():
        raise FileNotWritable(f"{path.name!r} exists already. Give the name of a new file.")
