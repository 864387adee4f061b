"""The model's graphs in ONNX Runtime (see `catalog.graphs`): on a CPU two to three times as fast as PyTorch."""

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file

from catalog.calibration import Floats
from catalog.checkpoint import GRAPH_WEIGHTS, GRAPHS, WEIGHTS, ModelFolder
from catalog.errors import InvalidCheckpoint
from catalog.preprocess import Batch
from catalog.product import Modality
from catalog.runtime.answers import Answers

if TYPE_CHECKING:
    from onnxruntime import InferenceSession, OrtValue


class Encodings(NamedTuple):
    """One modality of B products in NumPy, as `catalog.encoders.Encoded`."""

    tokens_BTD: Floats
    mask_BT: NDArray[np.bool_]
    pooled_BD: Floats
    present_B: NDArray[np.bool_]

    def inputs(self, modality: Modality, kept: bool) -> dict[str, NDArray[Any]]:
        """As the graph `answer.onnx` names them. kept: False as if no product had this modality."""
        fields = self._asdict() | {"present_B": self.present_B & kept}
        return {f"{modality}_{name.rsplit('_', 1)[0]}": array for name, array in fields.items()}


class Graphs(NamedTuple):
    """The sessions of a model's three graphs, for so many cores."""

    image: "InferenceSession"
    text: "InferenceSession"
    answer: "InferenceSession"


class OnnxRuntime:
    """The model's graphs in ONNX Runtime, on the CPU, with the weights of its folder.

    A pass takes as many cores as PyTorch would take in the thread that asks for it (`torch.set_num_threads`).
    """

    def __init__(self, model: ModelFolder) -> None:
        """Raises InvalidCheckpoint when the graphs cannot be loaded with these weights."""
        self._folder = model.path
        self._attributes = [attribute.name for attribute in model.taxonomy.attributes]
        self._weights = _weights(model.path)
        self._by_cores: dict[int, Graphs] = {}
        self._loading = threading.Lock()
        self._graphs()

    def _graphs(self) -> Graphs:
        cores = torch.get_num_threads()  # a number of the thread's own
        with self._loading:
            if cores not in self._by_cores:
                self._by_cores[cores] = Graphs(*(self._session(name, cores) for name in GRAPHS))
        return self._by_cores[cores]

    def _session(self, name: str, cores: int) -> "InferenceSession":
        from onnxruntime import InferenceSession, SessionOptions

        graph = (self._folder / name).read_bytes()
        options = SessionOptions()
        options.intra_op_num_threads = cores
        # Each graph has helpers of its own. Left spinning after a run, they would take the cores of the next graph's.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        options.add_external_initializers(list(self._weights[name]), list(self._weights[name].values()))
        try:
            return InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception:  # onnxruntime has a class of its own for each kind, none of them public
            raise InvalidCheckpoint(f"The model's {name} does not fit its weights.") from None

    def run(self, batch: Batch, evidence: bool) -> Answers:
        graphs = self._graphs()
        image, text = self._images(graphs, batch), self._texts(graphs, batch)
        outputs = self._answer(graphs, image.inputs("image", True) | text.inputs("text", True))
        alone: dict[Modality, Floats] = {}
        if evidence and (image.present_B & text.present_B).any():
            for modality in ("image", "text"):
                kept = image.inputs("image", modality == "image") | text.inputs("text", modality == "text")
                alone[modality] = self._answer(graphs, kept)["leaf"]
        return Answers(
            leaf_BC=outputs["leaf"],
            tags_BG=outputs["tags"],
            attributes={name: outputs[f"attribute_{name}"] for name in self._attributes},
            embedding_BE=outputs["fused"],
            evidence=alone,
        )

    def _images(self, graphs: Graphs, batch: Batch) -> Encodings:
        """Several pictures of one product: their tokens in a row, their pooled vectors averaged."""
        present_B = batch.has_image_B.numpy()
        width = _width(graphs.image)
        if not present_B.any():
            return _nothing(present_B, width)
        tokens_NTD, pooled_ND = graphs.image.run(["tokens", "pooled"], {"pixels": batch.pixels_NCHW.numpy()})
        owner_N = batch.owner_N.numpy()
        count_B = np.bincount(owner_N, minlength=len(present_B))
        slot_N = np.arange(len(owner_N)) - (count_B.cumsum() - count_B)[owner_N]
        shape = len(present_B), int(count_B.max()), *tokens_NTD.shape[1:]
        tokens_BPTD = np.zeros(shape, np.float32)
        tokens_BPTD[owner_N, slot_N] = tokens_NTD
        mask_BT = (np.arange(shape[1]) < count_B[:, None]).repeat(shape[2], 1)
        pooled_BD = np.zeros((len(present_B), width), np.float32)
        np.add.at(pooled_BD, owner_N, pooled_ND)
        pooled_BD /= np.maximum(count_B, 1, dtype=np.float32)[:, None]
        return Encodings(tokens_BPTD.reshape(len(present_B), -1, width), mask_BT, pooled_BD, present_B)

    def _texts(self, graphs: Graphs, batch: Batch) -> Encodings:
        present_B, mask_BT = batch.has_text_B.numpy(), batch.mask_BT.numpy()
        width = _width(graphs.text)
        if not present_B.any():
            return _nothing(present_B, width)
        pooled_BD = np.zeros((len(present_B), width), np.float32)
        tokens_BTD = np.zeros((*mask_BT.shape, width), np.float32)
        words = {"ids": batch.ids_BT.numpy()[present_B], "mask": mask_BT[present_B]}
        tokens_BTD[present_B], pooled_BD[present_B] = graphs.text.run(["tokens", "pooled"], words)
        return Encodings(tokens_BTD, mask_BT, pooled_BD, present_B)

    @staticmethod
    def _answer(graphs: Graphs, inputs: Mapping[str, NDArray[Any]]) -> dict[str, Floats]:
        names = [output.name for output in graphs.answer.get_outputs()]
        wanted = {input.name: inputs[input.name] for input in graphs.answer.get_inputs()}
        return dict(zip(names, graphs.answer.run(names, wanted), strict=True))


def _width(encoder: "InferenceSession") -> int:
    return int(encoder.get_outputs()[1].shape[1])


def _nothing(present_B: NDArray[np.bool_], width: int) -> Encodings:
    """A modality that no product has."""
    tokens_BTD = np.zeros((len(present_B), 1, width), np.float32)
    return Encodings(tokens_BTD, np.zeros((len(present_B), 1), np.bool_), tokens_BTD[:, 0], present_B)


def _weights(folder: Path) -> dict[str, dict[str, "OrtValue"]]:
    """The weights that each graph wants, by their names. Raises InvalidCheckpoint."""
    from onnxruntime import OrtValue

    arrays = {name: array for file in WEIGHTS for name, array in load_file(folder / file).items()}
    try:
        used = json.loads((folder / GRAPH_WEIGHTS).read_text(encoding="utf-8"))
        return {
            graph: {name: OrtValue.ortvalue_from_numpy(_as_float(arrays[name])) for name in used[graph]}
            for graph in GRAPHS
        }
    except (ValueError, TypeError, KeyError):
        raise InvalidCheckpoint(f"The model's {GRAPH_WEIGHTS} does not name weights of this model.") from None


def _as_float(array: NDArray[Any]) -> NDArray[Any]:
    """Weights may be kept in half precision; they are computed with in single."""
    return array.astype(np.float32) if array.dtype == np.float16 else array
