"""`shelflens categories`: the tree that a model knows, by whose ids searches are filtered."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.errors import IndexNotFound
from shelflens.cli.app import IndexModelOption, IndexOption, JsonOption, app, errors_shown

if TYPE_CHECKING:
    from pathlib import Path

    from catalog.taxonomy.tree import Node, Taxonomy


@app.command()
def categories(
    text: Annotated[str, typer.Argument(help="Only those with this in their id or a name, English or Chinese.")] = "",
    index: IndexOption = "shelflens-index",
    as_json: JsonOption = False,
    model: IndexModelOption = None,
) -> None:
    """List the categories: each id with its names, below its parent. Exit code 1 when none is found."""
    with errors_shown():
        taxonomy = taxonomy_for(index, model)
    found = [node for node in taxonomy.nodes if fits(node, text)]
    print(
        json.dumps([entry(node, taxonomy) for node in found], ensure_ascii=False, indent=1) if as_json else "", end=""
    )
    if not as_json:
        print("\n".join(lines(found, taxonomy)) or f"No category has {text!r} in its id or a name.")
    raise typer.Exit(0 if found else 1)


def taxonomy_for(location: str, given: "Path | None") -> "Taxonomy":
    """Of the given model, else of the one that made the index, else of the shipped one."""
    from catalog.index.product_index import open_index
    from catalog.model.folder import find_model, read_taxonomy, shipped_model
    from catalog.origin import model_folder

    if given:
        return read_taxonomy(find_model(given))
    try:
        with open_index(location, create=False) as index:
            made_by = index.model
    except IndexNotFound:
        made_by = None
    return read_taxonomy(model_folder(made_by) if made_by else shipped_model())


def fits(node: "Node", text: str) -> bool:
    wanted = text.casefold().strip()
    return any(wanted in name.casefold() for name in (node.id, node.label, node.label_zh, *node.synonyms))


def entry(node: "Node", taxonomy: "Taxonomy") -> dict[str, object]:
    return {
        "id": node.id,
        "label": node.label,
        "label_zh": node.label_zh,
        "path": list(taxonomy.path(node.id)),
        "parent": node.parent,
        "leaf": taxonomy.is_leaf(node.id),
    }


def lines(found: "list[Node]", taxonomy: "Taxonomy") -> Iterator[str]:
    """What was found and what it lies below, as a tree."""
    shown = {ancestor for node in found for ancestor in taxonomy.ancestors(node.id)}
    children: dict[str | None, list[Node]] = {}
    for node in taxonomy.nodes:
        if node.id in shown:
            children.setdefault(node.parent, []).append(node)

    def below(parent: str | None, depth: int) -> Iterator[str]:
        for node in children.get(parent, ()):
            names = dict.fromkeys((node.label, node.label_zh))
            yield f"{'  ' * depth}{node.id}  {' / '.join(names)}"
            yield from below(node.id, depth + 1)

    return below(None, 0)
