"""What a customer's message is about, by the examples that are nearest to it."""

from catalog.language.intents.prototypes import UNKNOWN, Example, Intent, Prototypes, shipped_examples

__all__ = ["UNKNOWN", "Example", "Intent", "Prototypes", "shipped_examples"]
