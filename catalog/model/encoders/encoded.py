"""What an encoder gives, of either modality."""

from typing import NamedTuple

import torch
from torch import Tensor


class Widths(NamedTuple):
    """Of what an encoder gives: its tokens, and the pooled vector, which may be wider."""

    tokens: int
    pooled: int


class Encoded(NamedTuple):
    """One modality of B products: tokens and a pooled vector, see `Widths`.

    mask_BT is True at real tokens. present_B is False where the product lacks the modality.
    """

    tokens_BTD: Tensor
    mask_BT: Tensor
    pooled_BD: Tensor
    present_B: Tensor

    @classmethod
    def scatter(cls, tokens_NTD: Tensor, mask_NT: Tensor, pooled_ND: Tensor, index_BP: Tensor) -> "Encoded":
        """Distribute N encoded images (or texts) over the slots of B products.

        P: slots of a product, the largest number of images (or texts) that one in the batch has. index_BP: which of the
        N is in each slot; -1: empty. Tokens of a product's slots are concatenated, pooled vectors averaged. N may be 0.
        """
        filled_BP = index_BP >= 0
        tokens_BPTD, mask_BPT, pooled_BPD = (_select(each, index_BP) for each in (tokens_NTD, mask_NT, pooled_ND))
        count_B = filled_BP.sum(1)
        pooled_BD = pooled_BPD.sum(1) / count_B.clamp(min=1).unsqueeze(1)
        return cls(tokens_BPTD.flatten(1, 2), mask_BPT.flatten(1), pooled_BD, count_B > 0)

    def keep(self, keep_B: Tensor) -> "Encoded":
        """The same tokens, with the modality missing where `keep_B` is False."""
        return self._replace(present_B=self.present_B & keep_B)

    def to(self, device: torch.device) -> "Encoded":
        return Encoded(*(tensor.to(device) for tensor in self))


def _select(rows: Tensor, index_BP: Tensor) -> Tensor:
    """rows[index_BP], with zeros (or False) where the index is -1."""
    return torch.cat([rows.new_zeros(1, *rows.shape[1:]), rows])[index_BP + 1]
