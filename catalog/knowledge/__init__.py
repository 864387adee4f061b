"""The knowledge base: what is known of products as a graph, and documents beside them. Both are cited, never copied."""

from catalog.knowledge.document import Document, Kind, Piece, Scope, Tie
from catalog.knowledge.graph import Edge, Pattern, edges_of, matching, ties_of, ties_of_several

__all__ = [
    "Document",
    "Edge",
    "Kind",
    "Pattern",
    "Piece",
    "Scope",
    "Tie",
    "edges_of",
    "matching",
    "ties_of",
    "ties_of_several",
]
