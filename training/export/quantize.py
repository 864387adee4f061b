"""int8 encoders: a quarter of the size, and two to three times the speed on CPUs with int8 instructions.

Weights and activations are integers with a scale (Jacob et al. 2018). Activation ranges are calibrated beforehand in
the image encoder (static) and computed at run time in the text encoder (dynamic). Fusion and heads stay in float32, and
a word table in 4 bits stays as it is. The result is a model with a version of its own, because its outputs differ
slightly.
"""

import json
import logging
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnx
from numpy.typing import NDArray
from onnx import ModelProto, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from safetensors.numpy import load_file, save

from catalog.errors import ConfigInvalid
from catalog.model.contract import FILE as CONTRACT
from catalog.model.folder import (
    CONFIG,
    FUSION_WEIGHTS,
    GRAPH_WEIGHTS,
    GRAPHS,
    WEIGHTS,
    ModelFolder,
    read_weights,
    read_word_table,
    write_json,
)
from catalog.model.preprocess import Batch
from training.export.onnx_export import without_weights

SMALLEST_WEIGHT = 1024  # bytes; smaller ones stay in the graph
ENCODERS = GRAPHS[:2]
WHOLE = FUSION_WEIGHTS  # not quantized


def quantize(model: ModelFolder, folder: Path, calibration: Iterable[Batch]) -> None:
    """Write the int8 model into an empty folder, without checksums. Takes a minute.

    calibration: batches of some hundred representative images. Raises ConfigInvalid if the
    model has no graphs or is int8 already.
    """
    if not model.exported or model.int8:
        raise ConfigInvalid("Only a model with graphs in full precision can be turned into int8; export it first.")
    shutil.copytree(model.path, folder, dirs_exist_ok=True)
    (folder / CONTRACT).unlink(missing_ok=True)  # the scores change
    used = json.loads((folder / GRAPH_WEIGHTS).read_text(encoding="utf-8"))
    # Weights of 7 bits: without VNNI, AVX2 adds products of two bytes in 16 bits, and those of 8 bits overflow.
    how = {"per_channel": True, "reduce_range": True}
    table = read_word_table(folder)
    with TemporaryDirectory() as work, quiet():
        for name, weights in zip(ENCODERS, WEIGHTS, strict=False):
            whole, ready, small = (Path(work, f"{step}-{name}") for step in ("whole", "ready", "small"))
            arrays = read_weights(folder, weights)
            onnx.save(with_weights(folder / name, arrays), whole)
            quant_pre_process(whole, ready, skip_symbolic_shape=True)
            if name == GRAPHS[0]:
                # Activations are unsigned: x86 multiplies two signed bytes almost three times as slowly.
                types = {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8}
                quantize_static(ready, small, Images(calibration), QuantFormat.QDQ, **how, **types)
            else:
                kept = [node.name for node in onnx.load(ready).graph.node if not table.keys().isdisjoint(node.input)]
                quantize_dynamic(ready, small, **how, weight_type=QuantType.QInt8, nodes_to_exclude=kept)
            proto = onnx.load(small)
            arrays = weights_beside(proto, table)
            (folder / weights).write_bytes(save({key: arrays[key] for key in arrays if key not in table}))
            without_weights(proto, arrays)
            (folder / name).write_bytes(proto.SerializeToString())
            used[name] = sorted(arrays)
    # Files for training are left out, because PyTorch does not open a model in int8.
    arrays = load_file(folder / WHOLE)
    (folder / WHOLE).write_bytes(save({name: arrays[name] for name in used[GRAPHS[2]]}))
    write_json(folder / GRAPH_WEIGHTS, used)
    write_json(folder / CONFIG, json.loads((folder / CONFIG).read_text(encoding="utf-8")) | {"int8": True})


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress the warnings about tensors of unknown shape, which most are because batches have any size."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


class Images(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, batches: Iterable[Batch]) -> None:
        self._pixels: Iterator[NDArray[Any]] = (batch.pixels_NCHW for batch in batches if len(batch.pixels_NCHW))

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        pixels_NCHW = next(self._pixels, None)
        return None if pixels_NCHW is None else {"pixels": pixels_NCHW}


def with_weights(graph: Path, arrays: Mapping[str, NDArray[Any]]) -> ModelProto:
    proto = onnx.load(graph, load_external_data=False)
    for tensor in proto.graph.initializer:
        if tensor.name in arrays:
            tensor.CopyFrom(numpy_helper.from_array(arrays[tensor.name], tensor.name))
    return proto


def weights_beside(proto: ModelProto, table: Collection[str]) -> dict[str, NDArray[Any]]:
    """The weights that the graph does not hold: the large ones, and the word table in 4 bits."""
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in proto.graph.initializer}
    return {name: array for name, array in arrays.items() if array.nbytes >= SMALLEST_WEIGHT or name in table}
