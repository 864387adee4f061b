"""The verbs that make a model: weights, tree, train-text, train, pretrain, evaluate, contract, compare."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from catalog.errors import ConfigInvalid, FileNotReadable, PretrainingUnhelpful
from shelflens.cli.app import DataOption, ModelOption, app, errors_shown, using_pytorch
from shelflens.cli.ingest import INTERRUPTED, SHOWN, Columns, FeedPath, Hosts, Images, Stores, open_source

if TYPE_CHECKING:
    from catalog.language.texts.model import Features
    from training.pretrain.pretrain import Report


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
    with errors_shown(), using_pytorch():
        from training.config import read_config
        from training.train import train as run

        print(json.dumps(run(read_config(config), data_root)))


class Recipe(StrEnum):
    ngrams = "ngrams"
    vectors = "vectors"
    both = "both"
    tuned = "tuned"


@app.command()
def train_text(
    config: Annotated[
        Path | None, typer.Option(help="A TOML file, see configs/text.toml and configs/nano_text.toml.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Texts and labels to tell apart: CSV, TSV or JSON Lines.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="With --data: folder for the text model.")] = None,
    recipe: Annotated[
        Recipe,
        typer.Option(
            help="With --data: n-grams of characters, vectors of the model's text encoder, both, or tuned: its upper"
            " layers learn, too."
        ),
    ] = Recipe.ngrams,
    model: ModelOption = None,
    epochs: Annotated[int, typer.Option(min=1, help="Of --recipe tuned, over the texts.")] = 3,
    seed: Annotated[int, typer.Option(help="Equal seeds hold the same texts out.")] = 0,
    data_root: DataOption = Path(),
) -> None:
    """Teach a text encoder what --config says, or tell texts apart by the labels of a file (--data).

    --config: further languages and departments, or for a narrow encoder what a model says of texts. --data: sentiment,
    intents or other labels, for `reviews import` and `intents` with --text-model. A stopped run is resumed.

    Exit code: 0 written, 2 an error, 130 stopped by Ctrl-C.
    """
    with errors_shown(), using_pytorch():
        if (config is None) == (data is None) or (data is None) != (output is None):
            raise ConfigInvalid("Give --config, or --data and --output.")
        if data and output:
            try:
                train_labels(data, output, recipe, model, epochs, seed)
            except KeyboardInterrupt:
                print("Stopped. The same command goes on from its last checkpoint.")
                raise typer.Exit(INTERRUPTED) from None
        elif config:
            train_encoder(config, data_root)


def train_labels(data: Path, output: Path, recipe: Recipe, model: Path | None, epochs: int, seed: int) -> None:
    from catalog.model.folder import find_model, shipped_model
    from training.classifiers.train import train_classifier

    start = find_model(model) if model else shipped_model()
    if recipe is Recipe.tuned:
        from training.classifiers.tuned import Settings, train_tuned

        report = train_tuned(data, output, start, Settings(seed=seed, epochs=epochs))
    else:
        report = train_classifier(data, output, cast("Features", recipe.value), start, seed)
    print(f"{report.texts:,} texts, {report.held_out:,} of them held out")
    print(f"accuracy {report.accuracy:.3f}, macro F1 {report.macro_f1:.3f} on these")
    print(f"a label is told of {report.told:.0%} of them, {report.precision:.0%} of these labels are right")
    print(f"wrote {output.name}")


def train_encoder(config: Path, data_root: Path) -> None:
    from training.config import TextConfig, read_text_config
    from training.texts.narrow import teach_narrow
    from training.texts.teach import teach

    read = read_text_config(config)
    if isinstance(read, TextConfig):
        teach(read, data_root)
    else:
        teach_narrow(read, data_root)


@app.command()
def pretrain(
    feed: FeedPath,
    output: Annotated[Path, typer.Option(help="Folder for the new model.")],
    model: ModelOption = None,
    images: Images = None,
    columns: Columns = None,
    hosts: Hosts = None,
    stores: Stores = None,
    minutes: Annotated[float, typer.Option(min=0.1, help="Longest time to train, without reading the feed.")] = 10.0,
    steps: Annotated[int | None, typer.Option(min=1, help="Number of steps. Default: what fits in --minutes.")] = None,
    seed: Annotated[int, typer.Option(help="Equal seeds and steps give equal models.")] = 0,
) -> None:
    """Continue pretraining a model on a feed, without labels. Run it again to resume.

    A fifth of the products is held out. The model is written only if it is better on them.

    Exit code: 0 written, 2 not better or another error, 130 stopped by Ctrl-C.
    """
    with errors_shown(), using_pytorch():
        from catalog.model.folder import find_model, shipped_model
        from training.pretrain.pretrain import pretrain as run
        from training.pretrain.run import Settings

        source, reader = open_source(feed, images, columns or [], "", hosts or [], stores or [])
        start = find_model(model) if model else shipped_model()
        settings = Settings(minutes=minutes, seed=seed, steps=steps)
        try:
            report = run(source, reader, start, output, settings)
        except KeyboardInterrupt:
            print("Stopped. The same command begins anew, or goes on from its last checkpoint.")
            raise typer.Exit(INTERRUPTED) from None
        show_pretraining(report, output)


def show_pretraining(report: "Report", output: Path) -> None:
    """Raises PretrainingUnhelpful after telling why."""
    print(f"{report.rows:,} rows, of which {len(report.failures):,} cannot be read and are skipped")
    for row in report.failures[:SHOWN]:
        print(f"line {row.line}: {row.reason} [{row.code}]")
    if report.verdict is None:
        print(f"Stopped after step {report.steps:,}. The same command goes on from here.")
        raise typer.Exit(INTERRUPTED)
    print(f"trained on {report.trained:,} products in {report.steps:,} steps, from the model {report.start}")
    if report.steps < report.wanted:
        print(f"{report.wanted:,} steps were due; --minutes allowed no more")
    print(report.verdict.table())
    if report.version is None:
        raise PretrainingUnhelpful(f"{PretrainingUnhelpful.default} Reason: {'; '.join(report.verdict.reasons)}.")
    print(f"wrote {output.name}, version {report.version}")
    print("Its calibration is that of the starting model. Ingest your feed again: vectors of two models differ.")


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
    with errors_shown(), using_pytorch():
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
def contract(
    data: Annotated[list[Path], typer.Option("--data", help="A manifest (JSON lines); may be given several times.")],
    target: Annotated[
        float, typer.Option(min=0.5, max=0.999, help="Least precision of what is accepted unseen.")
    ] = 0.98,
    targets: Annotated[
        Path | None, typer.Option(help="A TOML file with targets of [modalities], [branches] and [attributes].")
    ] = None,
    split: Annotated[Split, typer.Option(help="Split of products that the model was not taught.")] = Split.val,
    output: Annotated[
        Path | None, typer.Option(help="Folder for a copy of the model with the contract, or --model's own.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    model: ModelOption = None,
) -> None:
    """Promise a precision of what is accepted unseen, for each branch of the tree, or say what is missing for it.

    A threshold is promised where the lower 95 % bound of its precision on held-out products meets the target. Of the
    attributes those that the file of targets names are promised, value by value.
    """
    with errors_shown(), using_pytorch():
        from catalog.model.folder import open_model, shipped_model
        from training.data.manifests import read_manifest
        from training.export.contract import asked_of, coverage, fitted, table, write_contract
        from training.export.folder import check_labelled

        opened = open_model(model or shipped_model())
        asked = asked_of(opened, targets, target)
        rows = check_labelled([row for path in data for row in read_manifest(path, opened.taxonomy, split.value)])
        found, products = fitted(opened, rows, asked)
        if output:
            write_contract(opened, found, output)
        if as_json:
            print(json.dumps(found.to_dict() | {"coverage": coverage(found, products)}, indent=1))
        else:
            print(table(found, products, opened.taxonomy))


@app.command()
def compare(
    config: Annotated[Path, typer.Option(help="A TOML file, see configs/compare.toml.")],
    data_root: DataOption = Path(),
) -> None:
    """Train early, late and cross-attention fusion at equal budget, several seeds each, and print one table."""
    with errors_shown(), using_pytorch():
        from training.compare import compare as run
        from training.config import read_config

        print(run(read_config(config), data_root))


@app.command()
def weights(
    output: Annotated[Path, typer.Option(help="Output folder.")] = Path("weights"),
) -> None:
    """Build the initial weights for training from the packages of the extra `weights`."""
    with errors_shown(), using_pytorch():
        from training.weights.build import build_weights

        for path in build_weights(output):
            print(path)


@app.command()
def tree(
    output: Annotated[Path, typer.Option(help="Output file (JSON).")] = Path("taxonomy.json"),
    first: Annotated[Path, typer.Option(help="The tree of clothes and groceries to put into it.")] = Path(
        "configs/first_tree.json"
    ),
    data_root: DataOption = Path(),
) -> None:
    """Build the category tree of every department, from Shopify's taxonomy and the first tree."""
    with errors_shown():
        from catalog.taxonomy.tree import Taxonomy
        from training.taxonomy.build import read_tree

        built = read_tree(data_root / "taxonomies" / "shopify", Taxonomy.load(first))
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(built.to_json(), encoding="utf-8")
        print(f"{output}: {len(built.nodes):,} categories, {len(built.leaves):,} leaves")
