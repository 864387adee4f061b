"""The encoding of a feed's text: recognised over the whole file, or named; and its bytes as UTF-8."""
