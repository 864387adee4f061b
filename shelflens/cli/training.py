"""The verbs that make a model: weights, tree, train-text, train, evaluate, compare."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from catalog.errors import FileNotReadable
from shelflens.cli.app import DataOption, ModelOption, app, errors_shown, needing


class Modalities(StrEnum):
    image = "image"
    text = "text"
    both = "both"


class Split(StrEnum):
    train = "train"
    val = "val"
    test = "test"


@app.command()
def train(
    config: Annotated[Path, typer.Option(help="A TOML file, see configs/.")],
    data_root: DataOption = Path(),
) -> None:
    """Train a model, or resume the run of this configuration."""
    with errors_shown(), needing("train"):
        from training.config import read_config
        from training.train import train as run

        print(json.dumps(run(read_config(config), data_root)))


@app.command()
def train_text(
    config: Annotated[Path, typer.Option(help="A TOML file, see configs/text.toml.")],
    data_root: DataOption = Path(),
) -> None:
    """Teach a text encoder further languages and departments, or resume the run of this configuration."""
    with errors_shown(), needing("train"):
        from training.config import read_text_config
        from training.texts.teach import teach

        teach(read_text_config(config), data_root)


@app.command()
def evaluate(
    data: Annotated[Path, typer.Option("--data", help="A manifest (JSON lines).")],
    split: Annotated[Split, typer.Option(help="Split to evaluate.")] = Split.val,
    modalities: Annotated[Modalities, typer.Option(help="Modalities that the model reads.")] = Modalities.both,
    mask_labels: Annotated[
        bool, typer.Option("--mask-labels", help="Remove the words of the label from the text.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    max_unmapped: Annotated[
        float, typer.Option(min=0, max=1, help="Largest allowed share of products whose category the tree lacks.")
    ] = 0.1,
    output: Annotated[Path | None, typer.Option(help="Folder for JSON, Markdown and plots.")] = None,
    model: ModelOption = None,
) -> None:
    """Evaluate the model on labeled products: category, calibration, attributes, tags, retrieval."""
    with errors_shown(), needing("train"):
        if not data.is_file():
            raise FileNotReadable(f"The manifest {str(data)!r} does not exist.")
        from catalog.model.checkpoint import load_model
        from catalog.model.folder import shipped_model
        from training.data.manifests import read_manifest
        from training.evaluation.evaluate import evaluate as score
        from training.evaluation.report import markdown, write_report

        checkpoint = load_model(model or shipped_model())
        rows = read_manifest(data, checkpoint.taxonomy)
        report, result, classes = score(checkpoint, rows, split.value, modalities.value, mask_labels, max_unmapped)
        if output:
            write_report(output, report, result, classes, checkpoint.taxonomy)
        print(json.dumps(report, indent=1) if as_json else markdown(report))


@app.command()
def compare(
    config: Annotated[Path, typer.Option(help="A TOML file, see configs/compare.toml.")],
    data_root: DataOption = Path(),
) -> None:
    """Train early, late and cross-attention fusion at equal budget, several seeds each, and print one table."""
    with errors_shown(), needing("train"):
        from training.compare import compare as run
        from training.config import read_config

        print(run(read_config(config), data_root))


@app.command()
def weights(
    output: Annotated[Path, typer.Option(help="Output folder.")] = Path("weights"),
) -> None:
    """Build the initial weights for training from the packages of the extra `weights`."""
    with errors_shown(), needing("train"):
        from training.weights.build import build_weights

        for path in build_weights(output):
            print(path)


@app.command()
def tree(
    output: Annotated[Path, typer.Option(help="Output file (JSON).")] = Path("taxonomy.json"),
    first: Annotated[
        Path | None, typer.Option(help="The first tree, of clothes and groceries. Default: the shipped model's.")
    ] = None,
    data_root: DataOption = Path(),
) -> None:
    """Build the category tree of every department, from Shopify's taxonomy and the first tree."""
    with errors_shown():
        from catalog.model.folder import shipped_model
        from catalog.taxonomy.tree import Taxonomy
        from training.taxonomy.build import read_tree

        built = read_tree(
            data_root / "taxonomies" / "shopify", Taxonomy.load(first or shipped_model() / "taxonomy.json")
        )
        output.write_text(built.to_json(), encoding="utf-8")
        print(f"{output}: {len(built.nodes):,} categories, {len(built.leaves):,} leaves")
