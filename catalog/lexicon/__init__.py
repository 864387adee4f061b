"""Words that several parts of the catalogue read: colours, letter sizes, people, units, numbers of pieces."""
