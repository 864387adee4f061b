"""What a stored product is made of, and that it comes back from where it is kept, also as earlier releases wrote it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog.errors import FeedDamaged, FeedEmpty
from catalog.index.backend import IndexModel
from catalog.index.exports import export, load, read_parquet, width
from catalog.index.exports.reading import read_json_lines
from catalog.index.exports.rows import schema, to_row
from catalog.index.records import from_payload, to_payload
from catalog.product import ImageMeasures, Judgement, StoredProduct
from catalog.storage.seal import unsealed
from tests.support.stored import category, embedding, same, stored_product


def without_category() -> StoredProduct:
    stored = stored_product()
    understanding = replace(
        stored.understanding,
        category=None,
        alternatives=(category("food.pear", 0.1),),
        decision="abstain",
        notes=("unfamiliar", "text_not_read"),
        image_measures=(ImageMeasures(640, 480, 0.25, 0.0), ImageMeasures(80, 80, 0.125, 0.5)),
    )
    return replace(stored, understanding=understanding)


def test_the_merchants_attribute_stands_whatever_the_case_of_its_name() -> None:
    stored = stored_product(found={"colour": "Blue", "season": "Fall"}, attributes={"Colour": "Pink"})
    assert {name: value.name for name, value in stored.attributes.items()} == {"Colour": "Pink", "season": "Fall"}


def test_a_conflict_is_where_merchant_and_model_differ() -> None:
    given = {"Colour": "Pink", "gender": " women ", "size": "M"}
    stored = stored_product(found={"colour": "Blue", "gender": "Women", "season": "Fall"}, attributes=given)
    (conflict,) = stored.conflicts
    assert conflict == ("Colour", "Pink", "Blue", 0.625)


@pytest.mark.parametrize("name", ["color", "Colors", "colour", "product_colour", "g:color"])
def test_a_name_in_another_spelling_is_the_same_attribute(name: str) -> None:
    stored = stored_product(found={"colour": "Blue"}, attributes={name: "Pink"})
    assert {name: value.name for name, value in stored.attributes.items()} == {name: "Pink"}
    assert [(conflict.name, conflict.yours, conflict.model) for conflict in stored.conflicts] == [
        (name, "Pink", "Blue")
    ]


@pytest.mark.parametrize(
    ("name", "yours", "model"),
    [
        ("sex", "female", "Women"),
        ("gender", "Men's", "Men"),
        ("gender", "mens", "Men"),
        ("gender", "Women\u2019s", "Women"),
        ("gender", "male", "Boys"),
        ("gender", "girl", "Girls"),
        ("gender", "Men, Women", "Unisex"),
        ("gender", "女士", "Women"),
        ("age_group", "toddler", "kids"),
        ("age group", "Adults", "adult"),
        ("color", "gray", "Grey"),
        ("color", "Dark-Gray", "Grey"),
        ("color", "navy", "Navy Blue"),
        ("color", "blue", "Navy Blue"),
        ("colour", "blue/brown", "Brown"),
        ("colour", "off-white", "Off White"),
        ("colour", "红色", "Red"),
        ("colour", "multicolored", "Multi"),
        ("season", "autumn", "Fall"),
        ("season", "Autumn/Winter", "Winter"),
        ("usage", "sport", "Sports"),
    ],
)
def test_what_says_the_same_or_more_closely_is_no_conflict(name: str, yours: str, model: str) -> None:
    attribute = {"sex": "gender", "color": "colour", "age_group": "audience", "age group": "audience"}.get(name, name)
    assert stored_product(found={attribute: model}, attributes={name: yours}).conflicts == ()


@pytest.mark.parametrize(
    ("name", "yours", "model"),
    [
        ("gender", "female", "Men"),
        ("gender", "men", "Women"),
        ("gender", "unisex", "Men"),
        ("gender", "men", "Boys"),
        ("colour", "grey", "Black"),
        ("colour", "navy", "Turquoise Blue"),
        ("colour", "blue/brown", "Red"),
        ("colour", "红色", "Blue"),
        ("colour", "", "Blue"),
        ("colour", "Stone", "Beige"),
        ("size", "s", "m"),
    ],
)
def test_what_says_another_thing_is_a_conflict(name: str, yours: str, model: str) -> None:
    assert len(stored_product(found={name: model}, attributes={name: yours}).conflicts) == 1


def test_a_product_without_a_category_is_kept_without_one() -> None:
    payload = to_payload(without_category())
    assert "category" not in payload, "a filter by category must not find it"
    assert written(from_payload(payload, without_category().understanding.embedding)) == written(without_category())


def test_a_product_without_a_category_is_exported_without_one(tmp_path: Path) -> None:
    export([[without_category()]], tmp_path / "out.parquet")
    ((found,),) = read_parquet(tmp_path / "out.parquet")
    assert written(found) == written(without_category())
    export([[without_category()]], tmp_path / "out.csv")
    assert ",,,,abstain," in (tmp_path / "out.csv").read_text().splitlines()[1]


def test_a_record_of_an_earlier_release_is_read() -> None:
    assert from_payload(earlier(stored_product(decision="review")), embedding(1)).understanding.path
    found = from_payload(earlier(stored_product(decision="abstain")), embedding(1)).understanding
    assert (found.category, found.decision, found.notes, found.image_measures) == (None, "abstain", (), ())
    assert [other.id for other in found.alternatives] == ["clothes.shoe", "food.pear", "clothes.shirt"]


def test_an_export_of_an_earlier_release_is_read(tmp_path: Path) -> None:
    rows = [to_row(stored_product("1")), to_row(stored_product("2", decision="abstain"))]
    former = pa.schema([field for field in schema() if field.name not in ("notes", "image_measures")])
    pq.write_table(pa.Table.from_pylist(rows, former), tmp_path / "old.parquet")
    ((sure, unsure),) = read_parquet(tmp_path / "old.parquet")
    assert sure.understanding.path == ("Clothes", "Shoe")
    assert unsure.understanding.category is None
    assert unsure.understanding.alternatives[0].id == "clothes.shoe"


def earlier(stored: StoredProduct) -> dict[str, Any]:
    """The payload with its categories in one list, as they were kept before a product could have none."""
    payload = to_payload(stored)
    record = json.loads(unsealed(payload["record"]))
    understood = record["understanding"]
    understood["categories"] = [understood.pop("category"), *understood.pop("alternatives")]
    del understood["notes"], understood["image_measures"]
    return payload | {"record": json.dumps(record), "version": unsealed(payload["version"])}


def written(stored: StoredProduct) -> dict[str, Any]:
    return to_row(stored) | {"embedding": None}


def test_what_the_base_said_comes_back() -> None:
    stored = without_category()
    kept = stored.understanding.based("model-0")
    taught = replace(kept, category=category("food.apple"), decision="auto", attributes={}, notes=("text_not_read",))
    stored = replace(stored, understanding=taught)
    judged = replace(stored, understanding=replace(taught, base=None), judgement=Judgement("reject", taught))
    for one in (stored, judged):
        assert same(from_payload(to_payload(one), one.understanding.embedding), one)
    assert taught.based("model-1") == taught
    back = taught.of_base()
    assert same(replace(stored, understanding=replace(back, notes=back.notes[::-1])), without_category())


def test_json_lines_come_back_as_they_were(tmp_path: Path) -> None:
    products = [without_category(), stored_product("2", "Rotes Übergrößen-Kleid 红", price=9.5)]
    export([products], tmp_path / "out.jsonl")
    ((first, second),) = read_json_lines(tmp_path / "out.jsonl")
    assert written(first) == written(products[0])
    assert same(second, products[1])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", ""),
        ('{"id": "1", "title": "a feed"}\n', "Line 1 of out.jsonl is not one of a JSON Lines export"),
        ("{}\n", "Line 1 of"),
        ("[]\n", "Line 1 of"),
        ('{"model": "m", "hashes": []}\n', "exported without embeddings"),
        ('{"model": "m", "hashes": [], "embedding": 1}\n', "Line 1 of"),
        ("WHOLE\n{", "Line 2 of"),
    ],
)
def test_lines_that_are_no_export_are_told_before_anything_is_stored(
    tmp_path: Path, content: str, message: str
) -> None:
    file = tmp_path / "out.jsonl"
    export([[stored_product()]], file)
    file.write_text(content.replace("WHOLE", file.read_text().rstrip()))
    stored: list[StoredProduct] = []

    class Index:
        def claim(self, model: IndexModel) -> None: ...
        def flush(self) -> None: ...
        def upsert(self, products: Sequence[StoredProduct]) -> None:
            stored.extend(products)

    if message:
        with pytest.raises(FeedDamaged, match=message):
            load(file, Index())
    else:
        load(file, Index())
        with pytest.raises(FeedEmpty, match="has no products"):
            width(file)
    assert stored == []
