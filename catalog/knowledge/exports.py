"""The graph as a file: CSV of triples, or JSON-LD with a schema.org/Product on each line."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from catalog.knowledge.document import Document
from catalog.knowledge.graph import ATTRIBUTE, Edge, edges_of, path_of
from catalog.product import Availability, StoredProduct

if TYPE_CHECKING:
    from catalog.quality.audit import Told

GraphFormat = Literal["jsonld", "csv"]
HEADER = ("subject", "predicate", "object", "by", "score", "source")
SCHEMA_ORG = "https://schema.org/"
AVAILABILITY: dict[Availability, str] = {
    "in_stock": "InStock",
    "out_of_stock": "OutOfStock",
    "preorder": "PreOrder",
    "backorder": "BackOrder",
    "discontinued": "Discontinued",
}
# A spreadsheet takes a cell that begins so for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
About = Callable[[StoredProduct], Iterable[Document]]
Together = Callable[[StoredProduct], "Iterable[Told]"]


def nothing(stored: StoredProduct) -> tuple[()]:
    return ()


def lines(
    products: Iterable[StoredProduct], format: GraphFormat, about: About = nothing, together: Together = nothing
) -> Iterator[str]:
    """The file, in parts. Edges between categories come once. about: the documents about a product; together: what the
    last audit found of it and others.
    """
    if format == "jsonld":
        for stored in products:
            yield json.dumps(json_ld(stored, list(about(stored)), list(together(stored))), ensure_ascii=False) + "\n"
        return
    yield _rows([HEADER])
    told = set[Edge]()
    for stored in products:
        edges = [edge for edge in edges_of(stored, about(stored), together(stored)) if edge not in told]
        told.update(edge for edge in edges if edge.subject.startswith("category:"))
        yield _rows([row(edge) for edge in edges])


def row(edge: Edge) -> tuple[str, ...]:
    cells = (edge.subject, edge.predicate, edge.object, edge.by, f"{edge.score:.4g}", edge.source)
    return tuple(f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells)


def json_ld(stored: StoredProduct, documents: Sequence[Document] = (), groups: "Sequence[Told]" = ()) -> dict[str, Any]:
    """A schema.org/Product. What the model or a person says is an additionalProperty with a `measurementMethod` that
    tells who says so, and how surely.
    """
    product = stored.product
    document: dict[str, Any] = {"@context": SCHEMA_ORG, "@type": "Product", "@id": f"product:{stored.id}"}
    document["productID"] = stored.id
    plain = {"name": product.title, "description": product.description, "url": product.link}
    plain |= {"sku": product.sku, "gtin": product.gtin, "mpn": product.mpn, "category": path_of(stored)}
    document |= {name: value for name, value in plain.items() if value}
    if product.brand:
        document["brand"] = {"@type": "Brand", "name": product.brand}
    if offer := _offer(stored):
        document["offers"] = offer
    edges = edges_of(stored, groups=groups)
    properties = [_property(edge) for edge in edges if edge.predicate.startswith(ATTRIBUTE) or edge.predicate == "tag"]
    if properties:
        document["additionalProperty"] = properties
    for name, predicate in (("isSimilarTo", "sameAs"), ("isVariantOf", "isVariantOf")):
        if others := dict.fromkeys(edge.object for edge in edges if edge.predicate == predicate):
            document[name] = [{"@id": other} for other in others]
    if documents:
        document["subjectOf"] = [
            {"@type": "DigitalDocument", "@id": f"document:{one.id}", "name": one.name} for one in documents
        ]
    return document


def _offer(stored: StoredProduct) -> dict[str, Any]:
    product = stored.product
    found: dict[str, Any] = {}
    if product.price is not None:
        found["price"] = product.price
    if product.price is not None and product.currency:
        found["priceCurrency"] = product.currency
    if product.availability:
        found["availability"] = SCHEMA_ORG + AVAILABILITY[product.availability]
    return {"@type": "Offer", **found} if found else {}


def _property(edge: Edge) -> dict[str, Any]:
    name = edge.predicate.removeprefix(ATTRIBUTE)
    method = edge.by if edge.by == "feed" else f"{edge.by} {edge.source}, score {edge.score:.3f}"
    return {"@type": "PropertyValue", "name": name, "value": edge.object, "measurementMethod": method}


def _rows(rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()
