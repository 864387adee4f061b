"""The command line: one verb per act. Each command imports what it needs, so that `--help` is quick."""

import os
from typing import Any

from shelflens.cli import (
    catalogue,
    categories,
    events,
    ingest,
    keys,
    language,
    mcp,
    offers,
    search,
    service,
    taxonomy,
    teaching,
    training,
    understand,
)
from shelflens.cli.app import app

__all__ = [
    "app",
    "catalogue",
    "categories",
    "events",
    "ingest",
    "keys",
    "language",
    "main",
    "mcp",
    "offers",
    "search",
    "service",
    "taxonomy",
    "teaching",
    "training",
    "understand",
]


def main(arguments: list[str] | None = None) -> Any:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    return app(args=arguments)
