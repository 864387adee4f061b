"""`shelflens price` and `draft`: what is made of an understood catalogue for selling."""

from shelflens.cli.offers import draft, price

__all__ = ["draft", "price"]
