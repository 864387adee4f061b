"""The whole model, tiny and real."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from catalog.errors import ConfigInvalid
from catalog.model.config import FusionKind, ModelConfig
from catalog.model.network import CatalogModel, CategoryNames, Inputs
from tests.support.tiny import tiny_config, tiny_taxonomy
from tests.support.tiny_torch import tiny_model

KINDS: tuple[FusionKind, ...] = ("early", "late", "cross")


def batch(owners: list[int], products: int, has_text: list[bool], seed: int = 0) -> Inputs:
    """Pictures of these owners, in their order; every product has its own text, which it may not be given."""
    generator = torch.Generator().manual_seed(seed)
    own = [[image for image, owner in enumerate(owners) if owner == product] for product in range(products)]
    places = max(1, *map(len, own))
    return Inputs(
        pixels_NCHW=torch.randint(0, 256, (len(owners), 3, 32, 32), dtype=torch.uint8, generator=generator),
        texts=((torch.randint(5, 20, (products, 6), generator=generator), torch.ones(products, 6, dtype=torch.bool)),),
        images_BP=torch.tensor([images + [-1] * (places - len(images)) for images in own]),
        texts_BP=torch.tensor([[row if given else -1] for row, given in enumerate(has_text)]),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_embeddings_are_unit_vectors_in_one_space(kind: FusionKind) -> None:
    outputs = tiny_model(kind)(batch([0, 1, 1], 3, [True, True, True]))
    for vectors in (outputs.fused_BE, outputs.image_BE, outputs.text_BE):
        assert vectors.shape == (3, 32)
        torch.testing.assert_close(vectors.norm(dim=-1), torch.ones(3))


@pytest.mark.parametrize("kind", KINDS)
def test_a_product_reads_the_same_alone_and_in_company(kind: FusionKind) -> None:
    model = tiny_model(kind)
    whole = batch([0, 1, 1, 2], 4, [True, True, False, True])
    ids_BT, mask_BT = whole.texts[0]
    texts = ((ids_BT[1:2], mask_BT[1:2]),)
    alone = Inputs(whole.pixels_NCHW[1:3], texts, torch.tensor([[0, 1]]), torch.tensor([[0]]))
    torch.testing.assert_close(model(whole).leaf_BC[1:2], model(alone).leaf_BC, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_images_and_products_does_not_matter(kind: FusionKind) -> None:
    model = tiny_model(kind)
    given = batch([0, 0, 1], 2, [True, True])
    turned = replace(given, pixels_NCHW=given.pixels_NCHW[[1, 0, 2]])
    torch.testing.assert_close(model(given).leaf_BC, model(turned).leaf_BC, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_what_two_products_share_is_the_same_for_both(kind: FusionKind) -> None:
    model = tiny_model(kind)
    own = batch([0, 1], 2, [True, True])
    shared = replace(own, images_BP=torch.tensor([[0], [0]]), texts_BP=torch.tensor([[0], [0]]))
    torch.testing.assert_close(model(shared).leaf_BC, model(own).leaf_BC[[0, 0]], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_groups_of_texts_make_no_difference(kind: FusionKind) -> None:
    model = tiny_model(kind)
    whole = batch([0, 1], 3, [True, True, True])
    ids_BT, mask_BT = whole.texts[0]
    mask_BT[0, 3:] = False
    short, long = (ids_BT[:1, :3], mask_BT[:1, :3]), (ids_BT[1:], mask_BT[1:])
    torch.testing.assert_close(model(replace(whole, texts=(short, long))).leaf_BC, model(whole).leaf_BC)


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_alone_needs_no_text(kind: FusionKind) -> None:
    alone = replace(batch([0], 1, [False]), texts=())
    torch.testing.assert_close(tiny_model(kind)(alone).leaf_BC, tiny_model(kind)(batch([0], 1, [False])).leaf_BC)


@pytest.mark.parametrize("kind", KINDS)
def test_text_alone_needs_no_image(kind: FusionKind) -> None:
    outputs = tiny_model(kind)(batch([], 2, [True, True]))
    assert torch.isfinite(outputs.leaf_BC).all()
    assert not torch.allclose(outputs.leaf_BC[0], outputs.leaf_BC[1])


def test_config_survives_json() -> None:
    config = tiny_config("cross")
    assert ModelConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize("change", [{"fusion": "middle"}, {"colour": 1}])
def test_config_refuses_what_it_does_not_know(change: dict[str, object]) -> None:
    with pytest.raises(ConfigInvalid, match=r"must be one of early, late, cross|missing or unknown field"):
        ModelConfig.from_dict(tiny_config().to_dict() | change)


def test_attributes_and_tags_have_a_logit_each() -> None:
    outputs = tiny_model()(batch([0], 1, [True]))
    assert outputs.leaf_BC.shape == (1, 4)
    assert outputs.tags_BG.shape == (1, 2)
    assert {name: tuple(logits.shape) for name, logits in outputs.attributes.items()} == {
        "colour": (1, 3),
        "gender": (1, 2),
    }
    assert np.isfinite(outputs.tags_BG.detach().numpy()).all()


@torch.inference_mode()
def test_a_residual_embedding_adds_to_what_each_modality_says() -> None:
    """Before the fusion adds anything: a product has the embedding of its modality, or the sum of both."""
    torch.manual_seed(0)
    model = CatalogModel(replace(tiny_config(), residual_embedding=True), tiny_taxonomy()).eval()
    model.heads.embedding.weight.zero_()
    model.heads.embedding.bias.zero_()
    image, text = model.encode(batch([0, 1], 2, [True, True]))
    alone = {name: model.fuse_and_classify(image, text, name) for name in ("image", "text")}
    torch.testing.assert_close(alone["image"].fused_BE, alone["image"].image_BE)
    torch.testing.assert_close(alone["text"].fused_BE, alone["text"].text_BE)
    sum_BE = alone["image"].image_BE + alone["text"].text_BE
    both_BE = model.fuse_and_classify(image, text).fused_BE
    torch.testing.assert_close(both_BE, sum_BE / sum_BE.norm(dim=-1, keepdim=True))


@torch.inference_mode()
def test_what_the_fusion_adds_to_a_residual_embedding_is_bounded() -> None:
    torch.manual_seed(0)
    model = CatalogModel(replace(tiny_config(), residual_embedding=True), tiny_taxonomy()).eval()
    model.heads.embedding.weight.mul_(1000)
    image, text = model.encode(batch([0, 1], 2, [True, True]))
    outputs = model.fuse_and_classify(image, text, "text")
    assert (outputs.fused_BE * outputs.text_BE).sum(-1).min() > 0.85


@torch.inference_mode()
def test_an_open_head_tells_categories_by_their_names() -> None:
    """A text is of the category whose names are read alike, before there was any example."""
    torch.manual_seed(0)
    model = CatalogModel(replace(tiny_config(), residual_embedding=True, open_head=True), tiny_taxonomy()).eval()
    heads = model.heads
    assert heads.names is not None
    for still in (heads.embedding, heads.category):
        still.weight.zero_()
        still.bias.zero_()
    image, text = model.encode(batch([0, 1], 2, [True, True]))
    heads.names.read_CF[:2] = text.pooled_BD
    outputs = model.fuse_and_classify(image, text, "text")
    assert outputs.leaf_BC.argmax(1).tolist() == [0, 1]
    scale = heads.names.log_scale.exp()
    torch.testing.assert_close(outputs.leaf_BC.diagonal(), scale.expand(2))


def test_training_leaves_out_what_examples_taught_of_some_categories() -> None:
    names = CategoryNames(1000, 4).train()
    torch.manual_seed(0)
    left_BC = names.left_out(torch.ones(2, 1000))
    assert torch.equal(left_BC[0], left_BC[1])
    assert 0.7 < left_BC.mean() < 0.8
    assert names.eval().left_out(torch.ones(2, 1000)).min() == 1
