"""The image encoder: any timm ViT.

The default is a hybrid ViT (Dosovitskiy et al. 2021, section 3.1): the patches of the transformer are the cells of a
CNN's feature map. It is the same timm `VisionTransformer`, with `HybridEmbed` in front.
"""

import json
from functools import partial
from pathlib import Path
from typing import Any

import timm
import torch
from timm.layers import HybridEmbed
from torch import Tensor, nn

from catalog.errors import ConfigInvalid
from catalog.model.config import ImageEncoderConfig
from catalog.model.encoders.encoded import Widths
from catalog.model.encoders.stem import PretrainedStem


class ImageEncoder(nn.Module):
    """A timm ViT without its classifier; beside it, if the configuration says so, the stem as it was pretrained.

    Takes bytes, so that normalisation has one home. pretrained: the part of the pooled vector that is the stem's;
    named: of that, the mean of its classes' names; empty without them.
    """

    vit: Any
    mean: Tensor
    std: Tensor

    def __init__(self, config: ImageEncoderConfig, vit: nn.Module | None = None) -> None:
        super().__init__()
        self.config = config
        self.stem: PretrainedStem | None = None
        if config.shared_stages:
            self.stem = PretrainedStem(str(config.stem), config.shared_stages, config.name_width)
        self.vit = vit if vit is not None else _build_vit(config, self.stem)
        width = int(self.vit.num_features)
        self.widths = Widths(width, width + (self.stem.width if self.stem else 0))
        self.pretrained = slice(width, self.widths.pooled)
        self.named = slice(self.widths.pooled - config.name_width, self.widths.pooled)
        self.register_buffer("mean", torch.tensor(config.mean).view(1, 3, 1, 1) * 255, persistent=False)
        self.register_buffer("std", torch.tensor(config.std).view(1, 3, 1, 1) * 255, persistent=False)

    @classmethod
    def from_pretrained(cls, name: str, size: int = 224, **options: Any) -> "ImageEncoder":
        """Load weights by timm name (from a hub) or from a local folder in timm's hub layout.

        Raises ConfigInvalid when the name is unknown or the model is not a ViT.
        """
        folder = Path(name)
        local = folder.is_dir()
        architecture, arguments = _read_timm_folder(folder) if local else (name.split(".")[0], {})
        if not timm.is_model(architecture):
            raise ConfigInvalid(f"timm has no model named {architecture!r}.")
        arguments |= options
        try:
            source = f"local-dir:{folder}" if local else name
            vit = timm.create_model(source, pretrained=True, num_classes=0, img_size=size, **arguments)
        except TypeError:  # a convolutional network takes no img_size
            vit = None
        if not hasattr(vit, "num_prefix_tokens"):
            raise ConfigInvalid(f"{architecture!r} is not a vision transformer.")
        data = timm.data.resolve_data_config({}, model=vit)
        config = ImageEncoderConfig(architecture, None, arguments, size, tuple(data["mean"]), tuple(data["std"]))
        return cls(config, vit)

    def forward(self, pixels_NCHW: Tensor) -> tuple[Tensor, Tensor]:
        """uint8 (N, 3, size, size) -> tokens (N, T, D), pooled (N, F), of `widths`.

        An image of another side than `config.size` is read to its edges. Also reads what `to_map` gave.
        """
        map_NCHW = self.to_map(pixels_NCHW) if pixels_NCHW.dtype == torch.uint8 else pixels_NCHW.to(self.mean.dtype)
        tokens_NTD = self.vit.forward_features(map_NCHW)
        pooled_ND = self.vit.forward_head(tokens_NTD, pre_logits=True)
        if self.stem is not None:
            pooled_ND = torch.cat([pooled_ND, self.stem.upper(map_NCHW)], 1)
        return tokens_NTD, pooled_ND

    def to_map(self, pixels_NCHW: Tensor) -> Tensor:
        """What no training changes: normal pixels of the middle, and the shared stages of the stem."""
        if self.config.crop < 1 and pixels_NCHW.shape[-1] == self.config.size:
            edge, inner = (self.config.size - self.config.inner) // 2, self.config.inner
            pixels_NCHW = pixels_NCHW[:, :, edge : edge + inner, edge : edge + inner]
        normal_NCHW = (pixels_NCHW.to(self.mean.dtype) - self.mean) / self.std
        map_NCHW = normal_NCHW.contiguous(memory_format=torch.channels_last)
        return map_NCHW if self.stem is None else self.stem.lower(map_NCHW)


def _read_timm_folder(folder: Path) -> tuple[str, dict[str, Any]]:
    """-> the architecture's name and its arguments, from the config.json of timm's hub layout."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return str(config["architecture"]), dict(config.get("model_args") or {})
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigInvalid(f"{folder.name!r} has no config.json that names a timm architecture.") from None


def _build_vit(config: ImageEncoderConfig, shared: PretrainedStem | None) -> nn.Module:
    options, size = dict(config.options), config.inner
    if shared is not None:
        with torch.no_grad():
            _, channels, size, _ = shared.eval().lower(torch.zeros(1, 3, size, size)).shape
        options |= {"embed_layer": partial(HybridEmbed, backbone=shared.trainable_upper()), "in_chans": channels}
    elif config.stem is not None:
        stem = timm.create_model(config.stem, num_classes=0, global_pool="")
        options["embed_layer"] = partial(HybridEmbed, backbone=stem)
    return timm.create_model(config.architecture, num_classes=0, img_size=size, **options)
