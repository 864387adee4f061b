"""What all verbs share: the application itself, common options, and how errors are shown."""

import ctypes
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.errors import CatalogError, FileNotReadable, installing

if TYPE_CHECKING:
    from catalog.index.product_index import ProductIndex
    from catalog.storage.database import State

ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:/")

app = typer.Typer(
    name="shelflens",
    help="Classify and index products: category, tags, attributes and an embedding from images and text.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

ModelOption = Annotated[
    Path | None,
    typer.Option("--model", help="A model folder, or nano for the small model. Default: the shipped model."),
]
IndexModelOption = Annotated[
    Path | None,
    typer.Option(
        "--model", help="A model folder, or nano. Default: the index's model; for a new index, the shipped model."
    ),
]
DeviceOption = Annotated[str, typer.Option("--device", help="cpu or cuda.")]
DataOption = Annotated[Path, typer.Option("--data-root", envvar="SHELFLENS_DATA", help="Base folder of the manifests.")]
INDEX_PLACES = "A folder, qdrant://HOST[:PORT]/COLLECTION, or postgresql://USER@HOST/DATABASE."
IndexOption = Annotated[str, typer.Option("--index", envvar="SHELFLENS_INDEX", help=INDEX_PLACES)]
StateOption = Annotated[
    str | None,
    typer.Option(
        "--state",
        envvar="SHELFLENS_STATE",
        help="Where the service keeps what belongs to the index: a folder, or postgresql://USER@HOST/DATABASE. Default:"
        " the folder of the index.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@contextmanager
def state_of(index: str, state: str | None) -> "Iterator[State]":
    """state: as of `StateOption`. Raises ConfigInvalid, StateUnavailable."""
    from catalog.ingest.ledger import state_folder
    from catalog.storage.database import State, open_database

    database = open_database(state if state and "://" in state else None)
    try:
        yield State(state_folder(state or index), database)
    finally:
        if database:
            database.close()


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
def needing(extra: str) -> Iterator[None]:
    """Say which extra to install where one of its libraries is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        typer.echo(f"error: {error.name} is not installed. {installing(extra)} [extra_missing]", err=True)
        raise typer.Exit(2) from None


@contextmanager
def using_pytorch() -> Iterator[None]:
    """Say which extra to install where PyTorch or a library beside it is missing; let its tensors keep their memory."""
    keep_memory()
    with needing("train"):
        yield


def keep_memory() -> bool:
    """Let glibc keep what is freed. Otherwise it returns each large tensor to the system and takes the next one page by
    page, which is more than half of a frozen encoder's time on a CPU. -> whether it does; other C libraries do not.
    """
    trim_threshold, mmap_threshold = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h
    if sys.platform != "linux" or not hasattr(libc := ctypes.CDLL(None), "mallopt"):
        return False
    return all(libc.mallopt(option, 2**31 - 1) for option in (trim_threshold, mmap_threshold))


def print_version(asked: bool) -> None:
    if asked:
        import catalog

        print(f"shelflens {catalog.__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=print_version, is_eager=True)
    ] = False,
) -> None:
    """Classify and index products: category, tags, attributes and an embedding from images and text."""


def check_no_address(path: str | Path) -> None:
    """Raises FileNotReadable for a web address; a `Path` has lost one of its slashes."""
    if ADDRESS.match(str(path)):
        raise FileNotReadable(f"{str(path)!r} is a URL, which is not fetched. Save the file and give its path.")


def read_image(path: Path) -> bytes:
    """Raises FileNotReadable. At most one byte over the limit is read of a file that is too large."""
    from catalog.images.structure import ImageLimits

    check_no_address(path)
    try:
        with path.open("rb") as file:
            return file.read(ImageLimits().max_bytes + 1)
    except OSError:
        raise FileNotReadable(f"{path.name!r} does not exist or cannot be read.") from None
