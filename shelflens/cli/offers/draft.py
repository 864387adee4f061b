"""`shelflens draft`: texts of listings for stored products, from what is verified of them."""

from typing import Annotated

import typer

from catalog.errors import ConfigInvalid, ProductNotFound
from shelflens.cli.app import IndexOption, JsonOption, app, errors_shown


@app.command()
def draft(
    ids: Annotated[list[str], typer.Argument(help="Ids of stored products.", show_default=False)],
    channel: Annotated[
        str, typer.Option(help="Whose limits to keep: google, amazon, ebay, shopify, taobao, xiaohongshu.")
    ] = "google",
    language: Annotated[str, typer.Option(help="en or zh.")] = "en",
    index: IndexOption = "shelflens-index",
    as_json: JsonOption = False,
) -> None:
    """Draft a title, description, bullet points and a short advertisement, all of verified words."""
    with errors_shown():
        from catalog.drafts import channels, verified
        from catalog.drafts import draft as write
        from catalog.index.product_index import open_index
        from catalog.model.folder import read_taxonomy
        from catalog.origin import model_folder

        if channel not in channels():
            raise ConfigInvalid(f"No channel is called {channel!r}. They are {', '.join(channels())}.")
        if language not in ("en", "zh"):
            raise ConfigInvalid("A draft is written in en or zh.")
        drafts = []
        with open_index(index, create=False) as opened:
            taxonomy = read_taxonomy(model_folder(opened.model)) if opened.model and language == "zh" else None
            for id, stored in zip(ids, opened.get(ids), strict=True):
                if stored is None:
                    raise ProductNotFound(f"No product with the id {id!r} is stored.")
                known = verified(stored.product, stored.understanding, stored.judgement, taxonomy)
                drafts.append(write(known, channels()[channel], "zh" if language == "zh" else "en"))
    for id, written in zip(ids, drafts, strict=True):
        if as_json:
            from serving.api.schemas.offers.drafts import to_draft

            print(to_draft(written).model_dump_json())
        else:
            bullets = [f"- {bullet}" for bullet in written.bullets]
            print(*([f"[{id}]"] if len(ids) > 1 else []), written.title, "", written.description, "", sep="\n")
            print(*bullets, "", written.ad, "", sep="\n")
