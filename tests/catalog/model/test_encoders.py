"""Any ViT of timm's and any BERT of transformers', from a local folder and back without it."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import timm
import torch

from catalog.errors import ConfigInvalid
from catalog.model.config import ImageEncoderConfig
from catalog.model.encoders import ImageEncoder, TextEncoder, masked_mean
from tests.support.tiny_torch import bert_folder, vit_folder

VITS = ("test_vit", "test_vit2", "test_vit3")
HYBRID = ImageEncoderConfig(
    "vit_tiny_patch16_224",
    "test_efficientnet",
    {"depth": 1, "embed_dim": 24, "num_heads": 2, "patch_size": 1, "class_token": False, "global_pool": "avg"},
    size=64,
)


def images(size: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (2, 3, size, size), dtype=torch.uint8, generator=generator)


@torch.inference_mode()
def assert_equal_answers(one: ImageEncoder, other: ImageEncoder) -> None:
    pixels_NCHW = images(one.config.size)
    for expected, found in zip(one.eval()(pixels_NCHW), other.eval()(pixels_NCHW), strict=True):
        assert torch.equal(expected, found)


@pytest.mark.parametrize("architecture", VITS)
def test_a_vit_from_a_folder_answers_as_timms_own(architecture: str, tmp_path: Path) -> None:
    folder = vit_folder(tmp_path / "vit", architecture)
    vit: Any = timm.create_model(f"local-dir:{folder}", pretrained=True, num_classes=0).eval()
    size = vit.patch_embed.img_size[0]
    encoder = ImageEncoder.from_pretrained(str(folder), size=size).eval()
    pixels_NCHW = images(size)
    mean, std = torch.tensor([0.5, 0.4, 0.3]), torch.tensor([0.2, 0.25, 0.3])
    normal_NCHW = (pixels_NCHW / 255 - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    with torch.inference_mode():
        tokens_NTD, pooled_ND = encoder(pixels_NCHW)
        expected_ND = vit(normal_NCHW)
    assert pooled_ND.shape == (2, encoder.widths.pooled)
    assert tokens_NTD.shape[::2] == (2, encoder.widths.pooled)
    torch.testing.assert_close(pooled_ND, expected_ND, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("architecture", VITS)
def test_an_encoder_outlives_its_folder(architecture: str, tmp_path: Path) -> None:
    folder = vit_folder(tmp_path / "vit", architecture)
    encoder = ImageEncoder.from_pretrained(str(folder), size=64)
    shutil.rmtree(folder)
    again = ImageEncoder(encoder.config)
    again.load_state_dict(encoder.state_dict())
    assert_equal_answers(encoder, again)


def test_options_are_kept(tmp_path: Path) -> None:
    folder = vit_folder(tmp_path / "vit")
    encoder = ImageEncoder.from_pretrained(str(folder), size=64, dynamic_img_size=True)
    again = ImageEncoder(encoder.config)
    again.load_state_dict(encoder.state_dict())
    assert again(images(96))[0].shape == (2, 1 + 36, encoder.widths.tokens)


def test_a_folder_whose_config_has_arguments(tmp_path: Path) -> None:
    """timm's layout may carry arguments of the model, such as its depth; they are part of its shape."""
    folder = vit_folder(tmp_path / "vit", "vit_tiny_patch16_224", depth=1, embed_dim=24, num_heads=2)
    encoder = ImageEncoder.from_pretrained(str(folder), size=64)
    assert encoder.widths == (24, 24)
    again = ImageEncoder(encoder.config)
    again.load_state_dict(encoder.state_dict())
    assert_equal_answers(encoder, again)


def test_a_hybrid_vit_reads_the_cells_of_a_cnn() -> None:
    encoder = ImageEncoder(HYBRID).eval()
    tokens_NTD, pooled_ND = encoder(images(64))
    assert tokens_NTD.shape == (2, 4, 24)
    assert pooled_ND.shape == (2, 24)
    names = [name for name, _ in encoder.named_parameters()]
    assert any(name.startswith("vit.patch_embed.backbone.") for name in names)
    again = ImageEncoder(HYBRID)
    again.load_state_dict(encoder.state_dict())
    assert_equal_answers(encoder, again)


@torch.inference_mode()
def test_a_crop_reads_the_middle() -> None:
    encoder = ImageEncoder(replace(HYBRID, size=96, crop=2 / 3)).eval()
    assert encoder.config.inner == 64
    whole_NCHW = images(96)
    for expected, found in zip(encoder(whole_NCHW[:, :, 16:80, 16:80]), encoder(whole_NCHW), strict=True):
        assert torch.equal(expected, found)


def test_an_unknown_name() -> None:
    with pytest.raises(ConfigInvalid, match="timm has no model named 'vit_of_tomorrow'"):
        ImageEncoder.from_pretrained("vit_of_tomorrow")


@pytest.mark.parametrize("architecture", ["test_resnet", "test_convnext"])
def test_a_network_that_is_no_vit(architecture: str, tmp_path: Path) -> None:
    folder = vit_folder(tmp_path / "cnn", architecture)
    with pytest.raises(ConfigInvalid, match=f"'{architecture}' is not a vision transformer"):
        ImageEncoder.from_pretrained(str(folder))


@pytest.mark.parametrize("config", [None, "{", "{}"])
def test_a_folder_without_a_model(tmp_path: Path, config: str | None) -> None:
    if config is not None:
        (tmp_path / "config.json").write_text(config)
    with pytest.raises(ConfigInvalid, match=r"config\.json"):
        ImageEncoder.from_pretrained(str(tmp_path))


def test_a_bert_from_a_folder(tmp_path: Path) -> None:
    folder = bert_folder(tmp_path / "bert")
    encoder = TextEncoder.from_pretrained(str(folder), max_tokens=16).eval()
    assert encoder.config.max_tokens == 16
    shutil.rmtree(folder)
    again = TextEncoder(encoder.config).eval()
    again.load_state_dict(encoder.state_dict())
    ids_BT, mask_BT = torch.randint(5, 20, (2, 6)), torch.ones(2, 6, dtype=torch.bool)
    with torch.inference_mode():
        for expected, found in zip(encoder(ids_BT, mask_BT), again(ids_BT, mask_BT), strict=True):
            assert torch.equal(expected, found)
    assert encoder(ids_BT, mask_BT)[1].shape == (2, 16)


def test_the_config_of_a_bert_is_json(tmp_path: Path) -> None:
    encoder = TextEncoder.from_pretrained(str(bert_folder(tmp_path / "bert")))
    fields = json.loads(json.dumps(dict(encoder.config.bert)))
    assert fields == encoder.config.bert
    assert str(tmp_path) not in json.dumps(fields)


def test_a_bert_in_half_precision_is_read_in_full(tmp_path: Path) -> None:
    folder = bert_folder(tmp_path / "bert", dtype=torch.float16)
    encoder = TextEncoder.from_pretrained(str(folder))
    assert {parameter.dtype for parameter in encoder.parameters()} == {torch.float32}


def test_padding_does_not_reach_the_pooled_vector(tmp_path: Path) -> None:
    encoder = TextEncoder.from_pretrained(str(bert_folder(tmp_path / "bert"))).eval()
    ids_BT = torch.randint(5, 20, (1, 6))
    mask_BT = torch.tensor([[True, True, True, True, False, False]])
    with torch.inference_mode():
        _, padded_BD = encoder(ids_BT, mask_BT)
        _, short_BD = encoder(ids_BT[:, :4], mask_BT[:, :4])
    torch.testing.assert_close(padded_BD, short_BD, atol=1e-5, rtol=1e-4)


def test_the_mean_of_no_token_is_zero() -> None:
    tokens_BTD = torch.ones(2, 3, 4)
    mask_BT = torch.tensor([[True, False, True], [False, False, False]])
    assert masked_mean(tokens_BTD, mask_BT).tolist() == [[1] * 4, [0] * 4]
