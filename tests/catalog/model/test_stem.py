"""A stem whose upper stages are there twice: as they were pretrained, and as they are trained."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from catalog.model.config import ImageEncoderConfig, ModelConfig
from catalog.model.encoders import Encoded, ImageEncoder
from catalog.model.network import CatalogModel, empty_encoding
from tests.support.tiny import tiny_config, tiny_taxonomy

SHARED = ImageEncoderConfig(
    "vit_tiny_patch16_224",
    "test_efficientnet",
    {"depth": 1, "embed_dim": 24, "num_heads": 2, "patch_size": 1, "class_token": False, "global_pool": "avg"},
    size=64,
    shared_stages=2,
    name_width=16,
)


def shared_config() -> ModelConfig:
    """Of a tiny model with a shared stem, whose classes have names, and with an open head."""
    return replace(tiny_config(), image=SHARED, residual_embedding=True, open_head=True)


def shared_model(examples_weighed: bool = False) -> CatalogModel:
    torch.manual_seed(0)
    model = CatalogModel(replace(shared_config(), examples_weighed=examples_weighed), tiny_taxonomy()).eval()
    assert model.image_encoder.stem is not None
    model.image_encoder.stem.names_KE.normal_()
    assert model.heads.names is not None
    model.heads.names.read_CF.normal_()
    return model


@pytest.fixture(scope="module")
def encoder() -> ImageEncoder:
    return shared_model().image_encoder


def pixels() -> torch.Tensor:
    return torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@torch.inference_mode()
def test_the_pooled_vector_has_what_the_whole_cnn_says(encoder: ImageEncoder) -> None:
    stem = encoder.stem
    assert stem is not None
    tokens_NTD, pooled_NF = encoder(pixels())
    assert tokens_NTD.shape[2] == encoder.widths.tokens == 24
    assert pooled_NF.shape == (2, encoder.widths.pooled)
    normal_NCHW = (pixels() - encoder.mean) / encoder.std
    expected_NF = stem.net.forward_head(stem.net.forward_features(normal_NCHW), pre_logits=True)
    found_NF = pooled_NF[:, encoder.pretrained]
    features = expected_NF.shape[1]
    torch.testing.assert_close(found_NF[:, :features], F.layer_norm(expected_NF, (features,)), atol=1e-4, rtol=1e-3)
    logits_NK = stem.net.classifier(expected_NF)
    assert stem.names_KE.shape == (logits_NK.shape[1], 16)
    named_NE = (logits_NK / 2).softmax(-1) @ stem.names_KE
    torch.testing.assert_close(found_NF[:, features:], F.layer_norm(named_NE, (16,)), atol=1e-3, rtol=1e-2)


def test_only_the_copy_is_trained(encoder: ImageEncoder) -> None:
    assert encoder.stem is not None
    assert not any(parameter.requires_grad for parameter in encoder.stem.parameters())
    assert all(parameter.requires_grad for parameter in encoder.vit.patch_embed.backbone.parameters())


@torch.inference_mode()
def test_a_map_is_read_as_its_pixels(encoder: ImageEncoder) -> None:
    for expected, found in zip(encoder(pixels()), encoder(encoder.to_map(pixels())), strict=True):
        torch.testing.assert_close(expected, found)


def test_without_names() -> None:
    encoder = ImageEncoder(replace(SHARED, name_width=0)).eval()
    assert encoder.stem is not None
    assert encoder.widths.pooled == 24 + encoder.stem.net.num_features


@torch.inference_mode()
def test_an_encoder_is_what_its_configuration_and_weights_say(encoder: ImageEncoder) -> None:
    again = ImageEncoder(encoder.config).eval()
    again.load_state_dict(encoder.state_dict())
    for expected, found in zip(encoder(pixels()), again(pixels()), strict=True):
        assert torch.equal(expected, found)


@torch.inference_mode()
def test_an_image_is_also_embedded_as_a_text_of_its_classes_names() -> None:
    model = shared_model()
    encoder, heads = model.image_encoder, model.heads
    _, pooled_NF = encoder(pixels())
    rest_NE = F.normalize(heads.image_embedding(pooled_NF), dim=-1)
    named_NE = F.normalize(heads.text_embedding(pooled_NF[:, encoder.named]), dim=-1)
    heads.embedding.weight.zero_()
    heads.embedding.bias.zero_()
    nothing = Encoded.scatter(*empty_encoding(model.text_encoder.widths, pooled_NF.device), torch.full((2, 1), -1))
    tokens_NTD = pooled_NF[:, None, :24]
    image = Encoded(tokens_NTD, torch.ones(2, 1).bool(), pooled_NF, torch.ones(2).bool())
    found_BE = model.fuse_and_classify(image, nothing).fused_BE
    torch.testing.assert_close(found_BE, F.normalize(rest_NE + named_NE, dim=-1), atol=1e-5, rtol=1e-4)


@torch.inference_mode()
def test_goods_unlike_the_examples_go_by_what_encoders_and_names_say_alone() -> None:
    """By its text a product is like the examples, or not; its image then is near to them, or far."""
    model, plain = shared_model(examples_weighed=True), shared_model()
    plain.load_state_dict(model.state_dict(), strict=False)
    likeness = model.heads.likeness
    assert likeness is not None
    tokens_NTD, pooled_NF = model.image_encoder(pixels())
    everywhere = torch.ones(2).bool()
    image = Encoded(tokens_NTD, torch.ones(tokens_NTD.shape[:2]).bool(), pooled_NF, everywhere)
    text = Encoded(torch.randn(2, 1, 16), torch.ones(2, 1).bool(), torch.randn(2, 16), everywhere)
    text_BE = model.fuse_and_classify(image, text, "text").text_BE
    likeness.direction_E.copy_(1000 * (text_BE[0] - text_BE[1]))
    found, all_of_it = (each.fuse_and_classify(image, text, "text") for each in (model, plain))
    torch.testing.assert_close(found.leaf_BC[0], all_of_it.leaf_BC[0])
    torch.testing.assert_close(found.fused_BE[0], all_of_it.fused_BE[0])
    torch.testing.assert_close(found.fused_BE[1], text_BE[1])
    assert found.names_BC is not None
    torch.testing.assert_close(found.leaf_BC[1], found.names_BC[1])
    # An image counts by its distance to the sample: the first is in it, twice, as the second nearest is compared.
    likeness.direction_E.zero_()
    likeness.projection_DP[: likeness.NUMBERS].copy_(torch.eye(likeness.NUMBERS)[: likeness.projection_DP.shape[0]])
    projected_BP = F.normalize(F.normalize(pooled_NF, dim=-1) @ likeness.projection_DP, dim=-1)
    likeness.sample_NP[:2] = projected_BP[:1]
    likeness.near_2.copy_(torch.tensor([-1e5, 1.0]))
    share_B1 = likeness(image, torch.zeros(2, 32))
    torch.testing.assert_close(share_B1[:, 0], torch.tensor([0.7311, 0.0]), atol=1e-3, rtol=0)
    nothing = image._replace(present_B=~everywhere)
    torch.testing.assert_close(likeness(nothing, torch.zeros(2, 32))[:, 0], torch.full((2,), 0.5))
