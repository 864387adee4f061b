"""Training configurations: what is read and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from catalog.errors import ConfigInvalid, FileNotReadable
from training.config import SetConfig, StartConfig, TrainConfig, parse_config, read_config, read_text_config

SHOP = {"manifest": "shop/products.jsonl"}
LEAST = {"output": "runs/x", "sets": [SHOP]}
CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.toml"))


def test_the_least_a_configuration_says() -> None:
    config = parse_config(LEAST)
    assert config == TrainConfig("runs/x", (SetConfig("shop/products.jsonl"),), StartConfig())


def test_every_kind_of_value(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text(
        'output = "x"\nepochs = 2\nlearning_rate = 1\nfrozen = ["^a", "b$"]\nfusion = "cross"\n'
        "[start.image_options]\ndepth = 2\n[learning_rate_scale]\n'\\.backbone' = 0.5\n"
        '[[sets]]\nmanifest = "shop/a.jsonl"\nrepeats = 3\n'
    )
    config = read_config(path)
    assert (config.epochs, config.learning_rate, config.fusion) == (2, 1, "cross")
    assert config.frozen == ("^a", "b$")
    assert config.learning_rate_scale == {r"\.backbone": 0.5}
    assert config.start.image_options == {"depth": 2}
    assert config.sets == (SetConfig("shop/a.jsonl", 3),)


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [
        ("made_titles", "synthetic_title_rate", 0.5),
        ("read_every_way", "all_modality_subsets", True),
        ("small_epochs", "low_res_epochs", 2),
        ("small_size", "low_res_size", 96),
    ],
)
def test_keys_of_the_last_release_are_read_with_a_warning(old: str, new: str, value: Any) -> None:
    with pytest.warns(FutureWarning, match=f"'{old}' is now called '{new}'"):
        config = parse_config(LEAST | {old: value})
    assert config == parse_config(LEAST | {new: value})
    with pytest.warns(FutureWarning), pytest.raises(ConfigInvalid, match="mean the same"):
        parse_config(LEAST | {old: value, new: value})


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_configurations_in_the_repository(path: Path) -> None:
    assert read_text_config(path).corpus if path.stem.endswith("text") else read_config(path).sets


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"output": "x"}, "names no data set"),
        ({"sets": [SHOP]}, "Missing key in the file: output"),
        (LEAST | {"learning_rat": 1}, "Unknown key in the file: learning_rat"),
        (LEAST | {"sets": [SHOP | {"weight": 1}]}, "Unknown key in sets: weight"),
        (LEAST | {"sets": [{"repeats": 1}]}, "Missing key in sets: manifest"),
        (LEAST | {"start": {"vision": "x"}}, "Unknown key in start: vision"),
        (LEAST | {"epochs": "ten"}, "The value of epochs in the file has the wrong type"),
        (LEAST | {"epochs": 1.5}, "The value of epochs in the file has the wrong type"),
        (LEAST | {"epochs": True}, "The value of epochs in the file has the wrong type"),
        (LEAST | {"dropout": "0.1"}, "The value of dropout in the file has the wrong type"),
        (LEAST | {"fusion": "middle"}, "The value of fusion in the file has the wrong type"),
        (LEAST | {"optimizer": "sgd"}, "The value of optimizer in the file has the wrong type"),
        (LEAST | {"frozen": "^text"}, "The value of frozen in the file has the wrong type"),
        (LEAST | {"sets": [SHOP | {"repeats": "2"}]}, "The value of repeats in sets has the wrong type"),
        (LEAST | {"batch_size": 10, "accumulate": 3}, "batch_size must be a multiple of accumulate"),
        (LEAST | {"accumulate": 0}, "batch_size must be a multiple of accumulate"),
        (LEAST | {"sets": [{"manifest": "products.jsonl"}]}, "a folder of its own"),
        (LEAST | {"sets": [SHOP, {"manifest": "other/shop/b.jsonl"}]}, "a folder of its own"),
    ],
)
def test_what_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigInvalid, match=message):
        parse_config(fields)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotReadable, match=r"'no\.toml' does not exist"):
        read_config(tmp_path / "no.toml")
    (tmp_path / "bad.toml").write_text("output = ")
    with pytest.raises(ConfigInvalid, match=r"'bad\.toml' is not valid TOML"):
        read_config(tmp_path / "bad.toml")
    (tmp_path / "latin.toml").write_bytes(b"output = '\xe9'")
    with pytest.raises(FileNotReadable, match="not UTF-8"):
        read_config(tmp_path / "latin.toml")
