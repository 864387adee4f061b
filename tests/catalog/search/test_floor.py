"""The relevance floor: what is not like the query is no result, whoever asks."""

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from catalog.index.filters import OneOf
from catalog.index.product_index import ProductIndex, open_index
from catalog.index.query import Finding, IndexQuery
from catalog.index.relevance import Floor
from catalog.model.calibration import Bounds, Calibration
from catalog.model.folder import open_model
from catalog.model.runtime import open_runtime
from catalog.product import ContentHashes, Note, Product, StoredProduct, Understanding
from catalog.search.floor import Wanted, floor_of
from catalog.search.plan import Example, Search, search
from catalog.search.wording import Wording, worded
from catalog.understand import Understander
from shelflens.cli.search import as_answer, show
from tests.support.services import tiny_client
from tests.support.stored import category, embedding, quick_folder, stored_product, unit
from tests.support.tiny import tiny_onnx_folder, tiny_taxonomy

COSINES = {"twin": 0.95, "near": 0.8, "shirt": 0.75, "middling": 0.6, "far": 0.3, "opposite": -0.2}
BASE = embedding(1)
ACROSS = unit(embedding(2) - (embedding(2) @ BASE) * BASE)
QUERY = IndexQuery(embedding=BASE, floor=Floor(cosine=0.5, ratio=0.7, share=0.7))
BOUNDS = Bounds(least=0.3, unsure=0.6, ratio=0.7, share=0.7)


@pytest.fixture(scope="module")
def index() -> Iterator[ProductIndex]:
    """Products at given cosines from the query: apples, and a shirt."""
    with quick_folder() as folder, open_index(folder / "index", len(BASE)) as index:
        index.upsert([at(name, cosine) for name, cosine in COSINES.items()])
        yield index


def at(name: str, cosine: float) -> StoredProduct:
    vector = unit(cosine * BASE + math.sqrt(1 - cosine**2) * ACROSS)
    node = "clothes.shirt" if name == "shirt" else "food.apple"
    return stored_product(name, f"{name} lamp", vector, node, brand="Acme" if cosine < 0.7 else "Other")


def floored(**changes: Any) -> IndexQuery:
    assert QUERY.floor
    return replace(QUERY, floor=replace(QUERY.floor, **changes))


def ids(found: Finding) -> list[str]:
    return [match.stored.id for match in found.matches]


def test_what_is_far_from_the_query_or_from_the_best_product_is_not_found(index: ProductIndex) -> None:
    found = index.find(QUERY, ["brand"])
    assert (ids(found), found.nearest, found.total) == (["twin", "near", "shirt"], [], 3)  # 0.7 of 0.95 is 0.665
    assert found.facets == {"brand": [("Other", 3)]}
    assert ids(index.find(floored(ratio=0.6))) == ["twin", "near", "shirt", "middling"]
    assert ids(index.find(floored(ratio=0.0, cosine=0.2)))[-1] == "far"


def test_where_nothing_is_like_the_query_the_nearest_are_told_apart_from_results(index: ProductIndex) -> None:
    found = index.find(floored(cosine=0.99), ["brand"])
    assert (found.matches, found.total, found.facets) == ([], 0, {"brand": []})
    assert [match.stored.id for match in found.nearest] == ["twin", "near", "shirt", "middling", "far"]
    assert len(index.find(replace(floored(cosine=0.99), limit=3)).nearest) == 3


def test_without_a_floor_everything_is_found(index: ProductIndex) -> None:
    found = index.find(replace(QUERY, floor=None))
    assert (ids(found), found.total, found.nearest) == (list(COSINES), 6, [])


def test_pages_and_total_agree(index: ProductIndex) -> None:
    pages = [index.find(replace(QUERY, limit=2, offset=offset)) for offset in (0, 2, 4)]
    assert [ids(page) for page in pages] == [["twin", "near"], ["shirt"], []]
    assert [(page.total, page.nearest) for page in pages] == [(3, [])] * 3


def test_a_filter_does_not_change_what_is_like_the_query(index: ProductIndex) -> None:
    found = index.find(replace(QUERY, filter=OneOf("brand", ("Acme",))))
    assert ids(found) == []
    assert [match.stored.id for match in found.nearest] == ["middling", "far", "opposite"]


def test_the_example_itself_is_not_the_best_product(index: ProductIndex) -> None:
    assert ids(index.find(replace(QUERY, exclude=frozenset({"twin"})))) == ["near", "shirt", "middling"]


def test_products_of_another_department_are_not_like_the_query(index: ProductIndex) -> None:
    assert ids(index.find(floored(elsewhere=("clothes",)))) == ["twin", "near"]


def test_products_of_the_kind_asked_for_are_found_whatever_their_cosine(index: ProductIndex) -> None:
    assert ids(index.find(floored(cosine=math.inf, kinds=("clothes",)))) == ["shirt"]


def test_a_product_without_a_category_is_not_found_by_the_name_of_another_department() -> None:
    carton = at("carton", 0.9)
    unsure = replace(carton.understanding, category=None, decision="abstain", alternatives=(category("food.pear"),))
    with quick_folder() as folder, open_index(folder / "index", len(BASE)) as index:
        index.upsert([replace(carton, understanding=unsure)])
        assert ids(index.find(floored(guessed=("food",)))) == ["carton"]
        assert ids(index.find(floored(guessed=("clothes",)))) == []
        assert ids(index.find(floored(guessed=()))) == ["carton"]  # the query names nothing


def test_an_unfamiliar_product_is_found_by_text_only_where_it_is_guessed_to_be_of_its_kind() -> None:
    odd = at("odd", 0.9)
    unsure = replace(odd.understanding, category=None, decision="abstain", notes=("unfamiliar",))
    odd = replace(odd, understanding=replace(unsure, alternatives=(category("food.apple"),)))
    with quick_folder() as folder, open_index(folder / "index", len(BASE)) as index:
        index.upsert([at("near", 0.8), odd])
        assert ids(index.find(floored(guessed=None))) == ["odd", "near"]
        assert ids(index.find(floored(guessed=("food",)))) == ["odd", "near"]
        assert ids(index.find(floored(guessed=("clothes",)))) == ["near"]
        assert ids(index.find(floored(guessed=()))) == ["near"]
        query_text = replace(floored(guessed=(), wordings=("odd",)), keywords="odd")
        assert sorted(ids(index.find(query_text))) == ["near", "odd"]


def test_what_an_unfamiliar_product_must_be_is_what_the_text_asks_for() -> None:
    assert floor(Wording("red shirt", "red shirt"), understood("clothes.shirt")).guessed == ("clothes",)
    assert floor(Wording("lamp", "lamp"), understood()).guessed == ()
    assert floor(Wording("", ""), understood("clothes.shirt", used=("image",))).guessed is None


def test_products_with_the_querys_words_are_found_whatever_their_cosine(index: ProductIndex) -> None:
    query_text = replace(floored(wordings=("opposite lamp",)), keywords="opposite lamp")
    assert sorted(ids(index.find(query_text))) == [
        "near",
        "opposite",
        "shirt",
        "twin",
    ]  # "far" has the common word alone
    alone = replace(query_text, embedding=None)
    assert (ids(index.find(alone)), index.find(alone).total) == (["opposite"], 1)
    absent = replace(floored(wordings=("lamp laptop",)), keywords="lamp laptop", embedding=None)
    assert ids(index.find(absent)) == []


QUERY_OF_TWO = IndexQuery(
    keywords="hose robot", floor=Floor(cosine=math.inf, ratio=0.7, share=0.7, wordings=("hose robot",))
)


def test_of_many_words_those_are_found_that_have_nearly_as_much_of_them_as_the_best_product() -> None:
    alike = "brushed steel faucet hose nozzle"
    titles = {"best": f"{alike} chrome", "close": alike, "far": "steel towel"}  # 0.8, 0.6 and 0.1 of the query
    others = [stored_product(f"other{n}", "kitchen lamp") for n in range(12)]
    asked = f"{alike} chrome handle"
    query = IndexQuery(keywords=asked, floor=Floor(cosine=math.inf, ratio=0.7, share=0.7, wordings=(asked,)))
    with quick_folder() as folder, open_index(folder / "index", len(BASE)) as index:
        index.upsert([*others, *(stored_product(name, title) for name, title in titles.items())])
        assert ids(index.find(query)) == ["best", "close"]
        assert ids(index.find(QUERY_OF_TWO)) == []  # one of two words is not nearly both
        little = "steel towel single handle pull down"
        assert query.floor
        assert ids(index.find(replace(query, keywords=little, floor=replace(query.floor, wordings=(little,))))) == []


def test_either_wording_is_enough(index: ProductIndex) -> None:
    query_text = replace(floored(cosine=math.inf, wordings=("灯", "far lamp")), keywords="灯 far lamp")
    assert ids(index.find(query_text)) == ["far"]


def understood(node: str = "", notes: tuple[Note, ...] = (), used: tuple[Any, ...] = ("text",)) -> Understanding:
    found = stored_product(node=node or "food.pear").understanding
    return replace(found, category=category(node) if node else None, notes=notes, modalities_used=used)


def floor(wording: Wording, found: Understanding) -> Floor:
    made = floor_of([Wanted(wording, found)], tiny_taxonomy(), {"text": BOUNDS})
    assert made
    return made


def test_the_bound_is_higher_where_nothing_says_what_the_query_means() -> None:
    assert floor(Wording("red"), understood()).cosine == BOUNDS.unsure
    assert floor(Wording("red"), understood("food.apple")).cosine == BOUNDS.least
    assert floor(Wording("red", named=True), understood()).cosine == BOUNDS.least


def test_words_of_which_the_model_knows_nothing_are_searched_by_as_words() -> None:
    assert floor(Wording("drill"), understood(notes=("unfamiliar",))).cosine == math.inf
    assert floor(Wording("shoe", named=True), understood(notes=("unfamiliar",))).cosine == BOUNDS.least
    assert floor(Wording("鞋垫"), understood(used=())).cosine == math.inf


def test_the_department_of_the_query_is_promised_or_it_does_not_count() -> None:
    assert floor(Wording("pear"), understood("food.pear")).elsewhere == ("clothes",)
    assert floor(Wording("pear"), understood()).elsewhere == ()
    assert floor(Wording("pear", kinds=("food.pear",)), understood()).elsewhere == ("clothes",)
    assert floor(Wording("pear", kinds=("food.pear", "clothes.shoe")), understood()).elsewhere == ()
    pair = [Wanted(Wording(), understood(node)) for node in ("food.pear", "clothes.shoe")]
    both = floor_of(pair, tiny_taxonomy(), {"text": BOUNDS})
    assert both
    assert both.elsewhere == ()


def test_a_model_that_was_not_measured_has_no_floor() -> None:
    assert floor_of([Wanted(Wording("pear"), understood())], tiny_taxonomy(), {}) is None


@pytest.mark.parametrize(
    ("text", "read", "kinds"),
    [
        ("苹果", "Apple", ("food.apple",)),
        ("红色的苹果", "Apple", ("food.apple",)),
        ("Nike 鞋", "Nike Shoe", ()),
        ("shoes", "shoes", ("clothes.shoe",)),
        ("red shoes", "red shoes", ()),
        ("shoeshine", "shoeshine", ()),
        ("红色", "红色", ()),
        ("red shine 红", "red shine 红", ()),
    ],
)
def test_chinese_names_of_categories_are_read_as_english_ones(text: str, read: str, kinds: tuple[str, ...]) -> None:
    found = worded(text, tiny_taxonomy(), ["LATIN"])
    assert (found.given, found.read, found.kinds) == (text, read, kinds)
    assert found.named is (text not in ("shoeshine", "红色", "red shine 红"))


def test_a_model_that_reads_chinese_is_given_what_is_no_category() -> None:
    assert worded("红色的苹果", tiny_taxonomy(), ["LATIN", "HAN"]).read == "红色的 Apple"
    assert worded("红色的梨", tiny_taxonomy(), ["LATIN", "HAN"]).read == "红色的梨"


def test_bounds_are_kept_in_the_calibration() -> None:
    calibration = Calibration(floor={"text": BOUNDS})
    assert Calibration.from_dict(json.loads(json.dumps(asdict(calibration)))) == calibration
    assert Calibration.from_dict({}).floor == {}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Understander:
    """An untrained model, by which a query is like its own words and nothing else."""
    model = open_model(tiny_onnx_folder(tmp_path_factory.mktemp("floor") / "model"))
    strict = Bounds(least=0.9999, unsure=0.9999, ratio=0.0, share=0.7)
    calibration = replace(model.calibration, floor=dict.fromkeys(("image", "text", "both"), strict))
    return Understander(replace(model, calibration=calibration), open_runtime(model, "cpu", 0, False))


def test_library_and_command_line_tell_results_from_the_nearest(
    model: Understander, capsys: pytest.CaptureFixture[str]
) -> None:
    titles = ("red shoe", "green apple", "blue pear")
    understandings = model.understand([Product(title, title) for title in titles])
    with quick_folder() as folder, open_index(folder / "index", 32) as index:
        for title, read in zip(titles, understandings, strict=True):
            assert isinstance(read, Understanding)
            index.upsert([StoredProduct(Product(title, title), read, ContentHashes(title, "", ""), "tiny")])
        found, absent = (search(Search((Example(query_text),)), index, model) for query_text in ("red shoe", "laptop"))
        chinese = search(Search((Example("梨"),)), index, model)
        everything = search(Search((Example("laptop"),), floor=False), index, model)
    assert (ids(found), found.total) == (["red shoe"], 1)
    assert (ids(absent), len(absent.nearest)) == ([], 3)
    assert len(everything.matches) == 3
    assert "blue pear" in ids(chinese)
    answer = as_answer(absent)
    assert (answer["results"], answer["total"], len(answer["nearest"])) == ([], 0, 3)
    show(absent)
    assert "Nothing is close. The nearest are:" in capsys.readouterr().out


def test_the_service_tells_results_from_the_nearest(model: Understander, tmp_path: Path) -> None:
    with tiny_client(model, tmp_path) as http:
        for title in ("red shoe", "green apple", "blue pear"):
            assert http.put(f"/v1/products/{title}", json={"title": title}).status_code == 201
        asked = {"text": "laptop", "facets": ["category"]}
        absent = http.post("/v1/search", json=asked).json()
        everything = http.post("/v1/search", json=asked | {"floor": False}).json()
        similar = http.get("/v1/products/red shoe/similar").json()
        alike = http.get("/v1/products/red shoe/similar?floor=false").json()
    assert (absent["results"], absent["total"], absent["facets"]) == ([], 0, {"category": []})
    assert len(absent["nearest"]) == 3
    assert (len(everything["results"]), everything["total"], everything["nearest"]) == (3, 3, [])
    assert (similar["results"], len(similar["nearest"])) == ([], 2)
    assert (len(alike["results"]), alike["total"]) == (2, 3)
