"""`shelflens intents`: what messages of customers are about."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shelflens.cli.app import JsonOption, ModelOption, app, errors_shown

if TYPE_CHECKING:
    from catalog.language.intents import Intent

TextModelOption = Annotated[
    Path | None, typer.Option("--text-model", help="A folder that shelflens train-text --data has written.")
]


@app.command()
def intents(
    texts: Annotated[list[str], typer.Argument(help="Messages.")],
    model: ModelOption = None,
    text_model: TextModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what messages are about: order_status, return, refund, defect, …, or unknown; with --text-model the labels
    that it was taught.
    """
    with errors_shown():
        if text_model:
            from catalog.labelling import TextLabeller
            from catalog.language.intents import Intent

            show(texts, [Intent(*one) for one in TextLabeller.load(text_model, model).label(texts)], as_json)
            return
        from catalog.language.intents import Prototypes, shipped_examples
        from catalog.model.folder import find_model
        from catalog.understand import Understander

        reader = Understander.load(find_model(model) if model else None)
        examples = shipped_examples()
        known = Prototypes(examples, reader.embed([example.text for example in examples]))
        show(texts, known.classify(texts, reader.embed(texts)), as_json)


def show(texts: "Sequence[str]", found: "Sequence[Intent]", as_json: bool) -> None:
    if as_json:
        print(json.dumps([one._asdict() for one in found], ensure_ascii=False))
        return
    for text, one in zip(texts, found, strict=True):
        near = f"  (near: {one.nearest})" if one.nearest else ""
        print(f"{one.name} {one.score:.2f}  {text}{near}")
