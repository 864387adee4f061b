"""Scores of a tiny untrained model: which figures there are, over which products, and that they are right."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from catalog.arrays import Modalities
from catalog.errors import ManifestInvalid
from catalog.model.checkpoint import Checkpoint, load_model
from tests.support.catalogue import KINDS, write_catalogue
from tests.support.tiny import tiny_taxonomy
from training.data.manifests import LabelledProduct, read_manifest
from training.data.masking import mask_labels, mask_values
from training.evaluation.evaluate import Classes, Report, category_result, evaluate
from training.evaluation.metrics import recall_at, retrieval_ranks
from training.evaluation.predict import encode_rows, predict
from training.evaluation.report import markdown, write_report

TAXONOMY = tiny_taxonomy()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluate")
    write_catalogue(folder)
    return folder


@pytest.fixture(scope="module")
def checkpoint(folder: Path) -> Checkpoint:
    return load_model(folder / "start")


@pytest.fixture(scope="module")
def shop(folder: Path) -> list[LabelledProduct]:
    return read_manifest(folder / "data" / "shop" / "products.jsonl", TAXONOMY)


@pytest.fixture(scope="module")
def market(folder: Path) -> list[LabelledProduct]:
    return read_manifest(folder / "data" / "market" / "products.jsonl", TAXONOMY)


def test_the_promised_figures(checkpoint: Checkpoint, shop: list[LabelledProduct]) -> None:
    report, _, _ = evaluate(checkpoint, shop, "test")
    assert report["model"] == checkpoint.version
    for group, names in {
        "category": ("leaf_accuracy", "parent_accuracy", "open_accuracy", "macro_f1", "weighted_f1", "macro_recall"),
        "calibration": ("ece", "ece_by_chance", "open_ece"),
        "retrieval": ("r_at_1", "r_at_10"),
        "tags": ("mean_average_precision",),
    }.items():
        for name in names:
            assert 0 <= report[group][name] <= 1, (group, name)
    assert report["category"]["classes"] == 4
    assert set(report["attributes"]) == {"colour", "gender"}
    assert report["retrieval"]["candidates"] == 12
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_retrieval_is_by_the_vectors_that_a_search_compares(
    checkpoint: Checkpoint, shop: list[LabelledProduct]
) -> None:
    with_both = [row for row in shop if row.split == "test" and row.node and row.image and row.title]
    encoded = encode_rows(checkpoint.model, with_both, checkpoint.tokenizer)
    alone = predict(checkpoint.model, encoded, ["image", "text"])
    ranks_N = retrieval_ranks(alone["text"].fused_NE, alone["image"].fused_NE)
    found = evaluate(checkpoint, with_both, "test")[0]["retrieval"]
    assert {name: found[name] for name in ("r_at_1", "r_at_10")} == recall_at(ranks_N, (1, 10))


def test_products_are_counted(checkpoint: Checkpoint, shop: list[LabelledProduct]) -> None:
    report, result, _ = evaluate(checkpoint, shop, "test")
    assert report["products"] == {"scored": 12 + 4, "without_category": 1, "in_split": 12 + 4 + 1}
    assert report["category"]["leaf_accuracy"] == pytest.approx(result.correct_N.mean())
    assert len(result.correct_N) == 16


@pytest.mark.parametrize(("modalities", "scored", "unmapped"), [("image", 12, 1), ("text", 16, 1), ("both", 16, 1)])
def test_only_products_that_have_the_modality(
    checkpoint: Checkpoint, shop: list[LabelledProduct], modalities: Modalities, scored: int, unmapped: int
) -> None:
    products = evaluate(checkpoint, shop, "test", modalities)[0]["products"]
    assert products == {"scored": scored, "without_category": unmapped, "in_split": 17}


def test_a_modality_that_is_not_asked_for_is_not_read(checkpoint: Checkpoint, shop: list[LabelledProduct]) -> None:
    textless = [replace(row, title="", description="") for row in shop if row.image]
    by_image = evaluate(checkpoint, [row for row in shop if row.image], "test", "image")[0]
    again = evaluate(checkpoint, textless, "test", "image")[0]
    assert by_image["category"] == again["category"]
    assert by_image["calibration"]["ece"] == pytest.approx(again["calibration"]["ece"], abs=1e-5)


def test_label_words_can_be_masked(checkpoint: Checkpoint, shop: list[LabelledProduct]) -> None:
    with_image = [row for row in shop if row.image]
    masked, _, _ = evaluate(checkpoint, with_image, "test", "text", masked=True)
    by_hand, _, _ = evaluate(checkpoint, [mask_labels(row, TAXONOMY) for row in with_image], "test", "text")
    plain, _, _ = evaluate(checkpoint, with_image, "test", "text")
    assert masked["mask_labels"] is True
    assert masked["category"] == by_hand["category"]
    assert masked["retrieval"] == by_hand["retrieval"]
    assert masked["calibration"]["ece"] == pytest.approx(by_hand["calibration"]["ece"])
    assert masked["calibration"] != plain["calibration"]


def test_words_of_attributes_values_can_be_masked(shop: list[LabelledProduct]) -> None:
    row = replace(shop[0], title="Men's navy blue Shirt", description="For men.", attributes={"gender": "Men"})
    masked = mask_values(row)
    assert (masked.title, masked.description) == ("navy blue Shirt", "For")
    assert mask_values(replace(row, attributes={"colour": "Navy Blue"})).title == "Men's Shirt"


def test_words_that_only_name_the_label_leave_nothing_to_score(
    checkpoint: Checkpoint, shop: list[LabelledProduct]
) -> None:
    bare = [replace(row, title="Shoes shoe") for row in shop if row.product_id == "test-words-Shoe"]
    rest = [row for row in shop if row.image]
    report, _, _ = evaluate(checkpoint, [*rest, *bare], "test", masked=True)
    assert report["products"] == {"scored": 12, "without_category": 1, "in_split": 14}
    with pytest.raises(ManifestInvalid, match="no product with both"):
        evaluate(checkpoint, bare, "test", masked=True)


def test_labels_above_the_leaves(checkpoint: Checkpoint, market: list[LabelledProduct]) -> None:
    report, _, classes = evaluate(checkpoint, market, "test", "image")
    assert report["products"]["scored"] == 12
    assert set(classes.nodes) == {"clothes.shirt", "clothes.shoe", "food.apple", "food.pear"}
    assert report["retrieval"] is None
    assert report["tags"] is None
    assert report["attributes"] == {}
    assert "leaf accuracy" in markdown(report)


@pytest.mark.parametrize(("split", "modalities"), [("val", "both"), ("test", "text")])
def test_nothing_to_score(
    checkpoint: Checkpoint, market: list[LabelledProduct], split: str, modalities: Modalities
) -> None:
    rows = [row for row in market if row.split != "val"]
    with pytest.raises(ManifestInvalid, match=f"The split '{split}' has no product with {modalities}"):
        evaluate(checkpoint, rows, split, modalities)


def test_a_report_for_people(checkpoint: Checkpoint, shop: list[LabelledProduct], tmp_path: Path) -> None:
    report, result, classes = evaluate(checkpoint, shop, "test")
    write_report(tmp_path / "new" / "report", report, result, classes, TAXONOMY)
    files = {path.name: path for path in (tmp_path / "new" / "report").iterdir()}
    assert sorted(files) == ["confusion.png", "reliability.png", "report.json", "report.md"]
    assert json.loads(files["report.json"].read_text()) == report
    assert f"| category leaf accuracy | {report['category']['leaf_accuracy']:.4f} |" in files["report.md"].read_text()
    for name in ("confusion.png", "reliability.png"):
        with Image.open(files[name]) as image:
            assert min(image.size) > 200


def labelled(node: str, parent: str | None = None) -> LabelledProduct:
    return LabelledProduct("shop", "1", "test", None, "words", "", "", node, parent, {}, frozenset())


def test_classes_are_the_lowest_nodes_that_are_named() -> None:
    rows = [labelled("clothes"), labelled("clothes.shoe"), labelled("food")]
    classes = Classes.of(rows, TAXONOMY)
    assert classes.nodes == ("clothes.shoe", "food")
    assert classes.member_KC.tolist() == [[0, 1, 0, 0], [0, 0, 1, 1]]


def test_right_and_wrong_by_hand() -> None:
    """Leaves: shirt, shoe, apple, pear."""
    rows = [
        labelled("clothes.shirt", "clothes"),
        labelled("clothes.shirt", "clothes"),
        labelled("food.apple", "food"),
        labelled("food"),
        labelled("food.pear", "food"),
    ]
    probability_NC = np.array(
        [[0.6, 0.2, 0.1, 0.1], [0.1, 0.7, 0.1, 0.1], [0.4, 0.3, 0.2, 0.1], [0.1, 0.1, 0.3, 0.5], [0.1, 0.2, 0.6, 0.1]],
        np.float32,
    )
    classes = Classes.of([*rows, *(labelled(f"clothes.{name.lower()}") for name in list(KINDS)[:2])], TAXONOMY)
    result = category_result(rows, probability_NC, classes, TAXONOMY)
    assert classes.nodes == ("clothes.shirt", "clothes.shoe", "food.apple", "food.pear")
    assert result.correct_N.tolist() == [True, False, False, True, False]
    assert result.open_correct_N.tolist() == [True, False, False, True, False]
    # The fourth has no level above its label.
    assert result.parent_correct.tolist() == [True, True, False, True]
    assert result.gold_N.tolist() == [0, 0, 2, 3, 3]
    assert result.predicted_N.tolist() == [0, 1, 0, 3, 2]
    np.testing.assert_allclose(result.confidence_N, [0.6, 0.7, 0.4, 0.5, 0.6])


def test_leaves_that_no_product_names_are_no_choice() -> None:
    rows = [labelled("clothes.shirt", "clothes"), labelled("food.pear", "food")]
    probability_NC = np.array([[0.3, 0.6, 0.05, 0.05], [0.1, 0.1, 0.1, 0.7]], np.float32)
    result = category_result(rows, probability_NC, Classes.of(rows, TAXONOMY), TAXONOMY)
    assert result.correct_N.tolist() == [True, True]
    assert result.open_correct_N.tolist() == [False, True]
    np.testing.assert_allclose(result.confidence_N, [0.3 / 0.35, 0.7 / 0.8], rtol=1e-6)
    np.testing.assert_allclose(result.open_confidence_N, [0.6, 0.7])


def test_figures_do_not_depend_on_the_batch(checkpoint: Checkpoint, shop: list[LabelledProduct]) -> None:
    rows = [row for row in shop if row.split == "test"]
    forward, backward = (evaluate(checkpoint, given, "test")[0] for given in (rows, rows[::-1]))
    assert forward["category"] == pytest.approx(backward["category"])
    assert isinstance(forward, dict)
    report: Report = forward
    assert report["split"] == "test"
