"""The loss of a batch, on a tiny real model: modality dropout and modality subsets."""

import dataclasses

import pytest
import torch

from catalog.arrays import Modalities
from catalog.model.encoders import Encoded
from catalog.model.network import CatalogModel, Inputs
from tests.support.tiny import tiny_taxonomy
from tests.support.tiny_torch import tiny_model
from training.batch_loss import (
    batch_losses,
    corpus_losses,
    draw_leaves,
    known_cosines,
    modality_dropout,
    modality_subsets,
)
from training.config import SetConfig, StartConfig, TrainConfig
from training.data.manifests import LabelledProduct
from training.data.samples import CorpusBatch, TrainingBatch
from training.data.targets import TargetMaker, Targets
from training.losses import TreePaths, tree_cross_entropy

PLAIN = TrainConfig(
    output="",
    sets=(SetConfig("shop/products.jsonl"),),
    start=StartConfig(),
    keep_image=1,
    keep_text=1,
    smoothing=0,
    attribute_weight=0,
    tag_weight=0,
    contrastive_weight=0,
)
NODES = ("clothes.shirt", "clothes.shoe", "food.apple", "food.pear", "clothes.shirt")


@pytest.fixture(scope="module")
def model() -> CatalogModel:
    return tiny_model()


def batch() -> Inputs:
    """Five products: the third has no image, the fourth no words; texts are of unlike lengths."""
    generator = torch.Generator().manual_seed(0)
    length_U = torch.tensor([9, 3, 5, 2, 12])
    return Inputs(
        pixels_NCHW=torch.randint(0, 256, (5, 3, 32, 32), dtype=torch.uint8, generator=generator),
        texts=((torch.randint(5, 20, (5, 12), generator=generator), torch.arange(12) < length_U.unsqueeze(1)),),
        images_BP=torch.tensor([[0, 1], [2, -1], [-1, -1], [3, -1], [4, -1]]),
        texts_BP=torch.tensor([[0], [1], [2], [-1], [4]]),
    )


def targets() -> Targets:
    rows = [LabelledProduct("shop", node, "train", None, "t", "", "", node, None, {}, frozenset()) for node in NODES]
    return TargetMaker(tiny_taxonomy())(rows, [str(n) for n in range(5)], [True, True, True, False, True])


def of_rows(paths: TreePaths, rows: list[int]) -> TreePaths:
    return paths._replace(node_BL=paths.node_BL[rows])


def modality(present: list[bool]) -> Encoded:
    count = len(present)
    return Encoded(torch.zeros(count, 2, 4), torch.ones(count, 2).bool(), torch.zeros(count, 4), torch.tensor(present))


def test_the_loss_is_the_mean_over_modality_subsets(model: CatalogModel) -> None:
    image, text = model.encode(batch())
    subsets: dict[Modalities, list[int]] = {"image": [0, 1, 3, 4], "text": [0, 1, 2, 4], "both": [0, 1, 4]}
    expected = [
        tree_cross_entropy(
            model.fuse_and_classify(image, text, choice).leaf_BC[rows], of_rows(targets().paths, rows), 0, 0.3
        )
        for choice, rows in subsets.items()
    ]
    config = dataclasses.replace(PLAIN, all_modality_subsets=True)
    loss = batch_losses(model, TrainingBatch(targets(), batch()), config)["loss"]
    torch.testing.assert_close(loss, torch.stack(expected).mean(), atol=1e-5, rtol=1e-4)


def test_without_dropout_both_modalities_are_read(model: CatalogModel) -> None:
    outputs = model(batch())
    expected = tree_cross_entropy(outputs.leaf_BC, targets().paths, 0, 0.3)
    torch.testing.assert_close(batch_losses(model, TrainingBatch(targets(), batch()), PLAIN)["loss"], expected)


def test_a_caption_counts_in_the_contrastive_loss_alone(model: CatalogModel) -> None:
    """The caption of the fourth product: other words there change the contrastive loss and nothing else."""
    config = dataclasses.replace(PLAIN, contrastive_weight=1, all_modality_subsets=True)
    captioned = dataclasses.replace(batch(), texts_BP=torch.arange(5).unsqueeze(1))
    ((ids_UT, mask_UT),) = captioned.texts
    ids_UT = ids_UT.clone()
    ids_UT[3] = 23
    other = dataclasses.replace(captioned, texts=((ids_UT, mask_UT),))
    one, two = (batch_losses(model, TrainingBatch(targets(), given), config) for given in (captioned, other))
    torch.testing.assert_close(one["category"], two["category"])
    assert not torch.isclose(one["contrastive"], two["contrastive"])


def test_a_subset_needs_its_modalities() -> None:
    image, text = modality([True, True, False]), modality([True, False, True])
    present = [(i.present_B.tolist(), t.present_B.tolist()) for i, t in modality_subsets(image, text)]
    assert present == [
        ([True, True, False], [False, False, False]),
        ([False, False, False], [True, False, True]),
        ([True, False, False], [True, False, False]),
    ]


def test_modality_dropout_leaves_something_to_read() -> None:
    torch.manual_seed(0)
    image_B, text_B = torch.rand(1000) < 0.7, torch.rand(1000) < 0.7
    image, text = modality(image_B.tolist()), modality(text_B.tolist())
    kept_image, kept_text = modality_dropout(image, text, dataclasses.replace(PLAIN, keep_image=0.4, keep_text=0.4))
    assert torch.equal(kept_image.present_B | kept_text.present_B, image_B | text_B)
    both_B = image_B & text_B
    assert 0.5 < (~kept_image.present_B[both_B]).float().mean() < 0.7
    assert kept_text.present_B[both_B].float().mean() < 0.9
    kept_image, kept_text = modality_dropout(image, text, PLAIN)
    assert torch.equal(kept_image.present_B, image_B)
    assert torch.equal(kept_text.present_B, text_B)


def test_relations_are_those_of_the_encoders_between_products_of_the_same_modalities(model: CatalogModel) -> None:
    image, text = model.encode(batch())
    cosine_BB, known_BB = known_cosines(model, image, text)
    both_B, none_B = image.present_B & text.present_B, ~(image.present_B | text.present_B)
    assert known_BB[both_B][:, both_B].all()
    assert not known_BB[both_B][:, ~both_B].any()
    assert not none_B.any()
    text_BD = torch.nn.functional.normalize(text.pooled_BD, dim=-1)
    alone_BB, _ = known_cosines(model, image.keep(none_B), text)
    torch.testing.assert_close(alone_BB[2, 4], text_BD[2] @ text_BD[4])
    torch.testing.assert_close(cosine_BB.diagonal(), torch.ones(5))


def test_a_corpus_is_kept_apart_and_found_by_what_asks_for_it(model: CatalogModel) -> None:
    width = model.text_encoder.widths.pooled
    pooled_BD = torch.randn(4, width, generator=torch.Generator().manual_seed(0))
    pair = (torch.tensor([2, 3]), torch.tensor([0, 1]), torch.tensor([0, 1]))
    config = dataclasses.replace(PLAIN, relation_weight=1.0, contrastive_weight=1.0)
    paths = TargetMaker(tiny_taxonomy()).paths(["clothes.shirt", "", "clothes.shirt", ""])
    right, wrong = (
        corpus_losses(model, CorpusBatch(vectors_BD, {"same": pair}, paths), config)
        for vectors_BD in (pooled_BD[[0, 1, 0, 1]], pooled_BD[[0, 1, 1, 0]])
    )
    assert set(right) == {"texts", "named", "same"}
    assert right["named"] > 0
    assert right["same"] < wrong["same"]
    assert right["texts"] >= 0


def test_drawn_leaves_have_one_below_each_label_and_stand_for_the_others() -> None:
    under_MC = torch.zeros(3, 100, dtype=torch.bool)
    under_MC[0, :50], under_MC[1, 7], under_MC[2, 90:] = True, True, True
    paths = TreePaths(under_MC, torch.tensor([[0, 1], [-1, 2]]))
    torch.manual_seed(0)
    drawn = draw_leaves(paths, 10)
    assert drawn.leaves is not None
    assert len(set(drawn.leaves.tolist())) == len(drawn.leaves) <= 13
    assert drawn.of(paths).under_MC.any(1).all()
    assert drawn.weight_S.exp().sum().item() == pytest.approx(100, abs=0.01)
    assert draw_leaves(paths, 0).of(paths) is paths
    every = TreePaths(torch.eye(3).bool(), torch.tensor([[0], [1], [2]]))
    assert draw_leaves(every, 1).weight_S.tolist() == [0, 0, 0]
