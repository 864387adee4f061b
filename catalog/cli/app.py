"""What all verbs share: the application itself, common options, and how errors are shown."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.errors import CatalogError, FileNotReadable

if TYPE_CHECKING:
    from catalog.index import ProductIndex

app = typer.Typer(
    name="shelflens",
    help="Understand product catalogues: category, tags, attributes and an embedding from a picture and a few words.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

ModelOption = Annotated[
    Path | None, typer.Option("--model", help="A model folder, or nano, the small one. Default: the shipped model.")
]
IndexModelOption = Annotated[
    Path | None,
    typer.Option(
        "--model", help="A model folder, or nano. Default: that of the index; of a new one, the shipped model."
    ),
]
DeviceOption = Annotated[str, typer.Option("--device", help="cpu or cuda.")]
DataOption = Annotated[
    Path, typer.Option("--data-root", envvar="SHELFLENS_DATA", help="The folder that manifests are relative to.")
]
IndexOption = Annotated[
    str, typer.Option("--index", envvar="SHELFLENS_INDEX", help="A folder, or qdrant://HOST[:PORT]/COLLECTION.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@contextmanager
def errors_shown() -> Iterator[None]:
    """A user's mistake ends the command with one line and exit code 2, not with a traceback."""
    try:
        yield
    except CatalogError as error:
        typer.echo(f"error: {error.message} [{error.code}]", err=True)
        raise typer.Exit(2) from None


def tell_if_mixed(index: "ProductIndex") -> None:
    """Warn of an index of several models."""
    from catalog.origin import mixed

    if told := mixed(index.models()):
        typer.echo(f"warning: {told}", err=True)


@contextmanager
def training_extra() -> Iterator[None]:
    """Training's libraries are an extra; say so when they are missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        typer.echo(f"error: {error.name} is not installed: pip install 'shelflens[train]' [extra_missing]", err=True)
        raise typer.Exit(2) from None


def read_picture(path: Path) -> bytes:
    """Raises FileNotReadable. At most one byte over the limit is read of a file that is too large."""
    from catalog.image_structure import ImageLimits

    try:
        with path.open("rb") as file:
            return file.read(ImageLimits().max_bytes + 1)
    except OSError:
        raise FileNotReadable(f"{path.name!r} does not exist or cannot be read.") from None
