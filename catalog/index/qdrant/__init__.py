"""The distributed index: a collection of a Qdrant server or cluster."""
