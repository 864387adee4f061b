"""`shelflens teach`: a merchant's own categories, from products that are filed already."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shelflens.cli.app import DeviceOption, JsonOption, ModelOption, app, errors_shown, using_pytorch
from shelflens.cli.ingest import (
    INTERRUPTED,
    Columns,
    Encoding,
    FeedPath,
    Hosts,
    Images,
    Stores,
    open_source,
    read_mapping,
)

if TYPE_CHECKING:
    from catalog.feeds import Feed
    from catalog.images import ImageReader
    from catalog.model.checkpoint import Checkpoint
    from catalog.model.contract import Targets
    from catalog.teaching.attributes.learn import AttributeReport
    from catalog.teaching.gather import Gathered
    from catalog.teaching.teach import Outcome
    from catalog.teaching.vectors import VectorCache
    from catalog.understand import Understander
    from training.finetune.compare import Comparison

SHOWN = 10
FEWEST = 5  # products with a value, for it to be learnt
Category = Annotated[str, typer.Option(help="The column of the categories, paths such as Garden > Hoses.")]
Attributes = Annotated[
    list[str] | None,
    typer.Option(
        "--attribute",
        help="An attribute to teach as well, NAME=COLUMN, or NAME as the feed has it. May be given several times.",
    ),
]
Output = Annotated[Path, typer.Option(help="Folder for the taught model. OUTPUT.html beside it has the report.")]
Tree = Annotated[Path | None, typer.Option(help="A tree file. Default: the tree of the paths.")]
Separator = Annotated[str | None, typer.Option(help="Between the levels of a path. Default: detected.")]
Target = Annotated[float, typer.Option(min=0.5, max=0.999, help="Precision to promise of what is accepted unseen.")]
TargetsFile = Annotated[
    Path | None, typer.Option(help="A TOML file with targets of [modalities], [branches] and [attributes].")
]

Deep = Annotated[
    bool,
    typer.Option("--deep", help="Also fine-tune the encoders, and keep that if it is better on held-out products."),
]
Minutes = Annotated[float, typer.Option(min=0.1, help="Longest time to fine-tune, without reading the products.")]


@dataclass(frozen=True)
class Lesson:
    """What is to be taught, and how. minutes: for fine-tuning; 0 without."""

    output: Path
    separator: str | None
    tree: Path | None
    targets: "Targets"
    attributes: list[str]
    minutes: float


@app.command()
def teach(
    feed: FeedPath,
    category: Category,
    attributes: Attributes = None,
    output: Output = Path("taught-model"),
    tree: Tree = None,
    separator: Separator = None,
    target: Target = 0.98,
    targets: TargetsFile = None,
    deep: Deep = False,
    minutes: Minutes = 30.0,
    images: Images = None,
    columns: Columns = None,
    encoding: Encoding = "",
    hosts: Hosts = None,
    stores: Stores = None,
    as_json: JsonOption = False,
    model: ModelOption = None,
    device: DeviceOption = "cpu",
) -> None:
    """Teach a model your own categories. Run it again to resume, or to teach anew.

    Accuracies are of products that were left out of the teaching, with all that are nearly the same. FEED.vectors in
    the working directory has what the model read, so that it reads no product twice.

    Exit code: 0 written, 2 an error, 130 stopped by Ctrl-C.
    """
    with errors_shown(), resumable():
        from catalog.model.contract import read_targets
        from catalog.teaching.attributes.columns import read_asked, teaching_columns

        promised = read_targets(targets, target)
        asked = read_asked(attributes or [])
        mapping = teaching_columns(read_mapping(columns or []), category, asked)
        mapped = [f"{field}={column}" for field, column in mapping.items()]
        source = open_source(feed, images, mapped, "", hosts or [], stores or [], encoding)
        lesson = Lesson(output, separator, tree, promised, list(asked), minutes if deep else 0)
        found, compared = run(*source, model, device, Path(f"{feed.name}.vectors"), lesson)
    show(found, compared, as_json)


def show(found: "Outcome", compared: "Comparison | None", as_json: bool) -> None:
    if as_json:
        print(json.dumps(found.to_dict() | ({"deep": compared.to_dict()} if compared else {})))
    else:
        print("\n".join([*(deep_lines(compared) if compared else []), *lines(found)]))


def run(
    source: "Feed", images: "ImageReader", model: Path | None, device: str, vectors: Path, lesson: Lesson
) -> "tuple[Outcome, Comparison | None]":
    from catalog.model.folder import find_model, shipped_model
    from catalog.taxonomy.tree import Taxonomy
    from catalog.teaching.learned import Names
    from catalog.teaching.teach import check_output, teach_gathered
    from catalog.teaching.tree import check_attributes_of, placed_targets
    from catalog.teaching.vectors import VectorCache
    from catalog.understand import Understander

    check_output(lesson.output)  # before minutes of reading
    check_attributes_of(lesson.targets, lesson.attributes)
    own = Taxonomy.load(lesson.tree) if lesson.tree else None
    targets = placed_targets(lesson.targets, own) if own else lesson.targets
    base = find_model(model) if model else shipped_model()
    start = open_start(base, lesson.minutes) if lesson.minutes else None
    reader = Understander.load(base, device)
    with VectorCache(vectors) as cache:
        read = gathered(source, images, reader, cache, lesson.attributes)
        if start is None:
            found = teach_gathered(
                read,
                reader,
                base,
                lesson.output,
                separator=lesson.separator,
                tree=own,
                targets=targets,
                attributes=lesson.attributes,
                names=Names(lambda texts: cache.texts(texts, reader.version, reader.embed)),
                progress=tell,
            )
            return found, None
    from training.finetune.finetune import Asked, Source, teach_deep
    from training.finetune.run import Settings

    asked, settings = Asked(lesson.separator, own, targets, lesson.attributes), Settings(minutes=lesson.minutes)
    return teach_deep(read, Source(source, images), reader, start, lesson.output, settings, asked, tell)


def tell(step: str) -> None:
    typer.echo(f"{step} ...", err=True)


def open_start(base: Path, minutes: float) -> "Checkpoint":
    """The model with the weights that are to be tuned, before minutes of reading."""
    with using_pytorch():
        import training.finetune.finetune  # noqa: F401 - all that fine-tuning needs
        from catalog.model.checkpoint import load_model

    typer.echo(
        "After the usual teaching, the products are read once more, which takes about as long again or longer, and the"
        f" encoders are tuned for {minutes:g} min at most.",
        err=True,
    )
    return load_model(base)


@contextmanager
def resumable() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("Stopped. The same command goes on.", err=True)
        raise typer.Exit(INTERRUPTED) from None


def gathered(
    source: "Feed", images: "ImageReader", reader: "Understander", cache: "VectorCache", attributes: list[str]
) -> "Gathered":
    from tqdm import tqdm

    from catalog.teaching.gather import duration, gather, seconds_each

    total = source.total if source.total is not None else sum(1 for _ in source)
    new = max(total - cache.count(reader.version), 0)
    seconds = new * seconds_each(reader) if new else 0
    typer.echo(f"{total:,} rows, {new:,} of them new: about {duration(seconds + 10)}", err=True)
    with tqdm(total=total, unit="row", desc="read") as bar:
        return gather(source, reader, images, cache, bar.update, attributes=attributes)


def deep_lines(compared: "Comparison") -> list[str]:
    """Both models side by side, and which is kept."""
    said = [f"fine-tuned on {compared.trained:,} products in {compared.steps:,} steps", compared.table()]
    if not compared.better:
        return [*said, f"kept: the usual model, as of the tuned one {' and '.join(compared.reasons)}"]
    return [
        *said,
        "kept: the tuned model. What follows is of the held-out products.",
        "Its vectors are no other model's: ingest your feed into a new index.",
    ]


def lines(outcome: "Outcome") -> list[str]:
    report = outcome.report
    judged = report.levels[0].products
    whose = "each was" if judged == report.examples else f"{judged:,} were"
    said = [f"{report.examples:,} products in {report.categories:,} categories; {whose} judged unseen:"]
    said += [f"  level {one.level}: {one.right:.1%} right of {one.products:,}" for one in report.levels]
    right = f", {report.auto_right:.1%} of them right" if report.auto else ""
    said += [f"  accepted without a person: {report.auto:.1%}{right}"]
    curve = ", ".join(f"{point.examples:,}: {point.right:.1%}" for point in report.curve if not point.guessed)
    guess = next((point for point in report.curve if point.guessed), None)
    if curve:
        said += [f"  by number of products: {curve}" + (f"; twice as many, about {guess.right:.1%}" if guess else "")]
    said += [line for one in report.attributes for line in attribute_lines(one)]
    said += [f"rows left out: {count:,} {code}" for code, count in sorted(outcome.failed.items())]
    said += [f"few products: {path} ({count})" for path, count in report.few[:SHOWN]]
    said += [f"taken for another: {one.given} -> {one.taken}, {one.products}" for one in report.confusions[:SHOWN]]
    said += [f"doubted: {one.id} in {one.given}, likelier {one.likelier}" for one in report.doubts[:SHOWN]]
    return [*said, f"{outcome.output} holds the model {outcome.version}, {outcome.page} the report."]


def attribute_lines(found: "AttributeReport") -> list[str]:
    """The attribute, and its commonest values as most of its products are read."""
    if not found.learnt:
        return [f"attribute {found.name}: {found.examples:,} products, too few values with {FEWEST} of them"]
    right = f", {found.given_right:.1%} of them right" if found.given else ""
    said = [
        f"attribute {found.name}: {found.right:.1%} right of {found.examples:,}; given to {found.given:.1%}{right}",
        *[f"  {one.value} ({one.products:,} products): {one.outcomes[found.read]}" for one in found.values[:SHOWN]],
    ]
    said += [f"  products with several values: {found.several:,}"] if found.several else []
    return said + ([f"  products with a value that fewer than {FEWEST} have: {found.rare:,}"] if found.rare else [])
