"""Losses against values worked out by hand."""

from math import log

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from training.losses import (
    TreePaths,
    asymmetric_loss,
    attribute_cross_entropy,
    contrastive,
    relation,
    tree_cross_entropy,
)

# Three leaves; the first two lie under one upper node, the third under another.
PROBABILITY = (0.5, 0.3, 0.2)
UNDER_MC = torch.tensor([[True, True, False], [True, False, False]])  # of the first upper node, and its first leaf
FIRST_LEAF, UPPER_NODE, UNLABELLED = (0, 1), (-1, 0), (-1, -1)


def logits(products: int = 1) -> Tensor:
    """Any constant may be added to logits, so one is."""
    return (torch.tensor([PROBABILITY] * products).log() + 7).requires_grad_()


def paths(*nodes: tuple[int, int]) -> TreePaths:
    return TreePaths(UNDER_MC, torch.tensor(nodes))


def test_a_leaf_pays_for_itself_and_less_for_its_parent() -> None:
    loss = tree_cross_entropy(logits(), paths(FIRST_LEAF), smoothing=0, upper_weight=0.3)
    assert loss.item() == pytest.approx(-log(0.5) - 0.3 * log(0.5 + 0.3), abs=1e-5)


def test_a_label_may_be_an_inner_node() -> None:
    loss = tree_cross_entropy(logits(), paths(UPPER_NODE), smoothing=0, upper_weight=0.3)
    assert loss.item() == pytest.approx(-log(0.8), abs=1e-5)


def test_leaves_under_an_inner_label_keep_their_proportion() -> None:
    leaf_BC = logits()
    tree_cross_entropy(leaf_BC, paths(UPPER_NODE), smoothing=0, upper_weight=0.3).backward()
    assert leaf_BC.grad is not None
    expected = [0.5 - 0.5 / 0.8, 0.3 - 0.3 / 0.8, 0.2]
    torch.testing.assert_close(leaf_BC.grad[0], torch.tensor(expected), atol=1e-5, rtol=0)


def test_smoothing_pulls_towards_all_leaves_alike() -> None:
    loss = tree_cross_entropy(logits(), paths(FIRST_LEAF), smoothing=0.1, upper_weight=0)
    uniform = -sum(log(p) for p in PROBABILITY) / 3
    assert loss.item() == pytest.approx(0.9 * -log(0.5) + 0.1 * uniform, abs=1e-5)


def test_unlabelled_products_do_not_count() -> None:
    alone = tree_cross_entropy(logits(), paths(FIRST_LEAF), 0.1, 0.3)
    leaf_BC = logits(2)
    mixed = tree_cross_entropy(leaf_BC, paths(UNLABELLED, FIRST_LEAF), 0.1, 0.3)
    mixed.backward()
    assert mixed.item() == pytest.approx(alone.item(), abs=1e-6)
    assert leaf_BC.grad is not None
    assert leaf_BC.grad[0].abs().max() == 0


def test_no_label_at_all_is_no_loss_but_still_a_graph() -> None:
    leaf_BC = logits()
    loss = tree_cross_entropy(leaf_BC, paths(UNLABELLED), 0.1, 0.3)
    loss.backward()
    assert loss.item() == 0
    assert leaf_BC.grad is not None
    assert leaf_BC.grad.abs().max() == 0


def test_tags_without_focus_and_margin_are_binary_cross_entropy() -> None:
    logits_BG = torch.tensor([[2.0, -1.0], [0.5, 3.0], [-4.0, 0.0]])
    labels_BG = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    known_B = torch.tensor([True, True, False])
    plain = F.binary_cross_entropy_with_logits(logits_BG[:2], labels_BG[:2], reduction="none").sum(1).mean()
    torch.testing.assert_close(asymmetric_loss(logits_BG, labels_BG, known_B, focus=0, margin=0), plain)


def test_easy_negative_tags_cost_nothing() -> None:
    logits_BG, known_B = torch.tensor([[-4.0, -5.0]]), torch.tensor([True])
    assert asymmetric_loss(logits_BG, torch.zeros(1, 2), known_B).item() == 0
    assert asymmetric_loss(logits_BG, torch.ones(1, 2), known_B).item() > 4


def test_products_without_known_tags_do_not_count() -> None:
    logits_BG = torch.ones(2, 3, requires_grad=True)
    loss = asymmetric_loss(logits_BG, torch.zeros(2, 3), torch.tensor([False, False]))
    loss.backward()
    assert loss.item() == 0


def test_unknown_attributes_do_not_count() -> None:
    given = {"colour": torch.tensor([[2.0, 0.0], [9.0, -9.0]]), "size": torch.tensor([[1.0, 1.0, 1.0]] * 2)}
    known = {"colour": torch.tensor([0, -1]), "size": torch.tensor([-1, 2])}
    loss = attribute_cross_entropy(given, known, smoothing=0)
    assert loss.item() == pytest.approx(log(1 + torch.tensor(-2.0).exp().item()) + log(3), abs=1e-5)
    nothing = {name: torch.tensor([-1, -1]) for name in given}
    assert attribute_cross_entropy(given, nothing, smoothing=0.1).item() == 0


LARGE = torch.tensor(4.6)


def test_pairs_that_match_perfectly_cost_nothing() -> None:
    vectors_BE = torch.eye(4, 8)
    assert contrastive(vectors_BE, vectors_BE, torch.eye(4).bool(), LARGE, (4, 8)).item() < 1e-4
    assert contrastive(vectors_BE, vectors_BE.flip(0), torch.eye(4).bool(), LARGE, (4, 8)).item() > 50


def test_contrastive_loss_by_hand() -> None:
    a_BE, b_BE = torch.eye(2), torch.tensor([[1.0, 0.0], [0.6, 0.8]])
    scores = [[1.0, 0.6], [0.0, 0.8]]
    across = [log(1 + 2.718281828 ** (scores[i][1 - i] - scores[i][i])) for i in range(2)]
    down = [log(1 + 2.718281828 ** (scores[1 - i][i] - scores[i][i])) for i in range(2)]
    loss = contrastive(a_BE, b_BE, torch.eye(2).bool(), torch.tensor(0.0), (2,))
    assert loss.item() == pytest.approx((sum(across) + sum(down)) / 4, abs=1e-5)


def test_products_with_equal_text_are_all_positives() -> None:
    a_BE, b_BE = torch.randn(2, 4, 8, generator=torch.Generator().manual_seed(0))
    texts_B = torch.tensor([0, 0, 1, 2])
    same_BB = texts_B.unsqueeze(0) == texts_B.unsqueeze(1)
    swapped_BE = b_BE[[1, 0, 2, 3]]
    loss, swapped = (contrastive(a_BE, b, same_BB, LARGE, (8,)) for b in (b_BE, swapped_BE))
    torch.testing.assert_close(loss, swapped)
    apart, swapped_apart = (contrastive(a_BE, b, torch.eye(4).bool(), LARGE, (8,)) for b in (b_BE, swapped_BE))
    assert not torch.isclose(apart, swapped_apart)


def test_every_cut_is_an_embedding_of_its_own() -> None:
    a_BE, b_BE = torch.randn(2, 4, 8, generator=torch.Generator().manual_seed(1))
    same_BB = torch.eye(4).bool()
    short, whole, both = (contrastive(a_BE, b_BE, same_BB, LARGE, cuts) for cuts in ((2,), (8,), (2, 8)))
    torch.testing.assert_close(both, (short + whole) / 2)
    torch.testing.assert_close(short, contrastive(a_BE[:, :2], b_BE[:, :2], same_BB, LARGE, (2,)))


def test_the_scale_is_bounded() -> None:
    a_BE, b_BE = torch.randn(2, 4, 8, generator=torch.Generator().manual_seed(2))
    same_BB = torch.eye(4).bool()
    bounded = contrastive(a_BE, b_BE, same_BB, torch.tensor(50.0), (8,))
    torch.testing.assert_close(bounded, contrastive(a_BE, b_BE, same_BB, LARGE, (8,)))


@pytest.mark.parametrize("pairs", [0, 1])
def test_too_few_pairs_to_contrast(pairs: int) -> None:
    a_BE = torch.ones(pairs, 4, requires_grad=True)
    loss = contrastive(a_BE, torch.ones(pairs, 4), torch.eye(pairs).bool(), LARGE, (4,))
    loss.backward()
    assert loss.item() == 0


def test_kept_relations_cost_nothing_and_others_do() -> None:
    ours_BE = torch.randn(4, 8, generator=torch.Generator().manual_seed(3))
    unit_BE = ours_BE / ours_BE.norm(dim=-1, keepdim=True)
    every_BB = torch.ones(4, 4, dtype=torch.bool)
    assert relation(3 * ours_BE, unit_BE @ unit_BE.T, every_BB, (8,)).item() == pytest.approx(0, abs=1e-6)
    wrong_BB = unit_BE @ unit_BE.T
    wrong_BB[0, 1] += 0.5
    assert relation(ours_BE, wrong_BB, every_BB, (8,)).item() == pytest.approx(0.25 / 16, abs=1e-5)
    every_BB[0, 1] = False
    assert relation(ours_BE, wrong_BB, every_BB, (8,)).item() == pytest.approx(0, abs=1e-6)
    assert relation(ours_BE, wrong_BB, ~torch.ones(4, 4, dtype=torch.bool), (8,)).item() == 0
