"""What frozen encoders, or a frozen stem, say of the training products: computed once, kept in files."""
