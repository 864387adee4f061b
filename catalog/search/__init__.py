"""Search in the user's terms: words, pictures and stored products -> matches and facets."""

from catalog.search.plan import Example, Search, search

__all__ = ["Example", "Search", "search"]
