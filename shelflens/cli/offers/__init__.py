"""`shelflens price`: what is made of an understood catalogue for selling."""

from shelflens.cli.offers import price

__all__ = ["price"]
