import json
import os
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import FileNotReadable, TaxonomyInvalid
from catalog.taxonomy.tree import Attribute, Node, Tag, Taxonomy

FIRST = Path(__file__).parents[3] / "configs" / "first_tree.json"

# The category paths of the four data sets: "first level > second level: the last labels under it".
FASHION = """
Accessories > Accessories: Accessory Gift Set, Messenger Bag, Travel Accessory
Accessories > Bags: Backpacks, Clutches, Duffel Bag, Handbags, Laptop Bag, Messenger Bag, Mobile Pouch, Rucksacks
Accessories > Bags: Waist Pouch
Accessories > Belts: Belts
Accessories > Cufflinks: Cufflinks
Accessories > Eyewear: Sunglasses
Accessories > Gloves: Gloves
Accessories > Headwear: Caps, Hat, Headband
Accessories > Jewellery: Bracelet, Necklace and Chains
Accessories > Mufflers: Mufflers
Accessories > Scarves: Scarves
Accessories > Shoe Accessories: Shoe Accessories
Accessories > Socks: Socks
Accessories > Stoles: Stoles
Accessories > Ties: Ties
Accessories > Umbrellas: Umbrellas
Accessories > Wallets: Wallets
Accessories > Watches: Watches
Apparel > Apparel Set: Kurta Sets
Apparel > Bottomwear: Capris, Churidar, Jeans, Leggings, Shorts, Skirts, Stockings, Tights, Track Pants, Tracksuits
Apparel > Bottomwear: Trousers
Apparel > Dress: Dresses
Apparel > Innerwear: Boxers, Bra, Briefs, Innerwear Vests, Trunk
Apparel > Loungewear and Nightwear: Lounge Pants, Lounge Shorts
Apparel > Saree: Sarees
Apparel > Topwear: Dupatta, Jackets, Kurtas, Kurtis, Shirts, Shrug, Sweaters, Sweatshirts, Tops, Tshirts, Tunics
Apparel > Topwear: Waistcoat
Footwear > Flip Flops: Flip Flops
Footwear > Sandal: Sandals, Sports Sandals
Footwear > Shoes: Casual Shoes, Flats, Formal Shoes, Heels, Sandals, Sports Shoes
Free Items > Free Gifts: Free Gifts, Laptop Bag
Personal Care > Fragrance: Deodorant, Fragrance Gift Set, Perfume and Body Mist
Sporting Goods > Sports Equipment: Footballs
"""
GROCERY = """
Fruit > Apple: Golden Delicious, Granny Smith, Pink Lady, Red Delicious, Royal Gala
Fruit > Avocado: Avocado
Fruit > Banana: Banana
Fruit > Kiwi: Kiwi
Fruit > Lemon: Lemon
Fruit > Lime: Lime
Fruit > Mango: Mango
Fruit > Melon: Cantaloupe, Galia Melon, Honeydew Melon, Watermelon
Fruit > Nectarine: Nectarine
Fruit > Orange: Orange
Fruit > Papaya: Papaya
Fruit > Passion Fruit: Passion Fruit
Fruit > Peach: Peach
Fruit > Pear: Anjou, Conference, Kaiser
Fruit > Pineapple: Pineapple
Fruit > Plum: Plum
Fruit > Pomegranate: Pomegranate
Fruit > Red Grapefruit: Red Grapefruit
Fruit > Satsumas: Satsumas
Packages > Juice: Bravo Apple Juice, Bravo Orange Juice, God Morgon Apple Juice, God Morgon Orange Juice
Packages > Juice: God Morgon Orange Red Grapefruit Juice, God Morgon Red Grapefruit Juice, Tropicana Apple Juice
Packages > Juice: Tropicana Golden Grapefruit, Tropicana Juice Smooth, Tropicana Mandarin Morning
Packages > Milk: Arla Ecological Medium Fat Milk, Arla Lactose Medium Fat Milk, Arla Medium Fat Milk
Packages > Milk: Arla Standard Milk, Garant Ecological Medium Fat Milk, Garant Ecological Standard Milk
Packages > Oat Milk: Oatly Oat Milk
Packages > Oatghurt: Oatly Natural Oatghurt
Packages > Sour Cream: Arla Ecological Sour Cream, Arla Sour Cream
Packages > Sour Milk: Arla Sour Milk
Packages > Soy Milk: Alpro Fresh Soy Milk, Alpro Shelf Soy Milk
Packages > Soyghurt: Alpro Blueberry Soyghurt, Alpro Vanilla Soyghurt
Packages > Yoghurt: Arla Mild Vanilla Yoghurt, Arla Natural Mild Low Fat Yoghurt, Arla Natural Yoghurt
Packages > Yoghurt: Valio Vanilla Yoghurt, Yoggi Strawberry Yoghurt, Yoggi Vanilla Yoghurt
Vegetables > Asparagus: Asparagus
Vegetables > Aubergine: Aubergine
Vegetables > Cabbage: Cabbage
Vegetables > Carrots: Carrots
Vegetables > Cucumber: Cucumber
Vegetables > Garlic: Garlic
Vegetables > Ginger: Ginger
Vegetables > Leek: Leek
Vegetables > Mushroom: Brown Cap Mushroom
Vegetables > Onion: Yellow Onion
Vegetables > Pepper: Green Bell Pepper, Orange Bell Pepper, Red Bell Pepper, Yellow Bell Pepper
Vegetables > Potato: Floury Potato, Solid Potato, Sweet Potato
Vegetables > Red Beet: Red Beet
Vegetables > Tomato: Beef Tomato, Regular Tomato, Vine Tomato
Vegetables > Zucchini: Zucchini
"""
CLOTHING = """
Clothing: Blazer, Blouse, Body, Dress, Hat, Hoodie, Longsleeve, Outwear, Pants, Polo, Shirt, Shoes, Shorts, Skirt
Clothing: T-Shirt, Top, Undershirt
"""
ESHOP = "Outdoor: Bags, Climbing, Cycling, Footwear, Jackets, Navigation, Ski/boarding, Trekking"

CategoryPath = tuple[str, ...]


def parse_paths(text: str) -> list[CategoryPath]:
    lines = [line.split(": ") for line in text.strip().splitlines()]
    return [(*above.split(" > "), last) for above, lasts in lines for last in lasts.split(", ")]


@pytest.fixture(scope="module")
def first() -> Taxonomy:
    return Taxonomy.load(FIRST)


@pytest.fixture
def small() -> Taxonomy:
    nodes = (
        Node("shoes", "Shoes", "鞋", None, ("Clothing > Shoes",)),
        Node("shoes.boots", "Boots", "靴子", "shoes", ("wellies", "Winter > Shoes")),
        Node("shoes.heels", "Heels", "高跟鞋", "shoes", ()),
        Node("bags", "Bags", "包", None, ()),
    )
    tags = (Tag("leather", "真皮", ("leather",)), Tag("slim fit", "修身", ("slim fit", "v-cut")))
    return Taxonomy("7", nodes, tags, (Attribute("colour", ("Black", "White")),))


def resolve_id(taxonomy: Taxonomy, *path: str) -> str | None:
    node = taxonomy.resolve(path)
    return None if node is None else node.id


@pytest.mark.parametrize("text", [FASHION, GROCERY, CLOTHING, ESHOP], ids=["fashion", "grocery", "clothing", "eshop"])
def test_every_path_prefix_and_label_of_the_data_sets_is_known(first: Taxonomy, text: str) -> None:
    for path in parse_paths(text):
        for end in range(1, len(path) + 1):
            assert first.resolve(path[:end]) is not None, path[:end]
            # Alone, so that it cannot be known merely by falling to its parent.
            assert first.resolve(path[end - 1 : end]) is not None, path[end - 1]


def test_the_75_fashion_types_are_75_leaves(first: Taxonomy) -> None:
    paths = parse_paths(FASHION)
    types = {path[-1] for path in paths}
    resolved = {resolve_id(first, *path) for path in paths}
    assert len(types) == len(resolved) == 75
    assert resolved <= {leaf.id for leaf in first.leaves}


def test_the_81_groceries_are_81_leaves_in_43_coarse_classes(first: Taxonomy) -> None:
    paths = parse_paths(GROCERY)
    fine = {resolve_id(first, *path) for path in paths}
    coarse = {resolve_id(first, *path[:2]) for path in paths}
    assert (len(paths), len(fine), len(coarse)) == (81, 81, 43)
    assert fine <= {leaf.id for leaf in first.leaves}
    for path in paths:
        assert resolve_id(first, *path[:2]) in first.ancestors(resolve_id(first, *path) or "")


def test_the_17_clothing_classes_share_no_leaf(first: Taxonomy) -> None:
    nodes = [first.resolve(path) for path in parse_paths(CLOTHING)]
    covered = [leaf for node in nodes if node is not None for leaf in first.leaves_under(node.id)]
    assert len(nodes) == 17
    assert len(covered) == len(set(covered))


@pytest.mark.parametrize(
    ("path", "node_id"),
    [
        (["Clothing", "T-Shirt"], "apparel.topwear.tshirts"),
        (["Apparel", "Topwear", "Tshirts"], "apparel.topwear.tshirts"),
        (["Clothing", "Undershirt"], "apparel.innerwear.innerwear-vests"),
        (["Clothing", "Hat"], "accessories.headwear"),
        (["Accessories", "Headwear", "Hat"], "accessories.headwear.hat"),
        (["Clothing", "Shoes"], "footwear"),
        (["Footwear", "Shoes"], "footwear.shoes"),
        (["Outdoor", "Footwear"], "footwear"),
        (["Footwear", "Sandal"], "footwear.sandal"),
        (["Footwear", "Shoes", "Sandals"], "footwear.sandal.sandals"),
        (["Clothing", "Pants"], "apparel.bottomwear.pants"),
        (["Apparel", "Bottomwear", "Jeans"], "apparel.bottomwear.pants.jeans"),
        (["Clothing", "Outwear"], "apparel.outerwear"),
        (["Apparel", "Topwear", "Jackets"], "apparel.outerwear.jackets"),
        (["Outdoor", "Jackets"], "apparel.outerwear.jackets"),
        (["Clothing", "Blazer"], "apparel.blazer"),
        (["Apparel", "Dress"], "apparel.dresses"),
        (["Accessories", "Accessories"], "accessories"),
        (["Accessories", "Belts", "Belts"], "accessories.belts"),
        (["Outdoor", "Bags"], "accessories.bags"),
        (["Outdoor", "Ski/boarding"], "outdoor-gear.ski-and-snowboard"),
        (["Free Items", "Free Gifts", "Laptop Bag"], "accessories.bags.laptop-bag"),
        (["Fruit", "Banana"], "food.fruit.banana"),
        (["Fruit", "Banana", "Banana"], "food.fruit.banana"),
        (["Vegetables", "Onion"], "food.vegetables.onion"),
        (["Vegetables", "Onion", "Yellow Onion"], "food.vegetables.onion.yellow-onion"),
        (["Packages", "Oat Milk"], "food.packaged.oat-milk"),
        (["sneakers"], "footwear.shoes.casual-shoes"),
        (["牛仔裤"], "apparel.bottomwear.pants.jeans"),
    ],
)
def test_a_path_means_the_node_agreed_on(first: Taxonomy, path: list[str], node_id: str) -> None:
    assert resolve_id(first, *path) == node_id


@pytest.mark.skipif("SHELFLENS_DATA" not in os.environ, reason="SHELFLENS_DATA does not name the data folder")
@pytest.mark.parametrize("name", ["fashion", "grocery", "clothing", "eshop"])
def test_the_lists_above_and_the_attributes_cover_the_data(first: Taxonomy, name: str) -> None:
    manifest = Path(os.environ["SHELFLENS_DATA"]) / name / "products.jsonl"
    listed = {path for text in (FASHION, GROCERY, CLOTHING, ESHOP) for path in parse_paths(text)}
    values = {attribute.name: attribute.values for attribute in first.attributes}
    for line in manifest.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        assert tuple(row["category"]) in listed
        for key in row["attributes"].keys() & values.keys():
            assert row["attributes"][key] in values[key]


def test_the_first_tree_is_what_to_json_writes(first: Taxonomy) -> None:
    assert first.to_json() == FIRST.read_text(encoding="utf-8")


def test_the_vocabularies(first: Taxonomy) -> None:
    assert len(first.leaves) == 167
    assert [attribute.name for attribute in first.attributes] == ["gender", "colour", "season", "usage", "audience"]
    assert first.tags_in("Levis Men Slim-Fit Checked Shirt") == {"slim fit", "checked"}
    assert first.tags_in("U S Polo Assn Men Navy Blue Shirt") == frozenset()
    assert first.tags_in("Puma Men PRINTED Polo T-shirt") == {"printed", "polo collar"}


def test_json_round_trip(small: Taxonomy) -> None:
    assert Taxonomy.from_json(small.to_json()) == small
    assert Taxonomy.from_json(Taxonomy("1", small.nodes).to_json()) == Taxonomy("1", small.nodes)
    assert pickle.loads(pickle.dumps(small)) == small


def test_the_tree(small: Taxonomy) -> None:
    assert [leaf.id for leaf in small.leaves] == ["shoes.boots", "shoes.heels", "bags"]
    assert small.node("shoes.heels").label_zh == "高跟鞋"
    assert small.path("shoes.heels") == ("Shoes", "Heels")
    assert small.ancestors("shoes.heels") == ("shoes", "shoes.heels")
    assert small.leaves_under("shoes") == (0, 1)
    assert small.leaves_under("bags") == (2,)


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("Men's Crew Neck T-Shirt", {"Men"}),
        ("shirt for MEN", {"Men"}),
        ("Mens\u2019 shirt", {"Men"}),
        ("Women\u2019s shirt", {"Women"}),
        ("Ladies' shirt", {"Women"}),
        ("Garment", set()),
        ("男士衬衫", {"Men"}),
        ("", set()),
    ],
)
def test_what_no_image_tells_is_said_only_with_words_for_it(text: str, may: set[str]) -> None:
    gender = Attribute("gender", ("Men", "Women"), ("men|男", "women|ladies"))
    assert {value for value in gender.values if gender.may_be_said(value, text)} == may
    assert Attribute("colour", ("Red",)).may_be_said("Red", text)


def test_attributes_and_google_ids_are_optional_and_attributes_are_inherited(small: Taxonomy) -> None:
    nodes = (
        replace(small.nodes[0], google="187", attributes=("Material", "Size")),
        small.nodes[1],
        replace(small.nodes[2], attributes=()),
        small.nodes[3],
    )
    tree = replace(small, nodes=nodes, tags=(replace(small.tags[0], attributes=("Material", "Fabric")), small.tags[1]))
    assert Taxonomy.from_json(tree.to_json()) == tree
    assert '"google"' not in small.to_json()
    assert tree.attributes_of("shoes.boots") == ("Material", "Size")
    assert tree.attributes_of("shoes.heels") == ()
    assert tree.attributes_of("bags") is None
    leather, slim = tree.tags
    assert [tree.can_have(node.id, leather) for node in tree.nodes] == [True, True, False, True]
    assert all(tree.can_have(node.id, slim) for node in tree.nodes)


def test_an_unknown_id_is_a_key_error(small: Taxonomy) -> None:
    for method in (small.node, small.path, small.ancestors, small.leaves_under):
        with pytest.raises(KeyError, match="hats"):
            method("hats")


@pytest.mark.parametrize(
    ("path", "node_id"),
    [
        (["Clothing", "Shoes"], "shoes"),
        (["Winter", "Shoes"], "shoes.boots"),
        (["Winter", "Shoes", "Moon Shoes"], None),  # a leaf here is something else than what is parted further there
        (["winter  >  SHOES"], "shoes.boots"),
        (["Summer", "Shoes"], "shoes"),
        (["  WELLIES "], "shoes.boots"),
        (["Shoes", "Clogs"], "shoes"),
        (["Shoes", "Clogs", "Wooden"], "shoes"),
        (["Shoes", ""], "shoes"),
        (["Winter"], None),
        (["Garden", "Spades"], None),
        ([], None),
    ],
)
def test_resolve(small: Taxonomy, path: list[str], node_id: str | None) -> None:
    assert resolve_id(small, *path) == node_id


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Leather boots", {"leather"}),
        ("(LEATHER)", {"leather"}),
        ("Leatherette boots", set()),
        ("slim  fit, leather", {"slim fit", "leather"}),
        ("Slim-Fit", {"slim fit"}),
        ("slimfit", set()),
        ("v cut", {"slim fit"}),
        ("dev-cut", set()),
        ("", set()),
    ],
)
def test_tags_in_matches_whole_words(small: Taxonomy, text: str, names: set[str]) -> None:
    assert small.tags_in(text) == names


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": " "}, "has no version"),
        ({"nodes": ()}, "has no nodes"),
        ({"nodes": (Node("", "A", "甲", None),)}, "A node id is empty"),
        ({"nodes": (Node("a", "A", "甲", None), Node("a", "B", "乙", None))}, "node id 'a' is listed twice"),
        ({"nodes": (Node("a", "A", "甲", "z"),)}, "'a' has an unknown parent, 'z'"),
        ({"nodes": (Node("a", "A", "甲", "b"), Node("b", "B", "乙", None))}, "'a' must come after its parent, 'b'"),
        ({"nodes": (Node("a", "A", "甲", "b"), Node("b", "B", "乙", "a"))}, "'a' must come after its parent, 'b'"),
        ({"nodes": (Node("a", "A", "甲", "a"),)}, "'a' must come after its parent, 'a'"),
        ({"nodes": (Node("a", "A", " ", None),)}, "'a' has an empty label or synonym"),
        (
            {"nodes": (Node("a", "A", "甲", None), Node("b", "B", "乙", None, (" a ",)))},
            "' a ' is ambiguous: .* 'a' and",
        ),
        ({"tags": (Tag("new", "新", ("new",)),) * 2}, "tag name 'new' is listed twice"),
        ({"tags": (Tag("new", "新", ()),)}, "tag 'new' has no patterns"),
        ({"tags": (Tag("new", "新", ("New",)),)}, "not lower-case words: 'New'"),
        ({"tags": (Tag("new", "新", ("-",)),)}, "not lower-case words: '-'"),
        ({"attributes": (Attribute("size", ("S",)),) * 2}, "attribute name 'size' is listed twice"),
        ({"attributes": (Attribute("size", ()),)}, "attribute 'size' has no values"),
        ({"attributes": (Attribute("size", ("S", "S")),)}, "size value 'S' is listed twice"),
        ({"attributes": (Attribute("size", ("S", "M"), ("small",)),)}, "'size' does not have words for each"),
        ({"attributes": (Attribute("size", ("S", "M"), ("small", "")),)}, "'size' does not have words for each"),
    ],
)
def test_an_invalid_taxonomy_cannot_be_made(small: Taxonomy, change: dict[str, Any], message: str) -> None:
    with pytest.raises(TaxonomyInvalid, match=message):
        replace(small, **change)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"version"', "version", "not valid JSON"),
        ('"version"', '"edition"', "must be an object with the keys version"),
        ('"version": "7"', '"version": 7', "version of the taxonomy must be a string"),
        ('"tags": [', '"tags": {}, "_": [', "must be an object with the keys version"),
        ('"label": "Bags"', '"title": "Bags"', "entry of nodes must be an object with exactly these keys: id"),
        ('"label": "Bags"', '"label": 5', "label of each entry of nodes must be a string"),
        ('"label": "Bags"', '"label": null', "label of each entry of nodes must be a string"),
        ('["leather"]', '"leather"', "patterns of each entry of tags must be a list of strings"),
        ('["Black", "White"]', '["Black", 1]', "values of each entry of attributes must be a list of strings"),
    ],
)
def test_malformed_json(small: Taxonomy, old: str, new: str, message: str) -> None:
    with pytest.raises(TaxonomyInvalid, match=message):
        Taxonomy.from_json(small.to_json().replace(old, new))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "must be an object"),
        ("[" * 100_000, "not valid JSON"),
        ('{"version": "1", "nodes": {}, "tags": [], "attributes": []}', "nodes of the taxonomy must be a list"),
        ('{"version": "1", "nodes": [3], "tags": [], "attributes": []}', "entry of nodes must be an object"),
    ],
)
def test_json_of_another_shape(text: str, message: str) -> None:
    with pytest.raises(TaxonomyInvalid, match=message):
        Taxonomy.from_json(text)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotReadable, match="does not exist or cannot be read"):
        Taxonomy.load(tmp_path / "missing.json")
    (tmp_path / "latin.json").write_bytes(b'{"version": "\xe9"}')
    with pytest.raises(TaxonomyInvalid, match="not UTF-8"):
        Taxonomy.load(tmp_path / "latin.json")
