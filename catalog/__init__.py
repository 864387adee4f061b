"""What a product is and what it means.

Importing this package loads no model library; `Understander` brings them in when it is first asked for.
"""

from typing import TYPE_CHECKING, Any

from catalog.errors import CatalogError
from catalog.product import CategoryScore, Product, Scored, Understanding

if TYPE_CHECKING:
    from catalog.understand import Understander

__all__ = ["CatalogError", "CategoryScore", "Product", "Scored", "Understander", "Understanding"]
__version__ = "0.2.0"


def __getattr__(name: str) -> Any:
    if name == "Understander":
        from catalog.understand import Understander

        return Understander
    raise AttributeError(f"module 'catalog' has no attribute {name!r}")
