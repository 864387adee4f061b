"""`shelflens teach` and `shelflens refile`: a merchant's own categories."""

from shelflens.cli.teaching.refile import refile
from shelflens.cli.teaching.teach import teach

__all__ = ["refile", "teach"]
