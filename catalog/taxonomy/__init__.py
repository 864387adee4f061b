"""The category tree as data, and the way down it."""

from catalog.taxonomy.tree import SEPARATOR, Attribute, Named, Node, Tag, Taxonomy

__all__ = ["SEPARATOR", "Attribute", "Named", "Node", "Tag", "Taxonomy"]
