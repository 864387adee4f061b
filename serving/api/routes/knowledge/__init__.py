"""Questions about products, the documents that answer them, and the graph of what is known."""
