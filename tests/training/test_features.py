"""Encoder features that are kept from one run to the next."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.support.catalogue import shop_rows, write_set
from tests.support.tiny import tiny_taxonomy, tiny_tokenizer
from tests.support.tiny_torch import tiny_model
from training.data.manifests import read_manifest
from training.data.samples import Collation, Collator, Sampler
from training.features.cache import FeatureCache


@pytest.mark.parametrize("changed", [("image", {"mean": (0.5, 0.5, 0.5)}), ("text", {"prefix": "query: "})])
def test_features_of_an_encoder_that_is_fed_otherwise_are_made_anew(
    tmp_path: Path, changed: tuple[str, dict[str, object]]
) -> None:
    write_set(tmp_path / "shop", shop_rows())
    rows = read_manifest(tmp_path / "shop" / "products.jsonl", tiny_taxonomy())[:4]
    model, path = tiny_model().requires_grad_(False), tmp_path / "features.pt"
    size = model.config.image.size
    collator = Collator(Sampler(rows, tiny_taxonomy(), size, seed=0), Collation(size, tiny_tokenizer()))
    FeatureCache(model, collator, 1, rows, path)
    written = path.stat().st_mtime_ns
    FeatureCache(model, collator, 1, rows, path)
    assert path.stat().st_mtime_ns == written
    modality, fields = changed
    model.config = replace(model.config, **{modality: replace(getattr(model.config, modality), **fields)})
    FeatureCache(model, collator, 1, rows, path)
    assert path.stat().st_mtime_ns != written


def test_tokens_are_kept_for_a_fusion_that_reads_them(tmp_path: Path) -> None:
    write_set(tmp_path / "shop", shop_rows())
    rows = read_manifest(tmp_path / "shop" / "products.jsonl", tiny_taxonomy())[:4]
    late, cross = (tiny_model(kind).requires_grad_(False) for kind in ("late", "cross"))
    size, path = late.config.image.size, tmp_path / "features.pt"
    collator = Collator(Sampler(rows, tiny_taxonomy(), size, seed=0), Collation(size, tiny_tokenizer()))
    few = FeatureCache(late, collator, 1, rows, path)
    assert few.image[0].tokens_BTD.shape[1] == few.text[0].tokens_BTD.shape[1] == 0
    every = FeatureCache(cross, collator, 1, rows, path)
    assert every.image[0].tokens_BTD.shape[1] == 17
    one, other = (cache.read([0, 2], seed=0).encoded for cache in (few, FeatureCache(late, collator, 1, rows, path)))
    assert one is not None
    assert other is not None
    assert (one[0].tokens_BTD.shape[1], other[0].tokens_BTD.shape[1]) == (0, 17)
    for modality in (0, 1):
        assert torch.equal(one[modality].pooled_BD, other[modality].pooled_BD)
