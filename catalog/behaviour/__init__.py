"""What shoppers do with products, and what to recommend to them for it."""
