"""Train a shop's sequence model on its events, and take it only where it recommends better."""
