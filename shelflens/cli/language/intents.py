"""`shelflens intents`: what messages of customers are about."""

import json
from typing import Annotated

import typer

from shelflens.cli.app import JsonOption, ModelOption, app, errors_shown


@app.command()
def intents(
    texts: Annotated[list[str], typer.Argument(help="Messages.")],
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what messages are about: order_status, return, refund, defect, …, or unknown."""
    with errors_shown():
        from catalog.language.intents import Prototypes, shipped_examples
        from catalog.model.folder import find_model
        from catalog.understand import Understander

        reader = Understander.load(find_model(model) if model else None)
        examples = shipped_examples()
        known = Prototypes(examples, reader.embed([example.text for example in examples]))
        found = known.classify(reader.embed(texts))
        if as_json:
            print(json.dumps([one._asdict() for one in found], ensure_ascii=False))
            return
        for text, one in zip(texts, found, strict=True):
            near = f"  (near: {one.nearest})" if one.nearest else ""
            print(f"{one.name} {one.score:.2f}  {text}{near}")
