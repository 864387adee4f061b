"""Trees in the files of others, with tiny ones as they are published and as shops write them."""

from pathlib import Path

import pytest

from catalog.categories import read_source
from catalog.categories.tables import Columns
from catalog.errors import ConfigInvalid, FileNotReadable, TaxonomyInvalid
from catalog.taxonomy.tree import Taxonomy

GID = "gid://shopify/TaxonomyCategory/"
SHOPIFY = {
    "en": f"""# Shopify Product Taxonomy - Categories: 2025-08
{GID}aa : Apparel & Accessories
{GID}aa-1 : Apparel & Accessories > Shoes
{GID}aa-2 : Apparel & Accessories > Jeans
{GID}bt : Baby & Toddler
{GID}bt-1 : Baby & Toddler > Jeans
""",
    "de": f"""{GID}aa : Bekleidung
{GID}aa-1 : Bekleidung > Schuhe
{GID}aa-2 : Bekleidung > Hosen
{GID}bt : Baby
{GID}bt-1 : Baby > Hosen
""",
    "zh-CN": f"""{GID}aa : 服饰
{GID}aa-1 : 服饰 > 鞋
{GID}aa-2 : 服饰 > 鞋
{GID}bt : 婴儿
{GID}bt-1 : 婴儿 > 牛仔裤
""",
}
RULES = """rules:
- input:
    product_category_id: aa
  output:
    product_category_id:
    - '166'
"""
GOOGLE = "# Google_Product_Taxonomy_Version: 2021-09-21\n166 - Apparel\n187 - Apparel > Shoes\n"
NESTED = """# Google Product Taxonomy with Nested Set Model
   1 | [   1-  10] | Sports
     2 | [   2-   5] | Hunting
     3 | [   6-   9] | Protection
       4 | [   7-   8] | Jackets
       5 | [   3-   4] | Decoys
"""


@pytest.fixture
def shopify(tmp_path: Path) -> Path:
    for language, text in SHOPIFY.items():
        (tmp_path / "dist" / language).mkdir(parents=True)
        (tmp_path / "dist" / language / "categories.txt").write_text(text, encoding="utf-8")
    (tmp_path / "dist" / "from_shopify_to_google.yml").write_text(RULES)
    return tmp_path / "dist"


def paths(tree: Taxonomy) -> dict[str, str]:
    return {node.id: " > ".join(tree.path(node.id)) for node in tree.nodes}


def own(folder: Path, text: str, name: str = "tree.txt", columns: Columns | None = None) -> Taxonomy:
    (folder / name).write_text(text, encoding="utf-8")
    return read_source("", folder / name, columns=columns)


def test_shopifys_ids_stay_and_its_languages_become_names(shopify: Path) -> None:
    tree = read_source("shopify", shopify)
    assert tree.version == "shopify 2025-08"
    assert paths(tree)["bt-1"] == "Baby & Toddler > Jeans"
    assert tree.node("aa").google == "166"
    assert tree.node("aa-1").synonyms == ("Schuhe",)
    assert tree.node("aa-1").label_zh == "鞋"
    assert tree.node("aa-2").label_zh == "鞋 (aa-2)"  # siblings of equal name in that language
    # "Hosen" means two categories, so only the whole path is a name.
    assert tree.node("aa-2").synonyms == ("Bekleidung > Hosen",)
    assert Taxonomy.from_json(tree.to_json()) == tree


@pytest.mark.parametrize("languages", [["zh-CN"], ["de", "zh-CN"]])
def test_labels_in_any_language_of_shopifys(shopify: Path, languages: list[str]) -> None:
    tree = read_source("shopify", shopify, languages)
    assert [node.id for node in tree.nodes] == ["aa", "aa-1", "aa-2", "bt", "bt-1"]
    assert tree.node("aa-1").label == {"zh-CN": "鞋", "de": "Schuhe"}[languages[0]]


def test_one_file_of_shopifys(shopify: Path) -> None:
    assert len(read_source("shopify", shopify / "en" / "categories.txt").nodes) == 5


def test_google_with_ids_in_two_languages(tmp_path: Path) -> None:
    (tmp_path / "taxonomy-with-ids.en-US.txt").write_text(GOOGLE)
    chinese = "166 - 服饰\n187 - 服饰 > 鞋\n"
    (tmp_path / "taxonomy-with-ids.zh-CN.txt").write_text(chinese, encoding="utf-8")
    tree = read_source("google", tmp_path)
    assert paths(tree) == {"166": "Apparel", "187": "Apparel > Shoes"}
    assert (tree.version, tree.node("187").google, tree.node("187").label_zh) == ("google 2021-09-21", "187", "鞋")


def test_a_nested_set_has_running_numbers_and_not_googles_ids(tmp_path: Path) -> None:
    (tmp_path / "google.txt").write_text(NESTED)
    tree = read_source("google", tmp_path / "google.txt")
    assert list(paths(tree).values()) == [
        "Sports",
        "Sports > Hunting",
        "Sports > Hunting > Decoys",  # though its line stands below another's
        "Sports > Protection",
        "Sports > Protection > Jackets",
    ]
    assert tree.node("sports.hunting").google == "Sports > Hunting"


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("google", "# nothing\n", "has no categories"),
        ("google", "166 - Apparel\nApparel > Shoes\n", "Line 2 is not written as the others"),
        ("shopify", "Apparel\n", "has no line such as"),
    ],
)
def test_files_that_are_not_what_they_are_given_for(tmp_path: Path, kind: str, text: str, message: str) -> None:
    (tmp_path / "file.txt").write_text(text)
    with pytest.raises(TaxonomyInvalid, match=message):
        read_source(kind, tmp_path / "file.txt")


@pytest.mark.parametrize("kind", ["shopify", "google"])
def test_folders_without_the_published_files(tmp_path: Path, kind: str) -> None:
    with pytest.raises(FileNotReadable, match="has no "):
        read_source(kind, tmp_path)
    with pytest.raises(FileNotReadable, match="does not exist"):
        read_source(kind, tmp_path / "missing.txt")


def test_a_language_that_is_not_there(shopify: Path) -> None:
    with pytest.raises(TaxonomyInvalid, match="no names in 'fr', only in de, en, zh-CN"):
        read_source("shopify", shopify, ["fr"])


def test_one_path_a_line(tmp_path: Path) -> None:
    tree = own(tmp_path, "# ours\nHome > Garden > Hoses\nHome &gt; Food, Drinks\n\nhome > garden > Spades >\n")
    assert paths(tree) == {
        "home": "Home",
        "home.garden": "Home > Garden",
        "home.garden.hoses": "Home > Garden > Hoses",
        "home.food-drinks": "Home > Food, Drinks",
        "home.garden.spades": "Home > Garden > Spades",
    }
    assert all(node.label_zh == node.label for node in tree.nodes)


def test_equal_names_below_different_parents(tmp_path: Path) -> None:
    tree = own(tmp_path, "Women > Jeans\nMen > Jeans\n")
    assert [node.id for node in tree.leaves] == ["women.jeans", "men.jeans"]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("id;Category Path;name\n7;Home;Home\n9;Home > Garden;Garden\n", ["7", "9"]),
        ("7\tHome\n9\tHome > Garden\n", None),  # without a header nothing says what the numbers are
        ("id,name,parent_id\n9,Garden,7\n7,Home,0\n", ["7", "9"]),
        ("name,parent\nGarden,Home\nHome,\n", ["home", "home.garden"]),
        ("code,kategorie\n7,Home\n9,Home > Garden\n", ["7", "9"]),
    ],
)
def test_tables(tmp_path: Path, text: str, ids: list[str] | None) -> None:
    tree = own(tmp_path, text, "tree.csv")
    assert list(paths(tree).values()) == ["Home", "Home > Garden"]
    assert [node.id for node in tree.nodes] == (ids or ["home", "home.garden"])


def test_columns_that_are_named(tmp_path: Path) -> None:
    text = "a,b,c\nHome > X,Home > Garden,9\n"
    with pytest.raises(TaxonomyInvalid, match="--path COLUMN, one of 'a', 'b', 'c'"):
        own(tmp_path, text, "tree.csv")
    assert paths(own(tmp_path, text, "tree.csv", Columns("b", "c"))) == {"home": "Home", "9": "Home > Garden"}
    with pytest.raises(ConfigInvalid, match="no column 'd', only 'a', 'b', 'c'"):
        own(tmp_path, text, "tree.csv", Columns("d"))


def test_another_separator_is_not_guessed(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyInvalid, match="say --separator '/'; if it belongs to the names"):
        own(tmp_path, "Home/Garden\nTV/Audio\n")
    assert len(own(tmp_path, "Home/Garden\nTV/Audio\n", columns=Columns(separator="/")).nodes) == 4
    assert len(own(tmp_path, "Home/Garden\nTV/Audio\n", columns=Columns(separator=">")).nodes) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Home > > Hoses\n", "Line 1: the path has an empty step"),
        ("id,path\n1,Home > A\n2,home > a\n", "Line 3: the path 'home > a' has the id '2', and in line 2 the id '1'"),
        ("id,path\n1,Home > A\n1,Home > B\n", "Line 3: the id '1' is that of 'Home > A' in line 2"),
        ("id,name,parent\n1,A,2\n2,B,1\n", "lies below itself"),
        ("id,name,parent\n1,A,3\n", "no category '3', its parent"),
        ("id,name,parent\n1,A,\n1,B,\n", "Line 3: '1' is that of line 2, too"),
        ('id,path\n1,"Home > A\n', "quoted cell does not end"),
    ],
)
def test_what_cannot_be_a_tree(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(TaxonomyInvalid, match=message):
        own(tmp_path, text, "tree.csv" if "," in text else "tree.txt")


def test_our_own_json_needs_no_chinese_tags_or_attributes(tmp_path: Path) -> None:
    tree = own(tmp_path, '{"version": "1", "nodes": [{"id": "a", "label": "Hoses", "parent": null}]}', "tree.json")
    assert (tree.node("a").label_zh, tree.node("a").synonyms, tree.tags) == ("Hoses", (), ())


def test_a_chinese_file_in_its_own_encoding(tmp_path: Path) -> None:
    lines = "".join(f"家居用品 > 花园工具 > 第{n}种浇水软管和喷头\n" for n in range(40))
    (tmp_path / "tree.txt").write_bytes(lines.encode("gb18030"))
    assert read_source("", tmp_path / "tree.txt").nodes[1].label == "花园工具"
