"""What a model gets right, in figures and as a page."""
