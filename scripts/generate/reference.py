"""Writes docs/reference/: settings, error codes, routes, commands and public names, from the code that defines them."""

import inspect
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast, get_args, get_type_hints

import typer

import shelflens
import shelflens.cli
from catalog.errors import CatalogError
from catalog.feeds.systems import systems, written
from scripts.generate.openapi import document
from serving import errors as service_errors
from serving.error_responses import STORAGE, status_of
from serving.errors import ModelFailed
from serving.middleware.paths import is_open, only_reads
from serving.settings.load import limits
from serving.settings.schema import PREFIX, Settings

NOTE = "<!-- Written by `scripts/docs --generate` from the code: do not edit. -->\n"


def pages() -> dict[str, str]:
    """File name -> Markdown."""
    return {
        "settings.md": settings_page(),
        "errors.md": errors_page(),
        "routes.md": routes_page(),
        "commands.md": commands_page(),
        "python.md": python_page(),
        "feed-columns.md": feed_columns_page(),
    }


def page(title: str, lead: str, *parts: str) -> str:
    return "\n".join([f"# {title}\n", NOTE, f"{lead}\n", *parts])


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def settings_page() -> str:
    lead = (
        f"Each setting is a key of the TOML file and an environment variable: `port` is `{PREFIX}PORT`. Those with a"
        " flag are options of `shelflens serve`, too. A flag wins over the environment, the environment over the file."
        " Sizes are bytes, times are seconds."
    )
    flags = {option: option for option in options_of("serve")}
    rows = []
    for name, field in Settings.model_fields.items():
        flag = flags.get("--" + name.replace("_", "-"), "")
        bounds = limits(name).removeprefix("; ") or choices(name)
        rows.append([f"`{name}`", f"`{flag}`" if flag else "", default(field.default), bounds, field.description or ""])
    return page("Settings", lead, table(["setting", "flag", "default", "values", "meaning"], rows))


def feed_columns_page() -> str:
    lead = (
        "What the columns of each shop system are read as, the best first: of a row, the first that has a value counts."
        " Names are compared without case, spaces and punctuation. `#` stands for a number, `*` for a language."
        " [Feeds](../feeds.md) says how to export from each system."
    )
    parts = [
        f"## {system.title[0].upper()}{system.title[1:]}\n\n"
        + table(["field", "columns"], [(f"`{field}`", ", ".join(map(code, names))) for field, names in columns.items()])
        for system, columns in ((system, written(system.name)) for system in systems().values())
    ]
    return page("Columns of feeds", lead, *parts)


def code(text: str) -> str:
    return f"`{text}`"


def default(value: Any) -> str:
    empty = value is None or value == () or value == ""
    return "" if empty else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def choices(name: str) -> str:
    """The values of a setting that has only a few."""
    found = get_args(get_type_hints(Settings)[name])
    return ", ".join(f"`{value}`" for value in found if isinstance(value, str))


def errors_page() -> str:
    lead = (
        'An error reaches a client as `{"error": {"message", "type", "param", "code"}}`. Its code is stable across'
        " releases, its message is not. The message here is the usual one: an error may say more. Errors without a"
        " status are not answers to a request: they are reported by the command line, at the start of the service, or"
        " for a row of a feed."
    )
    known: dict[str, tuple[str, str]] = {}
    for kind in every_error(CatalogError):
        shown = known.get(kind.code)
        if shown is None:
            known[kind.code] = (status_text(kind), kind.default)
    rows = [[f"`{code}`", status, message] for code, (status, message) in sorted(known.items())]
    return page("Error codes", lead, table(["code", "status", "message"], rows))


def every_error(kind: type[CatalogError]) -> Iterator[type[CatalogError]]:
    """Every error of `catalog` and `serving`, parents first."""
    for error in kind.__subclasses__():
        if error.__module__ in ("catalog.errors", service_errors.__name__):
            yield error
            yield from every_error(error)


def status_text(kind: type[CatalogError]) -> str:
    status = status_of(kind())
    return "" if status == 500 and not issubclass(kind, (*STORAGE, ModelFailed)) else str(status)


def routes_page() -> str:
    lead = (
        "Requests and answers with all their fields are at `/docs` of a running service, and in its `/openapi.json`."
        " A key of the scope `read` may use the routes marked so; open routes need no key."
    )
    by_tag: dict[str, list[list[str]]] = {}
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            row = [f"`{method.upper()} {path}`", operation["summary"], scope(method.upper(), path)]
            by_tag.setdefault(operation["tags"][0], []).append(row)
    header = ["route", "what it does", "key"]
    return page("Routes", lead, *(f"## {tag.capitalize()}\n\n{table(header, rows)}" for tag, rows in by_tag.items()))


def scope(method: str, path: str) -> str:
    if is_open(path):
        return "open"
    return "`read`" if only_reads(method, path) else "`write`"


def commands_page() -> str:
    lead = "What `shelflens COMMAND --help` says. Exit codes: 0 done, 2 a mistake that is explained in one line."
    return page("Commands", lead, *(command_text(name, command) for name, command in every_command()))


def python_page() -> str:
    lead = (
        "What `from shelflens import …` gives. A name is fetched when it is first used, so importing the package loads"
        " neither PyTorch nor Ray. The site (`scripts/docs`) has each name's signature and docstring here."
    )
    rows = [[f"`{name}`", f"`{home}`"] for home, names in shelflens.HOMES.items() for name in names]
    blocks = [
        f"::: {home}.{name}\n" for home, names in shelflens.HOMES.items() for name in names if name != "__version__"
    ]
    return page("Python", lead, table(["name", "defined in"], sorted(rows)), *sorted(blocks, key=public_name))


def public_name(block: str) -> str:
    return block.strip().rpartition(".")[2]


def every_command() -> Iterator[tuple[str, Any]]:
    """Name, such as "index copy", and click's command."""
    for name, command in cast(Any, typer.main.get_command(shelflens.cli.app)).commands.items():
        inner = getattr(command, "commands", None)
        if inner is None:
            yield name, command
        else:
            yield from ((f"{name} {verb}", each) for verb, each in inner.items())


def options_of(name: str) -> list[str]:
    command = dict(every_command())[name]
    return [option for parameter in command.params for option in parameter.opts if option.startswith("--")]


def command_text(name: str, command: Any) -> str:
    arguments = [p for p in command.params if not p.opts[0].startswith("-")]
    usage = " ".join(argument_text(p) for p in arguments)
    rows = [[f"`{argument_text(p)}`", "", p.help or ""] for p in arguments]
    for option in (p for p in command.params if p.opts[0].startswith("-") and p.name != "help"):
        names = ", ".join(f"`{each}`" for each in [*option.opts, *option.secondary_opts])
        rows.append([names, "" if option.is_flag else default(option.default), option.help or ""])
    head = f"## {name}\n\n```\n{' '.join(filter(None, ['shelflens', name, '[OPTIONS]', usage]))}\n```\n"
    listed = table(["option", "default", "meaning"], rows) if rows else ""
    return "\n".join([head, f"{inspect.cleandoc(command.help or '')}\n", listed])


def argument_text(parameter: Any) -> str:
    shown = parameter.name.upper() + ("…" if parameter.nargs != 1 else "")
    return shown if parameter.required else f"[{shown}]"
