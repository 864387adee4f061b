"""Counterparts in another tree, and what a person confirms of them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from catalog.arrays import Floats
from catalog.categories import Counterpart, PlatformIds, as_sheet, confirmed_in, map_trees
from catalog.categories.paths import Category, tree_of
from catalog.errors import TaxonomyInvalid
from catalog.product import CategoryScore, StoredProduct
from catalog.taxonomy.tree import Node, Taxonomy
from tests.support.stored import stored_product

GOOGLE = """Home & Garden
Home & Garden > Lawn & Garden > Watering & Irrigation > Garden Hoses
Home & Garden > Kitchen & Dining > Knives
Apparel & Accessories > Clothing > Dresses
Apparel & Accessories > Shoes
Baby & Toddler > Shoes"""


def tree(paths: str) -> Taxonomy:
    return tree_of([Category(tuple(path.split(" > ")), "Line") for path in paths.splitlines()], "1")


@pytest.fixture
def google() -> Taxonomy:
    return tree(GOOGLE)


@pytest.mark.parametrize(
    ("path", "counterpart"),
    [
        ("Apparel & Accessories > Shoes", "Apparel & Accessories > Shoes"),
        ("Baby & Toddler > Shoe", "Baby & Toddler > Shoes"),  # what lies above decides
        ("Home and Garden > knives", "Home & Garden > Kitchen & Dining > Knives"),  # a level lacks
        ("Home & Garden > Garden > Hoses", "Home & Garden > Lawn & Garden > Watering & Irrigation > Garden Hoses"),
        ("Apparel & Accessories > Shoes > Clogs", "Apparel & Accessories > Shoes"),  # a finer kind
    ],
)
def test_the_likeliest_counterpart(google: Taxonomy, path: str, counterpart: str) -> None:
    *_, last = map_trees(tree(path), google)
    best = last.proposals[0]
    assert " > ".join(google.path(best.node.id)) == counterpart
    assert 0 < best.score <= 1
    assert best.finer == path.endswith("Clogs")
    assert [one.score for one in last.proposals] == sorted((one.score for one in last.proposals), reverse=True)


def test_names_of_equal_meaning_are_found_by_their_vectors(google: Taxonomy) -> None:
    def embed(texts: Sequence[str]) -> Floats:
        meanings = {"服装": 0, "Clothing": 0, "连衣裙": 1, "Dresses": 1}
        return np.array([np.eye(12)[meanings.get(text, 2 + len(text) % 10)] for text in texts], np.float32)

    chinese = list(map_trees(tree("服装 > 连衣裙"), google, embed))
    assert [one.proposals[0].node.label for one in chinese] == ["Clothing", "Dresses"]
    by_letters = list(map_trees(tree("服装 > 连衣裙"), google))
    assert [one.proposals for one in by_letters] == [(), ()]  # nothing is known, so nothing is proposed


def sheet(path: Path, first: Taxonomy, second: Taxonomy, said: dict[str, str], delimiter: str = ",") -> Path:
    """As a person fills it in. said: id -> the cell."""
    lines = as_sheet(map_trees(first, second), first, second).splitlines()
    rows = [line.split(",") for line in lines]
    for row in rows[1:]:
        row[6] = said.get(row[0], "")
    path.write_text("\n".join(delimiter.join(row) for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_what_is_confirmed_is_read_back(tmp_path: Path, google: Taxonomy, delimiter: str) -> None:
    own = tree("Shoes > Clogs\nShoes > Boots\nKnives\nSocks\nHats\n鞋")
    said = {"shoes": "yes", "shoes.clogs": "NO", "knives": "1234", "socks": "A > B"}
    found = confirmed_in(sheet(tmp_path / "map.csv", own, google, said, delimiter))
    assert found["shoes"].path.endswith("Shoes")
    assert {id: one.google for id, one in found.items() if id != "shoes"} == {
        "shoes.clogs": "",
        "knives": "1234",
        "socks": "A > B",
    }
    again = as_sheet(map_trees(own, google), own, google, found)
    assert again.count(",1234,") == again.count(",no,") == 1


def test_what_cannot_be_confirmed(tmp_path: Path, google: Taxonomy) -> None:
    with pytest.raises(TaxonomyInvalid, match="Line 2: 'maybe' in the column confirmed is neither yes nor no"):
        confirmed_in(sheet(tmp_path / "map.csv", tree("Shoes"), google, {"shoes": "maybe"}))
    (tmp_path / "other.csv").write_text("id,path\n")
    with pytest.raises(TaxonomyInvalid, match="is no mapping of trees: it has no column 'to'"):
        confirmed_in(tmp_path / "other.csv")


SHOPIFY = Taxonomy(
    "1",
    (
        Node("aa", "Apparel", "Apparel", None, (), "166"),
        Node("aa-1", "Shoes", "Shoes", "aa"),
        Node("aa-1.clogs", "Clogs", "Clogs", "aa-1"),
    ),
)


def found(id: str, given: str = "") -> StoredProduct:
    stored = stored_product(google_product_category=given)
    return replace(
        stored, understanding=replace(stored.understanding, category=CategoryScore(id, (id,), (0.9,), (id,)))
    )


def test_a_category_as_google_and_shopify_call_it() -> None:
    ids = PlatformIds(SHOPIFY)
    assert ids.google(found("aa-1.clogs")) == "166"  # of the nearest above
    assert ids.google(found("aa-1.clogs", "Shoes > Clogs")) == "Shoes > Clogs"  # the merchant's own
    assert ids.shopify(found("aa-1.clogs")) == "gid://shopify/TaxonomyCategory/aa-1"
    assert ids.google(found("gone")) == ids.shopify(found("gone")) == ""
    confirmed = {"aa-1": Counterpart("187", "Apparel > Shoes"), "aa": Counterpart("", "")}
    said = PlatformIds(SHOPIFY, confirmed)
    assert [said.google(found(id)) for id in ("aa-1.clogs", "aa-1", "aa")] == ["187", "187", ""]


def test_a_merchants_tree_has_no_ids_of_shopifys() -> None:
    assert PlatformIds(tree("Shoes > Clogs")).shopify(found("shoes.clogs")) == ""
