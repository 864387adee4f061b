"""Three ways to fuse an image and its words, behind one signature: (image, text) -> fused_BD.

Each reads `Encoded` pairs. A missing modality is a learned "absent" vector, never a different code path. reads_tokens:
whether a fusion reads tokens, or pooled vectors alone.
"""

import torch
from torch import Tensor, nn

from catalog.model.config import FusionKind
from catalog.model.encoders import Encoded, Widths, masked_mean


class PooledInput(nn.Module):
    """Brings a modality's pooled vector to the fusion's width; where it is missing, a learned absent vector."""

    def __init__(self, source: Widths, width: int) -> None:
        super().__init__()
        self.pooled = nn.Sequential(nn.LayerNorm(source.pooled), nn.Linear(source.pooled, width))
        self.absent_D = nn.Parameter(torch.randn(width) * 0.02)

    def pool(self, encoded: Encoded) -> Tensor:
        """-> (B, D)"""
        return torch.where(encoded.present_B.unsqueeze(-1), self.pooled(encoded.pooled_BD), self.absent_D)


class SequenceInput(PooledInput):
    """A modality as a sequence of tokens, led by its pooled vector."""

    def __init__(self, source: Widths, width: int) -> None:
        super().__init__(source, width)
        self.tokens = nn.Sequential(nn.LayerNorm(source.tokens), nn.Linear(source.tokens, width))
        self.kind_D = nn.Parameter(torch.randn(width) * 0.02)

    def sequence(self, encoded: Encoded) -> tuple[Tensor, Tensor]:
        """-> tokens (B, 1+T, D), mask (B, 1+T). Missing: the absent vector alone."""
        tokens_BTD = torch.cat([self.pool(encoded).unsqueeze(1), self.tokens(encoded.tokens_BTD)], 1) + self.kind_D
        lead_B1 = torch.ones_like(encoded.present_B).unsqueeze(1)
        return tokens_BTD, torch.cat([lead_B1, encoded.mask_BT & encoded.present_B.unsqueeze(1)], 1)


class FeedForward(nn.Sequential):
    def __init__(self, width: int, dropout: float) -> None:
        super().__init__(
            nn.LayerNorm(width),
            nn.Linear(width, 4 * width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(4 * width, width),
        )


class AttentionBlock(nn.Module):
    """Pre-norm attention from `query` to `memory` and a feed-forward layer. Self-attention when both are the same."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.query_norm = nn.LayerNorm(width)
        self.memory_norm = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, dropout=dropout, batch_first=True)
        self.feed_forward = FeedForward(width, dropout)

    def forward(self, query_BTD: Tensor, memory_BSD: Tensor, memory_mask_BS: Tensor) -> Tensor:
        memory_BSD = self.memory_norm(memory_BSD)
        attended_BTD, _ = self.attention(
            self.query_norm(query_BTD), memory_BSD, memory_BSD, key_padding_mask=~memory_mask_BS, need_weights=False
        )
        query_BTD = query_BTD + attended_BTD
        return query_BTD + self.feed_forward(query_BTD)


class LateFusion(nn.Module):
    """Gated multimodal unit over the pooled vectors (Arevalo et al. 2017), and a residual layer over both."""

    reads_tokens = False

    def __init__(self, image: Widths, text: Widths, width: int, depth: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.image_input = PooledInput(image, width)
        self.text_input = PooledInput(text, width)
        self.gate = nn.Linear(2 * width, width)
        self.mix = nn.Sequential(nn.LayerNorm(2 * width), nn.Linear(2 * width, width))
        self.blocks = nn.ModuleList(FeedForward(width, dropout) for _ in range(depth))

    def forward(self, image: Encoded, text: Encoded) -> Tensor:
        image_BD, text_BD = self.image_input.pool(image), self.text_input.pool(text)
        both_B2D = torch.cat([image_BD, text_BD], -1)
        gate_BD = torch.sigmoid(self.gate(both_B2D))
        fused_BD = gate_BD * image_BD + (1 - gate_BD) * text_BD + self.mix(both_B2D)
        for block in self.blocks:
            fused_BD = fused_BD + block(fused_BD)
        return fused_BD


class EarlyFusion(nn.Module):
    """Both token sequences through one transformer, read out at the two leading positions."""

    reads_tokens = True

    def __init__(self, image: Widths, text: Widths, width: int, depth: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.image_input = SequenceInput(image, width)
        self.text_input = SequenceInput(text, width)
        self.blocks = nn.ModuleList(AttentionBlock(width, heads, dropout) for _ in range(depth))
        self.read_out = nn.Linear(2 * width, width)

    def forward(self, image: Encoded, text: Encoded) -> Tensor:
        image_BTD, image_mask_BT = self.image_input.sequence(image)
        text_BSD, text_mask_BS = self.text_input.sequence(text)
        tokens_BLD = torch.cat([image_BTD, text_BSD], 1)
        mask_BL = torch.cat([image_mask_BT, text_mask_BS], 1)
        for block in self.blocks:
            tokens_BLD = block(tokens_BLD, tokens_BLD, mask_BL)
        return self.read_out(torch.cat([tokens_BLD[:, 0], tokens_BLD[:, image_BTD.shape[1]]], -1))


class CrossAttentionFusion(nn.Module):
    """Text attends to the image and the image to the text, layer by layer; then both are pooled and joined."""

    reads_tokens = True

    def __init__(self, image: Widths, text: Widths, width: int, depth: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.image_input = SequenceInput(image, width)
        self.text_input = SequenceInput(text, width)
        self.image_blocks = nn.ModuleList(AttentionBlock(width, heads, dropout) for _ in range(depth))
        self.text_blocks = nn.ModuleList(AttentionBlock(width, heads, dropout) for _ in range(depth))
        self.read_out = nn.Linear(4 * width, width)

    def forward(self, image: Encoded, text: Encoded) -> Tensor:
        image_BTD, image_mask_BT = self.image_input.sequence(image)
        text_BSD, text_mask_BS = self.text_input.sequence(text)
        for image_block, text_block in zip(self.image_blocks, self.text_blocks, strict=True):
            image_BTD, text_BSD = (
                image_block(image_BTD, text_BSD, text_mask_BS),
                text_block(text_BSD, image_BTD, image_mask_BT),
            )
        means = masked_mean(image_BTD, image_mask_BT), masked_mean(text_BSD, text_mask_BS)
        return self.read_out(torch.cat([image_BTD[:, 0], text_BSD[:, 0], *means], -1))


FUSIONS: dict[FusionKind, type[nn.Module]] = {
    "early": EarlyFusion,
    "late": LateFusion,
    "cross": CrossAttentionFusion,
}
