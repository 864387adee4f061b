"""`shelflens audit`, `ask`, `export`, `index …` and `knowledge …`: what concerns a whole catalogue."""

from shelflens.cli.catalogue import audit, export, index, knowledge

__all__ = ["audit", "export", "index", "knowledge"]
