"""Names that several categories have, and names in a text."""

from dataclasses import replace

import pytest

from catalog.errors import TaxonomyInvalid
from catalog.taxonomy.tree import Node, Taxonomy

ADULTS = Node("pants.jeans", "Jeans", "牛仔裤", "pants")
TREE = Taxonomy(
    "names-1",
    (
        Node("clothes", "Clothes", "服装", None, ("apparel",)),
        Node("pants", "Pants", "裤子", "clothes"),
        ADULTS,
        Node("baby", "Baby Clothes", "婴儿装", "clothes"),
        Node("baby.bottoms", "Bottoms", "婴儿裤", "baby"),
        Node("baby.jeans", "Jeans", "牛仔裤", "baby.bottoms"),
        Node("baby.tops", "Tops", "上衣", "baby", ("Baby > Polo",)),
        Node("tops", "Tops", "女上衣", "clothes"),
        Node("wraps", "Wraps", "裹衣", "tops"),
        Node("more", "More Tops", "更多", "tops"),
        Node("more.wraps", "Wraps", "披肩", "more"),
        Node("tee", "T Shirt", "T恤", "clothes", ("c++ shirt",)),
        Node("trumpets", "Trumpets", "小号", None),
    ),
)
CLAIMED = replace(
    TREE, nodes=tuple(replace(node, synonyms=("jeans", "牛仔裤")) if node is ADULTS else node for node in TREE.nodes)
)


def test_a_label_of_several_nodes_means_none_of_them() -> None:
    assert TREE.named("Jeans") is None
    assert TREE.resolve(["Jeans"]) is None
    assert [node.id for node in TREE.meanings("牛仔裤")] == ["pants.jeans", "baby.jeans"]
    assert TREE.meanings("Socks") == ()


def test_a_node_claims_a_label_by_listing_it_as_a_synonym() -> None:
    for name in ("Jeans", "牛仔裤"):
        assert [node.id for node in CLAIMED.meanings(name)] == ["pants.jeans"]
        found = CLAIMED.resolve([name])
        assert found is not None
        assert found.id == "pants.jeans"


@pytest.mark.parametrize(
    ("path", "node_id", "claimed_id"),
    [
        (["Clothes", "Pants", "Jeans"], "pants.jeans", "pants.jeans"),
        (["Clothes", "Baby Clothes", "Bottoms", "Jeans"], "baby.jeans", "baby.jeans"),
        (["baby clothes", "jeans"], "baby.jeans", "baby.jeans"),  # the path decides before the claim
        (["婴儿装", "牛仔裤"], "baby.jeans", "baby.jeans"),
        (["Apparel", "Jeans"], "clothes", "pants.jeans"),  # both are below: the claim decides, else the parent is left
        (["Sale", "Jeans"], None, "pants.jeans"),
        (["Clothes", "Tops", "Wraps"], "wraps", "wraps"),  # both agree, one has exactly this path
        (["Clothes", "Tops", "More Tops", "Wraps"], "more.wraps", "more.wraps"),
        (["Baby", "Polo"], "baby.tops", "baby.tops"),
    ],
)
def test_a_path_decides_between_nodes_of_equal_label(
    path: list[str], node_id: str | None, claimed_id: str | None
) -> None:
    for tree, expected in ((TREE, node_id), (CLAIMED, claimed_id)):
        found = tree.resolve(path)
        assert (found and found.id) == expected


@pytest.mark.parametrize(
    ("added", "message"),
    [
        (Node("jeans2", "Blue Jeans", " JEANS ", "pants"), "'JEANS' is ambiguous: .*'pants.jeans' and 'jeans2'"),
        (Node("denim", "Denim", "丹宁", "clothes", ("jeans",)), "'jeans' is ambiguous: .*'pants.jeans' and 'denim'"),
        (Node("wear", "Wear", "穿着", None, ("apparel",)), "'apparel' is ambiguous: .*'clothes' and 'wear'"),
    ],
)
def test_a_name_given_twice_by_mistake_is_told(added: Node, message: str) -> None:
    with pytest.raises(TaxonomyInvalid, match=message.replace("JEANS", r" JEANS ")):
        replace(TREE, nodes=(*TREE.nodes, added))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("blue JEANS, pants", [("JEANS", 5, 2), ("pants", 12, 1)]),
        ("baby   clothes", [("baby   clothes", 0, 1)]),
        ("babyclothes more\ntops", [("more\ntops", 12, 1)]),  # words and spaces, the longest name
        ("my_pants pants2 xpants", [("pants", 3, 1)]),
        ("黑色牛仔裤 T恤衫", [("牛仔裤", 2, 2), ("T恤", 6, 1)]),
        ("a T恤, aT恤", [("T恤", 2, 1)]),
        ("女士T恤轻便", [("T恤", 2, 1)]),  # an ideograph is a word of its own
        ("婴儿装pants女士", [("婴儿装", 0, 1), ("pants", 3, 1)]),
        ("小号", [("小号", 0, 1)]),
        ("黑色牛仔裤 小号", [("牛仔裤", 2, 2)]),  # "small", beside what has a size
        ("C++ shirt", [("C++ shirt", 0, 1)]),
        ("baby > polo", []),
        ("", []),
        ("t", []),
    ],
)
def test_names_in_a_text(text: str, found: list[tuple[str, int, int]]) -> None:
    assert [(name, start, len(nodes)) for name, start, nodes in TREE.names_in(text)] == found


def test_the_last_name_of_a_title_counts_whole() -> None:
    named = {TREE.leaves[leaf].id: share for leaf, share in TREE.leaves_named("Jeans, a wraps and more tops").items()}
    assert named == {"pants.jeans": 0.5, "baby.jeans": 0.5, "wraps": 0.5, "more.wraps": 1}
    assert TREE.leaves_named("nothing") == {}
