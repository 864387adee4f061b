"""Words in scripts that the model was not taught are left out, and said to be."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from catalog import Product, Understander, Understanding
from catalog.model.scripts import readable
from tests.support.services import tiny_client
from tests.support.tiny import tiny_onnx_folder

LATIN = ("LATIN",)


@pytest.mark.parametrize(
    ("text", "read", "left_out"),
    [
        ("red shoe", "red shoe", False),
        ("Größe 42, été, Łódź", "Größe 42, été, Łódź", False),
        ("e\u0301te\u0301", "e\u0301te\u0301", False),
        ("\uff32\uff25\uff24 shoe", "\uff32\uff25\uff24 shoe", False),
        ("运动鞋", "", True),
        ("красная обувь", "", True),
        ("حذاء أحمر", "", True),
        ("ランニングシューズ", "", True),
        ("Nike 运动鞋 Air Max", "Nike Air Max", True),
        ("Nike男子新款透气运动休闲跑步鞋", "", True),
        ("Обувь Nike", "", True),
        ("4006381333931", "4006381333931", False),
        ("🎁🎁 ٣٤", "🎁🎁 ٣٤", False),
        ("", "", False),
    ],
)
def test_what_is_read(text: str, read: str, left_out: bool) -> None:
    assert readable(text, LATIN) == (read, left_out)


def test_a_model_may_be_taught_other_scripts() -> None:
    assert readable("Обувь Nike", ("LATIN", "CYRILLIC")) == ("Обувь Nike", False)
    assert readable("Обувь Nike", ("CYRILLIC",)) == ("Обувь", True)


@pytest.mark.parametrize(
    ("text", "read", "left_out"),
    [
        ("Nike男子新款透气运动休闲跑步鞋", "Nike男子新款透气运动休闲跑步鞋", False),
        ("連衣裙、紅色 々", "連衣裙、紅色 々", False),
        ("运动鞋 обувь", "运动鞋", True),
        ("ランニングシューズ", "", True),
        ("赤いランニングシューズ", "", True),
    ],
)
def test_a_model_that_was_taught_chinese(text: str, read: str, left_out: bool) -> None:
    assert readable(text, ("LATIN", "HAN")) == (read, left_out)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Understander:
    return Understander.load(tiny_onnx_folder(tmp_path_factory.mktemp("scripts") / "model"))


def understood(model: Understander, *titles: str) -> Sequence[Understanding]:
    results = model.understand([Product(title, title) for title in titles])
    return [result for result in results if isinstance(result, Understanding)]


def test_a_category_named_in_chinese_is_read_in_english(model: Understander) -> None:
    chinese, mixed, english, part = understood(model, "苹果", "新鲜的苹果", "Apple", "shirt 苹果")
    np.testing.assert_array_equal(chinese.embedding, english.embedding)
    np.testing.assert_allclose(mixed.embedding, english.embedding, atol=1e-6)
    assert (chinese.notes, mixed.notes, english.notes, part.notes) == ((), ("text_not_read",), (), ())


def test_unreadable_text_has_no_category_and_does_not_look_alike(model: Understander) -> None:
    dress, jeans, again, shirt = understood(model, "连衣裙", "牛仔裤", "连衣裙", "red shirt")
    assert (dress.category, dress.decision, dress.modalities_used, dress.notes) == (
        None,
        "abstain",
        (),
        ("text_not_read",),
    )
    assert (dress.alternatives, dress.tags, dress.attributes) == ((), (), {})
    assert shirt.category
    np.testing.assert_array_equal(dress.embedding, again.embedding)
    assert abs(float(dress.embedding @ jeans.embedding)) < 0.7  # 32 numbers; of 256, below 0.3
    assert float(np.linalg.norm(dress.embedding)) == pytest.approx(1)


def test_what_can_be_read_of_mixed_text_decides(model: Understander) -> None:
    mixed, plain = understood(model, "red shirt 红", "red shirt")
    assert (mixed.category, mixed.notes, plain.notes) == (plain.category, ("text_not_read",), ())
    np.testing.assert_allclose(mixed.embedding, plain.embedding, atol=1e-6)


def test_text_of_which_no_part_is_in_the_vocabulary_does_not_look_alike(model: Understander) -> None:
    gift, star, mixed, plain = understood(model, "🎁🎁", "★", "🎁 red shirt", "red shirt")
    assert (gift.modalities_used, gift.notes) == (star.modalities_used, star.notes) == ((), ("text_not_read",))
    assert abs(float(gift.embedding @ star.embedding)) < 0.7
    assert (mixed.modalities_used, plain.notes) == (("text",), ())


def test_full_width_letters_are_read_as_plain_ones(model: Understander) -> None:
    wide, plain = understood(model, "\uff32\uff25\uff24 shirt", "RED shirt")
    np.testing.assert_array_equal(wide.embedding, plain.embedding)


def test_what_is_read_of_a_long_text_is_counted(model: Understander) -> None:
    short, long, none = understood(model, "red shirt", "red shirt " * 40, "\u9c7b")
    assert (short.tokens, short.cut) == (4, False)  # with one at each end
    assert (long.tokens, long.cut) == (model.config.text.max_tokens, True)
    assert (none.tokens, none.cut) == (0, False)


@pytest.fixture
def shop(model: Understander, tmp_path: Path) -> TestClient:
    with tiny_client(model, tmp_path / "index") as client:
        for id, title in (("dress", "红色 连衣裙"), ("jeans", "蓝色 牛仔裤"), ("shirt", "red shirt")):
            assert client.put(f"/v1/products/{id}", json={"title": title}).status_code == 201
        yield client  # type: ignore[misc]


def test_unreadable_text_is_searched_by_keywords_alone(shop: TestClient) -> None:
    def found(**query: object) -> tuple[list[str], list[str]]:
        answer = shop.post("/v1/search", json=query)
        assert answer.status_code == 200, answer.text
        assert all(one["score"] < 1 for one in answer.json()["results"] if answer.json()["notes"])
        return [one["id"] for one in answer.json()["results"]], answer.json()["notes"]

    assert found(text="连衣裙") == (["dress"], ["text_not_read"])
    assert found(text="手表") == ([], ["text_not_read"])
    assert found(text="🎁") == ([], ["text_not_read"])
    (first, *_), notes = found(text="red shirt")
    assert (first, notes) == ("shirt", [])
    assert found(product_id="dress")[1] == ["text_not_read"]
    assert shop.get("/v1/products/dress/similar").status_code == 200


def test_unreadable_text_has_no_embedding(shop: TestClient) -> None:
    answer = shop.post("/v1/embeddings", json={"input": ["red", "连衣裙"]})
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "text_unreadable"
    assert answer.json()["error"]["param"] == "input.1.text"
