"""A narrow text encoder that is taught in seconds: it says what its teacher says, and goes on where it was stopped."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from catalog.errors import ConfigInvalid
from catalog.model.checkpoint import load_model
from tests.support.catalogue import tiny_run, write_catalogue
from tests.support.departments import write_departments
from tests.support.tiny import tiny_folder, tiny_taxonomy
from training.config import CorpusConfig, NarrowTextConfig
from training.data.text_vectors import read_texts
from training.initial_weights import starting_model, take_projection
from training.texts import narrow
from training.texts.corpus import Text

pytestmark = pytest.mark.slow
SMALL = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> NarrowTextConfig:
    folder = tmp_path_factory.mktemp("narrow")
    write_departments(folder)
    tiny_folder(folder / "teacher")
    (folder / "taxonomy.json").write_text(tiny_taxonomy().to_json(), encoding="utf-8")
    narrow_config = NarrowTextConfig(
        output=str(folder / "whole"),
        teacher=str(folder / "teacher"),
        corpus=CorpusConfig("shopify", "google.txt", synthetic=40),
        text_options=SMALL,
        taxonomy=str(folder / "taxonomy.json"),
        max_tokens=32,
        word_steps=20,
        steps=20,
        batch_size=16,
        learning_rate=1e-2,
    )
    narrow.teach_narrow(narrow_config, folder)
    return narrow_config


def data(config: NarrowTextConfig) -> Path:
    return Path(config.output).parent


def test_a_run_starts_with_texts_where_the_teacher_has_them(config: NarrowTextConfig, tmp_path: Path) -> None:
    write_catalogue(tmp_path)
    start = {"model": str(tmp_path / "start"), "text": f"{config.output}/encoder"}
    model, tokenizer = starting_model(tiny_run(tmp_path, start=start), tiny_taxonomy())
    teacher = load_model(Path(config.teacher))
    texts = ["red shirt", "a green pear", "blue shoe men"]
    ours, theirs = (
        F.normalize(each.heads.text_embedding(read_texts(texts, each.text_encoder, reader).float()), dim=-1)
        for each, reader in ((model, tokenizer), (teacher.model, teacher.tokenizer))
    )
    assert ((ours * theirs).sum(-1) > 0.5).all()
    assert model.config.text.bert["hidden_size"] == 8


def test_a_projection_of_another_width_is_refused(config: NarrowTextConfig) -> None:
    with pytest.raises(ConfigInvalid, match="does not fit"):
        take_projection(load_model(Path(config.teacher)).model, f"{config.output}/encoder")


def test_a_stopped_run_ends_as_if_it_had_not_stopped(config: NarrowTextConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = replace(config, output=str(data(config) / "stopped"))
    with monkeypatch.context() as patched:
        update = narrow.NarrowRun.update

        def interrupted(run: narrow.NarrowRun, *given: object) -> dict[str, float]:
            run.interrupted = run.step == 25
            return update(run, *given)  # type: ignore[arg-type]

        patched.setattr(narrow.NarrowRun, "update", interrupted)
        narrow.teach_narrow(stopped, data(config))
    assert not (Path(stopped.output) / "encoder").exists()
    narrow.teach_narrow(stopped, data(config))
    one, other = (load_file(Path(each.output) / "encoder" / "model.safetensors") for each in (config, stopped))
    for name, value in one.items():
        assert torch.equal(value, other[name]), name
    with pytest.raises(ConfigInvalid, match="'whole' holds a run with another configuration"):
        narrow.teach_narrow(replace(config, steps=21), data(config))


def test_a_translation_is_to_lie_where_its_english_text_does() -> None:
    text = Text("synthetic", "Red Hammer set of 2", ("红锤子两件装",), ("red hammer", "红锤子"))
    found = {pair for seed in range(20) for pair in narrow.lessons([text], [0], random.Random(seed))}
    assert found == {
        ("Red Hammer set of 2", "Red Hammer set of 2"),
        ("红锤子两件装", "Red Hammer set of 2"),
        ("red hammer", "red hammer"),
        ("红锤子", "red hammer"),
    }
