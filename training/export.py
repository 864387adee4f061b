"""A trained model -> the folder that is served: half precision, calibrated scores, and proof that answers stayed."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from catalog.checkpoint import Checkpoint, load_model, save_model
from catalog.errors import InvalidCheckpoint
from catalog.graphs import write_graphs
from training.calibrate import calibrate
from training.data import Labelled
from training.predict import encode_rows, predict, read_batches

CHANGED_CATEGORIES = 0.002
EMBEDDING_TOLERANCE = 0.02
CHECKED = 256


def export(run_model: Path, output: Path, train: Sequence[Labelled], val: Sequence[Labelled]) -> Checkpoint:
    """Write `output` from the model that a training run kept. -> the exported model, loaded back.

    Raises InvalidCheckpoint when half precision changes the category of more than 2 in 1,000 products of `val`, or any
    embedding by more than 0.02 in one number; or when ONNX Runtime answers otherwise than PyTorch for any of `val`.
    """
    trained = load_model(run_model)
    calibration = calibrate(trained.model, trained.taxonomy, trained.tokenizer, train, val)
    save_model(output, trained.model, trained.taxonomy, trained.tokenizer, calibration, torch.float16)
    exported = load_model(output)
    step = max(len(val) // CHECKED, 1)
    compare_answers(trained, exported, val[::step])
    write_graphs(exported, output, read_batches(val, exported.config.image.size, exported.tokenizer))
    return exported


def compare_answers(before: Checkpoint, after: Checkpoint, rows: Sequence[Labelled]) -> tuple[int, float]:
    """-> changed categories, largest difference in an embedding. Raises InvalidCheckpoint beyond the bounds."""
    old, new = (
        predict(checkpoint.model, encode_rows(checkpoint.model, rows, checkpoint.tokenizer), ["both"])["both"]
        for checkpoint in (before, after)
    )
    changed = int((old.leaf_NC.argmax(1) != new.leaf_NC.argmax(1)).sum())
    difference = float(np.abs(old.fused_NE - new.fused_NE).max())
    if changed > max(1, CHANGED_CATEGORIES * len(rows)) or difference > EMBEDDING_TOLERANCE:
        raise InvalidCheckpoint(
            f"Half precision changes {changed} of {len(rows)} categories and moves an embedding by {difference:.3f}."
        )
    return changed, difference
