"""One word for one thing: no identifier has a word that the vocabulary of docs/architecture.md replaces by another."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("catalog", "serving", "training", "shelflens", "tests", "benchmarks", "examples", "scripts")
# A word of an identifier -> the word to use. Identifiers are split at underscores and capitals.
BANNED = {
    "picture": "image",
    "pictures": "images",
    "photo": "image",
    "photos": "images",
    "desk": "context",
    "shelf": "store",
    "album": "thumbnails",
    "turnstile": "concurrency limit",
    "crew": "worker pool",
    "upkeep": "optimizer",
    "helper": "what it does",
    "helpers": "what they do",
    "util": "what it does",
    "utils": "what they do",
    "manager": "what it does",
}
# Several words together. A limit begins with MAX; an attribute of several words is no sentence.
PHRASES = {"in_our_words": "translating_errors", "embedded_store": "edge"}
LIMIT = re.compile(r"_?MOST(_|$)")
# Only a module with one of these anywhere is parsed.
SUSPECT = re.compile("|".join([*BANNED, *PHRASES, "MOST"]).replace("shelf", "shelf(?!lens)"), re.IGNORECASE)
# What a file format, a library or the wire calls so, by identifier.
ALLOWED: dict[str, str] = {}


def identifiers(path: Path) -> Iterator[tuple[str, int]]:
    """Every name that the module defines or takes as a parameter, with its line."""
    text = path.read_text(encoding="utf-8")
    for node in statements(ast.parse(text)) if SUSPECT.search(text) else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno
            yield from ((each.arg, each.lineno) for each in ast.walk(node.args) if isinstance(each, ast.arg))
        elif isinstance(node, ast.ClassDef):
            yield node.name, node.lineno
        for target in targets(node):
            for each in ast.walk(target):
                if isinstance(each, ast.Name | ast.Attribute):
                    yield each.id if isinstance(each, ast.Name) else each.attr, each.lineno


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Every statement below the node; expressions, which are most of a tree, are not gone through."""
    for field in ("body", "orelse", "finalbody", "handlers", "cases"):
        for inner in getattr(node, field, ()):
            yield inner
            yield from statements(inner)


def targets(node: ast.AST) -> list[ast.AST]:
    """What the statement binds: the left sides of assignments and loops, and the names behind `as`."""
    single = getattr(node, "target", None)
    opened = [item.optional_vars for item in getattr(node, "items", ()) if item.optional_vars]
    return [*getattr(node, "targets", ()), *([single] if single else ()), *opened]


def words(identifier: str) -> list[str]:
    """ "HTTPServerName_of" -> ["http", "server", "name", "of"]"""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", identifier)]


@cache
def wrong(identifier: str) -> str:
    """The word to use, "" where the identifier has none that is banned."""
    if identifier in ALLOWED:
        return ""
    if LIMIT.match(identifier):
        return "MAX"
    phrases = [better for phrase, better in PHRASES.items() if phrase in identifier.lower()]
    return next(iter(phrases), next((BANNED[word] for word in words(identifier) if word in BANNED), ""))


def test_identifiers_are_split_into_words() -> None:
    assert words("HTTPServerName_of") == ["http", "server", "name", "of"]
    assert words("_most_common2") == ["most", "common"]


def test_banned_words_are_found() -> None:
    assert [wrong(name) for name in ("PictureReader", "MOST_ROWS", "_shelf", "in_our_words")] == [
        "image",
        "MAX",
        "store",
        "translating_errors",
    ]
    assert [wrong(name) for name in ("shelflens", "most_common", "bookshelfless", "image")] == [""] * 4


def test_no_identifier_has_a_banned_word() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{line} {name}": better
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        for name, line in identifiers(path)
        if (better := wrong(name))
    }
    assert found == {}


def test_the_vocabulary_is_documented() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.partition("rejects these words")[2].partition("\n## ")[0]
    documented = set(re.findall(r"\w+", "".join(line.split("|")[1] for line in table.splitlines() if "|" in line)))
    assert {word for word in BANNED if word.removesuffix("s") not in documented} == set()
