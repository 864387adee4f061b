"""The graph of what is known: each edge with its evidence, as JSON-LD and as triples."""

import csv
import io
import json
from dataclasses import replace

from catalog.knowledge import Document, Edge, Pattern, Tie, edges_of, matching, ties_of
from catalog.knowledge.exports import HEADER, json_ld, lines
from catalog.product import Double
from catalog.quality.audit.history import Told
from catalog.quality.finding import Finding
from tests.support.stored import random_products, stored_product

SHOE = stored_product(
    "a/1",
    "Red shoe",
    node="clothes.shoe.boot",
    found={"colour": "red", "season": "winter"},
    attributes={"Color": ("red", "blue")},
    brand="Nike",
    price=20.0,
    currency="EUR",
    availability="in_stock",
    gtin="4006381333931",
)
CARE = Document(3, "care.md", "markdown", Tie("brand", "nike"), 4, 0.0, "")


def test_each_edge_says_who_says_so() -> None:
    edges = edges_of(SHOE, [CARE])
    assert Edge("product:a/1", "attribute:colour", "blue", "feed") in edges
    assert Edge("product:a/1", "attribute:season", "winter", "model", 0.625, "model-1") in edges
    assert Edge("product:a/1", "price", "20 EUR", "feed") in edges
    assert Edge("product:a/1", "subjectOf", "document:3", "document", source="care.md") in edges
    assert Edge("category:clothes.shoe.boot", "broader", "category:clothes.shoe", "model", source="model-1") in edges
    assert all(edge.subject.startswith(("product:", "category:")) and 0 <= edge.score <= 1 for edge in edges)


def test_the_merchants_own_attribute_wins() -> None:
    colours = [edge for edge in edges_of(SHOE) if edge.predicate == "attribute:colour"]
    assert {(edge.object, edge.by) for edge in colours} == {("red", "feed"), ("blue", "feed")}


def test_doubles_are_edges_to_other_products() -> None:
    stored = replace(SHOE, doubles=(Double("duplicate", "b", 3.0), Double("variant", "c", 0.0)))
    found = {edge.predicate: edge for edge in edges_of(stored) if edge.object in ("product:b", "product:c")}
    assert round(found["sameAs"].score, 2) == 0.95
    assert found["isVariantOf"].object == "product:c"
    assert json_ld(stored)["isSimilarTo"] == [{"@id": "product:b"}]


def test_what_an_audit_found_together_is_an_edge_with_its_finding() -> None:
    twice, perhaps = Finding("duplicate", "b", 0.97, ("a/1", "c")), Finding("duplicate_perhaps", "a/1", 0.6, ("d",))
    variant, other = Finding("variant", "a/1", 0.9, ("e",), "size"), Finding("duplicate", "x", 0.99, ("y",))
    groups = [Told(1, twice, "open"), Told(2, perhaps, "open"), Told(3, variant, "accepted"), Told(4, other, "open")]
    found = [edge for edge in edges_of(SHOE, groups=groups) if edge.source.startswith("finding:")]
    assert found == [
        Edge("product:a/1", "sameAs", "product:b", "audit", 0.97, f"finding:{twice.id}"),
        Edge("product:a/1", "sameAs", "product:c", "audit", 0.97, f"finding:{twice.id}"),
        Edge("product:a/1", "isVariantOf", "product:e", "verdict", 1.0, f"finding:{variant.id}"),
    ]
    stored = replace(SHOE, doubles=(Double("duplicate", "b", 3.0),))
    assert json_ld(stored, groups=groups)["isSimilarTo"] == [{"@id": "product:b"}, {"@id": "product:c"}]
    assert f"product:a/1,sameAs,product:c,audit,0.97,finding:{twice.id}" in "".join(
        lines([SHOE], "csv", together=lambda stored: groups)
    )
    accepted = [Told(2, perhaps, "accepted")]
    assert Edge("product:a/1", "sameAs", "product:d", "verdict", 1.0, f"finding:{perhaps.id}") in edges_of(
        SHOE, groups=accepted
    )


def test_a_pattern_chooses_edges() -> None:
    edges = edges_of(SHOE)
    assert [edge.object for edge in matching(edges, Pattern("product:a/1", "brand"))] == ["Nike"]
    assert [edge.predicate for edge in matching(edges, Pattern(object="NIKE"))] == ["brand"]
    assert list(matching(edges, Pattern())) == edges


def test_what_a_document_may_be_tied_to() -> None:
    assert ties_of(SHOE) == [
        Tie("product", "a/1"),
        Tie("brand", "nike"),
        Tie("category", "clothes.shoe.boot"),
        Tie("category", "clothes.shoe"),
        Tie("category", "clothes"),
        Tie("shop"),
    ]


def test_json_ld_is_a_product_of_schema_org() -> None:
    document = json_ld(SHOE, [CARE])
    assert (document["@context"], document["@type"], document["name"]) == ("https://schema.org/", "Product", "Red shoe")
    assert document["offers"] == {
        "@type": "Offer",
        "price": 20.0,
        "priceCurrency": "EUR",
        "availability": "https://schema.org/InStock",
    }
    methods = {one["name"]: one["measurementMethod"] for one in document["additionalProperty"]}
    assert (methods["colour"], methods["season"]) == ("feed", "model model-1, score 0.625")
    assert document["subjectOf"][0]["name"] == "care.md"


def test_the_export_has_every_edge_once() -> None:
    products = random_products(40)
    rows = list(csv.reader(io.StringIO("".join(lines(products, "csv")))))
    assert tuple(rows[0]) == HEADER
    assert len(rows) - 1 == len(set(map(tuple, rows[1:])))
    expected = {(edge.subject, edge.predicate, edge.object) for stored in products for edge in edges_of(stored)}
    assert {tuple(row[:3]) for row in rows[1:]} == expected
    documents = [json.loads(line) for line in lines(products, "jsonld")]
    assert [one["productID"] for one in documents] == [stored.id for stored in products]


def test_a_sheet_takes_no_value_for_a_formula() -> None:
    text = "".join(lines([stored_product(title="=1+1")], "csv"))
    assert "'=1+1" in text
