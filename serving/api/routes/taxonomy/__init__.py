"""The active model's category tree, and its map to Google's."""
