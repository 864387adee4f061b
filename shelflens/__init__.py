"""What users import: `from shelflens import Understander, Product, ProductIndex, Search, Client`.

A name is fetched from the package that defines it when it is first asked for, so importing this loads next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from catalog import __version__
    from catalog.errors import CatalogError
    from catalog.feeds import Feed, open_feed
    from catalog.index import ProductIndex, open_index
    from catalog.product import CategoryScore, Match, Product, Scored, StoredProduct, Understanding
    from catalog.search import Example, Search, search
    from catalog.taxonomy import Taxonomy
    from catalog.understand import Understander
    from serving.client import AsyncClient, Client

__all__ = [
    "AsyncClient",
    "CatalogError",
    "CategoryScore",
    "Client",
    "Example",
    "Feed",
    "Match",
    "Product",
    "ProductIndex",
    "Scored",
    "Search",
    "StoredProduct",
    "Taxonomy",
    "Understander",
    "Understanding",
    "__version__",
    "open_feed",
    "open_index",
    "search",
]

HOMES = {
    "catalog": ["__version__"],
    "catalog.errors": ["CatalogError"],
    "catalog.feeds": ["Feed", "open_feed"],
    "catalog.index": ["ProductIndex", "open_index"],
    "catalog.product": ["CategoryScore", "Match", "Product", "Scored", "StoredProduct", "Understanding"],
    "catalog.search": ["Example", "Search", "search"],
    "catalog.taxonomy": ["Taxonomy"],
    "catalog.understand": ["Understander"],
    "serving.client": ["AsyncClient", "Client"],
}
_HOME = {name: module for module, names in HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'shelflens' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted(globals().keys() | set(__all__))
