"""JSON schemas as types of TypeScript."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]
SIMPLE = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
# Fields of requests that the client turns into data URIs, and fields of forms that it writes as JSON.
IMAGES = ("image", "images")
JSON_TEXT = "JSON text."


class Types:
    """Types for the schemas of a document. asked: names of those that are part of a request; in the others every field
    is there, as answers are written whole.
    """

    def __init__(self, schemas: Mapping[str, Schema], asked: set[str]) -> None:
        self._schemas, self._asked = schemas, asked
        ends = Counter(name.rpartition("__")[2] for name in schemas)
        self.names = {name: shortened(name, ends[name.rpartition("__")[2]] == 1) for name in schemas}

    def declaration(self, name: str) -> str:
        return self.declared(self.names[name], self._schemas[name], name in self._asked)

    def declared(self, name: str, schema: Schema, asked: bool) -> str:
        """An interface for an object with fields, an alias for anything else."""
        head = comment(schema.get("description", ""), "")
        if "properties" not in schema:
            return f"{head}export type {name} = {self.of(schema, asked)};\n"
        return f"{head}export interface {name} {self._fields(schema, asked, '')}\n"

    def _fields(self, schema: Schema, asked: bool, indent: str) -> str:
        lines = []
        for field, told in schema["properties"].items():
            optional = "?" if asked and field not in schema.get("required", ()) else ""
            lines.append(comment(told.get("description", ""), indent + "  "))
            lines.append(f"{indent}  {field}{optional}: {self._field(field, told, asked, indent + '  ')};\n")
        return "{\n" + "".join(lines) + indent + "}"

    def _field(self, name: str, schema: Schema, asked: bool, indent: str) -> str:
        if asked and name in IMAGES:
            return re.sub(r"\bstring\b", "Image", self.of(schema, asked, indent))
        if asked and schema.get("description", "").startswith(JSON_TEXT):
            return "string | Record<string, string>"
        return self.of(schema, asked, indent)

    def of(self, schema: Schema, asked: bool, indent: str = "") -> str:
        """The type of a schema, asked: of a request."""
        if "$ref" in schema:
            return self.names[schema["$ref"].rpartition("/")[2]]
        if "const" in schema or "enum" in schema:
            return " | ".join(json.dumps(value) for value in schema.get("enum", [schema.get("const")]))
        for key, sign in (("anyOf", " | "), ("oneOf", " | "), ("allOf", " & ")):
            if key in schema:
                parts = [self.of(part, asked, indent) for part in schema[key] if part.keys() - {"minProperties"}]
                return sign.join(dict.fromkeys(parts))
        return self._typed(schema, asked, indent)

    def _typed(self, schema: Schema, asked: bool, indent: str) -> str:
        kind = schema.get("type")
        if isinstance(kind, list):
            return " | ".join(self.of({**schema, "type": one}, asked, indent) for one in kind)
        if schema.get("contentMediaType"):
            return "Binary"
        if kind == "array":
            return self._array(schema, asked, indent)
        if kind == "object" and "properties" in schema:
            return self._fields(schema, asked, indent)
        if kind == "object":
            values = schema.get("additionalProperties", True)
            return f"Record<string, {self.of(values, asked, indent) if isinstance(values, dict) else 'unknown'}>"
        return SIMPLE.get(str(kind), "unknown")

    def _array(self, schema: Schema, asked: bool, indent: str) -> str:
        if "prefixItems" in schema:
            return f"[{', '.join(self.of(item, asked, indent) for item in schema['prefixItems'])}]"
        item = self.of(schema.get("items", {}), asked, indent)
        return f"({item})[]" if " " in item and not item.startswith("{") else f"{item}[]"


def shortened(name: str, alone: bool) -> str:
    """serving__api__schemas__search__FoundProduct -> FoundProduct, or SearchFoundProduct if it is not alone."""
    *rest, last = name.split("__")
    home = "" if alone or not rest else rest[-1].title().replace("_", "")
    return re.sub(r"\W", "", home + last)


def comment(text: str, indent: str) -> str:
    """A documentation comment, or nothing."""
    words = " ".join(text.replace("*/", "* /").split())
    return f"{indent}/** {words} */\n" if words else ""
