"""What the code says when something is wrong, read from its source: every text with variable parts, and every error."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from catalog.errors import CatalogError

ROOT = Path(__file__).parents[2]
GAP = "\0"  # stands for a variable part


@cache
def sources() -> tuple[ast.Module, ...]:
    files = sorted([*(ROOT / "catalog").rglob("*.py"), *(ROOT / "serving").rglob("*.py")])
    return tuple(ast.parse(file.read_text(encoding="utf-8")) for file in files)


def shape(node: ast.AST) -> str | None:
    """The text of a literal with gaps for what is filled in; None for what is none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(shape(part) or GAP for part in node.values)
    return None


@cache
def texts() -> frozenset[str]:
    """All texts of the code."""
    return frozenset(text for tree in sources() for node in ast.walk(tree) if (text := shape(node)) is not None)


def kinds(of: type[CatalogError] = CatalogError) -> Iterator[type[CatalogError]]:
    yield of
    for kind in of.__subclasses__():
        yield from kinds(kind)


def raised() -> Iterator[tuple[str, str]]:
    """Code and text of each error that is given a text of its own where it is made."""
    codes = {kind.__name__: kind.code for kind in kinds()}
    for tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in codes and node.args:
                text = shape(node.args[0])
                if text is not None:
                    yield codes[node.func.id], text
