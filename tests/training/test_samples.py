"""Manifests, label words, samples and targets."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from catalog.errors import FileNotReadable, ImageCorrupt, ManifestInvalid
from catalog.model.network import Inputs
from catalog.taxonomy.tree import Taxonomy
from tests.support.malformed.images import encode, halved, plain, speckled
from tests.support.tiny import tiny_taxonomy, tiny_tokenizer
from training.data.manifests import LabelledProduct, read_manifest, unmapped
from training.data.masking import label_words, mask_labels, stem, without_words
from training.data.samples import Collation, Collator, Sampler, load
from training.data.targets import TargetMaker

GOOD = {"id": "1", "split": "train", "title": "red shirt", "category": ["Clothes", "Shirt"]}


def manifest(folder: Path, *rows: dict[str, Any] | str) -> Path:
    """Each row as a line; a string as it stands. The folder's name is the data set's."""
    path = folder / "shop" / "products.jsonl"
    path.parent.mkdir(exist_ok=True)
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def rows_of(folder: Path, *rows: dict[str, Any]) -> list[LabelledProduct]:
    return read_manifest(manifest(folder, *rows), tiny_taxonomy())


def test_a_row_as_it_is_read(tmp_path: Path) -> None:
    (row,) = rows_of(
        tmp_path,
        {
            "id": 7,
            "title": " red striped shirt ",
            "description": "for men",
            "category": ["Clothes", "Shirts"],
            "attributes": {"colour": "red", "year": 2011},
            "image": "images/7.png",
            "split": "val",
            "group": "g7",
        },
    )
    assert (row.source, row.product_id, row.split) == ("shop", "7", "val")
    assert (row.title, row.description, row.label) == ("red striped shirt", "for men", "Shirts")
    assert (row.node, row.parent) == ("clothes.shirt", "clothes")
    assert row.attributes == {"colour": "red", "year": "2011"}
    assert row.tags == {"striped"}
    assert row.image == tmp_path / "shop" / "images" / "7.png"


def test_what_a_row_may_leave_out(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, {"id": "1", "split": "test", "title": "a thing", "image": None, "attributes": None})
    assert (row.description, row.label, row.node, row.parent, row.image) == ("", "", None, None, None)


@pytest.mark.parametrize(
    ("category", "node", "parent"),
    [
        (["Food"], "food", None),
        (["Food", "Pear"], "food.pear", "food"),
        (["Food", "Pear", "Williams"], None, "food.pear"),
        (["Food", "Quince"], "food", "food"),
        (["Toys", "Robot"], None, None),
        (["Fruit", "apples"], "food.apple", None),
    ],
)
def test_categories_are_resolved(tmp_path: Path, category: list[str], node: str | None, parent: str | None) -> None:
    (row,) = rows_of(tmp_path, GOOD | {"category": category})
    assert (row.node, row.parent) == (node, parent)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", r"Line 2 of 'products\.jsonl' is not a product"),
        ("[1, 2]", r"Line 2 of 'products\.jsonl' is not a product"),
        ('{"split": "train"}', r"Line 2 .* not a product with an id"),
        ('{"id": "1"}', r"Line 2 .* an id and a split"),
        (json.dumps(GOOD | {"title": 5}), "Line 2 .* not a product"),
        (json.dumps(GOOD | {"image": 5}), "Line 2 .* not a product"),
        (json.dumps(GOOD | {"attributes": "red"}), "Line 2 .* not a product"),
        (json.dumps(GOOD | {"category": 5}), "Line 2 .* not a product"),
        (json.dumps(GOOD | {"category": "Clothes > Shirt"}), "Line 2 .* category that is not a list"),
        (json.dumps(GOOD | {"split": "dev"}), "Line 2 .* the split 'dev', not one of train, val, test"),
        (json.dumps(GOOD | {"split": ["train"]}), "Line 2 .* the split"),
        (json.dumps(GOOD | {"title": "  "}), "Line 2 .* no image and no text"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(ManifestInvalid, match=message):
        read_manifest(manifest(tmp_path, GOOD, line), tiny_taxonomy())


def test_a_wrong_line_counts_blank_ones(tmp_path: Path) -> None:
    with pytest.raises(ManifestInvalid, match="Line 4 "):
        read_manifest(manifest(tmp_path, GOOD, "", "  ", "{}"), tiny_taxonomy())


def test_only_a_line_feed_ends_a_line(tmp_path: Path) -> None:
    title = "red\u2028shirt\x85with\x0ctabs"
    (row,) = rows_of(tmp_path, GOOD | {"title": title})
    assert row.title == title


def test_an_unreadable_manifest(tmp_path: Path) -> None:
    with pytest.raises(FileNotReadable, match=r"shop/nothing\.jsonl' does not exist"):
        read_manifest(tmp_path / "shop/nothing.jsonl", tiny_taxonomy())
    (tmp_path / "latin.jsonl").write_bytes('{"id": "\xe9"}'.encode("latin-1"))
    with pytest.raises(FileNotReadable, match="not UTF-8"):
        read_manifest(tmp_path / "latin.jsonl", tiny_taxonomy())


def test_products_of_categories_that_the_tree_lacks_are_counted_and_too_many_refused(tmp_path: Path) -> None:
    labels = [["Food", "Pear"]] * 8 + [["Toys", "Robot"], ["Clothes", "Shoe", "Clogs"]]
    rows = rows_of(tmp_path, *(GOOD | {"id": str(n), "category": label} for n, label in enumerate(labels)))
    said = unmapped(rows, 0.2)
    assert said == "The tree lacks the category of 2 of 10 products of 'shop': Robot (1), Clogs (1)."
    with pytest.raises(ManifestInvalid, match=r"2 of 10 products .* At most 10% may be left out"):
        unmapped(rows, 0.1)
    unlabelled = rows_of(tmp_path, GOOD | {"category": None})
    assert unmapped([*rows[:8], *unlabelled], 0) == ""


def test_a_missing_image_is_named(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, GOOD | {"image": "images/gone.png"})
    with pytest.raises(FileNotReadable, match=r"'gone\.png' of shop cannot be read"):
        row.product()


def test_no_row_changes_its_split(tmp_path: Path) -> None:
    given = [GOOD | {"id": str(n), "split": ("train", "val", "test")[n % 3]} for n in range(9)]
    path, taxonomy = manifest(tmp_path, *given), tiny_taxonomy()
    for split in ("train", "val", "test"):
        expected = [row["id"] for row in given if row["split"] == split]
        assert [row.product_id for row in read_manifest(path, taxonomy, split)] == expected
    assert len(read_manifest(path, taxonomy)) == 9


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("T-Shirts", "tshirt"),
        ("Dresses", "dress"),
        ("Watches,", "watch"),
        ("boxes", "Box"),
        ("Accessories", "accessory"),
        ("cookies", "Cookie"),
        ("jerseys", "jersey"),
        ("Tomatoes", "tomato"),
        ("SHOES!", "shoe"),
        ("ties", "Tie"),
    ],
)
def test_words_that_are_one(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize(("one", "other"), [("dress", "dre"), ("glass", "glas"), ("bus", "bu"), ("tie", "toe")])
def test_words_that_are_two(one: str, other: str) -> None:
    assert stem(one) != stem(other)


@pytest.mark.parametrize(
    ("text", "words", "rest"),
    [
        ("Manchester Men Solid Black Track Pants", ("Track Pants",), "Manchester Men Solid Black"),
        ("Black Trackpants for men", ("Track Pants",), "Black for men"),
        ("blue t-shirt, size M", ("Tshirts",), "blue size M"),
        ("blue T shirt size M", ("Tshirts",), "blue size M"),
        ("blue tee and tshirts", ("T-shirt", "Tee"), "blue and"),
        ("shirtdress in red", ("Shirt",), "shirtdress in red"),
        ("Shoes shoe SHOES", ("Shoe",), ""),
        ("nothing to hide", ("",), "nothing to hide"),
    ],
)
def test_label_words_are_taken_out(text: str, words: tuple[str, ...], rest: str) -> None:
    assert without_words(text, words) == rest


def test_a_masked_product_keeps_all_but_its_label(tmp_path: Path) -> None:
    given = GOOD | {"title": "red Shirts", "description": "A shirt for men. Not a shoe."}
    (row,) = rows_of(tmp_path, given)
    masked = mask_labels(row, tiny_taxonomy())
    assert (masked.title, masked.description) == ("red", "A for men. Not a shoe.")
    assert (masked.node, masked.tags, masked.image) == (row.node, row.tags, row.image)


def test_label_words_of_an_unmapped_product_are_its_own(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, GOOD | {"category": ["Toys", "Robot"]})
    assert label_words(row, tiny_taxonomy()) == ("Robot",)


@pytest.fixture
def rows(tmp_path: Path) -> list[LabelledProduct]:
    """With words and an image; with an image; with words; with words, a label above the leaves and no attribute."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "1.png").write_bytes(encode(speckled(), "PNG"))
    return rows_of(
        tmp_path,
        GOOD | {"image": "1.png", "title": "red striped shirt for men", "attributes": {"colour": "red"}},
        {"id": "2", "split": "train", "image": "1.png", "category": ["Food", "Apple"]},
        GOOD | {"id": "3", "title": "plain shirt", "attributes": {"colour": "mauve"}},
        {"id": "4", "split": "train", "title": "something fresh", "category": ["Food"]},
        {"id": "5", "split": "train", "title": "a robot", "category": ["Robot"]},
    )


@pytest.fixture
def collator(rows: list[LabelledProduct]) -> Collator:
    collation = Collation(32, tiny_tokenizer(16))
    return Collator(Sampler(rows, tiny_taxonomy(), 32, seed=0), collation)


def test_a_sample_depends_on_seed_row_and_key_alone(rows: list[LabelledProduct]) -> None:
    first, second = (Sampler(rows, tiny_taxonomy(), 32, seed=0) for _ in range(2))
    second(0, "another draw before")
    torch.manual_seed(5)
    for key in range(10):
        one, other = first(0, key).prepared, second(0, key).prepared
        assert one.text == other.text
        np.testing.assert_array_equal(one.pixels_NCHW, other.pixels_NCHW)


def test_drawing_a_sample_leaves_the_random_state_alone(rows: list[LabelledProduct]) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    Sampler(rows, tiny_taxonomy(), 32, seed=0)(0, 0)
    torch.testing.assert_close(torch.rand(3), expected)


def test_other_keys_and_seeds_draw_otherwise(rows: list[LabelledProduct]) -> None:
    taxonomy = tiny_taxonomy()
    draws = [Sampler(rows, taxonomy, 32, seed)(0, key).prepared for seed in (0, 1) for key in range(4)]
    assert len({draw.pixels_NCHW.tobytes() for draw in draws}) == 8
    texts = {Sampler(rows, taxonomy, 32, seed=0)(0, key).prepared.text for key in range(60)}
    assert len(texts) > 3
    assert any("shirt" not in text for text in texts)
    assert any("shirt" in text for text in texts)


def test_samples_are_bytes_of_the_asked_size(rows: list[LabelledProduct]) -> None:
    sampler = Sampler(rows, tiny_taxonomy(), 24, seed=0)
    assert [sampler(n, 0).prepared.pixels_NCHW.shape[0] for n in range(5)] == [1, 1, 0, 0, 0]
    for n in range(5):
        pixels_NCHW = sampler(n, 0).prepared.pixels_NCHW
        assert pixels_NCHW.shape[1:] == (3, 24, 24)
        assert pixels_NCHW.dtype == np.uint8


def test_the_label_of_a_product_without_text_is_never_read_as_its_text(collator: Collator) -> None:
    for key in range(20):
        batch = collator([(n, key) for n in range(5)])
        assert batch.targets.given_B.tolist() == [True, False, True, True, True]
        # It still captions the image, so there is text to contrast it with.
        assert batch.inputs
        assert (batch.inputs.texts_BP >= 0).all()


def test_equal_texts_have_equal_numbers(collator: Collator, rows: list[LabelledProduct]) -> None:
    texts = ["a", "b", "a", "c", "b"]
    assert collator.targets(rows, texts, [True] * 5).text_B.tolist() == [0, 1, 0, 2, 1]


def test_targets(collator: Collator, rows: list[LabelledProduct]) -> None:
    targets = collator.targets(rows, ["x"] * 5, [True] * 5)
    # In the order in which the labels name them: a shirt, clothes, an apple, food.
    assert targets.paths.under_MC.tolist() == [
        [True, False, False, False],
        [True, True, False, False],
        [False, False, True, False],
        [False, False, True, True],
    ]
    assert targets.paths.node_BL.tolist() == [[1, 0], [3, 2], [1, 0], [-1, 3], [-1, -1]]
    assert targets.attributes["colour"].tolist() == [0, -1, -1, -1, -1]
    assert targets.attributes["gender"].tolist() == [-1] * 5
    assert targets.tags_BG.tolist() == [[1, 0], [0, 0], [0, 1], [0, 0], [0, 0]]
    assert targets.tags_known_B.tolist() == [True, False, True, True, True]


def test_a_tree_of_one_level() -> None:
    flat = Taxonomy("1", tuple(node for node in tiny_taxonomy().nodes if node.parent is None))
    assert TargetMaker(flat)([], [], []).paths.node_BL.shape == (0, 1)


def test_another_size_changes_nothing_but_the_size(collator: Collator) -> None:
    keys = [(0, 1), (2, 1)]
    small, whole = collator.at_size(16)(keys), collator(keys)
    assert small.inputs
    assert whole.inputs
    assert small.inputs.pixels_NCHW.shape == (1, 3, 16, 16)
    torch.testing.assert_close(small.inputs.texts, whole.inputs.texts)
    torch.testing.assert_close(small.targets.paths, whole.targets.paths)


def test_a_teacher_reads_the_same_samples_its_own_way(rows: list[LabelledProduct]) -> None:
    sampler, tokenizer = Sampler(rows, tiny_taxonomy(), 16, seed=0), tiny_tokenizer(16)
    brief = tiny_tokenizer(4)
    taught = Collator(sampler, Collation(16, brief), Collation(32, tokenizer))
    keys = [(0, 1), (1, 1), (2, 1)]
    batch, alone = taught(keys), Collator(sampler, Collation(32, tokenizer))(keys)
    assert batch.inputs
    assert batch.for_teacher
    assert alone.inputs
    np.testing.assert_array_equal(batch.for_teacher.pixels_NCHW, alone.inputs.pixels_NCHW.numpy())
    np.testing.assert_array_equal(batch.for_teacher.texts[0].ids_GT, alone.inputs.texts[0][0].numpy())
    assert batch.inputs.texts[0][0].shape[1] == 4
    # The student's image is the teacher's, only smaller.
    halved_NCHW = torch.nn.functional.avg_pool2d(alone.inputs.pixels_NCHW.float(), 2)
    assert (batch.inputs.pixels_NCHW - halved_NCHW).abs().mean() < 8
    assert taught.at_size(8)(keys).for_teacher.pixels_NCHW.shape == (2, 3, 32, 32)  # type: ignore[union-attr]


def test_worker_processes_make_the_same_batches(collator: Collator) -> None:
    keys = [[(0, n), (1, n)] for n in range(3)]
    here, there = (list(load(keys, collator, workers)) for workers in (0, 1))
    for one, other in zip(here, there, strict=True):
        assert isinstance(one.inputs, Inputs)
        for name, tensor in vars(one.inputs).items():
            torch.testing.assert_close(tensor, getattr(other.inputs, name), msg=name)


@pytest.mark.parametrize("workers", [0, 1])
def test_an_error_keeps_its_message_on_the_way_from_a_worker(tmp_path: Path, workers: int) -> None:
    given = rows_of(tmp_path, GOOD | {"image": "bad.jpg"}, GOOD | {"image": "gone.jpg"})
    (tmp_path / "shop" / "bad.jpg").write_bytes(halved(encode(plain("RGB", (9, 9, 9)), "JPEG")))
    sampler = Sampler(given, tiny_taxonomy(), 32, seed=0)
    collator = Collator(sampler, Collation(32, tiny_tokenizer(16)))
    with pytest.raises(ImageCorrupt, match=r"^The image is corrupt or truncated and cannot be decoded\.$"):
        list(load([[(0, 0)]], collator, workers))
    with pytest.raises(FileNotReadable, match=r"^The image 'gone\.jpg' of shop cannot be read\.$"):
        list(load([[(1, 0)]], collator, workers))
