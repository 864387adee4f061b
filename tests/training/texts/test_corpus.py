"""Texts of every department, with their translations and queries."""

import json
from pathlib import Path

import pytest

from catalog.errors import FileNotReadable
from catalog.taxonomy.tree import Node, Taxonomy
from tests.support.departments import write_departments
from tests.support.tiny import tiny_taxonomy
from training.config import CorpusConfig
from training.texts.corpus import Text, read_corpus
from training.texts.shopify import ShopifyTaxonomy

CONFIG = CorpusConfig("shopify", "google.txt", ("shop.jsonl",), synthetic=40)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("departments")
    write_departments(folder)
    rows = [{"title": "Red claw hammer", "split": "train"}, {"title": "Kept aside", "split": "test"}]
    (folder / "shop.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture(scope="module")
def texts(data: Path) -> list[Text]:
    return read_corpus(CONFIG, data, tiny_taxonomy())


def test_the_taxonomy_is_read(data: Path) -> None:
    shopify = ShopifyTaxonomy.load(data / "shopify")
    assert shopify.names["zh-CN"]["to-1"] == ("工具", "锤子")
    assert shopify.attributes == {"to": ("Color",), "to-1": ("Color", "Material"), "ty": ()}
    assert [shopify.values["en"][id] for id in shopify.values_of["Color"]] == ["Red", "Blue"]


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotReadable, match="Shopify's taxonomy cannot be read"):
        ShopifyTaxonomy.load(tmp_path / "nowhere")


def test_names_and_paths_have_their_translations(texts: list[Text]) -> None:
    assert Text("names", "Hammers", ("锤子", "Hämmer", "Marteaux")) in texts
    path = next(text for text in texts if text.english == "Tools > Hammers")
    assert path.same == ("工具 > 锤子", "Werkzeug > Hämmer", "Outils > Marteaux")
    assert Text("paths", "Nails") in texts


def test_the_shipped_tree_is_there_with_its_chinese_names(texts: list[Text]) -> None:
    assert Text("names", "Shirts", ("衬衫",), (), "clothes.shirt") in texts


def test_titles_put_together_mean_the_same_in_both_languages(texts: list[Text]) -> None:
    named = dict(
        zip(("Hammers", "Saws", "Dolls", "Tools", "Toys"), ("锤子", "锯子", "娃娃", "工具", "玩具"), strict=True)
    )
    made = [text for text in texts if text.kind == "synthetic" and any(name in text.english for name in named)]
    assert len(made) == CONFIG.synthetic
    for text in made:
        name = next(name for name in named if name in text.english)
        assert named[name] in text.same[0]
        assert ("Red" in text.english) == ("红" in text.same[0])
        assert any(name.lower() in query for query in text.queries)
        assert any(named[name] in query for query in text.queries)


def test_titles_of_the_training_split_alone(texts: list[Text]) -> None:
    titles = [text for text in texts if text.kind == "titles"]
    assert [text.english for text in titles] == ["Red claw hammer"]
    assert all(set(query.split()) <= {"red", "claw", "hammer"} for query in titles[0].queries)


def test_every_run_has_the_same_texts(data: Path, texts: list[Text]) -> None:
    assert read_corpus(CONFIG, data, tiny_taxonomy()) == texts


def test_a_text_knows_its_category_where_the_tree_has_it(texts: list[Text], data: Path) -> None:
    assert {text.node for text in texts} == {"", *(node.id for node in tiny_taxonomy().nodes)}
    tools = Taxonomy("1", (Node("to", "Tools", "工具", None), Node("to-1", "Hammers", "锤子", "to")))
    known = [text for text in read_corpus(CONFIG, data, tools) if text.node == "to-1"]
    assert {text.kind for text in known} == {"names", "paths", "synthetic"}
    assert all("Hammer" in text.english for text in known)
