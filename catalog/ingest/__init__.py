"""A whole feed into an index, with a ledger of what was done."""
