"""Category paths as merchants write them."""

import pytest

from catalog.teaching.tree import nodes_of, path_of, separator_of, tree_of


@pytest.mark.parametrize(
    ("cells", "separator"),
    [
        (["Garden > Hoses", "Garden > Pots"], ">"),
        (["Garden>Hoses", "Home"], ">"),
        (["Garden/Hoses", "Garden/Pots", "Home"], "/"),
        (["Garden | Hoses", "Garden | Pots"], "|"),
        (["Cups/Mugs", "Plates"], ""),  # a name with a stroke is no path
        (["Food & Drink > Tea/Coffee", "Food & Drink > Water"], ">"),
        (["Hoses", "Pots"], ""),
    ],
)
def test_what_parts_the_levels(cells: list[str], separator: str) -> None:
    assert separator_of(cells) == separator


def test_levels_without_names_are_left_out() -> None:
    assert path_of(" Garden  beds >  > Hoses > ", ">") == ("Garden beds", "Hoses")
    assert path_of("Hoses", "") == ("Hoses",)
    assert path_of("  ", ">") == ()
    assert len(path_of(" > ".join("abcdefghijklmnopqrst"), ">")) == 20
    assert path_of(">".join(["deep"] * 65), ">") == ()  # told as without a category, not cut


def test_a_tree_of_paths() -> None:
    paths = [("Garden", "Hoses & Pipes"), ("garden", "Pots"), ("Kitchen", "Pots"), ("Garden",), ("家居", "杯子")]
    tree = tree_of(paths, "1")
    assert {node.id for node in tree.nodes} == {
        *("garden", "garden.hoses-pipes", "garden.pots", "kitchen", "kitchen.pots", "家居", "家居.杯子")
    }
    assert {leaf.id for leaf in tree.leaves} == {"garden.hoses-pipes", "garden.pots", "kitchen.pots", "家居.杯子"}
    assert nodes_of(tree, [*paths, ("Roof",)])[paths[1]] == "garden.pots"
    assert ("Roof",) not in nodes_of(tree, [("Roof",)])


def test_names_of_equal_ids_are_told_apart() -> None:
    tree = tree_of([("A&B",), ("A+B",), ("!!",)], "1")
    assert sorted(node.id for node in tree.nodes) == ["-", "a-b", "a-b-2"]
