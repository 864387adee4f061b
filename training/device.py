"""The device and precision of training: CUDA if available, bfloat16 where it is native."""

import torch
from timm.layers import Attention
from torch import nn
from transformers import BertModel


def best_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def mixed_precision(device: torch.device) -> torch.autocast:
    """Autocast to bfloat16 if the device supports it natively; emulated, it is slower than float32."""
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported()
    else:
        native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.autocast(device.type, torch.bfloat16, enabled=bool(native))


def fit_attention(encoder: nn.Module) -> None:
    """Plain attention on a CPU: the backward pass of the fused one takes longer than all else in a BERT."""
    if best_device().type != "cpu":
        return
    for module in encoder.modules():
        if isinstance(module, BertModel):
            module.set_attn_implementation("eager")
        if isinstance(module, Attention):
            module.fused_attn = False  # type: ignore[misc]
