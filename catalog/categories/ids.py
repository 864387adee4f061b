"""A found category as Google and Shopify call it."""

import re
from collections.abc import Iterator, Mapping

from catalog.categories.confirmed import Counterpart
from catalog.categories.shopify import GID
from catalog.product import StoredProduct
from catalog.taxonomy.tree import Node, Taxonomy

SHOPIFY = re.compile(r"[a-z]{2}(?:-\d+)*")
OWN = "."  # behind it, in an id, stands what is finer than Shopify's category


class PlatformIds:
    """Of a tree's categories. What is finer than Google's or Shopify's has the id of the nearest above it.

    confirmed: categories of Google's that a person has confirmed; they go before those that the tree names.
    """

    def __init__(self, tree: Taxonomy, confirmed: Mapping[str, Counterpart] | None = None) -> None:
        self._nodes = {node.id: node for node in tree.nodes}
        self._confirmed = confirmed or {}
        # Ids of this form may be anybody's; a whole tree of them is Shopify's.
        self._is_shopifys = all(SHOPIFY.fullmatch(node.id.partition(OWN)[0]) for node in tree.nodes)

    def google(self, stored: StoredProduct) -> str:
        """Google's id or path: the merchant's own, else that of the category found; "" where there is none."""
        if stored.product.google_product_category:
            return stored.product.google_product_category
        for node in self._line(stored):
            if node.id in self._confirmed:
                return self._confirmed[node.id].google
            if node.google:
                return node.google
        return ""

    def shopify(self, stored: StoredProduct) -> str:
        """Such as "gid://shopify/TaxonomyCategory/aa-1"; "" without a category, and in a tree that is not Shopify's."""
        found = next(self._line(stored), None) if self._is_shopifys else None
        return GID + found.id.partition(OWN)[0] if found else ""

    def _line(self, stored: StoredProduct) -> Iterator[Node]:
        """The category found and those above it, nearest first; none of a tree that has changed since."""
        category = stored.understanding.category
        node = self._nodes.get(category.id) if category else None
        while node:
            yield node
            node = self._nodes.get(node.parent or "")
