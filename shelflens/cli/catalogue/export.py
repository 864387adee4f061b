"""`shelflens export`: what was understood, or what was trained, as files for others."""

from collections.abc import Callable, Iterator, Sized
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from catalog.errors import ConfigInvalid, FileNotWritable
from shelflens.cli.app import (
    DataOption,
    IndexOption,
    StateOption,
    app,
    errors_shown,
    state_of,
    tell_if_mixed,
    using_pytorch,
)

if TYPE_CHECKING:
    from catalog.index.exports import Extra

Batch = TypeVar("Batch", bound=Sized)


@app.command()
def export(
    output: Annotated[Path, typer.Option(help="A .parquet, .csv or .jsonl file; for a model, a folder.")],
    index: IndexOption = "shelflens-index",
    embeddings: Annotated[
        bool | None,
        typer.Option("--embeddings/--no-embeddings", help="Write the index's embeddings. Default: not for .csv."),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="Export the model trained with this configuration.")] = None,
    data_root: DataOption = Path(),
    model: Annotated[Path | None, typer.Option(help="Copy this model folder and add graphs for ONNX Runtime.")] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="With --config: quantize --model, or the shipped model, to int8 for CPUs.")
    ] = False,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="With --config: copy --model with a new calibration.")
    ] = False,
    category_ids: Annotated[
        bool,
        typer.Option(
            "--category-ids",
            help="Fill google_product_category, where the merchant gave none, and shopify_category by the category."
            " What was confirmed on the service's page goes before what the tree says.",
        ),
    ] = False,
    confirmed: Annotated[
        Path | None,
        typer.Option(help="The same, with Google's categories as confirmed in this output of taxonomy map."),
    ] = None,
    state: StateOption = None,
) -> None:
    """Export an index to a file, or a trained model to a folder."""
    with errors_shown():
        if config or model or calibrate or int8:
            export_trained(output, config, data_root, model, int8, calibrate)
        else:
            extra = ids_of_categories(index, confirmed, state) if category_ids or confirmed else {}
            export_catalogue(index, output, embeddings, extra)


def export_trained(
    output: Path, config: Path | None, data_root: Path, model: Path | None, int8: bool, calibrate: bool
) -> None:
    if calibrate and model and config:
        calibrate_model(model, config, output, data_root)
    elif calibrate:
        raise ConfigInvalid("--calibrate requires --model, and --config, which names the products to measure on.")
    elif config and int8:
        export_int8(model, config, output, data_root)
    elif int8:
        raise ConfigInvalid("--int8 requires --config, which names the images to measure on.")
    elif config:
        export_model(config, output, data_root)
    elif model:
        export_graphs(model, output)


def ids_of_categories(location: str, confirmed: Path | None, state: str | None) -> "Extra":
    """confirmed: a sheet; without one what was confirmed on the page counts. Raises ConfigInvalid for a sheet of
    another tree.
    """
    from catalog.categories import PlatformIds, confirmed_in
    from serving.storage.category_map import confirmed_beside
    from shelflens.cli.categories import taxonomy_for

    tree = taxonomy_for(location, None)
    with state_of(location, state) as beside:
        said = confirmed_in(confirmed) if confirmed else confirmed_beside(beside)
    if confirmed and said and not said.keys() & {node.id for node in tree.nodes}:
        raise ConfigInvalid(f"{confirmed.name} is a map of another tree than the index's.")
    ids = PlatformIds(tree, said)
    return {"google_product_category": ids.google, "shopify_category": ids.shopify}


def export_catalogue(location: str, output: Path, embeddings: bool | None, extra: "Extra") -> None:
    from tqdm import tqdm

    from catalog.index.exports import export as write
    from catalog.index.exports import format_of, with_embeddings
    from catalog.index.product_index import open_index

    form = format_of(output)  # a wrong suffix is told before anything is opened
    if not output.parent.is_dir():
        raise FileNotWritable(f"The folder {str(output.parent)!r} does not exist.")
    with open_index(location, create=False) as index, tqdm(desc="export", total=index.count(), unit="product") as bar:
        tell_if_mixed(index)
        chosen = with_embeddings(form) if embeddings is None else embeddings
        write(counted(index.scan(), bar.update), output, chosen, extra)
    print(f"wrote {bar.n:,} products to {output}")


def counted(batches: Iterator[Batch], progress: Callable[[int], object]) -> Iterator[Batch]:
    for batch in batches:
        yield batch
        progress(len(batch))


def export_model(config: Path, output: Path, data_root: Path) -> None:
    with using_pytorch():
        from catalog.taxonomy.tree import Taxonomy
        from training.config import read_config
        from training.data.manifests import read_sets
        from training.export.familiarity import read_paths
        from training.export.folder import export as run

        chosen = read_config(config)
        taxonomy = Taxonomy.load(chosen.taxonomy)
        train_rows, val_rows = (read_sets(chosen, data_root, taxonomy, split) for split in ("train", "val"))
        paths = read_paths([data_root / name for name in chosen.kinds])
        checkpoint = run(Path(chosen.output) / "model", output, train_rows, val_rows, paths, chosen.opinions)
        print(f"wrote {output.name}, version {checkpoint.version}")


def calibrate_model(folder: Path, config: Path, output: Path, data_root: Path) -> None:
    """Weights and graphs stay as they are."""
    with using_pytorch():
        import shutil

        from catalog.model.folder import open_model
        from training.config import read_config
        from training.data.manifests import read_sets
        from training.export.familiarity import read_paths
        from training.export.folder import recalibrate

        chosen = read_config(config)
        if not output.exists():
            shutil.copytree(folder, output)
        elif not output.samefile(folder):
            raise ConfigInvalid(f"{output.name!r} already exists. Give the name of a new folder, or --model's own.")
        model = open_model(output)
        train_rows, val_rows = (read_sets(chosen, data_root, model.taxonomy, split) for split in ("train", "val"))
        paths = read_paths([data_root / name for name in chosen.kinds])
        found = recalibrate(model, train_rows, val_rows, paths, chosen.opinions)
        print(f"wrote {output.name}, version {open_model(output).version}")
        for modalities, least in found.auto.items():
            print(f"{modalities}: accepted unseen from {least:.2f} on, promised from {found.promise[modalities]} on")


def export_graphs(folder: Path, output: Path) -> None:
    if output.exists() and not output.samefile(folder):
        raise ConfigInvalid(f"{output.name!r} already exists. Give the name of a new folder.")
    with using_pytorch():
        from catalog.model.checkpoint import load_model
        from training.export.onnx_export import export_onnx

        checkpoint = load_model(folder)
        found = export_onnx(checkpoint, output)
        print(f"wrote {output.name}, version {checkpoint.version}, with graphs for ONNX Runtime")
        print(f"an embedding differs from PyTorch's by {found.embedding:.1e} at most")


def export_int8(model: Path | None, config: Path, output: Path, data_root: Path) -> None:
    with using_pytorch():
        from catalog.model.folder import open_model, shipped_model
        from training.config import read_config
        from training.data.manifests import read_sets
        from training.export.folder import export_int8 as run

        chosen, opened = read_config(config), open_model(model or shipped_model())
        if output.exists():
            raise ConfigInvalid(f"{output.name!r} already exists. Give the name of a new folder.")
        train_rows, val_rows = (read_sets(chosen, data_root, opened.taxonomy, split) for split in ("train", "val"))
        before, after = run(opened, output, train_rows, val_rows)
        print(f"wrote {output.name}, version {open_model(output).version}, in int8")
        print(f"right categories {after.top_1:.4f} (before {before.top_1:.4f})")
        print(f"words that find their image {after.found:.4f} (before {before.found:.4f})")
