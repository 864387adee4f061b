"""Label words removed from a product's text, as in a messy feed whose titles do not name the category."""

import re
from collections.abc import Sequence
from dataclasses import replace

from catalog.taxonomy.tree import Taxonomy
from training.data.manifests import LabelledProduct


def stem(word: str) -> str:
    """A word without case, punctuation and plural ending: "T-Shirts" -> "tshirt"."""
    letters = re.sub(r"[\W_]+", "", word.casefold())
    singular = re.sub(r"(?<=[a-z]{3})(?<!s)s$", "", re.sub(r"(?<=(?:sh|ch|ss|.x))es$", "", letters))
    # Berry and berries meet at "berri", tomato and tomatoes at "tomato".
    return re.sub(r"(?<=[a-z]{3})(?:ie|y)$", "i", re.sub(r"(?<=[a-z]{2}o)e$", "", singular))


def without_words(text: str, words: Sequence[str]) -> str:
    """`text` without the words (and joined word pairs: "track pants", "t shirt") whose stems occur in `words`."""
    banned = {stem(part) for word in words for part in (word, *word.split())} - {""}
    kept: list[str] = []
    parts = text.split()
    position = 0
    while position < len(parts):
        if position + 1 < len(parts) and stem(parts[position]) + stem(parts[position + 1]) in banned:
            position += 2
        elif stem(parts[position]) in banned:
            position += 1
        else:
            kept.append(parts[position])
            position += 1
    return " ".join(kept)


def label_words(row: LabelledProduct, taxonomy: Taxonomy) -> tuple[str, ...]:
    """Every name of the product's label: the data set's, the tree's, and its synonyms."""
    if row.node is None:
        return (row.label,)
    node = taxonomy.node(row.node)
    return (row.label, node.label, *(name for name in node.synonyms if " > " not in name))


def mask_labels(row: LabelledProduct, taxonomy: Taxonomy) -> LabelledProduct:
    """The product without its label's words in title and description."""
    return _without(label_words(row, taxonomy), row)


def mask_values(row: LabelledProduct) -> LabelledProduct:
    """The product without the words of its attributes' values in title and description."""
    return _without(tuple(row.attributes.values()), row)


def _without(words: Sequence[str], row: LabelledProduct) -> LabelledProduct:
    return replace(row, title=without_words(row.title, words), description=without_words(row.description, words))
