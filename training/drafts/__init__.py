"""Tune a model that writes a text of a product's facts. What it writes is taken only if the facts say all of it."""
