"""`shelflens keys …`: who may use the HTTP service."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shelflens.cli.app import JsonOption, StateOption, app, errors_shown, needing

if TYPE_CHECKING:
    from serving.middleware.api_keys import KeyPlace

keys_app = typer.Typer(help="Add, list and remove API keys of the HTTP service.", no_args_is_help=True)
app.add_typer(keys_app, name="keys")

NameArgument = Annotated[str, typer.Argument(help="Name of the key in logs.")]
KeysOption = Annotated[
    Path | None, typer.Option("--keys", help="Key file. Default: the setting keys, shelflens-keys.json.")
]


@contextmanager
def place_of(keys: Path | None, state: str | None) -> "Iterator[KeyPlace]":
    """The file that is named, or what the settings say."""
    from catalog.storage.database import open_database
    from catalog.storage.notes import NoteTable
    from serving.settings.load import read_settings

    settings = read_settings(keys=keys, state=state)
    database = None if keys else open_database(settings.state_database)
    try:
        yield NoteTable(database) if database else settings.keys
    finally:
        if database:
            database.close()


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
    state: StateOption = None,
) -> None:
    """Add a key and print it. Only its hash is stored, so it is printed once."""
    with errors_shown(), needing("serve"), place_of(keys, state) as place:
        from serving.middleware.api_keys import add_key

        key = add_key(place, name, scope.value)
        typer.echo(
            f"The key of {name}, which may {scope.value}. It is not shown again; a service that runs knows it"
            " within a second:",
            err=True,
        )
        typer.echo(key)


@keys_app.command("list")
def list_keys(keys: KeysOption = None, as_json: JsonOption = False, state: StateOption = None) -> None:
    """List names, scopes and ages of the keys."""
    with errors_shown(), needing("serve"), place_of(keys, state) as place:
        import json

        from rich.console import Console
        from rich.table import Table

        from serving.middleware.api_keys import read_keys

        known = read_keys(place)
        if as_json:
            print(json.dumps([key.model_dump(exclude={"sha256"}) for key in known]))
            return
        table = Table("name", "scope", "made")
        for key in known:
            table.add_row(key.name, key.scope, key.created_at)
        Console(highlight=False).print(table if known else "There are no API keys.")


@keys_app.command()
def remove(name: NameArgument, keys: KeysOption = None, state: StateOption = None) -> None:
    """Remove a key. A running service refuses it within a second."""
    with errors_shown(), needing("serve"), place_of(keys, state) as place:
        from serving.middleware.api_keys import read_keys, remove_key

        remove_key(place, name)
        print(f"The key of {name} is gone.")
        if not read_keys(place):
            print("There is no key left: a service on this machine, also one that runs, is open to whoever is on it.")
