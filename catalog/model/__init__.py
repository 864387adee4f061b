"""The model: its folder, its network in PyTorch, its runtimes, and what its scores are worth."""
