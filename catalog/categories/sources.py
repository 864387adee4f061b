"""Category trees in the files of others -> a tree of ours."""

from collections.abc import Sequence
from pathlib import Path

from catalog.categories.google import read_google
from catalog.categories.shopify import read_shopify
from catalog.categories.tables import Columns, read_paths
from catalog.taxonomy.tree import Taxonomy


def read_source(kind: str, path: Path, languages: Sequence[str] = (), columns: Columns | None = None) -> Taxonomy:
    """kind: "shopify" or "google"; anything else for a merchant's own file.

    languages: those of Shopify's or Google's to read, the first for the labels. Unless given all that are there, with
    English first. columns: of a table.

    Raises FileNotReadable, FeedEncodingInvalid, TaxonomyInvalid, ConfigInvalid.
    """
    if kind == "shopify":
        return read_shopify(path, languages)
    if kind == "google":
        return read_google(path, languages)
    return read_paths(path, columns or Columns())
