"""Probabilities from logits, and decisions from probabilities."""

import numpy as np
import pytest

from catalog.arrays import sigmoid, softmax
from catalog.model.calibration import PROMISE, Calibration, leaf_roots
from catalog.product import CategoryScore, Decision
from tests.support.tiny import tiny_taxonomy

ROOTS = leaf_roots(tiny_taxonomy())


def test_roots_of_the_leaves() -> None:
    assert ROOTS == ("clothes", "clothes", "food", "food")


def test_without_temperatures_probabilities_are_the_softmax() -> None:
    leaf_NC = np.array([[2, 1, 0, -1]], np.float32)
    found_NC = Calibration().leaf_probability(leaf_NC, "both", ROOTS)
    np.testing.assert_allclose(found_NC, softmax(leaf_NC))
    np.testing.assert_allclose(found_NC.sum(1), 1, atol=1e-6)


def test_the_temperature_is_that_of_the_likeliest_leafs_root() -> None:
    calibration = Calibration(temperature={"both": {"*": 2.0, "food": 0.5}, "text": {"*": 4.0}})
    clothes, food = [3, 1, 2, 0], [1, 0, 3, 2]
    leaf_NC = np.array([clothes, food], np.float32)
    temperature_N1 = np.array([[2.0], [0.5]], np.float32)
    both_NC = calibration.leaf_probability(leaf_NC, "both", ROOTS)
    np.testing.assert_allclose(both_NC, softmax(leaf_NC / temperature_N1), rtol=1e-5)
    quarter_NC = leaf_NC / np.float32(4)
    np.testing.assert_allclose(calibration.leaf_probability(leaf_NC, "text", ROOTS), softmax(quarter_NC), rtol=1e-5)
    np.testing.assert_allclose(calibration.leaf_probability(leaf_NC, "image", ROOTS), softmax(leaf_NC), rtol=1e-5)


def test_the_likeliest_leaf_stays_the_likeliest() -> None:
    calibration = Calibration(temperature={"both": {"*": 3.0, "food": 0.25}})
    leaf_NC = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    found_NC = calibration.leaf_probability(leaf_NC, "both", ROOTS)
    assert (found_NC.argmax(1) == leaf_NC.argmax(1)).all()


@pytest.mark.parametrize(
    ("score", "leaf", "decision"),
    [
        (1.0, True, "auto"),
        (0.9, True, "auto"),
        (0.89, True, "review"),
        (1.0, False, "review"),
        (None, False, "abstain"),
    ],
)
def test_only_a_sure_leaf_goes_out_unchecked(score: float | None, leaf: bool, decision: Decision) -> None:
    category = None if score is None else CategoryScore("a", ("A",), (score,))
    assert Calibration(auto={"both": 0.9}).decide(category, leaf, "both") == decision


def test_nothing_goes_out_unchecked_in_a_department_where_it_was_not_measured() -> None:
    found = CategoryScore("sofa", ("Furniture", "Sofa"), (1.0, 1.0), ("furniture", "sofa"))
    for roots, decision in ((["food"], "review"), (["food", "furniture"], "auto")):
        assert Calibration(auto={"both": 0.9}, auto_roots={"both": roots}).decide(found, True, "both") == decision
    assert Calibration(auto={"both": 0.9}, auto_roots={"image": []}).decide(found, True, "both") == "auto"


def test_a_level_deeper_than_any_measured_is_promised_as_the_last() -> None:
    calibration = Calibration(promise={"both": {"*": [0.8, 0.6]}})
    assert [calibration.promised("both", "food", level) for level in range(4)] == [0.8, 0.6, 0.6, 0.6]
    assert calibration.promised("image", "food", 0) == PROMISE


def test_a_department_goes_by_its_own_thresholds_where_it_has_any() -> None:
    calibration = Calibration(promise={"both": {"*": [0.9], "food": [0.7, 0.8]}})
    assert [calibration.promised("both", root, 1) for root in ("food", "furniture")] == [0.8, 0.9]
    former = Calibration.from_dict({"promise": {"both": [0.9, 0.6]}})
    assert former.promised("both", "food", 1) == 0.6


def test_the_nearest_node_with_proof_decides_what_may_be_said() -> None:
    shoe = CategoryScore("boot", ("Clothes", "Shoe", "Boot"), (1.0, 1.0, 1.0), ("clothes", "shoe", "boot"))
    shirt = CategoryScore("shirt", ("Clothes", "Shirt"), (1.0, 1.0), ("clothes", "shirt"))
    calibration = Calibration(tags={"image": {"clothes": {"denim": 0.8}, "shoe": {}}})
    assert calibration.proven_tags("image", shirt) == {"denim": 0.8}
    assert calibration.proven_tags("image", shoe) == {}, "there was enough of it, and no proof"
    assert calibration.proven_tags("text", shirt) == {}


def test_what_earlier_releases_wrote_is_read() -> None:
    earlier = {"auto": 0.8, "review": 0.4, "tag_roots": ["food"], "tag_thresholds": {"fresh": 0.5}}
    assert Calibration.from_dict(earlier) == Calibration(auto={"image": 0.8, "text": 0.8, "both": 0.8})
    with pytest.raises(TypeError, match="unexpected keyword argument 'other'"):
        Calibration.from_dict({"other": 1})


def test_extreme_logits_give_probabilities_without_a_warning() -> None:
    logits_C = np.array([-1000, 0, 1000], np.float32)
    np.testing.assert_allclose(sigmoid(logits_C), [0, 0.5, 1])
    np.testing.assert_allclose(softmax(logits_C), [0, 0, 1])


def test_sigmoid_and_softmax_agree_on_two_classes() -> None:
    difference_N = np.linspace(-8, 8, 33, dtype=np.float32)
    two_N2 = np.stack([difference_N, np.zeros_like(difference_N)], 1)
    np.testing.assert_allclose(sigmoid(difference_N), softmax(two_N2)[:, 0], atol=1e-6)
    assert sigmoid(difference_N).dtype == softmax(two_N2).dtype == np.float32
