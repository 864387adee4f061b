"""The sequence model in PyTorch. `catalog.behaviour.sequence` reads the same weights in NumPy."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catalog.behaviour.sequence import CONTEXT, NORM_EPSILON, Shape

DROPOUT = 0.2
SPREAD = 0.02  # of new weights


class Layer(nn.Module):
    """Attention to what came before, then a network of two layers; each behind a norm, each added to its input."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width, NORM_EPSILON)
        self.parts, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.feed_norm = nn.LayerNorm(width, NORM_EPSILON)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x_BTD: Tensor) -> Tensor:
        x_BTD = x_BTD + self.dropout(self.out(self._mixed(self.attention_norm(x_BTD))))
        return x_BTD + self.dropout(self.down(F.relu(self.up(self.feed_norm(x_BTD)))))

    def _mixed(self, x_BTD: Tensor) -> Tensor:
        batch, length, width = x_BTD.shape
        parts = self.parts(x_BTD).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # each (B, H, T, C)
        scores_BHTT = query @ key.transpose(-1, -2) / (width // self.heads) ** 0.5
        future_TT = torch.ones(length, length, dtype=torch.bool).triu(1)
        weights_BHTT = scores_BHTT.masked_fill(future_TT, float("-inf")).softmax(-1)
        return (self.dropout(weights_BHTT) @ value).transpose(1, 2).reshape(batch, length, width)


class SequenceNetwork(nn.Module):
    """Steps behind the end of a shorter sequence need no mask: nothing before them attends to them."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.project = nn.Linear(shape.embedding, shape.width, bias=False)
        self.place, self.goes_on = nn.Embedding(CONTEXT, shape.width), nn.Embedding(2, shape.width)
        self.layers = nn.ModuleList(Layer(shape.width, shape.heads) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(shape.width, NORM_EPSILON)
        self.query = nn.Linear(shape.embedding, shape.width, bias=False)
        self.popular = nn.Parameter(torch.ones(1))
        self.dropout = nn.Dropout(DROPOUT)
        self.apply(_begin)
        # Vectors are of unit length: what is read of them has numbers of about 1. The first logits are what is popular.
        nn.init.normal_(self.project.weight)

    def forward(self, vectors_BTE: Tensor, goes_on_BT: Tensor) -> Tensor:
        """(B, T, D): at each step what `logits` compares with products. goes_on_BT: 0 or 1."""
        x_BTD = self.project(vectors_BTE) + self.goes_on(goes_on_BT) + self.place.weight[: vectors_BTE.shape[1]]
        x_BTD = self.dropout(x_BTD)
        for layer in self.layers:
            x_BTD = layer(x_BTD)
        return self.norm(x_BTD)

    def logits(self, found_MD: Tensor, vectors_NE: Tensor, popularity_N: Tensor) -> Tensor:
        """(M, N) of products. popularity_N: the logarithm of 1 + the number of their events."""
        return found_MD @ self.query(vectors_NE).T + self.popular * popularity_N


def _begin(module: nn.Module) -> None:
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=SPREAD)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
