"""A trained model -> the model folder in half precision, with calibrated scores and checked outputs.

From this folder, the folder in int8, with its loss of accuracy checked.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from catalog.arrays import MODALITIES, Floats, Modalities
from catalog.errors import CheckpointInvalid, ManifestInvalid
from catalog.model.calibration import Calibration
from catalog.model.checkpoint import Checkpoint, load_model, save_model
from catalog.model.contract import FILE as CONTRACT
from catalog.model.familiarity import FILE as FAMILIARITY
from catalog.model.folder import CALIBRATION, ModelFolder, open_model, replaced, write_checksums, write_json
from catalog.model.runtime import Runtime
from catalog.model.runtime.onnx import OnnxRuntime
from training.data.manifests import LabelledProduct
from training.evaluation.metrics import recall_at, retrieval_ranks
from training.evaluation.predict import encode_rows, has_modalities, predict, read_batches
from training.export.calibrate import calibrate, weight_of_names
from training.export.familiarity import fit
from training.export.floor import floor_bounds
from training.export.onnx_export import export_onnx
from training.export.quantize import quantize
from training.export.readings import read, read_without_values, shown, with_names

CHANGED_CATEGORIES = 0.002
EMBEDDING_TOLERANCE = 0.02
CHECKED = 256
# Maximum loss of a model in int8: of the accuracy, and of the share whose text finds their image in ten.
LOST_CATEGORIES, LOST_FINDS = 0.005, 0.01
CALIBRATED_ON = 512
CACHE_BYTES = 256 << 20  # of a batch at least, which is read by image, by text and by both: encoded once


def export(
    run_model: Path,
    output: Path,
    train: Sequence[LabelledProduct],
    val: Sequence[LabelledProduct],
    paths: Sequence[Sequence[str]] = (),
    opinions: Collection[str] = (),
) -> Checkpoint:
    """Write `output` from the model of a training run. -> the exported model, loaded back.

    paths: see `training.export.familiarity`. opinions: see `TrainConfig`. Raises CheckpointInvalid if half precision
    changes the category of more than 2 in 1,000 products of `val`, or a component of an embedding by more than 0.02, or
    if the outputs of ONNX Runtime and PyTorch differ on `val`.
    """
    check_labelled(val)
    trained = load_model(run_model)
    save_model(output, trained.model, trained.taxonomy, trained.tokenizer, dtype=torch.float16)
    exported = load_model(output)
    step = max(len(val) // CHECKED, 1)
    compare_answers(trained, exported, val[::step])
    export_onnx(exported, output, read_batches(val, exported.config.image.size, exported.tokenizer))
    recalibrate(open_model(output), train, val, paths, opinions)
    return load_model(output)


def recalibrate(
    model: ModelFolder,
    train: Sequence[LabelledProduct],
    val: Sequence[LabelledProduct],
    paths: Sequence[Sequence[str]] = (),
    opinions: Collection[str] = (),
) -> Calibration:
    """Calibrate the model again as it is served, and write the calibration into its folder.

    Raises CheckpointInvalid for graphs of an earlier release, which do not tell what it needs.
    """
    labelled = check_labelled(val)
    runtime = OnnxRuntime(model, CACHE_BYTES)
    if model.config.open_head and not runtime.tells_names:
        raise CheckpointInvalid(
            f"The graphs in {model.path.name!r} are of an earlier release. Write them anew first:"
            " shelflens export --model FOLDER --output FOLDER."
        )
    familiarity = fit(runtime, model, train, labelled, paths)
    model = replace(model, familiarity=familiarity, calibration=Calibration())
    runtime = OnnxRuntime(model, CACHE_BYTES)
    readings = read(runtime, model, labelled)
    named = weight_of_names(labelled, readings, model.taxonomy)
    model = replace(model, calibration=Calibration(named=named))
    titles = [row.title for row in labelled]
    readings = replace(readings, by_choice=with_names(readings.by_choice, titles, model.taxonomy, named))
    valued = read_without_values(runtime, model, labelled, readings)
    calibration = calibrate(labelled, readings, valued, model.taxonomy, familiarity, opinions)
    calibration = replace(calibration, named=named)
    calibration = replace(calibration, floor=floor_bounds(runtime, model, labelled, readings, calibration))
    write_json(model.path / CALIBRATION, asdict(calibration))
    for name in (FAMILIARITY, CONTRACT):  # both were measured with the former calibration
        (model.path / name).unlink(missing_ok=True)
    if familiarity:
        familiarity.save(model.path)
    write_checksums(model.path)
    return calibration


def check_labelled(val: Sequence[LabelledProduct]) -> list[LabelledProduct]:
    """The products with a category. Raises ManifestInvalid if there are none."""
    if not (labelled := [row for row in val if row.node]):
        raise ManifestInvalid("There is no product with a category of the tree to calibrate on.")
    return labelled


def compare_answers(before: Checkpoint, after: Checkpoint, rows: Sequence[LabelledProduct]) -> tuple[int, float]:
    """-> changed categories, largest difference in an embedding. Raises CheckpointInvalid above the limits."""
    old, new = (
        predict(checkpoint.model, encode_rows(checkpoint.model, rows, checkpoint.tokenizer), ["both"])["both"]
        for checkpoint in (before, after)
    )
    changed = int((old.leaf_NC.argmax(1) != new.leaf_NC.argmax(1)).sum())
    difference = float(np.abs(old.fused_NE - new.fused_NE).max())
    if changed > max(1, CHANGED_CATEGORIES * len(rows)) or difference > EMBEDDING_TOLERANCE:
        raise CheckpointInvalid(
            f"Half precision changes {changed} of {len(rows)} categories and moves an embedding by {difference:.3f}."
        )
    return changed, difference


class Served(NamedTuple):
    """A runtime's accuracy on labelled products. right: whether each category is right, by modality choice. found: the
    share of products with both modalities whose text alone has their image among the nearest ten.
    """

    right: dict[Modalities, list[bool]]
    found: float

    @property
    def top_1(self) -> float:
        """Accuracy over all modality choices."""
        return float(np.mean([each for way in self.right.values() for each in way]))


def export_int8(
    model: ModelFolder, output: Path, train: Sequence[LabelledProduct], val: Sequence[LabelledProduct]
) -> tuple[Served, Served]:
    """Write `output`, the model in int8, its ranges measured on images of `train`. -> before, after, on `val`.

    Raises CheckpointInvalid, and writes nothing, when top_1 falls by more than half a point or found by one.
    """
    with_image = [row for row in train if row.image]
    chosen = with_image[:: max(len(with_image) // CALIBRATED_ON, 1)]
    with replaced(output) as folder:
        quantize(model, folder, read_batches(chosen, model.config.image.size, model.tokenizer, 16))
        models = (model, replace(model, path=folder))
        before, after = (served(OnnxRuntime(each, CACHE_BYTES), each, val) for each in models)
        if before.top_1 - after.top_1 > LOST_CATEGORIES or before.found - after.found > LOST_FINDS:
            raise CheckpointInvalid(
                f"In int8 {after.top_1:.4f} of the categories are right, before {before.top_1:.4f}; "
                f"{after.found:.4f} of the words find their image, before {before.found:.4f}."
            )
    return before, after


def served(runtime: Runtime, model: ModelFolder, rows: Sequence[LabelledProduct]) -> Served:
    under = [set(model.taxonomy.leaves_under(row.node)) if row.node else set() for row in rows]
    right: dict[Modalities, list[bool]] = {"image": [], "text": [], "both": []}
    alone: dict[Modalities, list[Floats]] = {"image": [], "text": []}
    start = 0
    for batch in read_batches(rows, model.config.image.size, model.tokenizer):
        for modalities in MODALITIES:
            answers = runtime.run(shown(batch, modalities), False)
            for row, best in enumerate(answers.leaf_BC.argmax(1), start):
                if under[row] and has_modalities(rows[row], modalities):
                    right[modalities].append(int(best) in under[row])
            if modalities != "both":
                alone[modalities].append(answers.embedding_BE)
        start += len(batch.texts_BP)
    both = [row for row, labelled in enumerate(rows) if has_modalities(labelled, "both")]
    text_NE, image_NE = (np.concatenate(alone[name])[both] for name in ("text", "image"))
    found = recall_at(retrieval_ranks(text_NE, image_NE), (10,))["r_at_10"] if both else 1.0
    return Served(right, float(found))
