"""Cached maps of a stem: what training reads in the place of pixels."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch

from catalog.images.decode import decode
from catalog.model.preprocess import to_pixels
from tests.catalog.model.test_stem import shared_model
from tests.support.catalogue import shop_rows, tiny_run, write_catalogue, write_set
from tests.support.tiny import tiny_taxonomy
from tests.support.tiny_torch import bert_folder
from tests.training.test_train import HYBRID
from training.data.manifests import read_manifest
from training.data.samples import Sampler
from training.features.stem_maps import StemMaps
from training.train import train


@pytest.fixture(scope="module")
def sampler(tmp_path_factory: pytest.TempPathFactory) -> Sampler:
    folder = tmp_path_factory.mktemp("maps") / "shop"
    write_set(folder, shop_rows())
    rows = read_manifest(folder / "products.jsonl", tiny_taxonomy())
    return Sampler([*rows[:3], next(row for row in rows if row.image is None)], tiny_taxonomy(), 64, seed=0)


@torch.inference_mode()
def test_the_first_view_is_the_image_as_it_is_served(sampler: Sampler, tmp_path: Path) -> None:
    encoder = shared_model().image_encoder
    maps = StemMaps(encoder, sampler, 2, tmp_path / "maps.npy")
    pixels_CHW = to_pixels(decode(sampler.rows[1].read_image(), size_hint=64), 64)
    expected_CHW = encoder.to_map(torch.from_numpy(pixels_CHW[None]))[0]
    found_CHW = torch.from_numpy(np.array(maps.maps[0, 1])).permute(2, 0, 1).float()
    torch.testing.assert_close(found_CHW, expected_CHW, atol=0.05, rtol=0.05)
    assert not np.array_equal(maps.maps[0, 1], maps.maps[1, 1])
    assert not maps.maps[:, 3].any()


def test_a_sample_of_a_map_is_determined_by_its_draw(sampler: Sampler, tmp_path: Path) -> None:
    maps = StemMaps(shared_model().image_encoder, sampler, 2, tmp_path / "maps.npy")
    one, same, other = (maps.read(0, random.Random(seed)) for seed in (1, 1, 2))
    assert one.shape == (1, *maps.maps.shape[4:], *maps.maps.shape[2:4])
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_maps_are_kept_resumed_and_made_anew_for_another_stem(sampler: Sampler, tmp_path: Path) -> None:
    encoder, path = shared_model().image_encoder, tmp_path / "maps.npy"
    first = np.array(StemMaps(encoder, sampler, 2, path).maps)
    record = path.with_suffix(".json")
    written = path.stat().st_mtime_ns
    StemMaps(encoder, sampler, 2, path)
    assert path.stat().st_mtime_ns == written
    record.write_text(record.read_text().replace('"done": 2', '"done": 0'))
    assert np.array_equal(StemMaps(encoder, sampler, 2, path).maps, first)
    assert encoder.stem is not None
    with torch.no_grad():
        encoder.stem.net.conv_stem.weight.mul_(2)
    assert not np.array_equal(StemMaps(encoder, sampler, 2, path).maps, first)


@pytest.mark.slow
def test_a_run_from_a_pretrained_stem_learns_on_its_maps(tmp_path: Path) -> None:
    data = write_catalogue(tmp_path)
    bert_folder(tmp_path / "bert")
    start = {
        "stem": "test_efficientnet",
        "size": 64,
        "shared_stages": 2,
        "image_options": HYBRID["image_options"],
        "text": str(tmp_path / "bert"),
        "mean": [0.5, 0.5, 0.5],
        "std": [0.5, 0.5, 0.5],
    }
    config = tiny_run(
        tmp_path, "maps", start=start, cache_maps=2, frozen=[r"^text_encoder\."], epochs=1, relation_weight=1.0
    )
    assert 0 <= train(config, data)["score"] <= 1
    assert (tmp_path / "maps" / "maps.npy").is_file()
