"""A text encoder that is taught in seconds: it learns, and a stopped run ends as if it had not been stopped."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from catalog.errors import ConfigInvalid
from catalog.model.encoders import TextEncoder
from tests.support.departments import write_departments
from tests.support.tiny import tiny_taxonomy
from tests.support.tiny_torch import bert_folder
from training.config import CorpusConfig, TextConfig
from training.texts import teach
from training.texts.teach import Reader

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> TextConfig:
    folder = tmp_path_factory.mktemp("teach")
    write_departments(folder)
    bert_folder(folder / "bert")
    (folder / "taxonomy.json").write_text(tiny_taxonomy().to_json(), encoding="utf-8")
    return TextConfig(
        output=str(folder / "whole"),
        start=str(folder / "bert"),
        teachers=(str(folder / "bert"), str(folder / "bert")),
        corpus=CorpusConfig("shopify", "google.txt", synthetic=40),
        taxonomy=str(folder / "taxonomy.json"),
        steps=6,
        batch_size=8,
        frozen_layers=1,
    )


def data(config: TextConfig) -> Path:
    return Path(config.output).parent


def trained(config: TextConfig) -> dict[str, torch.Tensor]:
    return load_file(Path(config.output) / "encoder" / "model.safetensors")


@pytest.fixture(scope="module")
def whole(config: TextConfig) -> dict[str, torch.Tensor]:
    teach.teach(config, data(config))
    return trained(config)


def test_the_upper_layers_are_taught_and_the_others_are_not(config: TextConfig, whole: dict[str, torch.Tensor]) -> None:
    before = load_file(Path(config.start) / "model.safetensors")
    changed = {name for name, value in whole.items() if not torch.equal(value, before[name])}
    assert changed == {name for name in whole if name.startswith("encoder.layer.1.")}
    assert TextEncoder.from_pretrained(str(data(config) / "whole" / "encoder")).widths.pooled == 16


def test_a_text_is_read_the_same_among_others(config: TextConfig, whole: dict[str, torch.Tensor]) -> None:
    reader = Reader(config.start, 16)
    with torch.inference_mode():
        together = reader(["red shirt", "a", "blue running shoe 1 2 3"])
        for row, text in enumerate(["red shirt", "a", "blue running shoe 1 2 3"]):
            torch.testing.assert_close(together[row : row + 1], reader([text]), atol=1e-5, rtol=1e-4)


def test_a_stopped_run_ends_as_if_it_had_not_stopped(
    config: TextConfig, whole: dict[str, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = replace(config, output=str(data(config) / "stopped"))
    with monkeypatch.context() as patched:
        update = teach.TextRun.update

        def interrupted(run: teach.TextRun, batch: teach.Batch) -> dict[str, float]:
            run.interrupted = run.step == 2
            return update(run, batch)

        patched.setattr(teach.TextRun, "update", interrupted)
        teach.teach(stopped, data(config))
    assert not (Path(stopped.output) / "encoder").exists()
    teach.teach(stopped, data(config))
    for name, value in trained(stopped).items():
        assert torch.equal(value, whole[name]), name


def test_another_configuration_needs_another_output(config: TextConfig, whole: dict[str, torch.Tensor]) -> None:
    with pytest.raises(ConfigInvalid, match="'whole' holds a run with another configuration"):
        teach.teach(replace(config, steps=7), data(config))


def test_all_of_the_start_gives_the_start_about_its_mean(config: TextConfig, whole: dict[str, torch.Tensor]) -> None:
    again = replace(config, output=str(data(config) / "again"), start_share=1.0)
    teach.teach(again, data(config))
    before, after = load_file(Path(config.start) / "model.safetensors"), trained(again)
    changed = {name for name, value in after.items() if not torch.allclose(value, before[name], atol=1e-6)}
    assert changed == {"encoder.layer.1.output.LayerNorm.bias"}
