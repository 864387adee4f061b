"""Search in the user's terms: words, images and stored products -> matches and facets."""

from catalog.search.plan import Example, Search, search

__all__ = ["Example", "Search", "search"]
