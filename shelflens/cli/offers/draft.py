"""`shelflens draft` and `train-drafts`: texts of listings for stored products, from what is verified of them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.errors import ConfigInvalid, ProductNotFound
from shelflens.cli.app import (
    INDEX_PLACES,
    DeviceOption,
    IndexOption,
    JsonOption,
    app,
    errors_shown,
    needing,
    using_pytorch,
)
from shelflens.cli.ingest import INTERRUPTED

if TYPE_CHECKING:
    from catalog.drafts import Draft, Language, Verified
    from training.drafts.pairs import Pair


@app.command()
def draft(
    ids: Annotated[list[str], typer.Argument(help="Ids of stored products.", show_default=False)],
    channel: Annotated[
        str, typer.Option(help="Whose limits to keep: google, amazon, ebay, shopify, taobao, xiaohongshu.")
    ] = "google",
    language: Annotated[str, typer.Option(help="en or zh.")] = "en",
    index: IndexOption = "shelflens-index",
    as_json: JsonOption = False,
    writer: Annotated[
        Path | None,
        typer.Option(help="A folder of shelflens train-drafts: it writes the description, if it adds nothing."),
    ] = None,
    device: DeviceOption = "cpu",
) -> None:
    """Draft a title, description, bullet points and a short advertisement, all of verified words."""
    with errors_shown(), needing("train"):
        if language not in ("en", "zh"):
            raise ConfigInvalid("A draft is written in en or zh.")
        drafts = drafts_of(ids, channel, "zh" if language == "zh" else "en", index)
        written = restyled(drafts, writer, device) if writer else [one for one, _ in drafts]
    for id, found in zip(ids, written, strict=True):
        if as_json:
            from serving.api.schemas.offers.drafts import to_draft

            print(to_draft(found).model_dump_json())
        else:
            bullets = [f"- {bullet}" for bullet in found.bullets]
            print(*([f"[{id}]"] if len(ids) > 1 else []), found.title, "", found.description, "", sep="\n")
            print(*bullets, "", found.ad, "", sep="\n")


def drafts_of(ids: list[str], channel: str, language: "Language", index: str) -> "list[tuple[Draft, Verified]]":
    from catalog.drafts import channels, verified
    from catalog.drafts import draft as write
    from catalog.index.product_index import open_index
    from catalog.model.folder import read_taxonomy
    from catalog.origin import model_folder

    if channel not in channels():
        raise ConfigInvalid(f"No channel is called {channel!r}. They are {', '.join(channels())}.")
    drafts = []
    with open_index(index, create=False) as opened:
        taxonomy = read_taxonomy(model_folder(opened.model)) if opened.model and language == "zh" else None
        for id, stored in zip(ids, opened.get(ids), strict=True):
            if stored is None:
                raise ProductNotFound(f"No product with the id {id!r} is stored.")
            known = verified(stored.product, stored.understanding, stored.judgement, taxonomy)
            drafts.append((write(known, channels()[channel], language), known))
    return drafts


def restyled(drafts: "list[tuple[Draft, Verified]]", folder: Path, device: str) -> "list[Draft]":
    """With the descriptions of a tuned model where these say nothing beyond what is verified."""
    from catalog.drafts.style import prompt, styled, told
    from catalog.writing import open_writer

    if not folder.is_dir():
        raise ConfigInvalid(f"{folder.name!r} is no folder of shelflens train-drafts.")
    tuned = open_writer(folder, device)
    found = [styled(drafted, known, tuned.write(prompt(told(known)))) for drafted, known in drafts]
    if refused := found.count(None):
        typer.echo(f"{refused} of {len(found)} descriptions are the template's: the writer said more.", err=True)
    return [one or drafted for one, (drafted, _) in zip(found, drafts, strict=True)]


@app.command()
def train_drafts(
    start: Annotated[str, typer.Option(help="The model to tune: a folder, or a name on the Hugging Face hub.")],
    output: Annotated[Path, typer.Option(help="Folder for the tuned model.")],
    data: Annotated[
        Path | None, typer.Option(help="Pairs: JSON Lines of an object `facts` and a string `text`.")
    ] = None,
    index: Annotated[
        str | None, typer.Option(help=f"In place of --data: stored products and their descriptions. {INDEX_PLACES}")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Over the pairs.")] = 3,
    minutes: Annotated[float, typer.Option(min=0.1, help="Longest time to train.")] = 600.0,
    learning_rate: Annotated[float, typer.Option(min=1e-6, max=0.1, help="The highest of the run.")] = 3e-4,
    seed: Annotated[int, typer.Option(help="Equal seeds hold the same texts out.")] = 0,
) -> None:
    """Tune a T5 or a GPT-2 to write descriptions as your catalogue does, for `draft --writer`.

    It is taught sentences that say nothing beyond their product's facts. A fifth of the texts is held out. A stopped
    run is resumed.

    Exit code: 0 written, 2 an error, 130 stopped by Ctrl-C.
    """
    with errors_shown(), using_pytorch():
        from training.drafts.tune import Settings, train_drafts

        settings = Settings(epochs=epochs, minutes=minutes, learning_rate=learning_rate, seed=seed)
        try:
            report = train_drafts(pairs_from(data, index), output, start, settings)
        except KeyboardInterrupt:
            print("Stopped. The same command goes on from its last checkpoint.")
            raise typer.Exit(INTERRUPTED) from None
        print(json.dumps(report._asdict()))
        if report.overlap <= report.template:
            print("The template does as well: leave --writer out.")


def pairs_from(data: Path | None, index: str | None) -> "list[Pair]":
    """Raises ConfigInvalid unless just one of them is given."""
    from catalog.index.product_index import open_index
    from training.drafts.pairs import pairs_of, read_pairs, teachable

    if data and index is None:
        return teachable(read_pairs(data))
    if index is None or data:
        raise ConfigInvalid("Give --data or --index.")
    with open_index(index, create=False) as opened:
        return teachable(pairs_of(stored for products in opened.scan() for stored in products))
