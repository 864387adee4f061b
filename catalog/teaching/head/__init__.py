"""How the head of a taught model, its thresholds and its contract are fitted to examples."""
