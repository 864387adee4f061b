"""Training runs of a few seconds: they learn, spare what is frozen, and survive every way of being stopped."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from itertools import cycle, product
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from catalog.errors import ConfigInvalid, ManifestInvalid
from catalog.model.checkpoint import load_model
from catalog.taxonomy.tree import Taxonomy
from tests.support.catalogue import (
    COLOURS,
    KINDS,
    row,
    shop_rows,
    tiny_run,
    write_catalogue,
    write_config,
    write_set,
)
from tests.support.departments import write_departments
from tests.support.tiny import tiny_folder, tiny_tokenizer
from tests.support.tiny_torch import bert_folder, vit_folder
from training.config import RENAMED, TrainConfig
from training.data.manifests import read_sets
from training.initial_weights import starting_model
from training.run import schedule
from training.train import epoch_order, train

ROOT = Path(__file__).parents[2]
ENCODERS = [r"^image_encoder\.", r"^text_encoder\."]
HYBRID = {
    "stem": "test_efficientnet",
    "image_options": {
        "depth": 1,
        "embed_dim": 24,
        "num_heads": 2,
        "patch_size": 1,
        "class_token": False,
        "global_pool": "avg",
        "dynamic_img_size": True,
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalogue, and every run of this module."""
    folder = tmp_path_factory.mktemp("train")
    write_catalogue(folder)
    return folder


def state(config: TrainConfig) -> dict[str, Any]:
    return dict(torch.load(Path(config.output) / "state.pt", weights_only=True))


def log(config: TrainConfig) -> list[dict[str, float]]:
    return [json.loads(line) for line in (Path(config.output) / "log.jsonl").read_text().splitlines()]


def assert_same_end(one: TrainConfig, other: TrainConfig) -> None:
    """Equal to the bit: step, scores, weights, their average, the optimizer's moments, and the model kept."""
    first, second = state(one), state(other)
    assert (first["step"], first["best"]) == (second["step"], second["best"])
    for part in ("model", "average"):
        assert_same_tensors(first[part], second[part])
    for key, moments in first["optimizer"]["state"].items():
        assert_same_tensors(moments, second["optimizer"]["state"][key])
    versions = {load_model(Path(config.output) / "model").version for config in (one, other)}
    assert len(versions) == 1


def assert_same_tensors(first: dict[str, Tensor], second: dict[str, Tensor]) -> None:
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name


@pytest.mark.slow
def test_the_loss_falls_and_the_best_model_is_kept(folder: Path) -> None:
    changes: dict[str, Any] = {
        "sets": [{"manifest": "shop/products.jsonl", "repeats": 2}],
        "frozen": [r"^image_encoder\."],
        "keep_text": 1,
        "keep_image": 0,
        "epochs": 12,
        "learning_rate": 1e-2,
        "warmup": 0.2,
        "average_decay": 0.5,
        "dropout": 0,
        "smoothing": 0,
        "attribute_weight": 0,
        "tag_weight": 0,
        "contrastive_weight": 0,
    }
    config = tiny_run(folder, "learns", **changes)
    best = train(config, folder / "data")
    losses = [line["category"] for line in log(config) if "category" in line]
    assert sum(losses[-2:]) / 2 < 0.9 * sum(losses[:5]) / 5
    epochs = [line for line in log(config) if "epoch" in line]
    assert [line["epoch"] for line in epochs] == list(range(12))
    assert best["score"] == max(line["score"] for line in epochs)
    assert best["shop/text"] > 0.6
    assert set(best) == {"score", "shop/image", "shop/text", "shop/both"}
    assert load_model(Path(config.output) / "model").model.config.fusion == "late"
    assert_same_tensors(load_model(Path(config.output) / "last").model.state_dict(), state(config)["average"])
    assert list((Path(config.output) / "tensorboard").iterdir())
    assert json.loads((Path(config.output) / "config.json").read_text())["epochs"] == 12


@pytest.mark.slow
def test_a_tree_of_categories_alone_is_learned(folder: Path, tmp_path: Path) -> None:
    """A merchant's own: no tags, no attributes."""
    taxonomy = dataclasses.replace(Taxonomy.load(folder / "taxonomy.json"), tags=(), attributes=())
    (tmp_path / "taxonomy.json").write_text(taxonomy.to_json())
    config = tiny_run(folder, "bare", taxonomy=str(tmp_path / "taxonomy.json"), epochs=1)
    assert 0 <= train(config, folder / "data")["score"] <= 1
    model = load_model(Path(config.output) / "model").model
    assert (len(model.heads.attributes), model.heads.tags.out_features) == (0, 0)


@pytest.mark.slow
def test_products_of_categories_that_the_tree_lacks_are_told(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row for row in shop_rows() if row["split"] == "train"]
    write_set(
        tmp_path / "odd", [*rows, *({**row, "id": f"new-{n}", "category": ["Toys"]} for n, row in enumerate(rows[:2]))]
    )
    config = tiny_run(folder, "odd", sets=[{"manifest": "odd/products.jsonl"}], max_unmapped=0.5)
    read_sets(config, tmp_path, Taxonomy.load(config.taxonomy), "train")
    assert (
        f"train: The tree lacks the category of 2 of {len(rows) + 2} products of 'odd': Toys (2)."
        in capsys.readouterr().err
    )
    with pytest.raises(ManifestInvalid, match="At most 1% may be left out"):
        read_sets(dataclasses.replace(config, max_unmapped=0.01), tmp_path, Taxonomy.load(config.taxonomy), "train")


@pytest.mark.slow
@pytest.mark.parametrize("stop", [1, 4, 6, 8])
def test_a_stopped_run_ends_as_if_it_had_not_stopped(folder: Path, stop: int) -> None:
    """Four steps an epoch, two epochs: stopped at the first step, at an epoch's end, within one, at the last."""
    whole = tiny_run(folder, "whole", batch_size=16, epochs=2)
    stopped = tiny_run(folder, f"stopped-{stop}", batch_size=16, epochs=2)
    scores = train(whole, folder / "data")
    train(stopped, folder / "data", stop_after_steps=stop)
    assert state(stopped)["step"] == stop
    assert train(stopped, folder / "data") == scores
    assert state(stopped)["step"] == 8
    assert_same_end(whole, stopped)


@pytest.mark.slow
@pytest.mark.parametrize(("stop", "exit_code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 0)])
def test_a_killed_run_ends_as_if_it_had_not_been_killed(folder: Path, stop: signal.Signals, exit_code: int) -> None:
    changes: dict[str, Any] = {"epochs": 4, "workers": 1, "checkpoint_seconds": 0, "fusion": "cross"}
    whole, killed = tiny_run(folder, "unkilled", **changes), tiny_run(folder, f"killed-{stop.name}", **changes)
    train(whole, folder / "data")
    path = write_config(folder, f"killed-{stop.name}", **changes)
    command = [sys.executable, "-m", "shelflens", "train", "--config", str(path), "--data-root", str(folder / "data")]
    errors = folder / f"killed-{stop.name}.stderr"
    with errors.open("wb") as file:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=file)
        written = Path(killed.output) / "log.jsonl"
        until = time.monotonic() + 300
        while not (written.exists() and written.read_text().count("\n") > 12):
            assert process.poll() is None, errors.read_text()
            assert time.monotonic() < until
            time.sleep(0.005)
        os.kill(process.pid, stop)
        assert process.wait(60) == exit_code
    assert 0 < state(killed)["step"] < state(whole)["step"]
    assert "Traceback" not in errors.read_text()
    train(killed, folder / "data")
    assert_same_end(whole, killed)


@pytest.mark.slow
def test_an_epoch_may_stay_unfinished(folder: Path) -> None:
    config = tiny_run(folder, "unfinished", batch_size=16, epochs=9, max_steps=6)
    best = train(config, folder / "data")
    assert state(config)["step"] == 6
    assert [line["epoch"] for line in log(config) if "epoch" in line] == [0, 1]
    lines = len(log(config))
    assert train(config, folder / "data") == best
    assert len(log(config)) == lines


@pytest.mark.slow
def test_what_is_frozen_stays_equal_to_the_bit(folder: Path) -> None:
    """Batch statistics of the frozen stem, too; images are small for one epoch and then of full size."""
    start = HYBRID | {"text": str(bert_folder(folder / "frozen-bert"))}
    frozen = [r"^text_encoder\.", r"patch_embed\.backbone\."]
    changes: dict[str, Any] = {"low_res_size": 64, "low_res_epochs": 1, "learning_rate_scale": {"^image": 0.5}}
    config = tiny_run(folder, "frozen", start=start, frozen=frozen, batch_size=32, epochs=2, **changes)
    torch.manual_seed(config.seed)
    before = starting_model(config, Taxonomy.load(config.taxonomy))[0].state_dict()
    train(config, folder / "data")
    still = [name for name in before if name.startswith("text_encoder.") or "patch_embed.backbone." in name]
    assert any(name.endswith("running_var") for name in still)
    for weights in (state(config)["model"], state(config)["average"]):
        assert_same_tensors({name: before[name] for name in still}, {name: weights[name] for name in still})
        learnt = [name for name in before if name not in still and not torch.equal(before[name], weights[name])]
        assert {name.split(".")[0] for name in learnt} == {"image_encoder", "fusion", "heads"}


@pytest.mark.slow
def test_lamb(folder: Path) -> None:
    config = tiny_run(folder, "lamb", optimizer="lamb", max_steps=4)
    train(config, folder / "data")
    before = load_model(folder / "start").model.state_dict()["image_encoder.vit.blocks.0.attn.qkv.weight"]
    after = state(config)["model"]["image_encoder.vit.blocks.0.attn.qkv.weight"]
    assert not torch.equal(before, after)
    assert all(torch.isfinite(tensor).all() for tensor in state(config)["model"].values())


@pytest.mark.slow
def test_two_halves_of_a_batch_are_the_whole(folder: Path) -> None:
    """Without what looks across a batch, and with the images and words fixed, the gradients are the same."""
    changes: dict[str, Any] = {
        "sets": [{"manifest": "shop/products.jsonl"}],
        "frozen": ENCODERS,
        "cache_views": 1,
        "max_steps": 1,
        "dropout": 0,
        "keep_image": 1,
        "keep_text": 1,
        "category_weight": 0.01,
        "attribute_weight": 0,
        "tag_weight": 0.001,
        "contrastive_weight": 0,
    }
    moments = []
    for accumulate in (1, 2):
        config = tiny_run(folder, f"accumulate-{accumulate}", accumulate=accumulate, **changes)
        train(config, folder / "data")
        optimizer = state(config)["optimizer"]["state"]
        moments.append(torch.cat([optimizer[key]["exp_avg"].flatten() for key in sorted(optimizer)]))
    whole, halves = moments
    assert whole.norm() > 0
    # Where the processor computes in bfloat16, either sum is rounded to 8 bits.
    assert (whole - halves).norm() < 0.02 * whole.norm()


@pytest.mark.slow
def test_cached_features_are_encoded_once(folder: Path) -> None:
    features = folder / "shared" / "features.pt"
    changes: dict[str, Any] = {"frozen": ENCODERS, "cache_views": 2, "features": str(features), "epochs": 1}
    first = tiny_run(folder, "cached-1", **changes, fusion="cross")
    train(first, folder / "data")
    written = features.stat().st_mtime_ns
    train(tiny_run(folder, "cached-2", **changes, seed=1), folder / "data")
    assert features.stat().st_mtime_ns == written
    again = tiny_run(folder, "cached-3", **changes, fusion="cross")
    train(again, folder / "data")
    assert_same_end(first, again)
    train(tiny_run(folder, "cached-4", **changes, sets=[{"manifest": "shop/products.jsonl"}]), folder / "data")
    assert features.stat().st_mtime_ns != written


@pytest.mark.slow
def test_cached_features_are_found_by_a_process_that_prints_sets_in_another_order(folder: Path) -> None:
    rows = [{**row, "title": f"{row['title']} plain striped"} for row in shop_rows() if not row["image"]]
    write_set(folder / "data" / "two-tags", iter(rows))
    features = folder / "two-tags" / "features.pt"
    written, orders = set(), set()
    for seed in ("0", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "SHELFLENS_DATA": str(folder / "data")}
        printed = subprocess.run(
            [sys.executable, "-c", "print({'plain', 'striped'})"], env=environment, check=True, capture_output=True
        )
        orders.add(printed.stdout)
        path = write_config(
            folder,
            f"hash-seed-{seed}",
            sets=[{"manifest": "two-tags/products.jsonl"}],
            frozen=ENCODERS,
            cache_views=1,
            features=str(features),
            max_steps=1,
            batch_size=2,
        )
        command = [sys.executable, "-m", "shelflens", "train", "--config", str(path)]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
        written.add(features.stat().st_mtime_ns)
    assert (len(orders), len(written)) == (2, 1)


@pytest.mark.slow
def test_any_vit_and_any_bert(folder: Path) -> None:
    image, text = vit_folder(folder / "any-vit"), bert_folder(folder / "any-bert")
    config = tiny_run(folder, "any", start={"image": str(image), "text": str(text)}, max_steps=1)
    train(config, folder / "data")
    loaded = load_model(Path(config.output) / "model")
    assert loaded.model.config.image.architecture == "test_vit"
    assert loaded.tokenizer(["red shirt"]) == tiny_tokenizer()(["red shirt"])


def test_features_of_encoders_that_learn_are_not_cached(folder: Path) -> None:
    config = tiny_run(folder, "uncached", cache_views=1, frozen=[r"^image_encoder\."])
    with pytest.raises(ConfigInvalid, match="cache_views needs frozen encoders, but text_encoder"):
        train(config, folder / "data")


def test_a_pattern_that_freezes_nothing(folder: Path) -> None:
    with pytest.raises(ConfigInvalid, match=r"No parameter's name matches the frozen pattern '\^imagination'"):
        train(tiny_run(folder, "nothing", frozen=["^imagination"]), folder / "data")


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({}, r"\[start\] needs `model`, or `text` with `image` or `stem`"),
        ({"text": "somewhere"}, r"\[start\] needs `model`"),
        (HYBRID | {"text": "./no/such/folder"}, r"\[start\] names weights that are neither"),
        (HYBRID | {"stem": "cnn_of_tomorrow", "text": "x"}, r"\[start\] stem, stem_weights and image_options do not"),
        ({"stem": "test_efficientnet", "text": "x"}, r"\[start\] stem, stem_weights and image_options do not"),
        ({"image": "vit_of_tomorrow", "text": "./no/such/folder"}, "timm has no model named 'vit_of_tomorrow'"),
        (HYBRID | {"stem_weights": "no/such.safetensors", "text": "x"}, r"\[start\] names weights that are neither"),
    ],
)
def test_a_start_from_nowhere(folder: Path, start: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigInvalid, match=message):
        train(tiny_run(folder, "nowhere", start=start), folder / "data")


def test_a_fusion_may_come_along(folder: Path) -> None:
    start = {"model": str(folder / "start"), "keep_fusion": True}
    config = tiny_run(folder, "kept", start=start)
    kept, _ = starting_model(config, Taxonomy.load(config.taxonomy))
    assert_same_tensors(load_model(folder / "start").model.state_dict(), kept.state_dict())
    with pytest.raises(ConfigInvalid, match="keep_fusion: the model has another fusion, width, depth or taxonomy"):
        train(tiny_run(folder, "unlike", start=start, fusion="cross"), folder / "data")


def test_encoders_may_start_as_the_mean_of_several_models(folder: Path) -> None:
    other = tiny_folder(folder / "other-start", seed=1)
    start = {"model": str(folder / "start"), "average": [str(other)], "keep_fusion": True}
    config = tiny_run(folder, "mean", start=start)
    mean = starting_model(config, Taxonomy.load(config.taxonomy))[0].state_dict()
    one, two = (load_model(path).model.state_dict() for path in (folder / "start", other))
    for name, tensor in mean.items():
        expected = (one[name] + two[name]) / 2 if "_encoder." in name else one[name]
        torch.testing.assert_close(tensor, expected, msg=name)


@pytest.mark.slow
def test_encoders_of_different_kinds_have_no_mean(folder: Path) -> None:
    start = {"image": str(vit_folder(folder / "mean-vit")), "text": str(bert_folder(folder / "mean-bert"))}
    unlike = tiny_run(folder, "unlike-encoders", start=start, max_steps=1)
    train(unlike, folder / "data")
    averaged = {"model": str(folder / "start"), "average": [f"{unlike.output}/last"]}
    with pytest.raises(ConfigInvalid, match="average: the models have encoders of different kinds"):
        train(tiny_run(folder, "no-mean", start=averaged), folder / "data")


@pytest.mark.slow
def test_a_run_folder_of_the_last_release_is_resumed(folder: Path) -> None:
    """Its config.json has the former names of four keys."""
    changes: dict[str, Any] = {"low_res_size": 32, "low_res_epochs": 1, "synthetic_title_rate": 0.5, "max_steps": 2}
    config = tiny_run(folder, "last-release", all_modality_subsets=True, **changes)
    train(config, folder / "data", stop_after_steps=1)
    record = Path(config.output) / "config.json"
    former = {new: old for old, new in RENAMED.items()}
    fields = json.loads(record.read_text())
    del fields["open_head"], fields["start"]["principal"]  # which that release did not know
    record.write_text(json.dumps({former.get(name, name): value for name, value in fields.items()}))
    train(config, folder / "data")
    assert state(config)["step"] == 2


def test_a_split_without_products(folder: Path, tmp_path: Path) -> None:
    write_catalogue(tmp_path)
    manifest = tmp_path / "data" / "shop" / "products.jsonl"
    lines = [line for line in manifest.read_text().splitlines() if '"split": "val"' not in line]
    manifest.write_text("\n".join(lines))
    config = tiny_run(tmp_path, sets=[{"manifest": "shop/products.jsonl"}])
    with pytest.raises(ManifestInvalid, match="no product with a category of the tree in the split 'val'"):
        train(config, tmp_path / "data")


def test_an_epoch_draws_every_product_as_often_as_its_set_repeats(folder: Path) -> None:
    config = tiny_run(folder, "order", batch_size=4, accumulate=2)
    rows = read_sets(config, folder / "data", Taxonomy.load(config.taxonomy), "train")
    parts = epoch_order(config, rows, 0)
    assert {len(part) for part in parts} == {2}
    drawn = [index for part in parts for index in part]
    expected = [n for n, row in enumerate(rows) for _ in range(2 if row.source == "shop" else 1)]
    assert sorted(drawn) == expected
    assert epoch_order(config, rows, 0) == parts
    assert epoch_order(config, rows, 1) != parts


def test_the_learning_rate_rises_and_falls() -> None:
    rates = [schedule(step / 100, 0.1) for step in range(101)]
    assert rates[:10] == sorted(rates[:10])
    assert rates[10] == pytest.approx(1)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(0, abs=1e-9)
    assert schedule(0, 0) == pytest.approx(1)


def test_a_folder_of_another_run_is_refused(folder: Path) -> None:
    config = tiny_run(folder, "other", epochs=1)
    train(config, folder / "data", stop_after_steps=1)
    with pytest.raises(ConfigInvalid, match="'other' holds a run with another seed, learning_rate"):
        train(dataclasses.replace(config, seed=1, learning_rate=1.0), folder / "data")


@pytest.mark.slow
def test_an_open_head_learns_from_names_and_texts_of_every_department(folder: Path) -> None:
    write_departments(folder / "data")
    corpus = {"shopify": "shopify", "google": "google.txt", "titles": ["shop/products.jsonl"], "synthetic": 20}
    changes: dict[str, Any] = {
        "frozen": ENCODERS,
        "cache_views": 1,
        "corpus": corpus,
        "corpus_batch": 16,
        "relation_weight": 1.0,
        "open_head": True,
        "leaves_drawn": 1,
        "residual_embedding": True,
        "epochs": 2,
    }
    config = tiny_run(folder, "open", **changes)
    train(config, folder / "data")
    losses = log(config)[0]
    assert {"texts", "named", "same", "queries", "relation"} <= losses.keys()
    kept = load_model(Path(config.output) / "model").model
    assert kept.heads.names is not None
    assert (kept.heads.names.read_CF.norm(dim=1) > 0).all()
    stopped = tiny_run(folder, "open-stopped", **changes)
    train(stopped, folder / "data", stop_after_steps=3)
    train(stopped, folder / "data")
    assert_same_end(config, stopped)


def test_projections_along_principal_directions_keep_what_is_alike(folder: Path) -> None:
    """Before the first step the text embeddings differ as the encoder's own vectors do, or nearly."""
    start = {"text": str(bert_folder(folder / "principal-bert")), **HYBRID, "shared_stages": 2, "principal": True}
    config = tiny_run(folder, "principal", start=start, open_head=True, residual_embedding=True)
    model, _ = starting_model(config, Taxonomy.load(config.taxonomy))
    assert model.heads.names is not None
    read_CF = model.heads.names.read_CF
    kept, read = (
        F.normalize(each - each.mean(0), dim=-1)
        for each in (model.heads.text_embedding(read_CF), F.layer_norm(read_CF, read_CF.shape[1:]))
    )
    torch.testing.assert_close(kept @ kept.T, read @ read.T, atol=0.3, rtol=0)
    with pytest.raises(ConfigInvalid, match="principal needs shared stages"):
        starting_model(dataclasses.replace(config, open_head=False), Taxonomy.load(config.taxonomy))


def test_a_run_that_weighs_its_examples_goes_on_where_it_stopped(folder: Path) -> None:
    """Clothes have a hundred examples, food none: what the fusion adds to a product of clothes counts."""
    rows = [
        row(f"{split}-{n}", split, KINDS[kind], f"{colour} {kind}", f"images/{split}-{n}.png", {}) | {"drawn": colour}
        for split, count in (("train", 100), ("val", 6))
        for n, (kind, colour) in zip(range(count), cycle(product(("Shirt", "Shoe"), COLOURS)), strict=False)
    ]
    write_set(folder / "data" / "clothes", iter(rows))
    start = {"text": str(bert_folder(folder / "weighed-bert")), **HYBRID, "shared_stages": 2, "principal": True}
    changes: dict[str, Any] = {
        "start": start,
        "sets": [{"manifest": "clothes/products.jsonl"}],
        "frozen": [*ENCODERS, r"^heads\.text_embedding\."],
        "cache_views": 1,
        "open_head": True,
        "residual_embedding": True,
        "examples_weighed": True,
        "all_modality_subsets": True,
        "search_weight": 0.5,
        "epochs": 1,
    }
    config = tiny_run(folder, "weighed", **changes)
    train(config, folder / "data")
    assert {"search", "contrastive"} <= log(config)[0].keys()
    likeness = load_model(Path(config.output) / "model").model.heads.likeness
    assert likeness is not None
    assert likeness.direction_E.any()
    assert not likeness.near_2.any(), "one department tells nothing of distances"
    stopped = tiny_run(folder, "weighed-stopped", **changes)
    train(stopped, folder / "data", stop_after_steps=2)
    train(stopped, folder / "data")
    assert_same_end(config, stopped)
    elsewhere = folder / "elsewhere.pt"
    with pytest.raises(ConfigInvalid, match="holds a run with another seed"):
        train(dataclasses.replace(config, seed=1, features=str(elsewhere)), folder / "data")
    assert not elsewhere.exists(), "refused before anything is encoded"
    with pytest.raises(ConfigInvalid, match=r"all of heads\.text_embedding to be frozen"):
        train(tiny_run(folder, "weighed-moving", **changes | {"frozen": ENCODERS}), folder / "data")
    assert not (folder / "weighed-moving" / "features.pt").exists(), "refused before anything is encoded"
    with pytest.raises(ConfigInvalid, match="examples_weighed needs cache_views"):
        train(tiny_run(folder, "weighed-uncached", **changes | {"cache_views": 0}), folder / "data")
