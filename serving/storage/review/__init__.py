"""Products that wait for a person, what people said of them, and what follows from it."""
