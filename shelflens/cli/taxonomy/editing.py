"""`shelflens taxonomy add`, `rename`, `move` and `diff`."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalog.errors import ConfigInvalid
from shelflens.cli.app import JsonOption, errors_shown
from shelflens.cli.taxonomy.group import TreeOption, opened, save, taxonomy_app

if TYPE_CHECKING:
    from catalog.categories import Difference
    from catalog.taxonomy.tree import Taxonomy

CategoryArgument = Annotated[str, typer.Argument(help="Its id, its path, or its name where that is the only one.")]


@taxonomy_app.command()
def add(
    path: Annotated[str, typer.Argument(help='Such as "Garden > Hoses".')],
    tree: TreeOption,
    parents: Annotated[bool, typer.Option("--parents", help="Add what lacks above it, too.")] = False,
) -> None:
    """Add a category. The others keep their places."""
    with errors_shown():
        from catalog.categories.edits import add as run

        changed, added = run(own(tree), path, parents)
        save(changed, tree)
        for node in added:
            print(f"{node.id}  {' > '.join(changed.path(node.id))}")


@taxonomy_app.command()
def rename(
    category: CategoryArgument,
    name: Annotated[str, typer.Argument(help="The new name.")],
    tree: TreeOption,
    zh: Annotated[str, typer.Option(help="The new Chinese name. Default: as it was.")] = "",
) -> None:
    """Rename a category, which keeps its id."""
    with errors_shown():
        from catalog.categories.edits import find
        from catalog.categories.edits import rename as run

        before = own(tree)
        node = find(before, category)
        after = run(before, node.id, name, zh)
        save(after, tree)
        print(f"{node.id}  {' > '.join(before.path(node.id))} → {' > '.join(after.path(node.id))}")


@taxonomy_app.command()
def move(
    category: CategoryArgument,
    under: Annotated[str, typer.Argument(help="The new parent; / for the top.")],
    tree: TreeOption,
) -> None:
    """Move a category with all below it, which keep their ids."""
    with errors_shown():
        from catalog.categories.edits import find
        from catalog.categories.edits import move as run

        before = own(tree)
        node = find(before, category)
        after = run(before, node.id, under)
        save(after, tree)
        print(f"{node.id}  {' > '.join(before.path(node.id))} → {' > '.join(after.path(node.id))}")


@taxonomy_app.command()
def diff(
    before: Annotated[str, typer.Argument(help="A tree's file, or shipped for the shipped model's.")],
    after: Annotated[str, typer.Argument(help="Likewise.")],
    as_json: JsonOption = False,
) -> None:
    """What was added, removed, renamed and moved, by the categories' ids. Exit code 1 where there is anything."""
    with errors_shown():
        from catalog.categories import difference

        old, new = opened(before), opened(after)
        found = difference(old, new)
    if as_json:
        print(json.dumps(as_dict(found, old, new), ensure_ascii=False, indent=1))
    else:
        print("\n".join(lines(found, old, new)) or "The trees are the same.")
    raise typer.Exit(1 if found else 0)


def own(path: "TreeOption") -> "Taxonomy":
    """A tree to be changed. Raises ConfigInvalid for a file that is read as one, but would be written as another."""
    from catalog.taxonomy.tree import Taxonomy

    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        raise ConfigInvalid(f"{path.name!r} is no tree's own file. Import it first: shelflens taxonomy import.")
    return Taxonomy.load(path)


def as_dict(found: "Difference", old: "Taxonomy", new: "Taxonomy") -> dict[str, Any]:
    both = {"renamed": found.renamed, "moved": found.moved, "other": found.other}
    return {
        "added": [{"id": node.id, "path": list(new.path(node.id))} for node in found.added],
        "removed": [{"id": node.id, "path": list(old.path(node.id))} for node in found.removed],
        **{
            kind: [
                {"id": one.after.id, "before": list(old.path(one.before.id)), "after": list(new.path(one.after.id))}
                for one in changed
            ]
            for kind, changed in both.items()
        },
    }


def lines(found: "Difference", old: "Taxonomy", new: "Taxonomy") -> Iterator[str]:
    for node in found.added:
        yield f"added    {node.id}  {' > '.join(new.path(node.id))}"
    for node in found.removed:
        yield f"removed  {node.id}  {' > '.join(old.path(node.id))}"
    for one in found.renamed:
        before, after = (" / ".join(dict.fromkeys((node.label, node.label_zh))) for node in (one.before, one.after))
        yield f"renamed  {one.after.id}  {before} → {after}"
    for one in found.moved:
        yield f"moved    {one.after.id}  {' > '.join(old.path(one.before.id))} → {' > '.join(new.path(one.after.id))}"
    for one in found.other:
        path = " > ".join(new.path(one.after.id))
        yield f"other    {one.after.id}  {path}: of other synonyms, attributes or Google's category"
