"""The model as graphs for ONNX Runtime: image encoder, text encoder, and fusion with heads.

    image_encoder.onnx: pixels -> tokens, pooled         text_encoder.onnx: ids, mask -> tokens, pooled
    answer.onnx: images, image_tokens, image_pooled, texts, text_tokens, text_mask, text_pooled
                 -> leaf, names (with an open head), tags, attribute_NAME ..., fused

The graphs hold no weights. They name those of the model folder, which are passed in when a graph is loaded; graphs.json
lists which graph needs which. So the graphs are small, and the folder stores each weight once. The numbers of products,
images and tokens are dynamic axes.
"""

import shutil
import warnings
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from onnx import ModelProto, TensorProto
from onnxscript.optimizer import fold_constants, remove_unused_nodes
from torch import Tensor, nn

from catalog.errors import CheckpointInvalid
from catalog.model.checkpoint import Checkpoint
from catalog.model.encoders import Encoded
from catalog.model.folder import GRAPH_WEIGHTS, GRAPHS, ModelFolder, replaced, write_json
from catalog.model.network import CatalogModel
from catalog.model.preprocess import Batch, Prepared, collate
from catalog.model.runtime.onnx import OnnxRuntime
from catalog.model.runtime.outputs import Difference, compare_outputs
from catalog.model.runtime.pytorch import TorchRuntime

OPSET = 20
TOLERANCE = 1e-4
LARGEST_CONSTANT = 1024  # elements that are folded at export; ONNX Runtime folds longer ones

Names = Sequence[str]


class ImagePart(nn.Module):
    """A part of the model. Its weights have the names that they have in the whole model."""

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

    @property
    def outputs(self) -> list[str]:
        leaf = ["leaf"] if self.heads.names is None else ["leaf", "names"]
        return [*leaf, "tags", *(f"attribute_{name}" for name in self.heads.attributes), "fused"]

    def forward(
        self,
        images_BP: Tensor,
        image_tokens_NTD: Tensor,
        image_pooled_ND: Tensor,
        texts_BP: Tensor,
        text_tokens_UTD: Tensor,
        text_mask_UT: Tensor,
        text_pooled_UD: Tensor,
    ) -> tuple[Tensor, ...]:
        everywhere_NT = torch.ones_like(image_tokens_NTD[:, :, 0], dtype=torch.bool)
        image = Encoded.scatter(image_tokens_NTD, everywhere_NT, image_pooled_ND, images_BP)
        text = Encoded.scatter(text_tokens_UTD, text_mask_UT, text_pooled_UD, texts_BP)
        outputs = self.heads(self.fusion(image, text), image, text)
        leaf = (outputs.leaf_BC,) if outputs.names_BC is None else (outputs.leaf_BC, outputs.names_BC)
        return *leaf, outputs.tags_BG, *outputs.attributes.values(), outputs.fused_BE


def export_onnx(checkpoint: Checkpoint, folder: Path, batches: Iterable[Batch] = ()) -> Difference:
    """Copy the model folder to `folder`, which may be the same, and add the graphs. Takes half a minute.

    batches: inputs for which ONNX Runtime's outputs are compared with PyTorch's; by default `example_batch`. Raises
    CheckpointInvalid, and writes nothing, if a category changes or a component of an embedding moves by more than 1e-4.
    """
    model = checkpoint.model.eval()
    image, text, answer = model.image_encoder, model.text_encoder, AnswerPart(model)
    size, length = image.config.size, min(7, text.config.max_tokens)
    pixels_NCHW = torch.randint(0, 256, (2, 3, size, size), dtype=torch.uint8)
    ids_UT, mask_UT = torch.zeros(3, length, dtype=torch.long), torch.ones(3, length, dtype=torch.bool)
    with torch.inference_mode():
        patches = image(pixels_NCHW)[0].shape[1]
    encoded = {
        "images": torch.tensor([[0, 1], [-1, -1], [1, -1], [0, -1]]),
        "image_tokens": torch.randn(2, patches, image.widths.tokens),
        "image_pooled": torch.randn(2, image.widths.pooled),
        "texts": torch.tensor([[-1], [0], [1], [2]]),
        "text_tokens": torch.randn(3, length, text.widths.tokens),
        "text_mask": mask_UT,
        "text_pooled": torch.randn(3, text.widths.pooled),
    }
    parts: list[tuple[nn.Module, Sequence[Tensor], Names, Names]] = [
        (ImagePart(model), [pixels_NCHW], ["pixels"], ["tokens", "pooled"]),
        (TextPart(model), [ids_UT, mask_UT], ["ids", "mask"], ["tokens", "pooled"]),
        (answer, list(encoded.values()), list(encoded), answer.outputs),
    ]
    with replaced(folder) as temporary:
        shutil.copytree(checkpoint.path, temporary, dirs_exist_ok=True)
        used = {name: _write(temporary / name, *part) for name, part in zip(GRAPHS, parts, strict=True)}
        write_json(temporary / GRAPH_WEIGHTS, used)
        exported = OnnxRuntime(replace(checkpoint, path=temporary))
        ours = TorchRuntime(model, familiarity=checkpoint.familiarity)
        found = compare_outputs(ours, exported, batches or example_batch(checkpoint))
        if found.changed or found.embedding > TOLERANCE:
            raise CheckpointInvalid(
                f"In ONNX Runtime {found.changed} of {found.products} products get another category, "
                f"and a number of an embedding moves by {found.embedding:.6f}."
            )
    return found


def example_batch(model: ModelFolder) -> list[Batch]:
    """A product with noise as image and a text, one with noise alone, one with text alone, and one with two images."""
    size = model.config.image.size
    noise = np.random.default_rng(0).integers(0, 256, (2, 3, size, size), dtype=np.uint8)
    products = [
        Prepared("", noise[:1], "1 red 2"),
        Prepared("", noise[1:], ""),
        Prepared("", noise[:0], "a " * model.config.text.max_tokens),
        Prepared("", noise, "3"),
    ]
    return [collate(products, model.tokenizer)]


def _write(path: Path, part: nn.Module, example: Sequence[Tensor], inputs: Names, outputs: Names) -> list[str]:
    """Write a graph. -> the names of the weights that it uses."""
    weights = part.state_dict()
    free = tuple(dict.fromkeys(_open(name), torch.export.Dim.DYNAMIC) for name in inputs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            part.eval(),
            tuple(example),
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_shapes=free,
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
    names = without_weights(proto, weights)
    path.write_bytes(proto.SerializeToString())
    return names


def _open(name: str) -> range:
    """The dynamic axes of an input: products or images, and tokens."""
    return range(1 if name.endswith(("pixels", "pooled")) or name == "texts" else 2)


def without_weights(proto: ModelProto, weights: Collection[str]) -> list[str]:
    """Remove the weights, unused inputs and metadata of the export. -> the names of the weights."""
    named = [tensor for tensor in proto.graph.initializer if tensor.name in weights]
    for tensor in named:
        for field in ("raw_data", "float_data", "int32_data", "int64_data"):
            tensor.ClearField(field)
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
