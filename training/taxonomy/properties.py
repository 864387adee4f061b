"""Which tags a kind of product can have, by the attributes that Shopify's taxonomy gives its category."""

from collections.abc import Mapping, Sequence

from training.texts.shopify import ShopifyTaxonomy

# A tag -> the values that say the same. Any attribute with such a value has the tag, but not those that begin so as
# PURPOSE: what a product is suitable for.
VALUES = {
    "leather": ("Leather",),
    "leatherette": ("Faux leather",),
    "cotton": ("Cotton",),
    "denim": ("Denim",),
    "canvas": ("Canvas",),
    "steel": ("Steel", "Stainless steel"),
    "polyester": ("Polyester",),
    "hooded": ("Hooded",),
    "analogue": ("Analog",),
    "digital": ("Digital",),
}
PURPOSE = ("Suitable", "Compatible")

CUT = ("Neckline", "Sleeve length type", "Top length type", "Pants length type", "Skirt/Dress length type", "Fit")
# A tag -> attributes whose categories can have it. A tag in neither table fits any category: what a thing is for, how
# many are in a pack.
ATTRIBUTES = {
    **dict.fromkeys(("printed", "solid", "striped", "checked", "floral", "graphic", "logo"), ("Pattern",)),
    **dict.fromkeys(("slim fit", "comfort fit"), (*CUT, "Shoe fit")),
    **dict.fromkeys(("polo collar", "round neck"), ("Neckline", "Sleeve length type", "Undershirt style")),
    "short sleeve": ("Sleeve length type",),
    "chronograph": ("Watch display", "Watch features"),
    "chinos": ("Pants length type",),
    **dict.fromkeys(("wedge heel", "ballerina", "slip-on"), ("Shoe size", "Heel height type", "Footwear material")),
}

# Kinds that Shopify gives any fabric, but that no one makes of denim, canvas or leather: below these, Fabric is another
# attribute, which only the tags of LIGHT have.
LIGHT_FABRIC = "Light fabric"
LIGHT = ("cotton", "polyester")
LIGHT_KINDS = ("aa-1-3", "aa-1-5", "aa-1-6", "aa-1-8", "aa-1-17", "aa-1-18", "aa-1-20", "aa-2-16", "aa-2-23", "aa-2-26")


def attributes_of_tags(tags: Sequence[str], shopify: ShopifyTaxonomy) -> dict[str, tuple[str, ...]]:
    """The attributes of each tag; () if it fits any category."""
    values = shopify.values["en"]
    having: dict[str, list[str]] = {}
    for attribute in (*shopify.values_of, *shopify.values_from):
        if not attribute.startswith(PURPOSE):
            for id in shopify.values_of.get(shopify.values_from.get(attribute, attribute), ()):
                having.setdefault(values[id], []).append(attribute)
    found = {}
    for tag in tags:
        named = {attribute for value in VALUES.get(tag, ()) for attribute in having.get(value, ())}
        light = {LIGHT_FABRIC} if tag in LIGHT else set()
        found[tag] = tuple(sorted({*ATTRIBUTES.get(tag, ()), *named, *light}))
    return found


def attributes_of_categories(shopify: ShopifyTaxonomy) -> Mapping[str, tuple[str, ...]]:
    """Those of Shopify's, with the light fabrics told from others."""
    return {
        id: tuple(LIGHT_FABRIC if name == "Fabric" and _is_light(id) else name for name in names)
        for id, names in shopify.attributes.items()
    }


def _is_light(id: str) -> bool:
    return any(f"{id}-".startswith(f"{kind}-") for kind in LIGHT_KINDS)
