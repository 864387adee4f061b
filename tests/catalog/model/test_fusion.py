"""The three fusions: one signature, no leak from a missing or padded modality, gradients everywhere."""

import pytest
import torch
from torch import Tensor

from catalog.model.config import FusionKind
from catalog.model.encoders import Encoded, Widths
from catalog.model.fusion import FUSIONS

KINDS: tuple[FusionKind, ...] = ("early", "late", "cross")


def encoded(batch: int, length: int, width: int, seed: int) -> Encoded:
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randn(batch, length, width, generator=generator)
    mask = torch.ones(batch, length, dtype=torch.bool)
    return Encoded(tokens, mask, tokens.mean(1), torch.ones(batch, dtype=torch.bool))


def fusion(kind: FusionKind) -> torch.nn.Module:
    torch.manual_seed(0)
    return FUSIONS[kind](Widths(12, 12), Widths(8, 8), 16, 2, 2, 0.0).eval()


@pytest.mark.parametrize("kind", KINDS)
def test_gives_one_vector_per_product(kind: FusionKind) -> None:
    assert fusion(kind)(encoded(3, 5, 12, 0), encoded(3, 4, 8, 1)).shape == (3, 16)


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_modality_has_no_influence(kind: FusionKind) -> None:
    image, text = encoded(2, 5, 12, 0), encoded(2, 4, 8, 1)
    absent = torch.tensor([True, False])
    other = encoded(2, 4, 8, 2)
    module = fusion(kind)
    first, second = module(image, text.keep(absent)), module(image, other.keep(absent))
    assert not torch.allclose(first[0], second[0])
    torch.testing.assert_close(first[1], second[1])


@pytest.mark.parametrize("kind", ["early", "cross"])
def test_padding_has_no_influence(kind: FusionKind) -> None:
    image, text = encoded(1, 5, 12, 0), encoded(1, 4, 8, 1)
    padded = text._replace(
        tokens_BTD=torch.cat([text.tokens_BTD, torch.full((1, 3, 8), 9.0)], 1),
        mask_BT=torch.cat([text.mask_BT, torch.zeros(1, 3, dtype=torch.bool)], 1),
    )
    module = fusion(kind)
    torch.testing.assert_close(module(image, text), module(image, padded))


@pytest.mark.parametrize("kind", KINDS)
def test_products_do_not_mix(kind: FusionKind) -> None:
    image, text = encoded(3, 5, 12, 0), encoded(3, 4, 8, 1)

    def part(one: Encoded) -> Encoded:
        return Encoded(*(tensor[1:2] for tensor in one))

    module = fusion(kind)
    torch.testing.assert_close(module(image, text)[1:2], module(part(image), part(text)))


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_learns(kind: FusionKind) -> None:
    module = fusion(kind)
    image, text = encoded(2, 5, 12, 0), encoded(2, 4, 8, 1)
    keep = torch.tensor([True, False])
    total: Tensor = sum(  # type: ignore[assignment]
        module(a, b).square().sum() for a, b in ((image, text.keep(keep)), (image.keep(~keep), text))
    )
    total.backward()
    assert [name for name, p in module.named_parameters() if p.grad is None or not p.grad.abs().sum()] == []
