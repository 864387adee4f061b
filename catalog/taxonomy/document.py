"""A taxonomy as a JSON document."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from catalog.errors import TaxonomyInvalid
from catalog.taxonomy.nodes import Attribute, Node, Tag

KEYS = ("version", "nodes", "tags", "attributes")
NEEDED = {"version", "nodes"}
OPTIONAL = ("google", "attributes", "words")  # left out where they say nothing
LISTS = {"synonyms", "patterns", "values", "attributes", "words"}  # the other fields are strings

Entry = TypeVar("Entry", Node, Tag, Attribute)
Parsed = tuple[str, tuple[Node, ...], tuple[Tag, ...], tuple[Attribute, ...]]


def parsed(text: str) -> Parsed:
    """Version, nodes, tags and attributes of what `written` writes, or of less: a tree needs no tags and no attributes,
    and its nodes no Chinese label, which is then the other one, and no synonyms. Raises TaxonomyInvalid.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise TaxonomyInvalid("The taxonomy is not valid JSON.") from None
    if not isinstance(document, dict) or not NEEDED <= set(document) <= set(KEYS):
        raise TaxonomyInvalid(
            "The taxonomy must be an object with the keys version and nodes, and at most tags and attributes."
        )
    if not isinstance(document["version"], str):
        raise TaxonomyInvalid("The version of the taxonomy must be a string.")
    return (
        document["version"],
        _entries(document, "nodes", Node),
        _entries(document, "tags", Tag),
        _entries(document, "attributes", Attribute),
    )


def written(version: str, nodes: Sequence[Node], tags: Sequence[Tag], attributes: Sequence[Attribute]) -> str:
    """JSON with one entry per line."""
    blocks = [f' "version": {json.dumps(version, ensure_ascii=False)}']
    for key, entries in (("nodes", nodes), ("tags", tags), ("attributes", attributes)):
        lines = ",".join("\n  " + json.dumps(_said(entry), ensure_ascii=False) for entry in entries)
        blocks.append(f' "{key}": [{lines}\n ]')
    return "{\n" + ",\n".join(blocks) + "\n}\n"


def _said(entry: Node | Tag | Attribute) -> dict[str, object]:
    said = {field: getattr(entry, field.name) for field in fields(entry)}
    return {field.name: value for field, value in said.items() if field.name not in OPTIONAL or value != field.default}


def _entries(document: Mapping[str, object], key: str, kind: type[Entry]) -> tuple[Entry, ...]:
    """Build a Node, Tag or Attribute from each object in the list."""
    entries = document.get(key, [])
    if not isinstance(entries, list):
        raise TaxonomyInvalid(f"The {key} of the taxonomy must be a list.")
    names = [field.name for field in fields(kind)]
    if kind is Node:
        entries = [_completed(entry) if isinstance(entry, dict) else entry for entry in entries]
    return tuple(kind(**_checked(entry, key, names)) for entry in entries)


def _completed(node: Mapping[str, object]) -> dict[str, object]:
    """With what a node need not say."""
    return {"synonyms": [], **node, "label_zh": node.get("label_zh") or node.get("label")}


def _checked(entry: object, key: str, names: Sequence[str]) -> dict[str, Any]:
    needed = [name for name in names if name not in OPTIONAL]
    if not isinstance(entry, dict) or not set(needed) <= set(entry) <= set(names):
        others = [name for name in names if name in OPTIONAL]
        more = f", and at most {', '.join(others)}" if others else ""
        raise TaxonomyInvalid(
            f"Each entry of {key} must be an object with exactly these keys: {', '.join(needed)}{more}."
        )
    return {name: _value(value, name, key) for name, value in entry.items()}


def _value(value: object, name: str, key: str) -> object:
    if name in LISTS:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise TaxonomyInvalid(f"The {name} of each entry of {key} must be a list of strings.")
        return tuple(value)
    is_root = name == "parent" and value is None
    if not (isinstance(value, str) or is_root):
        raise TaxonomyInvalid(f"The {name} of each entry of {key} must be a string.")
    return value
