"""A word table in 4 bits: blocks of 32 weights with one scale each, as llama.cpp's Q4_0 has them.

A weight is its block's scale times an integer from -8 to 7. The product is exact in float32, so nothing is lost of a
table that comes in this format. PyTorch and ONNX Runtime hold 4.5 bits a weight and unpack only the rows they gather.
"""

from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BITS = 4
BLOCK = 32  # weights with one scale
ZERO = 8  # the packed value of integer 0


class QuantizedEmbedding(nn.Module):
    """An embedding of V words in D numbers, D a multiple of 32, which is not trained.

    packed: uint8 (V, D/2), 16 bytes a block: byte j holds weight j in its low half and weight j + 16 in its high half.
    scales: float16 (V, D/32).
    """

    packed: Tensor
    scales: Tensor

    def __init__(self, words: int, width: int) -> None:
        """All zeros. Raises ValueError where rows are not whole blocks."""
        super().__init__()
        if width % BLOCK:
            raise ValueError(f"A word table in {BITS} bits has rows of whole blocks of {BLOCK} numbers, not {width}.")
        zeros = torch.full((words, width // 2), ZERO << BITS | ZERO, dtype=torch.uint8)
        self.register_buffer("packed", zeros)
        self.register_buffer("scales", torch.zeros(words, width // BLOCK, dtype=torch.float16))

    @classmethod
    def of(cls, packed: Tensor, scales: Tensor) -> Self:
        """The embedding with these buffers."""
        table = cls(len(packed), 2 * packed.shape[1])
        table.load_state_dict({"packed": packed, "scales": scales})
        return table

    @property
    def weight(self) -> Tensor:
        """The whole table in float32, (V, D): seven times the memory."""
        return self(torch.arange(len(self.packed), device=self.packed.device))

    def forward(self, ids: Tensor) -> Tensor:
        """int64 of any shape -> float32, with D as a further axis.

        The halves are taken apart in float32: a shift of bytes is exported to ONNX as ten operations that do not load.
        """
        pairs = F.embedding(ids, self.packed).float().unflatten(-1, (-1, BLOCK // 2))
        high = torch.floor(pairs / (1 << BITS))
        integers = torch.cat([pairs - high * (1 << BITS), high], -1) - ZERO
        return (integers * F.embedding(ids, self.scales).float().unsqueeze(-1)).flatten(-2)
