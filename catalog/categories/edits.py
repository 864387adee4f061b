"""Changes of a tree: each gives a new one. A category keeps its id when it is renamed or moved."""

from collections.abc import Sequence
from dataclasses import replace

from catalog.categories.paths import slug
from catalog.categories.tables import STEP
from catalog.errors import CategoryAmbiguous, CategoryMisplaced, CategoryNotFound
from catalog.index.filters import meant
from catalog.taxonomy.names import normalised
from catalog.taxonomy.tree import SEPARATOR, Node, Taxonomy

TOP = "/"  # in place of a category: above all roots
SHOWN = 5


def find(tree: Taxonomy, name: str) -> Node:
    """The category with this id, else with this path, else the only one with this name.

    Raises CategoryNotFound with the nearest names, CategoryAmbiguous with those that it can mean.
    """
    by_id = {node.id: node for node in tree.nodes}
    if name in by_id:
        return by_id[name]
    steps = steps_of(name)
    found = _below(tree, steps) if len(steps) > 1 else list(tree.meanings(name))
    if not found:
        labels = {label: node.id for node in tree.nodes for label in (node.label, node.label_zh)}
        paths = {SEPARATOR.join(tree.path(node.id)): SEPARATOR.join(tree.path(node.id)) for node in tree.nodes}
        known = paths if len(steps) > 1 else labels | {node.id: node.id for node in tree.nodes}
        raise CategoryNotFound(f"There is no category {name!r}.{meant(name, known)}")
    if len(found) > 1:
        shown = ", ".join(f"{node.id} ({SEPARATOR.join(tree.path(node.id))})" for node in found[:SHOWN])
        more = f", and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        raise CategoryAmbiguous(f"{name!r} can mean {shown}{more}. Give the id.")
    return found[0]


def add(tree: Taxonomy, path: str, parents: bool = False) -> tuple[Taxonomy, tuple[Node, ...]]:
    """-> the tree with a category more, at its end, so that the others keep their places; and what was added.

    parents: whether to add what lacks above it. Raises CategoryNotFound, CategoryMisplaced where it is there already.
    """
    steps = steps_of(path)
    if not all(steps):
        raise CategoryMisplaced(f"The path {path!r} has an empty step.")
    parent: Node | None = None
    known = 0
    for step in steps:
        child = child_named(tree, parent, step)
        if child is None:
            break
        parent, known = child, known + 1
    if known == len(steps) and parent:
        raise CategoryMisplaced(f"{path!r} is there already: it has the id {parent.id!r}.")
    if known < len(steps) - 1 and not parents:
        raise _missing(tree, parent, steps, known)
    added: list[Node] = []
    for step in steps[known:]:
        parent = Node(_new_id(tree, parent, step, added), step, step, parent.id if parent else None)
        added.append(parent)
    return replace(tree, nodes=(*tree.nodes, *added)), tuple(added)


def rename(tree: Taxonomy, id: str, name: str, name_zh: str = "") -> Taxonomy:
    """name_zh: the Chinese one; without, a Chinese name stays that is another than the old one.

    Raises CategoryNotFound, CategoryMisplaced for a name that a sibling has.
    """
    node = find(tree, id)
    given = " ".join(name.split())
    if not given or STEP.search(given):
        raise CategoryMisplaced(f"{name!r} is no name of a category: it is empty, or has '>' in it.")
    same = node.label_zh == node.label
    new = replace(node, label=given, label_zh=name_zh.strip() or (given if same else node.label_zh))
    for label in (new.label, new.label_zh):
        _check_free(tree, new, node.parent, label)
    return replace(tree, nodes=tuple(new if one is node else one for one in tree.nodes))


def move(tree: Taxonomy, id: str, under: str) -> Taxonomy:
    """under: a category, or TOP. What lies below goes with it.

    Raises CategoryNotFound, CategoryMisplaced below itself and where a sibling has its name.
    """
    node = find(tree, id)
    parent = None if under == TOP else find(tree, under)
    if parent and node.id in tree.ancestors(parent.id):
        raise CategoryMisplaced(f"{node.label!r} cannot be moved below itself: {parent.label!r} lies in it.")
    new = replace(node, parent=parent.id if parent else None)
    for label in (new.label, new.label_zh):
        _check_free(tree, new, new.parent, label)
    return replace(tree, nodes=_parents_first([new if one is node else one for one in tree.nodes]))


def steps_of(path: str) -> list[str]:
    return [" ".join(step.split()) for step in STEP.split(path)]


def child_named(tree: Taxonomy, parent: Node | None, name: str) -> Node | None:
    """The category directly below the parent (None: a root) with this label."""
    wanted, above = normalised(name), parent.id if parent else None
    children = (node for node in tree.nodes if node.parent == above)
    return next((node for node in children if wanted in map(normalised, (node.label, node.label_zh))), None)


def _below(tree: Taxonomy, steps: Sequence[str]) -> list[Node]:
    """Those of the last name whose nearest ancestors have the names before it."""
    wanted = [normalised(step) for step in steps]
    found = []
    for node in tree.meanings(steps[-1]):
        line = [tree.node(id) for id in tree.ancestors(node.id)][-len(wanted) :]
        names = [{normalised(name) for name in (one.label, one.label_zh, *one.synonyms)} for one in line]
        if len(line) == len(wanted) and all(name in one for name, one in zip(wanted, names, strict=True)):
            found.append(node)
    whole = [node for node in found if len(tree.ancestors(node.id)) == len(wanted)]
    return whole or found


def _check_free(tree: Taxonomy, node: Node, parent: str | None, label: str) -> None:
    for other in tree.nodes:
        sibling = other.parent == parent and other.id != node.id
        if sibling and normalised(label) in map(normalised, (other.label, other.label_zh)):
            raise CategoryMisplaced(f"{label!r} is the name of a sibling already, of {other.id!r}.")


def _missing(tree: Taxonomy, parent: Node | None, steps: Sequence[str], known: int) -> CategoryNotFound:
    above = parent.id if parent else None
    place = f"below {SEPARATOR.join(tree.path(parent.id))!r}" if parent else "at the top"
    labels = {node.label: node.label for node in tree.nodes if node.parent == above}
    return CategoryNotFound(
        f"There is no category {steps[known]!r} {place}.{meant(steps[known], labels)} With --parents it is added, too."
    )


def _new_id(tree: Taxonomy, parent: Node | None, name: str, added: Sequence[Node]) -> str:
    taken = {node.id for node in (*tree.nodes, *added)}
    made = id = f"{parent.id}.{slug(name)}" if parent else slug(name)
    number = 2
    while id in taken:
        id, number = f"{made}-{number}", number + 1
    return id


def _parents_first(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """In the order given, but for those that came before their parents, which now follow these."""
    placed: set[str | None] = {None}
    waiting: dict[str | None, list[Node]] = {}
    ordered: list[Node] = []
    for node in nodes:
        if node.parent not in placed:
            waiting.setdefault(node.parent, []).append(node)
            continue
        due = [node]
        while due:
            first = due.pop(0)
            ordered.append(first)
            placed.add(first.id)
            due[:0] = waiting.pop(first.id, [])
    return tuple(ordered)
