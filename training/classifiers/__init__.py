"""Teach texts' labels: sentiment, intents, or whatever a file of texts and labels has."""
