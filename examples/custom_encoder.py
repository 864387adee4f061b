"""A model with an image encoder of your own: python examples/custom_encoder.py FOLDER

An image encoder is a timm model. Any PyTorch module becomes one by `register_model`, if it has `num_features`,
`forward_features` and `forward_head`. The text encoder, its tokenizer and the category tree are those of the
shipped model.

The model is new, so it knows nothing yet. To train it: `[start] model = "FOLDER"` in a run's configuration, and
`import custom_encoder` wherever the folder is loaded.
"""

import sys
from pathlib import Path
from typing import Any

import torch
from timm.models import register_model
from torch import Tensor, nn

from catalog.model.checkpoint import load_model, save_model
from catalog.model.config import ImageEncoderConfig, ModelConfig
from catalog.model.folder import shipped_model
from catalog.model.network import CatalogModel
from shelflens import Product, Understander


class PatchMixer(nn.Module):
    """ConvMixer (Trockman and Kolter 2022), small: patches, then depthwise and pointwise convolutions."""

    num_prefix_tokens = 0

    def __init__(self, width: int, depth: int, patch: int) -> None:
        super().__init__()
        self.num_features = width
        self.patches = nn.Conv2d(3, width, patch, stride=patch)
        layers = (
            nn.Sequential(
                nn.GELU(),
                nn.BatchNorm2d(width),
                nn.Conv2d(width, width, 5, groups=width, padding="same"),
                nn.Conv2d(width, width, 1),
            )
            for _ in range(depth)
        )
        self.layers = nn.ModuleList(layers)

    def forward_features(self, pixels_NCHW: Tensor) -> Tensor:
        """Normalised images -> tokens (N, T, D)."""
        map_NDHW = self.patches(pixels_NCHW)
        for layer in self.layers:
            map_NDHW = map_NDHW + layer(map_NDHW)
        return map_NDHW.flatten(2).transpose(1, 2)

    def forward_head(self, tokens_NTD: Tensor, pre_logits: bool = True) -> Tensor:
        """Tokens -> pooled (N, D)."""
        return tokens_NTD.mean(1)


@register_model
def patch_mixer(pretrained: bool = False, width: int = 192, depth: int = 4, patch: int = 14, **_: Any) -> PatchMixer:
    return PatchMixer(width, depth, patch)


def main(folder: Path) -> None:
    torch.manual_seed(0)
    shipped = load_model(shipped_model())
    image = ImageEncoderConfig("patch_mixer", options={"width": 128, "depth": 2}, size=112)
    config = ModelConfig(image, shipped.config.text, fusion="late", width=192, heads=6)
    model = CatalogModel(config, shipped.taxonomy, text_encoder=shipped.model.text_encoder)
    save_model(folder, model, shipped.taxonomy, shipped.tokenizer)

    understander = Understander.load(folder)
    image_bytes = Path("assets/demo/images/red-sneakers.jpg").read_bytes()
    [result] = understander.understand([Product(title="Runner 5, red", images=(image_bytes,))])
    print(result.modalities_used, result.decision, result.embedding.shape)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
