"""Teach the text encoder every department and several languages."""
