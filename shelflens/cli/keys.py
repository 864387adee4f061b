"""`shelflens keys …`: who may use the HTTP service."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from shelflens.cli.app import JsonOption, app, errors_shown, needing

keys_app = typer.Typer(help="Add, list and remove API keys of the HTTP service.", no_args_is_help=True)
app.add_typer(keys_app, name="keys")

NameArgument = Annotated[str, typer.Argument(help="Name of the key in logs.")]
KeysOption = Annotated[
    Path | None, typer.Option("--keys", help="Key file. Default: the setting keys, shelflens-keys.json.")
]


class ScopeChoice(StrEnum):
    read = "read"
    write = "write"


@keys_app.command()
def add(
    name: NameArgument,
    scope: Annotated[
        ScopeChoice, typer.Option(help="read: analyze, embed, search and get. write: everything.")
    ] = ScopeChoice.write,
    keys: KeysOption = None,
) -> None:
    """Add a key and print it. Only its hash is stored, so it is printed once."""
    with errors_shown(), needing("serve"):
        from serving.middleware.api_keys import add_key
        from serving.settings.load import read_settings

        path = read_settings(keys=keys).keys
        key = add_key(path, name, scope.value)
        typer.echo(
            f"The key of {name}, which may {scope.value}. It is not shown again; a service that runs knows it"
            " within a second:",
            err=True,
        )
        typer.echo(key)


@keys_app.command("list")
def list_keys(keys: KeysOption = None, as_json: JsonOption = False) -> None:
    """List names, scopes and ages of the keys."""
    with errors_shown(), needing("serve"):
        import json

        from rich.console import Console
        from rich.table import Table

        from serving.middleware.api_keys import read_keys
        from serving.settings.load import read_settings

        known = read_keys(read_settings(keys=keys).keys)
        if as_json:
            print(json.dumps([key.model_dump(exclude={"sha256"}) for key in known]))
            return
        table = Table("name", "scope", "made")
        for key in known:
            table.add_row(key.name, key.scope, key.created_at)
        Console(highlight=False).print(table if known else "There are no API keys.")


@keys_app.command()
def remove(name: NameArgument, keys: KeysOption = None) -> None:
    """Remove a key. A running service refuses it within a second."""
    with errors_shown(), needing("serve"):
        from serving.middleware.api_keys import read_keys, remove_key
        from serving.settings.load import read_settings

        path = read_settings(keys=keys).keys
        remove_key(path, name)
        print(f"The key of {name} is gone.")
        if not read_keys(path):
            print("There is no key left: a service on this machine, also one that runs, is open to whoever is on it.")
