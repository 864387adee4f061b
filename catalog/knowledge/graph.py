"""What the catalogue knows, as edges between products, values, categories and documents, each with its evidence.

It is computed from the stored products as they are read: there is no second copy.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from catalog.knowledge.document import Document, Tie
from catalog.product import StoredProduct, each_value
from catalog.synonyms import attribute_name
from catalog.taxonomy.tree import SEPARATOR

if TYPE_CHECKING:
    from catalog.quality.audit import Told  # it reads the index, which a client of the service need not

By = Literal["feed", "model", "verdict", "document", "audit"]

# Fields of the offer, by the predicate of schema.org.
FIELDS = {
    "name": "title",
    "brand": "brand",
    "sku": "sku",
    "gtin": "gtin",
    "mpn": "mpn",
    "availability": "availability",
    "price": "price",
    "url": "link",
    "merchantCategory": "product_type",
}
ATTRIBUTE = "attribute:"


@dataclass(frozen=True, slots=True)
class Edge:
    """subject, object: "product:ID", "category:ID", "document:ID", or as an object also a plain value. by: who says so;
    score: how sure that is, 0 to 1; source: the model's version, the document's file, "finding:ID" of an audit, or "".
    """

    subject: str
    predicate: str
    object: str
    by: By
    score: float = 1.0
    source: str = ""


class Pattern(NamedTuple):
    """Which edges are wanted; "" is any. An object is compared without case."""

    subject: str = ""
    predicate: str = ""
    object: str = ""

    def fits(self, edge: Edge) -> bool:
        return (
            self.subject in ("", edge.subject)
            and self.predicate in ("", edge.predicate)
            and (not self.object or self.object.casefold() == edge.object.casefold())
        )


def edges_of(stored: StoredProduct, documents: Iterable[Document] = (), groups: "Iterable[Told]" = ()) -> list[Edge]:
    """All that is known of a product. documents: that are about it; groups: what the last audit found of products
    together, also of others.
    """
    subject = f"product:{stored.id}"
    found = [*_offer(stored, subject), *_attributes(stored, subject), *_categories(stored, subject)]
    found += [
        Edge(subject, "tag", tag.name, _judged(stored), tag.score, stored.model) for tag in stored.understanding.tags
    ]
    for double in stored.doubles:
        predicate = "sameAs" if double.kind == "duplicate" else "isVariantOf"
        found.append(Edge(subject, predicate, f"product:{double.other}", "model", double.probability, stored.model))
    found += _groups(stored.id, subject, groups)
    found += [Edge(subject, "subjectOf", f"document:{one.id}", "document", source=one.name) for one in documents]
    return found


def ties_of(stored: StoredProduct) -> list[Tie]:
    """What a document about this product may be tied to, the closest first."""
    category = stored.understanding.category
    ties = [Tie("product", stored.id)]
    if stored.product.brand:
        ties.append(Tie("brand", stored.product.brand.casefold()))
    if category:
        ties += [Tie("category", id) for id in dict.fromkeys((category.id, *reversed(category.path_ids)))]
    return [*ties, Tie("shop")]


def ties_of_several(products: Iterable[StoredProduct]) -> list[Tie]:
    """What a document about the shop, or about any of these products, may be tied to."""
    return list(dict.fromkeys([Tie("shop"), *(tie for stored in products for tie in ties_of(stored))]))


def matching(edges: Iterable[Edge], pattern: Pattern) -> Iterator[Edge]:
    return (edge for edge in edges if pattern.fits(edge))


def _offer(stored: StoredProduct, subject: str) -> Iterator[Edge]:
    product = stored.product
    for predicate, field in FIELDS.items():
        value = getattr(product, field)
        if value not in (None, ""):
            text = f"{value:g} {product.currency}".rstrip() if field == "price" else str(value)
            yield Edge(subject, predicate, text, "feed")


def _attributes(stored: StoredProduct, subject: str) -> Iterator[Edge]:
    given = stored.product.attributes
    for name, value in stored.attributes.items():
        predicate = ATTRIBUTE + attribute_name(name)
        if name in given:
            yield from (Edge(subject, predicate, one, "feed") for one in each_value(given[name]) if one)
        else:
            yield Edge(subject, predicate, value.name, _judged(stored), value.score, stored.model)


def _categories(stored: StoredProduct, subject: str) -> Iterator[Edge]:
    """The product's category, and the line of those above it."""
    category = stored.understanding.category
    if category is None:
        return
    yield Edge(subject, "category", f"category:{category.id}", _judged(stored), category.score, stored.model)
    ids: Sequence[str] = category.path_ids
    for place, id in enumerate(ids):
        yield Edge(f"category:{id}", "name", category.path[place], "model", source=stored.model)
        if place:
            yield Edge(f"category:{id}", "broader", f"category:{ids[place - 1]}", "model", source=stored.model)


def _groups(id: str, subject: str, groups: "Iterable[Told]") -> Iterator[Edge]:
    """What is only perhaps one product is an edge once a person has accepted it."""
    for told in groups:
        finding, judged = told.finding, told.state == "accepted"
        members = (finding.product, *finding.others)
        if id in members and told.state != "dismissed" and (judged or finding.code != "duplicate_perhaps"):
            predicate = "isVariantOf" if finding.code == "variant" else "sameAs"
            by: By = "verdict" if judged else "audit"
            score = 1.0 if judged else finding.probability
            for other in members:
                if other != id:
                    yield Edge(subject, predicate, f"product:{other}", by, score, f"finding:{finding.id}")


def _judged(stored: StoredProduct) -> By:
    judgement = stored.judgement
    return "verdict" if judgement and judgement.verdict != "reject" and not judgement.conflicting else "model"


def path_of(stored: StoredProduct) -> str:
    return SEPARATOR.join(stored.understanding.path)
