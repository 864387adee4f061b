"""Writes what clients/javascript/ has from the OpenAPI document: the operations, their types, and package.json."""

import json
import re
from pathlib import Path
from typing import Any

import catalog
from scripts.generate.openapi import Operation, Schema, document, operations, reached
from scripts.generate.typescript import Types, comment
from serving.api.schemas.jobs import WarnedRow

CLIENT = Path(__file__).parents[2] / "clients" / "javascript"
NOTE = "// Written by `scripts/docs --generate` from the service's OpenAPI document: do not edit.\n"
JSON, FORM, LINES = "application/json", "multipart/form-data", "application/x-ndjson"
# The names of the Python client, where they are not the operation's own.
NAMES = {
    "activate_model": "activate",
    "analyze_products": "analyze",
    "begin_audit": "audit",
    "check_health": "health",
    "check_readiness": "ready",
    "compare_models": "comparison",
    "correct_feed": "correctedFeed",
    "create_embeddings": "embed",
    "delete_model": "forgetModel",
    "export_products": "export",
    "find_bought_together": "boughtTogether",
    "find_intents": "intents",
    "find_similar_products": "similar",
    "get_audit_patch": "corrections",
    "get_audits": "audits",
    "get_category_list": "categoryList",
    "get_category_map": "categoryMap",
    "get_category_sheet": "categorySheet",
    "get_job": "job",
    "get_metrics": "metrics",
    "get_overview": "overview",
    "get_product_image": "image",
    "get_review_summary": "reviewSummary",
    "get_taxonomy": "taxonomy",
    "get_training_set": "trainingSet",
    "give_feedback": "feedback",
    "give_feedback_on_several": "feedbackOnSeveral",
    "give_feedback_on_those_alike": "feedbackOnAlike",
    "learn_from_verdicts": "learn",
    "list_confirmed_categories": "confirmedCategories",
    "list_feedback": "feedbackGiven",
    "list_findings": "findings",
    "list_job_errors": "jobErrors",
    "list_job_warnings": "jobWarnings",
    "list_jobs": "jobs",
    "list_models": "models",
    "list_products_alike": "alike",
    "list_products_to_review": "review",
    "list_proposed_categories": "proposedCategories",
    "list_reviews": "reviews",
    "list_sources": "sources",
    "list_user_events": "userEvents",
    "recommend_to_session": "recommendationsFor",
    "recommend_to_user": "recommendations",
    "search_products": "search",
    "take_feedback_back": "takeBack",
}
# Not sent again when it is unknown whether they had their effect.
ONCE = {
    "add_category",
    "delete_model",
    "give_feedback",
    "give_feedback_on_several",
    "give_feedback_on_those_alike",
    "learn_from_verdicts",
    "reopen_finding",
    "take_confirmation_back",
    "take_feedback_back",
}
# Of what is JSON lines: the type of a line, which the document does not have.
ROWS = {"list_feedback": "FeedbackOut", "list_job_errors": "FailedRow", "list_job_warnings": "WarnedRow"}
# Whatever it holds, it is as large as the catalogue.
STREAMS = {"export_products", "get_training_set"}
READS = {
    "_json": "Promise<{}>",
    "_nothing": "Promise<void>",
    "_text": "Promise<string>",
    "_blob": "Promise<Blob>",
    "_stream": "Promise<ReadableStream<Uint8Array>>",
    "_lines": "AsyncGenerator<{}, void>",
}


def files() -> dict[Path, str]:
    """Path -> content."""
    told = document()
    found = list(operations(told))
    return {
        CLIENT / "package.json": package(),
        CLIENT / "src" / "operations.js": calls(found),
        CLIENT / "src" / "operations.d.ts": declarations(found, told["components"]["schemas"]),
    }


def package() -> str:
    told = {
        "name": "shelflens",
        "version": catalog.__version__,
        "description": "A client of Shelflens: category, tags, attributes and an embedding for a product.",
        "license": "Apache-2.0",
        "type": "module",
        "engines": {"node": ">=18"},
        "exports": {".": {"types": "./src/index.d.ts", "default": "./src/index.js"}},
        "types": "./src/index.d.ts",
        "files": ["src"],
        "sideEffects": False,
    }
    return json.dumps(told, indent=2) + "\n"


def name(one: Operation) -> str:
    return NAMES.get(one.id) or camel(one.id)


def camel(text: str) -> str:
    """put_product, Upload-Offset -> putProduct, uploadOffset."""
    first, *rest = re.split(r"[_-]", text.lower())
    return first + "".join(word.title() for word in rest)


def reader(one: Operation) -> str:
    """What of the transport reads the answer."""
    if one.id in STREAMS:
        return "_stream"
    if not one.answers:
        return "_nothing"
    if JSON in one.answers:
        return "_json"
    if LINES in one.answers:
        return "_lines"
    return "_text" if all(kind.startswith("text/") for kind in one.answers) else "_blob"


def calls(found: list[Operation]) -> str:
    methods = "\n".join(call(one) for one in found)
    imports = (
        'import { segment } from "./content.js";\nimport { Transport, content } from "./transport.js";\n\n'
        "/** Each operation of the API, with its arguments as the API has them. */\n"
    )
    return f"{NOTE}\n{imports}export class Operations extends Transport {{\n{methods}}}\n"


def call(one: Operation) -> str:
    path = re.sub(r"\{(\w+)\}", r"${segment(\1)}", one.path)
    parts = [f'method: "{one.method}"', f"path: `{path}`" if "$" in path else f'path: "{path}"']
    if one.bodies:
        parts.append(body(one))
    if query(one):
        parts.append("query")
    if one.parameters["header"]:
        headers = ", ".join(f'"{told["name"]}": options.{camel(told["name"])}' for told in one.parameters["header"])
        parts.append(f"headers: {{ {headers} }}")
    if one.id in ONCE:
        parts.append("repeatable: false")
    arguments = [*(told["name"] for told in one.parameters["path"]), *(["body"] if one.bodies else [])]
    arguments += ["query"] if query(one) else []
    arguments += ["options = {}" if one.parameters["header"] else "options"]
    lines = f"    return this.{reader(one)}({{ {', '.join(parts)} }}, options);\n"
    kind = "" if reader(one) == "_lines" else "async "
    return f"  /** {one.summary}. */\n  {kind}{name(one)}({', '.join(arguments)}) {{\n{lines}  }}\n"


def body(one: Operation) -> str:
    if FORM in one.bodies:
        return f'...content(body, "{form_field(one)}")'
    return "json: body" if JSON in one.bodies else "bytes: body"


def form_field(one: Operation) -> str:
    """The field of a form that holds its file, or its files."""
    properties = one.bodies[FORM]["properties"]
    return next(field for field, told in properties.items() if "contentMediaType" in (told | told.get("items", {})))


def query(one: Operation) -> list[Schema]:
    """The parameters of the query. Whoever reads lines has no choice of formats."""
    return [told for told in one.parameters["query"] if reader(one) != "_lines" or told["name"] != "format"]


def declarations(found: list[Operation], schemas: dict[str, Any]) -> str:
    forms = {one.bodies[FORM]["title"]: one.bodies[FORM] for one in found if FORM in one.bodies}
    rows = {"WarnedRow": WarnedRow.model_json_schema()}
    asked = reached([*(one.bodies for one in found), {"$ref": "Filter"}], schemas)
    answered = reached([*(one.answers for one in found), *({"$ref": row} for row in ROWS.values())], schemas | rows)
    types = Types(schemas | rows, asked)
    parts = [types.declaration(each) for each in sorted(asked | answered, key=types.names.__getitem__)]
    parts += [types.declared(title, form, asked=True) for title, form in sorted(forms.items())]
    methods = "\n".join(declaration(one, types) for one in found)
    head = 'import type { Binary, Image, RequestOptions } from "./transport.js";\n'
    return f"{NOTE}\n{head}\n{chr(10).join(parts)}\nexport declare class Operations {{\n{methods}}}\n"


def declaration(one: Operation, types: Types) -> str:
    arguments = [f"{told['name']}: {types.of(told['schema'], asked=True)}" for told in one.parameters["path"]]
    if one.bodies:
        arguments.append(f"body: {body_type(one, types)}")
    options, needed = options_type(one, types)
    if query(one):
        told = query_type(one, types)
        arguments.append(f"query?: {told}")
    arguments.append(f"options{'' if needed else '?'}: {options}")
    text = comment(f"{one.summary}. {one.description}", "  ")
    return f"{text}  {name(one)}({', '.join(arguments)}): {result_type(one, types)};\n"


def body_type(one: Operation, types: Types) -> str:
    kinds = [types.of(schema, asked=True) for kind, schema in one.bodies.items() if kind != FORM]
    return " | ".join([*kinds, *([one.bodies[FORM]["title"]] if FORM in one.bodies else [])])


def query_type(one: Operation, types: Types) -> str:
    fields = []
    for told in query(one):
        kind = types.of(told["schema"], asked=True)
        fields.append(f"{told['name']}?: {'Filter | string' if told['name'] == 'filter' else kind}")
    return f"{{ {'; '.join(fields)} }}"


def options_type(one: Operation, types: Types) -> tuple[str, bool]:
    """The type of the options, and whether one of them must be given."""
    headers = one.parameters["header"]
    if not headers:
        return "RequestOptions", False
    fields = (
        f"{camel(told['name'])}{'' if told['required'] else '?'}: {types.of(told['schema'], asked=True)}"
        for told in headers
    )
    return f"RequestOptions & {{ {'; '.join(fields)} }}", any(told["required"] for told in headers)


def result_type(one: Operation, types: Types) -> str:
    read = reader(one)
    of = ROWS.get(one.id) if read == "_lines" else types.of(one.answers[JSON], asked=False) if read == "_json" else ""
    return READS[read].format(of)
