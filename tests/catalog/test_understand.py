"""Products in, understandings out, with a tiny real model."""

import io
import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from catalog import CatalogError, Product, Understander, Understanding
from catalog.errors import ImageFormatUnsupported, ProductEmpty, TooManyImages
from catalog.model.contract import Claim, Contract, Promise, Unpromised
from catalog.model.folder import write_checksums
from catalog.model.preprocess import MAX_CHARACTERS, MAX_IMAGES
from tests.support.tiny import tiny_calibration, tiny_onnx_folder, tiny_taxonomy


@pytest.fixture(scope="module")
def understander(tmp_path_factory: pytest.TempPathFactory) -> Understander:
    return Understander.load(tiny_onnx_folder(tmp_path_factory.mktemp("understand") / "model", "cross"))


def image(colour: tuple[int, int, int] = (200, 30, 30)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 60), colour).save(buffer, "PNG")
    return buffer.getvalue()


def one(understander: Understander, product: Product) -> Understanding:
    (result,) = understander.understand([product])
    assert isinstance(result, Understanding), result
    return result


def test_a_product_is_understood(understander: Understander) -> None:
    result = one(understander, Product("p1", "red shirt", "", (image(),)))
    assert result.id == "p1"
    assert result.modalities_used == ("image", "text")
    assert result.embedding.dtype == np.float32
    assert np.linalg.norm(result.embedding) == pytest.approx(1, abs=1e-5)
    assert set(result.evidence) == {"image", "text"}
    assert len(result.alternatives) == 3  # the tiny tree has four leaves
    assert result.decision in ("auto", "review", "abstain")


def test_parents_and_children_agree(understander: Understander) -> None:
    result = one(understander, Product("p", "red shirt", "", (image(),)))
    assert result.category
    everything = (result.category, *result.alternatives)
    assert sum(category.score for category in everything) == pytest.approx(1, abs=1e-5)
    for category in everything:
        siblings = [other.score for other in everything if other.path[0] == category.path[0]]
        assert category.path_scores[0] == pytest.approx(sum(siblings), abs=1e-5)


def test_bad_products_fail_alone_and_order_is_kept(understander: Understander) -> None:
    good = Product("good", "green pear", "", (image((30, 200, 30)),))
    products = [Product("empty"), good, Product("fake", "shoe", "", (b"not an image",)), good]
    results = understander.understand(products)
    assert isinstance(results[0], ProductEmpty)
    assert isinstance(results[2], ImageFormatUnsupported)
    first, second = results[1], results[3]
    assert isinstance(first, Understanding)
    assert isinstance(second, Understanding)
    alone = one(understander, good).category
    assert alone
    for result in (first, second):
        assert result.category
        assert result.category.id == alone.id
        assert result.category.path_scores == pytest.approx(alone.path_scores, abs=1e-5)


@pytest.mark.parametrize(
    ("product", "error"),
    [
        (Product(title="  ", description="\n"), ProductEmpty),
        (Product(images=(b"",) * (MAX_IMAGES + 1)), TooManyImages),
    ],
)
def test_limits(understander: Understander, product: Product, error: type[CatalogError]) -> None:
    (result,) = understander.understand([product])
    assert type(result) is error


def test_a_long_text_is_read_from_its_beginning(understander: Understander) -> None:
    assert one(understander, Product(title="x" * 2 * MAX_CHARACTERS)).modalities_used == ("text",)


def test_more_products_than_a_batch(understander: Understander) -> None:
    results = understander.understand([Product(str(n), f"item {n % 10}") for n in range(70)])
    assert [r.id for r in results if isinstance(r, Understanding)] == [str(n) for n in range(70)]


def test_no_products(understander: Understander) -> None:
    assert understander.understand([]) == []


def test_evidence_is_left_out_on_request_and_for_one_modality(understander: Understander) -> None:
    both = Product("p", "shirt", "", (image(),))
    (result,) = understander.understand([both], evidence=False)
    assert isinstance(result, Understanding)
    assert result.evidence == {}
    assert one(understander, Product("p", "shirt")).evidence == {}


def test_both_sides_are_kept_of_a_product_that_has_both(understander: Understander) -> None:
    [result] = understander.understand([Product("p", "red shirt", "", (image(),))], evidence=False)
    assert isinstance(result, Understanding)
    sides = result.sides
    assert sides
    assert sides.image
    assert sides.text
    assert 0 <= sides.image_of_text <= 1
    assert -1 <= sides.cosine <= 1
    if sides.image.id == sides.text.id:
        assert sides.image_of_text == pytest.approx(sides.image.score)
    assert sum(value.score for value in sides.shows["colour"]) == pytest.approx(1, abs=0.01)
    assert one(understander, Product("p", "red shirt")).sides is None
    assert one(understander, Product("p", images=(image(),))).sides is None


def test_several_images_of_one_product(understander: Understander) -> None:
    red, blue = image(), image((20, 20, 220))
    together = one(understander, Product("p", images=(red, blue)))
    turned = one(understander, Product("p", images=(blue, red)))
    single = one(understander, Product("p", images=(red,)))
    assert together.category
    assert turned.category
    assert single.category
    assert together.category.path_scores == pytest.approx(turned.category.path_scores, abs=1e-4)
    assert together.category.path_scores != pytest.approx(single.category.path_scores, abs=1e-6)


def test_attributes_only_where_they_make_sense(tmp_path: Path) -> None:
    understander = Understander.load(tiny_onnx_folder(tmp_path / "model", seed=3))
    for product in (Product("a", "apple"), Product("b", "shirt"), Product("c", images=(image(),))):
        result = one(understander, product)
        if result.path[0] == "Food":
            assert "gender" not in result.attributes
            assert result.tags == ()


def test_a_category_that_cannot_be_promised_is_none(tmp_path: Path) -> None:
    understander = Understander.load(tiny_onnx_folder(tmp_path / "model", least=1.0))
    result = one(understander, Product("p", "red shirt", "", (image(),)))
    assert (result.category, result.path, result.decision) == (None, (), "abstain")
    assert len(result.alternatives) == 4
    assert (result.tags, result.attributes) == ((), {})
    assert result.evidence == {"image": None, "text": None}


@pytest.mark.parametrize(("seed", "kind", "possible"), [(3, "Food", {"plain"}), (4, "Clothes", {"striped", "plain"})])
def test_no_tag_that_such_products_cannot_have(tmp_path: Path, seed: int, kind: str, possible: set[str]) -> None:
    folder = tiny_onnx_folder(tmp_path / "model", seed=seed)
    tree, properties = tiny_taxonomy(), {"clothes": ("Pattern",), "food": ()}
    nodes = tuple(replace(node, attributes=properties.get(node.id)) for node in tree.nodes)
    striped, plain = tree.tags
    told = replace(tree, nodes=nodes, tags=(replace(striped, attributes=("Pattern",)), plain))
    (folder / "taxonomy.json").write_text(told.to_json(), encoding="utf-8")
    anything = {id: {"striped": 0.0, "plain": 0.0} for id in properties}
    calibration = {**asdict(tiny_calibration()), "tags": dict.fromkeys(("image", "text", "both"), anything)}
    (folder / "calibration.json").write_text(json.dumps(calibration), encoding="utf-8")
    write_checksums(folder)
    understander = Understander.load(folder)
    result = one(understander, Product("p", "plain striped item"))
    assert (result.path[0], {tag.name for tag in result.tags}) == (kind, possible)
    assert one(understander, Product("p", "item")).tags == ()  # words do not show what they do not name


def test_a_contract_decides_what_is_accepted_unseen(tmp_path: Path) -> None:
    folder = tiny_onnx_folder(tmp_path / "model")
    product = Product("p", "red shirt")
    without = one(Understander.load(folder), product).category
    assert without
    root, leaf = without.path_ids
    kept = Promise(target=0.9, threshold=0.0, products=40, errors=0, bound=0.93, coverage=1.0)
    beyond = replace(kept, threshold=1.0)
    unpromised = Unpromised(target=0.9, products=20, errors=0, needed=29)
    for outcome, parent, expected in (
        (kept, None, (leaf, "auto")),
        (beyond, kept, (leaf, "review")),
        (unpromised, kept, (root, "auto")),
        (unpromised, beyond, (leaf, "review")),
        (unpromised, None, (leaf, "review")),
    ):
        above = [Claim("text", "nodes", (root,), parent)] if parent else []
        Contract((Claim("text", "leaves", (leaf,), outcome), *above)).save(folder)
        write_checksums(folder)
        found = one(Understander.load(folder), product)
        assert found.category
        assert (found.category.id, found.decision) == expected
        assert all(other.path_ids[0] == root for other in found.alternatives) == (found.category.id == root)


def test_a_contract_leaves_alone_what_each_modality_supports(tmp_path: Path) -> None:
    folder = tiny_onnx_folder(tmp_path / "model")
    product = Product("p", "red shirt", "", (image(),))
    without = one(Understander.load(folder), product).evidence["text"]
    assert without
    root, leaf = without.path_ids
    kept = Promise(target=0.9, threshold=0.0, products=40, errors=0, bound=0.93, coverage=1.0)
    unpromised = Unpromised(target=0.9, products=20, errors=0, needed=29)
    claims = (Claim("text", "leaves", (leaf,), unpromised), Claim("text", "nodes", (root,), kept))
    Contract(claims).save(folder)
    write_checksums(folder)
    assert one(Understander.load(folder), product).evidence["text"] == without
