"""A student and its teacher, both tiny and real: what is taught, what not to know it costs, and that it is learned."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from catalog.errors import CheckpointInvalid, ConfigInvalid
from catalog.model.checkpoint import load_model, save_model
from catalog.model.folder import open_model
from catalog.model.network import Inputs
from catalog.model.preprocess import Batch, Prepared, collate
from catalog.model.runtime import ModelOutputs, Runtime, open_runtime
from catalog.taxonomy.tree import Taxonomy
from tests.support.catalogue import tiny_run, write_catalogue
from tests.support.tiny import add_graphs, tiny_folder, tiny_taxonomy, tiny_tokenizer
from tests.support.tiny_torch import tiny_model, torch_folder
from tests.training.test_batch_loss import PLAIN
from training.batch_loss import modality_subsets
from training.config import TrainConfig
from training.data.manifests import read_sets
from training.distillation import cached_outputs, open_teacher, teacher_loss, teacher_outputs
from training.evaluation.predict import encode_rows, predict
from training.train import train


@pytest.fixture(scope="module", params=["PyTorch", "ONNX Runtime"])
def teacher(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    folder = torch_folder(tmp_path_factory.mktemp("teacher") / "model", seed=7)
    return open_runtime(open_model(add_graphs(folder) if request.param == "ONNX Runtime" else folder))


@pytest.fixture
def batch() -> Batch:
    """An image and words, words alone, two images alone."""
    random = np.random.default_rng(0)
    images = [random.integers(0, 256, (count, 3, 32, 32), dtype=np.uint8) for count in (1, 0, 2)]
    texts = ("red shirt", "a green pear", "")
    products = [Prepared(text, pixels_NCHW, text) for pixels_NCHW, text in zip(images, texts, strict=True)]
    return collate(products, tiny_tokenizer())


def test_each_reading_is_answered_as_if_it_were_asked_alone(teacher: Runtime, batch: Batch) -> None:
    image, text = tiny_model().encode(Inputs.of(batch))
    by_image, by_text, by_both = teacher_outputs(teacher, batch, modality_subsets(image, text))
    nothing = np.full_like(batch.images_BP, -1)
    alone = teacher.run(dataclasses.replace(batch, texts_BP=nothing[:, :1]), False)
    assert_same(by_image, alone, [0, 2])
    assert_same(by_text, teacher.run(dataclasses.replace(batch, images_BP=nothing), False), [0, 1])
    assert_same(by_both, teacher.run(batch, False), [0])


def assert_same(one: ModelOutputs, other: ModelOutputs, rows: list[int]) -> None:
    for name in ("leaf_BC", "tags_BG", "embedding_BE"):
        np.testing.assert_allclose(getattr(one, name)[rows], getattr(other, name)[rows], atol=1e-5)
    for name, logits_BV in one.attributes.items():
        np.testing.assert_allclose(logits_BV[rows], other.attributes[name][rows], atol=1e-5)


def test_a_student_that_says_the_same_has_nothing_to_learn(teacher: Runtime, batch: Batch) -> None:
    model, read_B = tiny_model(seed=7), torch.tensor([True, True, False])
    answers = teacher.run(batch, False)
    loss = teacher_loss(model(Inputs.of(batch)), answers, read_B, dataclasses.replace(PLAIN, attribute_weight=1))
    assert loss.item() == pytest.approx(0, abs=1e-5)
    other = tiny_model(seed=8)(Inputs.of(batch))
    assert teacher_loss(other, answers, read_B, PLAIN) > 0.1
    assert teacher_loss(other, answers, torch.zeros(3, dtype=torch.bool), PLAIN) == 0


def test_teachers_that_cannot_teach(tmp_path: Path) -> None:
    student, taxonomy = tiny_model(), tiny_taxonomy()
    folder = tiny_folder(tmp_path / "model")
    fields = json.loads(taxonomy.to_json())
    fields["nodes"].pop()
    (tmp_path / "other.json").write_text(json.dumps(fields))
    with pytest.raises(ConfigInvalid, match="different taxonomy"):
        open_teacher(taught_by(folder), student, Taxonomy.load(tmp_path / "other.json"))
    narrow = dataclasses.replace(student.config, embedding_width=16, embedding_cuts=(8, 16))
    save_model(tmp_path / "narrow", type(student)(narrow, taxonomy), taxonomy, tiny_tokenizer())
    with pytest.raises(ConfigInvalid, match="different width"):
        open_teacher(taught_by(tmp_path / "narrow"), student, taxonomy)
    with pytest.raises(CheckpointInvalid):
        open_teacher(taught_by(tmp_path), student, taxonomy)


def taught_by(folder: Path) -> TrainConfig:
    return dataclasses.replace(PLAIN, teacher=str(folder))


@pytest.mark.slow
def test_a_student_comes_to_answer_as_its_teacher_does(tmp_path: Path) -> None:
    """The teacher was never trained, so that its answers are not the labels."""
    write_catalogue(tmp_path)
    tiny_folder(tmp_path / "teacher", seed=7)
    plain = tiny_run(tmp_path, "plain", epochs=6)
    taught = tiny_run(tmp_path, "taught", epochs=6, teacher=str(tmp_path / "teacher"), teacher_weight=20)
    for config in (plain, taught):
        train(config, tmp_path / "data")
    rows = read_sets(plain, tmp_path / "data", tiny_taxonomy(), "val")

    def cosines(folder: str) -> np.ndarray:
        embeddings = []
        for each in (tmp_path / "teacher", tmp_path / folder / "last"):
            loaded = load_model(each)
            embeddings.append(
                predict(loaded.model, encode_rows(loaded.model, rows, loaded.tokenizer), ["both"])["both"]
            )
        return (embeddings[0].fused_NE * embeddings[1].fused_NE).sum(1)

    assert cosines("taught").mean() > 0.5 > cosines("plain").mean()


def test_a_teacher_answers_from_what_its_encoders_have_read_as_if_it_read_again(batch: Batch) -> None:
    model = tiny_model(seed=7)
    read, leaves = model.encode(Inputs.of(batch)), torch.tensor([2, 0])
    for subset in modality_subsets(*read):
        found = cached_outputs(model, read, subset, leaves)
        asked = model.heads(model.fusion(*subset), *subset)
        np.testing.assert_allclose(found.leaf_BC, asked.leaf_BC[:, leaves].detach().numpy(), atol=1e-5)
        np.testing.assert_allclose(found.embedding_BE, asked.fused_BE.detach().numpy(), atol=1e-5)


@pytest.mark.slow
def test_a_teacher_may_teach_by_cached_features(tmp_path: Path) -> None:
    write_catalogue(tmp_path)
    tiny_folder(tmp_path / "teacher", seed=7)
    frozen = ["_encoder"]
    config = tiny_run(
        tmp_path, epochs=2, teacher=str(tmp_path / "teacher"), cache_views=2, leaves_drawn=2, frozen=frozen
    )
    train(config, tmp_path / "data")
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    taught = [line["teacher"] for line in lines if "teacher" in line]
    assert taught[-1] < taught[0]


def test_a_teacher_that_reads_each_sample_tells_of_all_leaves(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="cache_views"):
        tiny_run(tmp_path, teacher="somewhere", leaves_drawn=2)
