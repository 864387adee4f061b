"""The loaded models: batches, the active one and its shadow, and how their answers differ."""
