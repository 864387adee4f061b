"""The model's graphs in ONNX Runtime (see `training.export.onnx_export`): on a CPU two to three times as fast as
PyTorch.
"""

import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from catalog.arrays import Floats
from catalog.errors import CheckpointInvalid
from catalog.model.folder import GRAPH_WEIGHTS, GRAPHS, WEIGHTS, ModelFolder, read_weights
from catalog.model.preprocess import Batch, TextBatch
from catalog.model.runtime.cache import Row, row_cache
from catalog.model.runtime.outputs import Alone, ModelOutputs, weighed
from catalog.model.runtime.threads import cores
from catalog.product import Modality

if TYPE_CHECKING:
    from onnxruntime import InferenceSession, OrtValue

Arrays = dict[str, NDArray[Any]]


class Graphs(NamedTuple):
    """The sessions of a model's three graphs, for so many cores."""

    image: "InferenceSession"
    text: "InferenceSession"
    answer: "InferenceSession"


class OnnxRuntime:
    """The model folder's graphs and weights in ONNX Runtime, on the CPU."""

    def __init__(self, model: ModelFolder, cache_bytes: int = 0) -> None:
        """Raises CheckpointInvalid when the graphs cannot be loaded with these weights.

        cache_bytes: size of the LRU cache of the encoders' outputs.
        """
        self._folder, self._familiarity = model.path, model.familiarity
        self._attributes = [attribute.name for attribute in model.taxonomy.attributes]
        self._weights = _weights(model.path)
        self._cache = row_cache(cache_bytes)
        self._by_cores: dict[int, Graphs] = {}
        self._loading = threading.Lock()
        self._graphs()

    def _graphs(self) -> Graphs:
        with self._loading:
            if cores() not in self._by_cores:
                self._by_cores[cores()] = Graphs(*(self._session(name) for name in GRAPHS))
        return self._by_cores[cores()]

    def _session(self, name: str) -> "InferenceSession":
        from onnxruntime import InferenceSession, SessionOptions

        graph = (self._folder / name).read_bytes()
        options = SessionOptions()
        options.intra_op_num_threads = cores()
        # Each graph has a thread pool of its own. Spinning on after a run, it would take the next graph's cores.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        options.add_external_initializers(list(self._weights[name]), list(self._weights[name].values()))
        try:
            return InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception:  # onnxruntime has a class of its own for each kind, none of them public
            raise CheckpointInvalid(f"The model's {name} does not fit its weights.") from None

    @property
    def tells_names(self) -> bool:
        """Whether the leaves' logits by the names alone are among the outputs; in graphs of earlier releases never."""
        return any(output.name == "names" for output in self._graphs().answer.get_outputs())

    def run(self, batch: Batch, evidence: bool) -> ModelOutputs:
        graphs = self._graphs()
        encoded = {"images": batch.images_BP, "texts": batch.texts_BP}
        encoded |= self._images(graphs, batch) | self._texts(graphs, batch.texts)
        outputs = _answer(graphs, encoded)
        image_BD = _mean_of_slots(encoded["image_pooled"], batch.images_BP)
        text_BD = _mean_of_slots(encoded["text_pooled"], batch.texts_BP)
        alone: dict[Modality, Alone] = {}
        if evidence and batch.any_has_both:
            by_image = _answer(graphs, encoded | {"texts": np.full_like(batch.texts_BP, -1)})
            by_text = _answer(graphs, encoded | {"images": np.full_like(batch.images_BP, -1)})
            alone["image"] = self._alone(by_image, image_BD, np.zeros_like(text_BD))
            alone["text"] = self._alone(by_text, np.zeros_like(image_BD), text_BD)
        return ModelOutputs(
            leaf_BC=self._leaf(outputs, image_BD, text_BD),
            tags_BG=outputs["tags"],
            attributes=self._of_attributes(outputs),
            embedding_BE=outputs["fused"],
            image_BD=image_BD,
            text_BD=text_BD,
            evidence=alone,
            names_BC=outputs.get("names"),
        )

    def _leaf(self, answer: Mapping[str, Floats], image_BD: Floats, text_BD: Floats) -> Floats:
        return weighed(self._familiarity, answer["leaf"], answer.get("names"), image_BD, text_BD)

    def _alone(self, answer: Mapping[str, Floats], image_BD: Floats, text_BD: Floats) -> Alone:
        return Alone(self._leaf(answer, image_BD, text_BD), answer["fused"], self._of_attributes(answer))

    def _of_attributes(self, answer: Mapping[str, Floats]) -> dict[str, Floats]:
        return {name: answer[f"attribute_{name}"] for name in self._attributes}

    def _images(self, graphs: Graphs, batch: Batch) -> Arrays:
        """Pooled vector of each image, and its tokens if the fusion reads them."""
        names = _wanted(graphs, "image_")

        def read(positions: list[int]) -> list[Row]:
            pixels_NCHW = batch.pixels_NCHW
            if len(positions) < len(pixels_NCHW):  # else a copy of them all
                pixels_NCHW = pixels_NCHW[positions]
            return _rows(names, graphs.image.run(names, {"pixels": pixels_NCHW}))

        rows = self._cache.rows(batch.digests, read)
        if not rows:
            return {f"image_{name}": array for name, array in empty_encoding(graphs.image).items()}
        return {f"image_{name}": np.stack([row[name] for row in rows]) for name in names}

    def _texts(self, graphs: Graphs, texts: Sequence[TextBatch]) -> Arrays:
        """As for images, with the mask of real tokens. All texts are padded to the longest."""
        names = _wanted(graphs, "text_")
        rows: list[Row] = []
        lengths: list[int] = []
        for group in texts:
            ids = [ids_T[mask_T] for ids_T, mask_T in zip(*group, strict=True)]

            def read(positions: list[int], group: TextBatch = group) -> list[Row]:
                given = {"ids": group.ids_GT[positions], "mask": group.mask_GT[positions]}
                return _rows(names, graphs.text.run(names, given))

            rows += self._cache.rows([ids_T.tobytes() for ids_T in ids], read)
            lengths += map(len, ids)
        if not rows:
            return {f"text_{name}": array for name, array in empty_encoding(graphs.text).items()}
        encoded = {f"text_{name}": [row[name] for row in rows] for name in names}
        if "tokens" in names:
            tokens = zip(encoded["text_tokens"], lengths, strict=True)
            encoded["text_tokens"] = [_padded(tokens_TD, real, max(lengths)) for tokens_TD, real in tokens]
        mask_UT = np.arange(max(lengths)) < np.array(lengths)[:, None]
        return {"text_mask": mask_UT, **{name: np.stack(arrays) for name, arrays in encoded.items()}}


def _rows(names: Sequence[str], found: Sequence[NDArray[Any]]) -> list[Row]:
    """An encoder's outputs for a batch, as one row per image or text."""
    return [dict(zip(names, row, strict=True)) for row in zip(*found, strict=True)]


def _padded(tokens_TD: Floats, real: int, length: int) -> Floats:
    return np.pad(tokens_TD[:real], ((0, length - real), (0, 0)))


def _wanted(graphs: Graphs, modality: str) -> list[str]:
    """The encoder outputs that are needed: the tokens only if the fusion reads them."""
    names = [given.name for given in graphs.answer.get_inputs()]
    return [*(["tokens"] if f"{modality}tokens" in names else []), "pooled"]


def _mean_of_slots(pooled_ND: NDArray[Any], index_BP: NDArray[np.int64]) -> Floats:
    """The mean of the pooled vectors in each product's slots, (B, D); zeros without any. See `preprocess.Batch`."""
    filled_BP = index_BP >= 0
    if not len(pooled_ND):
        return np.zeros((len(index_BP), pooled_ND.shape[1]), np.float32)
    total_BD = (pooled_ND[index_BP] * filled_BP[..., None]).sum(1)
    return np.asarray(total_BD / np.maximum(filled_BP.sum(1, keepdims=True), 1), np.float32)


def empty_encoding(encoder: "InferenceSession") -> Arrays:
    """The encoding of no image or no text."""
    tokens, pooled = (np.zeros((0, int(given.shape[-1])), np.float32) for given in encoder.get_outputs())
    return {"tokens": tokens[:, None], "mask": np.zeros((0, 1), np.bool_), "pooled": pooled}


def _answer(graphs: Graphs, encoded: Mapping[str, NDArray[Any]]) -> dict[str, Floats]:
    names = [output.name for output in graphs.answer.get_outputs()]
    wanted = {given.name: encoded[given.name] for given in graphs.answer.get_inputs()}
    return dict(zip(names, graphs.answer.run(names, wanted), strict=True))


def _weights(folder: Path) -> dict[str, dict[str, "OrtValue"]]:
    """Each graph's weights by name. Raises CheckpointInvalid."""
    from onnxruntime import OrtValue

    try:
        used = json.loads((folder / GRAPH_WEIGHTS).read_text(encoding="utf-8"))
        loaded = {graph: read_weights(folder, weights) for graph, weights in zip(GRAPHS, WEIGHTS, strict=True)}
        return {
            graph: {name: OrtValue.ortvalue_from_numpy(arrays[name]) for name in used[graph]}
            for graph, arrays in loaded.items()
        }
    except (ValueError, TypeError, KeyError, SafetensorError):
        raise CheckpointInvalid(f"The model's {GRAPH_WEIGHTS} does not name weights of this model.") from None
