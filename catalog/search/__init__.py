"""Search in the user's terms: text, images and stored products -> matches and facets."""

from catalog.search.plan import Example, Knowledge, Search, SearchPlan, search

__all__ = ["Example", "Knowledge", "Search", "SearchPlan", "search"]
