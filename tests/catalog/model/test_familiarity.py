"""What is unlike everything taught: log odds from vectors, where they are kept, and what an answer makes of them."""

import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from catalog import Product, Understander, Understanding
from catalog.arrays import unit
from catalog.errors import CheckpointInvalid
from catalog.model.calibration import Calibration
from catalog.model.familiarity import FILE, Familiarity, distance
from catalog.model.folder import CALIBRATION, open_model, write_checksums, write_json
from catalog.model.runtime import open_runtime
from tests.support.tiny import tiny_folder, tiny_onnx_folder
from training.data.manifests import LabelledProduct
from training.export.calibrate import auto_familiarity
from training.export.familiarity import fit_shown, read_paths
from training.export.readings import read_text

RANDOM = np.random.default_rng(0)


def familiarity(text: int = 16, image: int = 24) -> Familiarity:
    """Of the widths of the tiny model's encoders."""
    return Familiarity(
        projection_DP=np.eye(image, 8, dtype=np.float32),
        sample_NP=unit(RANDOM.normal(size=(20, 8)).astype(np.float32)),
        image_2=np.array([10, -2], np.float32),
        direction_D=unit(RANDOM.normal(size=text).astype(np.float32)),
        text_2=np.array([3, 1], np.float32),
    )


def test_what_is_in_the_sample_is_near() -> None:
    sample_NP = unit(RANDOM.normal(size=(50, 8)).astype(np.float32))
    twice_NP = np.concatenate([sample_NP, sample_NP])
    near_N = distance(sample_NP * 5, np.eye(8, dtype=np.float32), twice_NP)
    np.testing.assert_allclose(near_N, 0, atol=1e-6)
    assert distance(-sample_NP, np.eye(8, dtype=np.float32), sample_NP[:1]).max() <= 2


def test_log_odds_of_both_add_up() -> None:
    known = familiarity()
    image_BD, text_BD = (RANDOM.normal(size=(5, width)).astype(np.float32) for width in (24, 16))
    np.testing.assert_allclose(
        known.log_odds(image_BD, text_BD), known.of_images(image_BD) + known.of_texts(text_BD), rtol=1e-6
    )
    np.testing.assert_allclose(known.log_odds(None, text_BD), known.of_texts(text_BD))


def test_it_is_kept_in_a_file_that_others_may_read(tmp_path: Path) -> None:
    familiarity().save(tmp_path)
    loaded = Familiarity.load(tmp_path)
    assert loaded
    assert loaded.knows_text
    np.testing.assert_allclose(loaded.sample_NP, np.asarray(loaded.sample_NP, np.float16))
    assert (tmp_path / FILE).stat().st_mode & 0o044
    assert Familiarity.load(tmp_path / "none") is None
    (tmp_path / FILE).write_bytes(b"nothing of the kind")
    with pytest.raises(CheckpointInvalid, match=r"familiarity\.safetensors is not valid"):
        Familiarity.load(tmp_path)


def test_goods_unlike_the_examples_go_by_the_names_of_categories_alone() -> None:
    """Three leaves, the last in a department without examples."""
    direction_D = np.eye(1, 16, dtype=np.float32)[0]
    taught_C, shown_2 = np.array([1, 1, 0], np.float32), np.array([1, 0], np.float32)
    known = replace(familiarity(), taught_C=taught_C, shown_D=direction_D, shown_2=shown_2)
    leaf_BC = np.array([[0, 9, 0]] * 3, np.float32)
    names_BC = np.array([[5, 0, 0], [0, 0, 5], [5, 0, 0]], np.float32)
    like, other = -9 * direction_D, 9 * direction_D
    nothing_BD = np.zeros((3, 24), np.float32)
    found_BC = known.weigh(leaf_BC, names_BC, nothing_BD, np.stack([like, other, other]))
    np.testing.assert_allclose(found_BC[0], leaf_BC[0], atol=0.01)
    np.testing.assert_allclose(found_BC[1:], names_BC[1:], atol=0.3)
    # Without a text only the names tell; an image adds its own log odds.
    found_BC = known.weigh(leaf_BC, names_BC, nothing_BD, np.zeros((3, 16), np.float32))
    assert found_BC.argmax(1).tolist() == [1, 2, 1]
    far_BD = np.tile(-known.sample_NP.sum(0) @ known.projection_DP.T, (3, 1)).astype(np.float32)
    far = replace(known, image_2=np.array([90, 0], np.float32)).weigh(leaf_BC, names_BC, far_BD, np.zeros((3, 16)))
    assert far.argmax(1).tolist() == [0, 2, 0]
    assert familiarity().weigh(leaf_BC, names_BC, nothing_BD, nothing_BD) is leaf_BC


def test_what_weighs_is_kept_with_it(tmp_path: Path) -> None:
    known = replace(
        familiarity(), taught_C=np.array([1, 0], np.float32), shown_D=np.ones(16), shown_2=np.array([1.23456, 2])
    )
    known.save(tmp_path)
    loaded = Familiarity.load(tmp_path)
    assert loaded is not None
    assert loaded.taught_C is not None
    assert loaded.taught_C.tolist() == [1, 0]
    np.testing.assert_allclose(loaded.shown_2, known.shown_2)
    familiarity().save(tmp_path)
    loaded = Familiarity.load(tmp_path)
    assert loaded is not None
    assert loaded.shown_D is None


@pytest.mark.parametrize("graphs", [False, True])
def test_an_unfamiliar_product_has_no_category(tmp_path: Path, graphs: bool) -> None:
    folder = tiny_onnx_folder(tmp_path / "model") if graphs else tiny_folder(tmp_path / "model")
    plain = Understander.load(folder)
    product = Product("p", "red shirt")
    (known,) = plain.understand([product])
    assert isinstance(known, Understanding)
    assert known.category
    familiarity().save(folder)
    calibration = open_model_calibration(folder)
    for limit, notes in ((1e6, ()), (-1e6, ("unfamiliar",))):
        write_json(folder / CALIBRATION, asdict(replace(calibration, unfamiliar={"text": limit})))
        write_checksums(folder)
        (found,) = Understander.load(folder).understand([product])
        assert isinstance(found, Understanding)
        assert found.notes == notes
        assert found.category == (None if notes else known.category)
        assert found.decision == ("abstain" if notes else known.decision)
        assert not (notes and (found.tags or found.attributes))
    shutil.rmtree(folder)


def test_a_product_familiar_enough_for_a_promise_but_not_for_auto_is_reviewed(tmp_path: Path) -> None:
    folder = tiny_folder(tmp_path / "model")
    familiarity().save(folder)
    sure = replace(
        open_model_calibration(folder), promise={"text": {"*": [0.0]}}, auto={"text": 0.0}, unfamiliar={"text": 1e6}
    )
    for bounds, decision in (({}, "auto"), ({"text": 1e6}, "auto"), ({"text": -1e6}, "review")):
        write_json(folder / CALIBRATION, asdict(sure) | {"auto_unfamiliar": bounds})
        write_checksums(folder)
        (found,) = Understander.load(folder).understand([Product("p", "red shirt")])
        assert isinstance(found, Understanding)
        assert (found.decision, found.notes) == (decision, ())
        assert found.category


def test_a_folder_that_asks_nothing_more_of_auto_is_read_as_before(tmp_path: Path) -> None:
    folder = tiny_folder(tmp_path / "model")
    values = asdict(open_model_calibration(folder))
    del values["auto_unfamiliar"]
    write_json(folder / CALIBRATION, values)
    write_checksums(folder)
    assert open_model(folder).calibration.auto_unfamiliar == {}


def open_model_calibration(folder: Path) -> Calibration:
    write_checksums(folder)
    return open_model(folder).calibration


def test_auto_loses_at_most_one_product_in_a_hundred_to_familiarity() -> None:
    odds_B = np.arange(1000, dtype=np.float32) / 100
    every_B = np.ones(1000, bool)
    bound = auto_familiarity(odds_B, every_B, 9.8)
    assert ((odds_B > bound) & (odds_B <= 9.8)).sum() == 10


def test_however_few_are_accepted_auto_asks_for_no_more_than_four_of_five_products_are() -> None:
    odds_B = np.arange(1000, dtype=np.float32) / 100
    few_B = np.arange(1000) % 200 == 0
    assert (odds_B <= auto_familiarity(odds_B, few_B, 9.8)).sum() == pytest.approx(800, abs=1)
    assert auto_familiarity(odds_B, np.zeros(1000, bool), 7.0) == 7.0, "never looser than a promise"


def test_kinds_are_read_with_and_without_ids(tmp_path: Path) -> None:
    (tmp_path / "kinds.txt").write_text("# kinds\n\ngid://x/1 : Home > Rugs\nToys\n")
    assert read_paths([tmp_path / "kinds.txt"]) == [["Home", "Rugs"], ["Toys"]]


def test_texts_of_kinds_with_examples_are_told_from_others(tmp_path: Path) -> None:
    """Clothes have a hundred examples, food has none."""
    model = open_model(tiny_onnx_folder(tmp_path / "model"))
    titles = ("red shirt", "blue shoe", "striped shirt men", "running shoe women")
    kinds = ("clothes.shirt", "clothes.shoe")
    rows = [
        LabelledProduct("shop", str(n), "train", None, titles[n % 4], "", "", kinds[n % 2], None, {}, frozenset())
        for n in range(100)
    ]
    runtime = open_runtime(model)
    found = fit_shown(runtime, model, rows)
    assert found is not None
    assert found["taught_C"].tolist() == [1, 1, 0, 0]
    text_ND = read_text(runtime, model, [*titles, "fresh green apple", "Apples", "pear", "green Pear"])
    odds = text_ND @ found["shown_D"] * found["shown_2"][0] + found["shown_2"][1]
    assert odds[:4].max() < odds[4:].min()
    assert fit_shown(runtime, model, rows[:99]) is None, "too few to count as taught"
    everywhere = [*rows, *(replace(row, node="food.apple") for row in rows)]
    assert fit_shown(runtime, model, everywhere) is None, "what was taught holds for all"
