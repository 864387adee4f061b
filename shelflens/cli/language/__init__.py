"""`shelflens reviews …` and `shelflens intents`: what customers write."""

from shelflens.cli.language.intents import intents
from shelflens.cli.language.reviews import import_reviews, summary

__all__ = ["import_reviews", "intents", "summary"]
