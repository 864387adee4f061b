"""Draws the pictures of the demo catalogue: outlines become masks, masks become lit surfaces."""
