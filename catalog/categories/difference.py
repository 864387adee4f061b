"""What has changed from one tree to another, by the categories' ids."""

from dataclasses import dataclass, replace

from catalog.taxonomy.tree import Node, Taxonomy


@dataclass(frozen=True, slots=True)
class Changed:
    before: Node
    after: Node


@dataclass(frozen=True, slots=True)
class Difference:
    """renamed: of another label, English or Chinese; moved: below another parent; other: of other synonyms, attributes
    or category of Google's. A category can be in several of these.
    """

    added: tuple[Node, ...]
    removed: tuple[Node, ...]
    renamed: tuple[Changed, ...]
    moved: tuple[Changed, ...]
    other: tuple[Changed, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.renamed or self.moved or self.other)


def difference(before: Taxonomy, after: Taxonomy) -> Difference:
    old = {node.id: node for node in before.nodes}
    new = {node.id: node for node in after.nodes}
    both = [Changed(old[id], node) for id, node in new.items() if id in old]
    return Difference(
        added=tuple(node for id, node in new.items() if id not in old),
        removed=tuple(node for id, node in old.items() if id not in new),
        renamed=tuple(one for one in both if _names(one.before) != _names(one.after)),
        moved=tuple(one for one in both if one.before.parent != one.after.parent),
        other=tuple(one for one in both if _rest(one.before) != _rest(one.after)),
    )


def _names(node: Node) -> tuple[str, str]:
    return node.label, node.label_zh


def _rest(node: Node) -> Node:
    return replace(node, label="", label_zh="", parent=None)
