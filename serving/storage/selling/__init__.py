"""What is kept of shoppers, reviews and documents, and asked of it."""
