"""Category trees as data: read from the files of others, changed, compared, and mapped to one another."""

from catalog.categories.confirmed import Counterpart, as_sheet, confirmed_in
from catalog.categories.difference import Difference, difference
from catalog.categories.ids import PlatformIds
from catalog.categories.mapping import Mapped, Proposal, map_trees
from catalog.categories.sources import read_source

__all__ = [
    "Counterpart",
    "Difference",
    "Mapped",
    "PlatformIds",
    "Proposal",
    "as_sheet",
    "confirmed_in",
    "difference",
    "map_trees",
    "read_source",
]
