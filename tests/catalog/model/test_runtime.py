"""The same answers from PyTorch and from ONNX Runtime."""

import shutil
import subprocess
import sys
from pathlib import Path
from shutil import which

import numpy as np
import pytest
import torch

from catalog.errors import CheckpointInvalid
from catalog.model.checkpoint import build_model, load_model, save_model
from catalog.model.config import FusionKind
from catalog.model.folder import GRAPH_WEIGHTS, open_model, shipped_model, write_checksums
from catalog.model.fusion import FUSIONS
from catalog.model.preprocess import Prepared, collate
from catalog.model.runtime import ModelOutputs, open_runtime
from catalog.model.runtime.onnx import OnnxRuntime
from catalog.model.runtime.pytorch import FixedSizes, TorchRuntime
from tests.catalog.model.test_stem import shared_model
from tests.support.tiny import add_graphs, tiny_folder, tiny_onnx_folder, tiny_taxonomy, tiny_tokenizer
from tests.support.tiny_torch import tiny_model, torch_folder
from training.export.onnx_export import export_onnx

TOLERANCE = 1e-4


def products(size: int) -> list[Prepared]:
    """With one image and words, words, several images, and both again."""
    random = np.random.default_rng(0)
    images = [random.integers(0, 256, (count, 3, size, size), dtype=np.uint8) for count in (1, 0, 3, 2)]
    words = ("red shirt", "a fresh green pear for men and women", "", "shoe")
    return [Prepared(text, pixels_NCHW, text) for pixels_NCHW, text in zip(images, words, strict=True)]


def answered_by_both(folder: Path, given: list[Prepared], evidence: bool = True) -> tuple[ModelOutputs, ModelOutputs]:
    opened = open_model(folder)
    batch = collate(given, opened.tokenizer)
    torch = TorchRuntime(build_model(opened), familiarity=opened.familiarity)
    return torch.run(batch, evidence), OnnxRuntime(opened).run(batch, evidence)


def assert_equal(torch: ModelOutputs, onnx: ModelOutputs) -> None:
    for name in ("leaf_BC", "tags_BG", "embedding_BE"):
        np.testing.assert_allclose(getattr(onnx, name), getattr(torch, name), atol=TOLERANCE)
    for kind in ("attributes", "evidence"):
        assert getattr(onnx, kind).keys() == getattr(torch, kind).keys()
    for name, logits in torch.attributes.items():
        np.testing.assert_allclose(onnx.attributes[name], logits, atol=TOLERANCE)
    for modality, alone in torch.evidence.items():
        ours_alone = onnx.evidence[modality]
        pairs = [*zip(ours_alone[:2], alone[:2], strict=True)]
        pairs += [(ours_alone.attributes[name], logits) for name, logits in alone.attributes.items()]
        for ours, theirs in pairs:
            np.testing.assert_allclose(ours, theirs, atol=TOLERANCE)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_onnx_folder(tmp_path_factory.mktemp("exported") / "model", "cross")


@pytest.fixture
def folder(exported: Path, tmp_path: Path) -> Path:
    """A copy to harm."""
    return Path(shutil.copytree(exported, tmp_path / "model"))


def test_both_answer_the_same(exported: Path) -> None:
    torch, onnx = answered_by_both(exported, products(32))
    assert_equal(torch, onnx)
    assert set(onnx.evidence) == {"image", "text"}


@pytest.mark.parametrize("row", range(3))
def test_one_product_alone_gets_the_same_answer(exported: Path, row: int) -> None:
    assert_equal(*answered_by_both(exported, [products(32)[row]]))


def test_evidence_only_when_asked_for(exported: Path) -> None:
    _, onnx = answered_by_both(exported, products(32), evidence=False)
    assert not onnx.evidence


@pytest.mark.slow
@pytest.mark.parametrize("fusion", FUSIONS)
def test_every_fusion_answers_the_same(tmp_path: Path, fusion: FusionKind) -> None:
    folder = torch_folder(tmp_path / "model", fusion)
    export_onnx(load_model(folder), tmp_path / "exported")
    assert_equal(*answered_by_both(tmp_path / "exported", products(32)))
    if fusion in ("late", "cross"):
        kept = add_graphs(folder, fusion)
        assert {path.name for path in (tmp_path / "exported").iterdir()} == {path.name for path in kept.iterdir()}
        assert (tmp_path / "exported" / GRAPH_WEIGHTS).read_bytes() == (kept / GRAPH_WEIGHTS).read_bytes()
    assert not list(tmp_path.glob("*.tmp"))


@pytest.mark.slow
def test_a_shared_stem_answers_the_same(tmp_path: Path) -> None:
    save_model(tmp_path / "model", shared_model(), tiny_taxonomy(), tiny_tokenizer())
    export_onnx(load_model(tmp_path / "model"), tmp_path / "exported")
    assert_equal(*answered_by_both(tmp_path / "exported", products(64)))


def test_the_shipped_graphs_answer_the_same() -> None:
    assert_equal(*answered_by_both(shipped_model(), products(open_model(shipped_model()).config.image.size)))


@pytest.mark.slow
def test_the_shipped_graphs_are_those_of_the_shipped_weights(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(shipped_model(), tmp_path / "model"))
    checkpoint = load_model(folder)
    for graph in folder.glob("*.onnx"):
        graph.unlink()
    export_onnx(checkpoint, folder)
    assert_equal(*answered_by_both(folder, products(checkpoint.config.image.size)))


def test_graphs_are_the_default_where_there_are_any(exported: Path, tmp_path: Path) -> None:
    assert isinstance(open_runtime(open_model(exported)), OnnxRuntime)
    assert isinstance(open_runtime(open_model(tiny_folder(tmp_path / "model"))), TorchRuntime)


def test_graphs_leave_the_version_as_it_is(folder: Path) -> None:
    version = open_model(folder).version
    for name in ("image_encoder.onnx", "text_encoder.onnx", "answer.onnx", "graphs.json"):
        (folder / name).unlink()
    write_checksums(folder)
    assert open_model(folder).version == version


def test_graphs_hold_no_weights(exported: Path) -> None:
    graphs = sum(path.stat().st_size for path in exported.glob("*.onnx"))
    weights = sum(path.stat().st_size for path in exported.glob("*.safetensors"))
    assert graphs < weights / 2


def test_a_graph_of_another_model_is_refused(folder: Path, tmp_path: Path) -> None:
    other = tiny_folder(tmp_path / "late", "late")
    for path in other.glob("*.safetensors"):
        shutil.copy(path, folder)
    write_checksums(folder)
    with pytest.raises(CheckpointInvalid):
        OnnxRuntime(open_model(folder))


@pytest.mark.slow
def test_graphs_that_answer_otherwise_are_not_written(tmp_path: Path) -> None:
    checkpoint = load_model(tiny_folder(tmp_path / "model"))
    with torch.no_grad():
        checkpoint.model.heads.embedding.bias += 1
    with pytest.raises(CheckpointInvalid, match=r"0 of 4 products get another category, .* moves by 0\.\d+"):
        export_onnx(checkpoint, tmp_path / "wrong")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]


def test_the_shipped_model_needs_no_pytorch() -> None:
    code = """if True:
        import sys
        from catalog import Product, Understander
        print(" > ".join(Understander.load().understand([Product(title="red shirt")])[0].path))
        print([name for name in ("torch", "transformers", "timm") if name in sys.modules])
    """
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split("\n")
    assert answer[0].startswith("Apparel & Accessories > Clothing")
    assert answer[1] == "[]"


def test_a_damaged_graph_is_refused(folder: Path) -> None:
    (folder / "answer.onnx").write_bytes(b"no graph")
    write_checksums(folder)
    with pytest.raises(CheckpointInvalid, match=r"answer\.onnx does not fit its weights"):
        OnnxRuntime(open_model(folder))


@pytest.mark.parametrize("names", ["no JSON", "[]", "{}", '{"answer.onnx": ["fusion.nothing"]}', '{"answer.onnx": 1}'])
def test_a_list_of_weights_that_names_none_is_refused(folder: Path, names: str) -> None:
    (folder / "graphs.json").write_text(names)
    write_checksums(folder)
    with pytest.raises(CheckpointInvalid, match=r"graphs\.json does not name weights"):
        OnnxRuntime(open_model(folder))


def test_what_comes_again_is_not_read_again(exported: Path) -> None:
    opened = open_model(exported)
    random = np.random.default_rng(0)
    pixels_NCHW = random.integers(0, 256, (3, 3, 32, 32), dtype=np.uint8)
    first = [Prepared("", pixels_NCHW[:2], "red shirt", (b"a", b"b")), Prepared("", pixels_NCHW[:0], "pear and apple")]
    # The second time the images are others, which their digests deny, and one text has longer company.
    second = [Prepared("", pixels_NCHW[[2, 2]], "red shirt", (b"a", b"b")), Prepared("", pixels_NCHW[:0], "red " * 20)]
    keeping, forgetting = OnnxRuntime(opened, cache_bytes=1_000_000), OnnxRuntime(opened)
    one, two = (collate(products, opened.tokenizer) for products in (first, second))
    kept = keeping.run(one, False).embedding_BE
    np.testing.assert_allclose(keeping.run(two, False).embedding_BE[0], kept[0], atol=1e-6)
    forgotten = forgetting.run(one, False).embedding_BE
    assert np.abs(forgetting.run(two, False).embedding_BE[0] - forgotten[0]).max() > 1e-3


def test_products_without_digests_are_never_taken_for_each_other(exported: Path) -> None:
    opened = open_model(exported)
    keeping = OnnxRuntime(opened, cache_bytes=1_000_000)
    black, white = (np.full((1, 3, 32, 32), level, np.uint8) for level in (0, 255))
    answers = [
        keeping.run(collate([Prepared("", pixels_NCHW, "")], opened.tokenizer), False).embedding_BE
        for pixels_NCHW in (black, white, black)
    ]
    assert np.abs(answers[0] - answers[1]).max() > 1e-3
    np.testing.assert_allclose(answers[0], answers[2], atol=1e-6)


@pytest.mark.parametrize("count", [1, 3, 8, 33, 70])
def test_any_number_of_images_is_read_in_a_few_sizes(count: int) -> None:
    encoder, sizes = tiny_model().image_encoder, []
    encoder.register_forward_pre_hook(lambda _, given: sizes.append(len(given[0])))
    pixels_NCHW = torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8)
    with torch.inference_mode():
        found = FixedSizes(encoder)(pixels_NCHW)
        assert set(sizes) <= set(FixedSizes.SIZES)
        for mine, expected in zip(found, encoder(pixels_NCHW), strict=True):
            torch.testing.assert_close(mine, expected)


@pytest.mark.slow
@pytest.mark.skipif(which("g++") is None, reason="compiling needs a C++ compiler")
def test_a_compiled_image_encoder_says_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FixedSizes, "SIZES", (1, 4))
    opened = open_model(folder)
    batch = collate(products(32), opened.tokenizer)
    plain, compiled = (TorchRuntime.load(opened, compiled=each).run(batch, True) for each in (False, True))
    assert_equal(plain, compiled)
