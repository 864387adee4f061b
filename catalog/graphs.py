"""The model as graphs for ONNX Runtime: an encoder for pictures, one for words, and the way from both to the answers.

    image_encoder.onnx: pixels -> tokens, pooled         text_encoder.onnx: ids, mask -> tokens, pooled
    answer.onnx: image_tokens, image_mask, ... text_present -> leaf, tags, attribute_NAME ..., fused

The graphs hold no weights: they name those of the model folder, which are handed over when a graph is loaded; which
graph wants which stands in graphs.json. So they are small, and the folder has every number once. How many products,
pictures and tokens there are is left open.
"""

import json
import shutil
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from onnx import ModelProto, TensorProto
from onnxscript.optimizer import fold_constants, remove_unused_nodes
from torch import Tensor, nn

from catalog.checkpoint import GRAPH_WEIGHTS, GRAPHS, Checkpoint, replaced
from catalog.encoders import Encoded
from catalog.model import CatalogModel

OPSET = 20
LARGEST_CONSTANT = 1024  # numbers that are worked out now; longer ones are left to ONNX Runtime

Names = Sequence[str]


class ImagePart(nn.Module):
    """A part of the model whose weights have the names that they have in the whole."""

    def __init__(self, model: CatalogModel) -> None:
        super().__init__()
        self.image_encoder = model.image_encoder

    def forward(self, pixels_NCHW: Tensor) -> tuple[Tensor, Tensor]:
        tokens_NTD, pooled_ND = self.image_encoder(pixels_NCHW)
        return tokens_NTD, pooled_ND


class TextPart(nn.Module):
    def __init__(self, model: CatalogModel) -> None:
        super().__init__()
        self.text_encoder = model.text_encoder

    def forward(self, ids_BT: Tensor, mask_BT: Tensor) -> tuple[Tensor, Tensor]:
        tokens_BTD, pooled_BD = self.text_encoder(ids_BT, mask_BT)
        return tokens_BTD, pooled_BD


class AnswerPart(nn.Module):
    def __init__(self, model: CatalogModel) -> None:
        super().__init__()
        self.fusion, self.heads = model.fusion, model.heads

    def forward(self, *encoded: Tensor) -> tuple[Tensor, ...]:
        image, text = Encoded(*encoded[:4]), Encoded(*encoded[4:])
        outputs = self.heads(self.fusion(image, text), image, text)
        return outputs.leaf_BC, outputs.tags_BG, *outputs.attributes.values(), outputs.fused_BE


def write_graphs(checkpoint: Checkpoint, folder: Path) -> None:
    """Copy the model's folder to `folder`, which may be itself, with its graphs. Takes half a minute."""
    model = checkpoint.model.eval()
    image, text = model.image_encoder, model.text_encoder
    size, length = image.config.size, min(7, text.config.max_tokens)
    pixels_NCHW = torch.randint(0, 256, (2, 3, size, size), dtype=torch.uint8)
    ids_BT, mask_BT = torch.zeros(3, length, dtype=torch.long), torch.ones(3, length, dtype=torch.bool)
    with torch.inference_mode():
        patches = image(pixels_NCHW)[0].shape[1]
    encoded = [*_example(3, patches, image.width), *_example(3, length, text.width)]
    fields = ("tokens", "mask", "pooled", "present")
    answers = ["leaf", "tags", *(f"attribute_{name}" for name in model.heads.attributes), "fused"]
    encodings = [f"{modality}_{field}" for modality in ("image", "text") for field in fields]
    parts: list[tuple[nn.Module, Sequence[Tensor], Names, Names]] = [
        (ImagePart(model), [pixels_NCHW], ["pixels"], ["tokens", "pooled"]),
        (TextPart(model), [ids_BT, mask_BT], ["ids", "mask"], ["tokens", "pooled"]),
        (AnswerPart(model), encoded, encodings, answers),
    ]
    with replaced(folder) as temporary:
        shutil.copytree(checkpoint.path, temporary, dirs_exist_ok=True)
        used = {name: _write(temporary / name, *part) for name, part in zip(GRAPHS, parts, strict=True)}
        (temporary / GRAPH_WEIGHTS).write_text(json.dumps(used, indent=1) + "\n", encoding="utf-8")


def _example(products: int, tokens: int, width: int) -> Encoded:
    yes = torch.ones(products, tokens, dtype=torch.bool)
    return Encoded(torch.randn(products, tokens, width), yes, torch.randn(products, width), yes[:, 0])


def _write(path: Path, part: nn.Module, example: Sequence[Tensor], inputs: Names, outputs: Names) -> list[str]:
    """-> the names of the weights it uses."""
    weights = part.state_dict()
    free = tuple(dict.fromkeys(_open(name), torch.export.Dim.DYNAMIC) for name in inputs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            part.eval(),
            tuple(example),
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_shapes=(free,) if isinstance(part, AnswerPart) else free,  # that one takes *encoded
            opset_version=OPSET,
            dynamo=True,
            optimize=False,
            verbose=False,
        )
    assert program is not None
    fold_constants(
        program.model,
        output_size_limit=LARGEST_CONSTANT,
        should_fold=lambda node: False if any(value and value.name in weights for value in node.inputs) else None,
    )
    remove_unused_nodes(program.model)
    proto = program.model_proto
    names = _strip(proto, weights)
    path.write_bytes(proto.SerializeToString())
    return names


def _open(name: str) -> range:
    """The axes of an input whose length is left open: products or pictures, and tokens."""
    return range(1 if name.endswith(("pixels", "pooled", "present")) else 2)


def _strip(proto: ModelProto, weights: Mapping[str, Tensor]) -> list[str]:
    """Leave out the weights, inputs without effect, and notes about the export. -> the names of the weights."""
    named = [tensor for tensor in proto.graph.initializer if tensor.name in weights]
    for tensor in named:
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", "safetensors"), ("offset", "0"), ("length", "0")):
            tensor.external_data.add(key=key, value=value)
    used = {name for node in proto.graph.node for name in node.input}
    unused = [given for given in proto.graph.input if given.name not in used]
    for given in unused:
        proto.graph.input.remove(given)
    for node in proto.graph.node:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    for field in ("value_info", "metadata_props", "doc_string"):
        proto.graph.ClearField(field)
    proto.ClearField("metadata_props")
    return sorted(tensor.name for tensor in named)
