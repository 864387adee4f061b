"""What the merchant gives of a product: fields and attributes, by keys that join the spellings of one name.

A key is a field of `Product` ("gtin", "images") or a property ("colour", "size", "heel height").
"""

from collections.abc import Iterable
from functools import lru_cache

from catalog.language.attributes.expected import names_for
from catalog.product import Product, StoredProduct, each_value
from catalog.synonyms import attribute_name

# A shoe's size is the size; the number of its eyelets is not the number of its soles.
JOINED = frozenset(
    ("colour", "material", "size", "gender", "audience", "pattern", "closure", "flavor", "scent", "shape", "brand")
)
# In languages in which feeds come, beside those of `catalog.synonyms`.
ALIASES = {
    **dict.fromkeys(("farbe", "couleur", "colore", "cor", "kleur", "颜色", "颜色分类"), "colour"),
    **dict.fromkeys(("größe", "grösse", "groesse", "taille", "talla", "taglia", "tamanho", "maat"), "size"),
    **dict.fromkeys(("matière", "matériau", "materiale", "materiaal", "stoff", "tissu", "材质", "面料"), "material"),
    **dict.fromkeys(("geschlecht", "sexe", "genre", "género", "genere"), "gender"),
    **dict.fromkeys(("altersgruppe", "groupe d'âge", "年龄段"), "audience"),
    **dict.fromkeys(("muster", "motif", "patrón", "图案"), "pattern"),
    **dict.fromkeys(("marke", "hersteller", "manufacturer", "vendor", "marque", "marca", "merk", "品牌"), "brand"),
}
FIELDS = ("id", "title", "description", "brand", "link", "product_type", "google_product_category")
NUMBERS = ("sku", "gtin", "mpn")  # an article's own, so that all of a product's variants may have them
# Not told of any product: what a field holds, where it holds nothing.
NOTHING = frozenset(("", "-", "--", "n/a", "na", "none", "null", "nan", "unknown", "tbd", "?"))


@lru_cache(maxsize=8192)
def key_of(name: str) -> str:
    """By which attributes of one meaning are known: "Shoe size", "pa_size" and "Größe" -> "size"."""
    plain = _plain(name)
    first = attribute_name(names_for(plain)[0])
    return first if first in JOINED else plain


def is_general(name: str) -> bool:
    """Whether it is a name of the key itself, as "Größe" is of "size"; "Shoe size" is one of shoes alone."""
    return _plain(name) == key_of(name)


def _plain(name: str) -> str:
    plain = attribute_name(name)
    return ALIASES.get(plain, plain)


def given(stored: StoredProduct) -> dict[str, tuple[str, ...]]:
    """Key -> its values, of all that is filled."""
    product = stored.product
    found: dict[str, tuple[str, ...]] = {}
    for name, values in product.attributes.items():
        _add(found, key_of(name), each_value(values))
    for variant in product.variants:
        for name, value in variant.options.items():
            _add(found, key_of(name), (value,))
    for name in (*FIELDS, *NUMBERS):
        _add(found, name, (getattr(product, name),))
    return {**found, **_others(stored)}


def names_given(product: Product) -> Iterable[str]:
    """The merchant's own names of what is given, as spelt."""
    yield from product.attributes
    for variant in product.variants:
        yield from variant.options


def _others(stored: StoredProduct) -> dict[str, tuple[str, ...]]:
    product = stored.product
    found: dict[str, tuple[str, ...]] = {}
    if stored.image_refs or "image" in stored.understanding.modalities_used:
        found["images"] = stored.image_refs or ("image",)
    if product.price is not None or any(one.price is not None for one in product.variants):
        found["price"] = ("price",)
    if product.availability or any(one.availability for one in product.variants):
        found["availability"] = ("availability",)
    for name in NUMBERS:
        if product.variants and all(getattr(one, name) for one in product.variants):
            found[name] = tuple(getattr(one, name) for one in product.variants)
    return found


def _add(found: dict[str, tuple[str, ...]], key: str, values: Iterable[str]) -> None:
    kept = [value.strip() for value in values if value.strip().casefold() not in NOTHING]
    if kept:
        found[key] = tuple(dict.fromkeys((*found.get(key, ()), *kept)))
