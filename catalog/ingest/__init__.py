"""A whole feed into an index, with a ledger of what was done."""

# The share of the products stored before that a feed may take out by lacking them.
MAX_REPLACE_SHARE = 0.3
