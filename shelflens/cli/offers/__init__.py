"""`shelflens price`, `draft` and `demand …`: what is made of an understood catalogue for selling."""

from shelflens.cli.offers import demand, draft, price

__all__ = ["demand", "draft", "price"]
