"""`shelflens audit`, `export` and `index …`: what concerns a whole catalogue."""

from shelflens.cli.catalogue import audit, export, index

__all__ = ["audit", "export", "index"]
