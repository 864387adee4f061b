"""Synthetic titles for labelled products without text, made from the names of their category.

A model trained only on photos of apples without text could not read "apple". In training, such a product therefore
sometimes gets a title as a shop would write it. Never used for validation or test: the title contains the label.
"""

import random

from catalog.taxonomy.tree import Node, Taxonomy

# fmt: off
BRANDS = [
    "Acme", "Alder", "Northway", "Lumen", "Brisa", "Casa", "Verde", "Harbor", "Willow", "Kestrel",
    "Orchid", "Solana", "Tundra", "Vela", "Maple", "Riva", "Fjord", "Ember", "Juno", "Basics",
    "Select", "Original", "Premium", "Classic", "Fresh", "Organic", "Everyday", "Natural", "Finest", "New",
]
# fmt: on
ENDINGS = {
    "food": ("500 g", "1 kg", "1 L", "1.5 L", "pack of 6", "per kg", "loose", "class I", "family size", "ready to eat"),
    "": (
        "size M",
        "one size",
        "2024 collection",
        "new season",
        "set of 2",
        "for every day",
        "L",
        "XL",
        "EU 42",
        "sale",
    ),
}
FILLERS = (
    "Free delivery on orders over 30.",
    "Made with care from selected materials.",
    "A favourite of our customers, now back in stock.",
    "Store in a cool and dry place.",
    "Please see the label for details.",
    "Colours may differ slightly from the picture.",
    "Easy to care for and made to last.",
    "An ideal gift for family and friends.",
    "Returns are accepted within 30 days.",
    "Designed for comfort all day long.",
    "Ships within two working days from our warehouse.",
    "Perfect for the season, at home or on the go.",
    "Our team checks each item before it leaves the house.",
    "Great value for the whole family.",
    "Light, practical and good to look at.",
    "Read our guide to find out what suits you best.",
)


def synthetic_title(node: Node, taxonomy: Taxonomy, draw: random.Random) -> str:
    """A name of the category; at random with its parent's name, a brand and an ending."""
    parts = [draw.choice([node.label, *(name for name in node.synonyms if " > " not in name)])]
    if node.parent and draw.random() < 0.3:
        parts.append(taxonomy.node(node.parent).label)
    if draw.random() < 0.5:
        parts.insert(0, draw.choice(BRANDS))
    if draw.random() < 0.4:
        root = taxonomy.ancestors(node.id)[0]
        parts.append(draw.choice(ENDINGS.get(root, ENDINGS[""])))
    return " ".join(parts)


def with_filler(text: str, draw: random.Random) -> str:
    """The text with one to four sentences that say nothing about the product, as in long descriptions."""
    sentences = draw.sample(FILLERS, draw.randint(1, 4))
    return ". ".join([text.rstrip("."), " ".join(sentences)])
