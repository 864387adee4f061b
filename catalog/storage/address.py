"""Where a schema in PostgreSQL is: "postgresql://user@host:port/database?schema=name" and what else libpq takes."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from catalog.errors import CatalogError, IndexNotFound

SCHEMES = ("postgresql", "postgres")
DEFAULT_SCHEMA = "shelflens"
SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")
CONNECT_SECONDS = 5
# A server that has gone without a word is noticed after so long.
SILENCE_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Address:
    """conninfo: for libpq; it may hold a password, so it is never shown."""

    conninfo: str = field(repr=False)
    schema: str


def parse_address(location: str, refused: type[CatalogError] = IndexNotFound) -> Address:
    """Raises `refused`, without repeating anything of the address."""
    try:
        parts = urlsplit(location)
        options = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        schema = dict(options).get("schema", DEFAULT_SCHEMA)
        query = urlencode([(name, value) for name, value in options if name != "schema"])
        given = conninfo_to_dict(urlunsplit(parts._replace(query=query)))
    except (ValueError, psycopg.Error):
        given, schema = {}, ""
    ports = str(given.get("port") or "5432").split(",")  # of several hosts, each may have its own
    if not given.get("dbname") or not all(map(str.isdecimal, ports)) or not SCHEMA.fullmatch(schema):
        raise refused(
            "The address must read postgresql://user@host:port/database, with ?schema=name (small letters, digits and"
            " _) where the schema is not shelflens. Write signs of a password such as @ and / in percent encoding."
        )
    limits: dict[str, Any] = {
        "connect_timeout": CONNECT_SECONDS,
        "keepalives_idle": SILENCE_SECONDS,
        "tcp_user_timeout": 1000 * SILENCE_SECONDS,
        "application_name": "shelflens",
    }
    return Address(make_conninfo(**limits | given), schema)
