"""The model that ships: whole, quick to load, and no worse on real products than it was when it was released.

The floors lie a little below the figures of docs/results.md, as a few hundred products are a small sample.
"""

import csv
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from catalog import Product, Understander, Understanding
from catalog.errors import CheckpointInvalid
from catalog.model.checkpoint import load_model
from catalog.model.folder import ModelFolder, open_model, read_config, shipped_model
from catalog.model.runtime import open_runtime
from catalog.model.runtime.onnx import OnnxRuntime
from catalog.model.runtime.outputs import compare_outputs
from catalog.model.runtime.pytorch import TorchRuntime
from training.data.manifests import LabelledProduct, read_manifest
from training.evaluation.evaluate import Classes, category_result, probabilities
from training.evaluation.predict import encode_rows, predict, read_batches
from training.export.folder import CACHE_BYTES, served

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
DEMO = ROOT / "assets" / "demo"
DATA = os.environ.get("SHELFLENS_DATA", "")
# By the demo's department: those of both models' trees.
CLOTHES = "Apparel & Accessories"
ROOTS = {
    "Apparel": {CLOTHES, "Apparel"},
    "Footwear": {CLOTHES, "Footwear"},
    "Accessories": {CLOTHES, "Luggage & Bags", "Home & Garden", "Accessories"},
    "Grocery": {"Food, Beverages & Tobacco", "Food"},
}
TOLERANCE = 1e-4  # of an embedding, between runtimes
needs_data = pytest.mark.skipif(not DATA, reason="SHELFLENS_DATA names no folder with the labelled images")


@pytest.fixture(scope="module", params=["model", "nano"])
def understander(request: pytest.FixtureRequest) -> Understander:
    return Understander.load(shipped_model(request.param))


def test_each_file_is_under_fifty_megabytes() -> None:
    sizes = {path.name: path.stat().st_size for path in shipped_model().iterdir()}
    assert {name: size for name, size in sizes.items() if size >= 50_000_000} == {}


def test_the_small_model_is_of_ten_megabytes() -> None:
    assert sum(path.stat().st_size for path in shipped_model("nano").iterdir()) < 10_200_000


def test_the_small_model_is_meant_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert open_model(Path("nano")).path == shipped_model("nano")
    assert read_config(Path("nano")).image.size < read_config(shipped_model()).image.size
    (tmp_path / "nano").mkdir()
    with pytest.raises(CheckpointInvalid):
        open_model(Path("nano"))


def test_what_is_one_shops_opinion_is_not_given(understander: Understander) -> None:
    kinds = [values for by_kind in understander.calibration.attributes.values() for values in by_kind.values()]
    given = {name for values in kinds for name in values}
    assert "colour" in given
    assert "season" not in given


def test_importing_catalog_is_quick_because_it_loads_no_model_library() -> None:
    code = (
        "import sys, catalog; sys.exit(any(name in sys.modules for name in ('torch', 'timm', 'transformers', 'PIL')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_the_same_text_and_images_lie_close(understander: Understander) -> None:
    """Words find the image: a title's embedding is nearer to its own image than to most others."""
    rows = [row for row in demo_rows() if "item" not in row["title"]]
    products = [Product(row["id"], images=((DEMO / row["image_link"]).read_bytes(),)) for row in rows[:16]]
    titles = [Product(row["id"], row["title"]) for row in rows[:16]]
    images_NE, titles_NE = (embeddings(understander, items) for items in (products, titles))
    scores_NN = titles_NE @ images_NE.T
    ranks = (scores_NN > np.diag(scores_NN)[:, None]).sum(1)
    assert np.median(ranks) <= 3


def demo_rows() -> list[dict[str, str]]:
    return list(csv.DictReader((DEMO / "products.csv").read_text(encoding="utf-8").splitlines()))


def embeddings(understander: Understander, products: Sequence[Product]) -> np.ndarray:
    results = understander.understand(products)
    return np.stack([result.embedding for result in results if isinstance(result, Understanding)])


@pytest.mark.parametrize("name", ["model", "nano"])
def test_nothing_of_the_demo_is_promised_in_the_wrong_department(name: str) -> None:
    """Pictures and words together. The drawings are unlike what the models learned from, so many are unfamiliar."""
    rows = demo_rows()
    products = [
        Product(row["id"], row["title"], row["description"], ((DEMO / row["image_link"]).read_bytes(),)) for row in rows
    ]
    promised = [
        (row, result)
        for row, result in zip(rows, Understander.load(shipped_model(name)).understand(products), strict=True)
        if isinstance(result, Understanding) and result.category and row["product_type"].split(" > ")[0] in ROOTS
    ]
    assert len(promised) >= 12
    wrong = [row["title"] for row, found in promised if found.path[0] not in ROOTS[row["product_type"].split(" > ")[0]]]
    assert not wrong
    assert not any(
        tag.name in ("denim", "hooded", "beanie", "ball sports") for _, found in promised for tag in found.tags
    )


def test_a_product_of_an_uncertain_kind_gets_no_tags_and_attributes(understander: Understander) -> None:
    """A carton of milk that the model takes for a sock, with doubts, is not "Men, Blue, slim fit" besides."""
    products = [Product(row["id"], images=((DEMO / row["image_link"]).read_bytes(),)) for row in demo_rows()]
    results = [result for result in understander.understand(products) if isinstance(result, Understanding)]
    unsure = [result for result in results if result.category is None]
    assert unsure
    assert not any(result.tags or result.attributes for result in unsure)
    assert any(result.attributes for result in results)


@needs_data
@pytest.mark.parametrize(
    ("data", "floor"), [("grocery", 0.7), ("clothing", 0.78), ("fashion", 0.93)], ids=lambda value: str(value)
)
def test_accuracy_on_real_products(data: str, floor: float) -> None:
    checkpoint = load_model(shipped_model())
    everything = read_manifest(Path(DATA) / data / "products.jsonl", checkpoint.taxonomy)
    rows = sample([row for row in everything if row.split == "val" and row.node], 120)
    encoded = encode_rows(checkpoint.model, rows, checkpoint.tokenizer)
    answers = predict(checkpoint.model, encoded, ["both"])["both"]
    classes = Classes.of(everything, checkpoint.taxonomy)
    probability = probabilities(rows, answers.leaf_NC, "both", checkpoint.calibration, checkpoint.taxonomy)
    assert category_result(rows, probability, classes, checkpoint.taxonomy).correct_N.mean() >= floor


@needs_data
@pytest.mark.slow
def test_onnx_runtime_answers_as_pytorch_does() -> None:
    """On a sample of each set; `shelflens export` compares all of `val`, and writes nothing where they differ."""
    opened = open_model(shipped_model())
    manifests = (Path(DATA) / data / "products.jsonl" for data in ("grocery", "clothing", "fashion", "eshop"))
    rows = [row for manifest in manifests for row in sample(read_manifest(manifest, opened.taxonomy, "val"), 60)]
    batches = read_batches(rows, opened.config.image.size, opened.tokenizer)
    found = compare_outputs(TorchRuntime.load(opened), OnnxRuntime(opened), batches)
    assert found.products == len(rows) > 150
    assert found.changed == 0
    assert found.embedding <= TOLERANCE


@needs_data
@pytest.mark.slow
def test_the_small_model_loses_little() -> None:
    """On a sample of `val`; docs/results.md has all of it, with its command."""
    large, small = (open_model(shipped_model(name)) for name in ("model", "nano"))
    assert right_of_a_sample(large) - right_of_a_sample(small) < 0.05


def right_of_a_sample(model: ModelFolder) -> float:
    rows = []
    for data in ("grocery", "clothing", "fashion"):
        manifest = Path(DATA) / data / "products.jsonl"
        rows += sample([row for row in read_manifest(manifest, model.taxonomy, "val") if row.node], 100)
    return served(open_runtime(model, cache_bytes=CACHE_BYTES), model, rows).top_1


def sample(rows: Sequence[LabelledProduct], count: int) -> list[LabelledProduct]:
    return list(rows[:: max(len(rows) // count, 1)])[:count]
