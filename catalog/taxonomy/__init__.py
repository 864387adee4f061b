"""The category tree, and the descent in it."""

from catalog.taxonomy.tree import SEPARATOR, Attribute, Named, Node, Tag, Taxonomy

__all__ = ["SEPARATOR", "Attribute", "Named", "Node", "Tag", "Taxonomy"]
