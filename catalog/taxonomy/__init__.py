"""The category tree, and the descent in it."""

from catalog.taxonomy.names import Named
from catalog.taxonomy.nodes import SEPARATOR, Attribute, Node, Tag
from catalog.taxonomy.tree import Taxonomy

__all__ = ["SEPARATOR", "Attribute", "Named", "Node", "Tag", "Taxonomy"]
