"""The tagger of attributes: its training titles, its fit, and its file."""
