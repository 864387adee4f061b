"""The rules: numbers, units, counts, codes, labels and words."""
