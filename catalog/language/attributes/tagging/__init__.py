"""The learned part: a tagger of titles of some kinds of product."""
