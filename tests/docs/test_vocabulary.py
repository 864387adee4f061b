"""One word for one thing: no name has a word that the vocabulary of docs/architecture.md replaces by another."""

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
LIMIT = re.compile(r"_?most(_|$)", re.IGNORECASE)
# Only a module with one of these anywhere is parsed.
SUSPECT = re.compile("|".join([*BANNED, *PHRASES, "most"]).replace("shelf", "shelf(?!lens)"), re.IGNORECASE)
# What a file format, a library or the wire calls so, by identifier.
ALLOWED = {"most_common": "collections.Counter"}
# Comments and strings of a script of the page.
NOT_CODE = re.compile(r"//.*|/\*[\s\S]*?\*/|\"(?:[^\"\\\n]|\\.)*\"")
# The names that a file of the page gives or uses: a style sheet's selectors, keys of messages, variables of a script.
NAMES = {
    "css": r"[.#]([a-zA-Z][\w-]*)",
    "html": r'(?:id|class)="([^"]*)"',
    "messages": r'"([\w.]+)":',
    "js": r"[a-zA-Z_$][\w$]*",
}


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


def page_names(path: Path) -> set[str]:
    """Names in a file of the page. Keys of errors are codes that the service sends."""
    text = path.read_text(encoding="utf-8")
    if path.stem.endswith(("-en", "-zh")):
        return {name for name in re.findall(NAMES["messages"], text) if not path.stem.startswith("errors")}
    kind = path.suffix.removeprefix(".")
    return set(re.findall(NAMES[kind], NOT_CODE.sub("", text) if kind == "js" else text)) if kind in NAMES else set()


def test_identifiers_are_split_into_words() -> None:
    assert words("HTTPServerName_of") == ["http", "server", "name", "of"]
    assert words("_most_common2") == ["most", "common"]


def test_banned_words_are_found() -> None:
    banned = ("PictureReader", "pictures-field", "MOST_ROWS", "most", "_shelf", "in_our_words")
    assert [wrong(name) for name in banned] == ["image", "images", "MAX", "MAX", "store", "translating_errors"]
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


def test_no_name_on_the_page_has_a_banned_word() -> None:
    files = sorted((ROOT / "serving" / "page").iterdir())
    assert {f"{path.name} {name}": wrong(name) for path in files for name in page_names(path) if wrong(name)} == {}
    assert page_names(ROOT / "serving" / "page" / "image-field.js") >= {"imageField", "MAX_BYTES"}


def test_no_file_has_a_banned_word_in_its_name() -> None:
    paths = [path for folder in (*FOLDERS, "configs", "docs") for path in (ROOT / folder).rglob("*")]
    assert {str(path): wrong(path.stem) for path in paths if "__pycache__" not in path.parts and wrong(path.stem)} == {}


def test_the_vocabulary_is_documented() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.partition("rejects these words")[2].partition("\n## ")[0]
    documented = set(re.findall(r"\w+", "".join(line.split("|")[1] for line in table.splitlines() if "|" in line)))
    assert {word for word in BANNED if word.removesuffix("s") not in documented} == set()
