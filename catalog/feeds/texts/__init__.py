"""The text of a cell: its words as they are stored, and its identifiers."""
