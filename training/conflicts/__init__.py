"""Made-up contradictions, and what is learned from them for `catalog.quality.conflicts`."""
