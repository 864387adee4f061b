"""Requests and answers about questions, documents and the graph."""
