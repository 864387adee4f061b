"""`shelflens teach`: a merchant's own categories."""

from shelflens.cli.teaching.teach import teach

__all__ = ["teach"]
