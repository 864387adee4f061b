"""Why a model answers as it does, with a tiny real model."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from catalog import Product, Understander, Understanding
from catalog.evidence import Explanation, HeatMap, Place
from catalog.evidence.explain import explain
from catalog.evidence.heat import CELLS, SIDE, hidden, hottest
from catalog.evidence.words import MAX_WORDS, without, words_of
from catalog.filing import Filer
from catalog.model.folder import CALIBRATION, write_checksums, write_json
from tests.support.taught import taught_folder
from tests.support.tiny import tiny_onnx_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_onnx_folder(tmp_path_factory.mktemp("evidence") / "model")


@pytest.fixture(scope="module")
def model(folder: Path) -> Understander:
    return Understander.load(folder)


def image() -> bytes:
    """Red, with a green patch at the top left."""
    drawn = Image.new("RGB", (40, 40), (200, 30, 30))
    drawn.paste((20, 200, 40), (0, 0, 8, 8))
    buffer = io.BytesIO()
    drawn.save(buffer, "PNG")
    return buffer.getvalue()


def of(model: Understander, product: Product) -> Explanation:
    found = explain(model, model.prepare(product))
    assert found
    return found


def answer(model: Understander, product: Product) -> Understanding:
    [found] = model.understand([product])
    assert isinstance(found, Understanding)
    return found


def test_words_alone(model: Understander) -> None:
    product = Product("p", "red running shoe", "fresh red")
    found = of(model, product)
    assert found.heat_map is None
    assert [word.text for word in found.words] == ["red", "running", "shoe", "fresh"]
    assert found.words[0].places(product) == (Place("title", 0, 3), Place("description", 6, 9))
    category = answer(model, product).category
    assert category
    assert found.category == category
    assert 1 / (1 + np.exp(-found.log_odds)) == pytest.approx(category.score, abs=1e-4)


def test_a_word_adds_what_the_answer_loses_without_it(model: Understander) -> None:
    product = Product("p", "red running shoe")
    found = of(model, product)
    prepared = model.prepare(product)
    for word, spoken in zip(found.words, words_of(prepared.text, model.tokenizer, model.taxonomy), strict=True):
        shorter = prepared._replace(text=without(prepared.text, [spoken]))
        [rest] = model.log_odds([shorter], found.category.id)
        assert rest is not None
        assert word.score == pytest.approx(found.log_odds - rest, abs=1e-4)
    assert list(found.strongest) == sorted((w for w in found.words if w.score > 0), key=lambda word: -word.score)


def test_an_image_alone_has_a_heat_map(model: Understander) -> None:
    found = of(model, Product("p", images=(image(),)))
    assert found.words == ()
    assert found.heat_map
    assert [len(row) for row in found.heat_map.rows] == [SIDE] * SIDE
    assert np.isfinite(found.heat_map.rows).all()
    # What is in the mean colour of a plain image already adds nothing.
    plain = io.BytesIO()
    Image.new("RGB", (40, 40), (90, 120, 30)).save(plain, "PNG")
    flat = of(model, Product("p", images=(plain.getvalue(),))).heat_map
    assert flat
    assert np.abs(flat.rows).max() < 1e-4


def test_both_and_several_images(model: Understander) -> None:
    one = of(model, Product("p", "red shirt", images=(image(),)))
    assert one.words
    assert one.heat_map
    several = of(model, Product("p", "red shirt", images=(image(), image())))
    assert several.heat_map
    assert several.heat_map != one.heat_map  # the other image still tells the same


def test_chinese_words(model: Understander) -> None:
    product = Product("p", "男士 衬衫")
    found = of(model, product)
    assert "衬衫" in [word.text for word in found.words]  # it is the tree's name of a shirt
    [shirt] = [word for word in found.words if word.text == "衬衫"]
    assert shirt.places(product) == (Place("title", 3, 5),)


def test_a_single_word_and_nothing_readable(model: Understander) -> None:
    assert len(of(model, Product("p", "shoe")).words) == 1
    assert explain(model, model.prepare(Product("p", "ขนม"))) is None


def test_of_a_long_text_the_rest_is_named(model: Understander) -> None:
    text = " ".join(f"w{number}" for number in range(MAX_WORDS + 3))
    found = of(model, Product("p", text))
    assert len(found.words) == MAX_WORDS
    assert found.untried == tuple(f"w{number}" for number in range(MAX_WORDS, MAX_WORDS + 3))


def test_places_are_those_of_the_text_as_it_was_sent(model: Understander) -> None:
    product = Product("p", "  red shirt ", "\n plain shoe")
    found = of(model, product)
    sent = {"title": product.title, "description": product.description}
    for word in found.words:
        for place in word.places(product):
            assert sent[place.field][place.start : place.end] == word.text


def test_a_taught_model_explains_its_own_categories(model: Understander, folder: Path, tmp_path: Path) -> None:
    taught_folder(folder, tmp_path / "own")
    taught = model.filing_by(Filer.open(tmp_path / "own"))
    found = of(taught, Product("p", "red shirt", images=(image(),)))
    assert found.category.id in {node.id for node in taught.taxonomy.nodes}
    assert found.words
    assert found.heat_map


def test_hidden_cells_have_the_mean_colour() -> None:
    pixels = np.arange(3 * 50 * 50, dtype=np.int64).reshape(3, 50, 50).astype(np.uint8)
    masked = hidden(pixels, [0, CELLS - 1])
    assert (masked[:, :10, :10] == pixels.mean((1, 2), keepdims=True).round()).all()
    assert (masked[:, 10:40, 10:40] == pixels[:, 10:40, 10:40]).all()
    # Only the middle is read, so its edge is the image's.
    assert (hidden(pixels, [0], 0.8)[:, :13, :13] == pixels.mean((1, 2), keepdims=True).round()).all()
    assert (hidden(pixels, [0], 0.8)[:, 14:, 14:] == pixels[:, 14:, 14:]).all()


def test_the_hottest_cells_come_first() -> None:
    rows = [[0.0] * SIDE for _ in range(SIDE)]
    rows[2][1], rows[4][4] = 3.0, 1.0
    heat_map = HeatMap(tuple(map(tuple, rows)))
    assert hottest(heat_map, 2) == [2 * SIDE + 1, CELLS - 1]


def test_a_word_that_names_a_category_counts_as_such(tmp_path: Path) -> None:
    """What the calibration adds for a name in the title goes with the word."""
    folder = tiny_onnx_folder(tmp_path / "model")
    product = Product("p", "red shirt", "a shirt")
    plain = of(Understander.load(folder), product)
    values = json.loads((folder / CALIBRATION).read_text(encoding="utf-8"))
    write_json(folder / CALIBRATION, values | {"named": 50.0})
    write_checksums(folder)
    model = Understander.load(folder)
    category = answer(model, product).category
    assert category
    assert category.id == "clothes.shirt"
    found = of(model, product)
    added = {word.text: word.score for word in found.words}
    assert added["shirt"] > 40 > added["red"]
    assert max(word.score for word in plain.words) < 40
    [other] = model.understand([Product("q", "red", "a shirt")])
    assert isinstance(other, Understanding)
    assert other.category != category, "only a title says what a product is"
