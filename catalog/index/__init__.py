"""The product index: stored products, found again by embedding, by words and by filter."""

from catalog.index.backend import IndexModel
from catalog.index.product_index import ProductIndex, open_index
from catalog.index.query import Finding, IndexQuery
from catalog.product import Offer, StoredVersion

__all__ = ["Finding", "IndexModel", "IndexQuery", "Offer", "ProductIndex", "StoredVersion", "open_index"]
