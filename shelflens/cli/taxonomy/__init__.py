"""`shelflens taxonomy …`: category trees as files."""

from shelflens.cli.taxonomy import editing, mapping, sources
from shelflens.cli.taxonomy.group import taxonomy_app

__all__ = ["editing", "mapping", "sources", "taxonomy_app"]
