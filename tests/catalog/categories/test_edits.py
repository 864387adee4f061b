"""Trees that are changed, and what differs then."""

import pytest

from catalog.categories import difference
from catalog.categories.edits import TOP, add, find, move, rename
from catalog.errors import CategoryAmbiguous, CategoryMisplaced, CategoryNotFound
from catalog.taxonomy.tree import Node, Taxonomy


@pytest.fixture
def tree() -> Taxonomy:
    return Taxonomy(
        "1",
        (
            Node("w", "Women", "女士", None),
            Node("w1", "Jeans", "牛仔裤", "w"),
            Node("m", "Men", "男士", None),
            Node("m1", "Jeans", "牛仔裤", "m"),
            Node("g", "Garden", "Garden", None, ("Yard",)),
            Node("g1", "Hoses", "Hoses", "g"),
        ),
    )


def paths(tree: Taxonomy) -> dict[str, str]:
    return {node.id: " > ".join(tree.path(node.id)) for node in tree.nodes}


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("w1", "w1"),
        ("men > jeans", "m1"),
        ("男士 > 牛仔裤", "m1"),
        ("Hoses", "g1"),
        ("yard", "g"),
        ("Yard>Hoses", "g1"),
    ],
)
def test_a_category_is_named_by_id_path_or_name(tree: Taxonomy, name: str, id: str) -> None:
    assert find(tree, name).id == id


def test_names_that_mean_nothing_or_several(tree: Taxonomy) -> None:
    with pytest.raises(CategoryNotFound, match=r"There is no category 'Hozes'. Did you mean 'g1'"):
        find(tree, "Hozes")
    with pytest.raises(CategoryNotFound, match="Did you mean 'Garden > Hoses'"):
        find(tree, "Garden > Hose")
    with pytest.raises(CategoryAmbiguous, match=r"can mean w1 \(Women > Jeans\), m1 \(Men > Jeans\). Give the id"):
        find(tree, "jeans")


def test_an_added_category_leaves_the_others_in_their_places(tree: Taxonomy) -> None:
    changed, added = add(tree, "Garden > Rakes")
    assert changed.nodes[:6] == tree.nodes
    assert added == (Node("g.rakes", "Rakes", "Rakes", "g"),)
    changed, added = add(changed, "Toys > Balls > Footballs", parents=True)
    assert [node.id for node in added] == ["toys", "toys.balls", "toys.balls.footballs"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("Gardn > Rakes", "no category 'Gardn' at the top. Did you mean 'Garden'. With --parents"),
        ("Garden > Hose > Long", "no category 'Hose' below 'Garden'. Did you mean 'Hoses'"),
    ],
)
def test_a_parent_that_is_not_there(tree: Taxonomy, path: str, message: str) -> None:
    with pytest.raises(CategoryNotFound, match=message.replace("'. ", "'.* ").replace("?", ".")):
        add(tree, path)


def test_a_category_that_is_there_already(tree: Taxonomy) -> None:
    with pytest.raises(CategoryMisplaced, match="'garden > hoses' is there already: it has the id 'g1'"):
        add(tree, "garden > hoses")
    with pytest.raises(CategoryMisplaced, match="empty step"):
        add(tree, "Garden > > Hoses")


def test_ids_stay_when_renamed_and_moved(tree: Taxonomy) -> None:
    renamed = rename(tree, "w1", "Denim")
    assert (renamed.node("w1").label, renamed.node("w1").label_zh) == ("Denim", "牛仔裤")
    assert rename(tree, "g1", "Pipes").node("g1").label_zh == "Pipes"  # it had no Chinese name of its own
    assert rename(tree, "w1", "Denim", "丹宁").node("w1").label_zh == "丹宁"
    moved = move(tree, "w", "g")
    assert paths(moved)["w1"] == "Garden > Women > Jeans"
    assert {node.id for node in moved.nodes} == {node.id for node in tree.nodes}
    assert paths(move(moved, "w1", TOP))["w1"] == "Jeans"


def test_what_cannot_be_renamed_or_moved(tree: Taxonomy) -> None:
    with pytest.raises(CategoryMisplaced, match="'Men' is the name of a sibling already, of 'm'"):
        rename(tree, "w", "Men")
    with pytest.raises(CategoryMisplaced, match="no name of a category"):
        rename(tree, "w", "A > B")
    with pytest.raises(CategoryMisplaced, match="'Jeans' is the name of a sibling already, of 'w1'"):
        move(tree, "m1", "w")
    for under in ("g", "g1"):
        with pytest.raises(CategoryMisplaced, match="cannot be moved below itself"):
            move(tree, "g", under)


def test_a_difference_is_told_by_ids(tree: Taxonomy) -> None:
    changed, [new] = add(move(rename(tree, "g", "Yards"), "g1", "w"), "Yards > Rakes")
    found = difference(tree, changed)
    assert [node.id for node in found.added] == [new.id]
    assert [one.after.label for one in found.renamed] == ["Yards"]
    assert [one.after.id for one in found.moved] == ["g1"]
    assert [node.id for node in difference(changed, tree).removed] == [new.id]
    assert not found.other
    assert not difference(tree, tree)
