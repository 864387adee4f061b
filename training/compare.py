"""Early, late and cross-attention fusion at equal budget, several seeds each, against models of one modality alone."""

import dataclasses
import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from catalog.arrays import Modalities
from catalog.model.checkpoint import Checkpoint, load_model
from catalog.model.encoders import Encoded
from catalog.taxonomy.tree import Taxonomy
from training.config import CACHES, TrainConfig
from training.data.manifests import LabelledProduct, read_sets
from training.data.masking import mask_labels
from training.evaluation.predict import encode_rows, has_modalities, predict
from training.train import train

SEEDS = (0, 1, 2)
Variant = tuple[str, dict[str, object]]
VARIANTS: tuple[Variant, ...] = (
    ("early", {"fusion": "early"}),
    ("late", {"fusion": "late"}),
    ("cross", {"fusion": "cross"}),
    ("image alone", {"fusion": "late", "keep_image": 1.0, "keep_text": 0.0}),
    ("text alone", {"fusion": "late", "keep_image": 0.0, "keep_text": 1.0}),
)
COLUMNS = ("image+text", "image", "text", "masked image+text", "masked text")


def compare(config: TrainConfig, data: Path, seeds: Sequence[int] = SEEDS) -> str:
    """Train every variant and seed that is not trained yet. -> a Markdown table and a recommendation.

    Accuracy is among all leaves of the tree, on those `val` products that have both modalities. "image alone" and "text
    alone" are late fusion trained without the other modality: what a missing modality is measured against.
    """
    taxonomy = Taxonomy.load(config.taxonomy)
    rows = [row for row in read_sets(config, data, taxonomy, "val") if row.node and has_modalities(row, "both")]
    shared = {kind: str(config.cache(kind)) for kind in CACHES}
    results: dict[str, list[dict[str, float]]] = {}
    encoded: dict[str, list[tuple[Encoded, Encoded]]] = {}
    for name, changes in VARIANTS:
        for seed in seeds:
            output = f"{config.output}/{name.replace(' ', '-')}-{seed}"
            changed = dataclasses.replace(config, output=output, seed=seed, **shared, **changes)  # type: ignore[arg-type]
            train(changed, data)
            trained = load_model(Path(output) / "model")
            if not encoded:
                encoded = encode_both_ways(trained, rows)
            results.setdefault(name, []).append(measure(trained, rows, encoded))
    Path(config.output, "compare.json").write_text(json.dumps(results, indent=1) + "\n")
    return table(results) + "\n" + recommendation(results)


def encode_both_ways(
    checkpoint: Checkpoint, rows: Sequence[LabelledProduct]
) -> dict[str, list[tuple[Encoded, Encoded]]]:
    """All variants share the frozen encoders, so the products are encoded once."""
    masked = [mask_labels(row, checkpoint.taxonomy) for row in rows]
    return {
        "plain": list(encode_rows(checkpoint.model, rows, checkpoint.tokenizer)),
        "masked": list(encode_rows(checkpoint.model, masked, checkpoint.tokenizer)),
    }


def measure(
    checkpoint: Checkpoint, rows: Sequence[LabelledProduct], encoded: dict[str, list[tuple[Encoded, Encoded]]]
) -> dict[str, float]:
    choices: tuple[Modalities, ...] = ("both", "image", "text")
    plain = predict(checkpoint.model, encoded["plain"], choices)
    masked = predict(checkpoint.model, encoded["masked"], choices)
    under = [checkpoint.taxonomy.leaves_under(str(row.node)) for row in rows]

    def accuracy(leaf_NC: np.ndarray) -> float:
        return float(np.mean([leaf in leaves for leaf, leaves in zip(leaf_NC.argmax(1), under, strict=True)]))

    return {
        "image+text": accuracy(plain["both"].leaf_NC),
        "image": accuracy(plain["image"].leaf_NC),
        "text": accuracy(plain["text"].leaf_NC),
        "masked image+text": accuracy(masked["both"].leaf_NC),
        "masked text": accuracy(masked["text"].leaf_NC),
        "parameters": float(sum(p.numel() for p in checkpoint.model.fusion.parameters())),
        "milliseconds": milliseconds(checkpoint, encoded["plain"][0]),
    }


@torch.inference_mode()
def milliseconds(checkpoint: Checkpoint, pair: tuple[Encoded, Encoded], repeats: int = 10) -> float:
    """Median time of fusion and heads for a product, in a batch of 32."""
    model, (image, text) = checkpoint.model.eval(), pair
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        model.fuse_and_classify(image, text)
        times.append(time.perf_counter() - start)
    return float(np.median(times[1:])) * 1000 / len(image.present_B)


def table(results: dict[str, list[dict[str, float]]]) -> str:
    seeds = len(next(iter(results.values())))
    lines = [
        f"| fusion | {' | '.join(COLUMNS)} | ms a product | parameters |",
        "|---|" + "---|" * (len(COLUMNS) + 2),
    ]
    for name, runs in results.items():
        cells = [f"{_mean(runs, c):.2%} ± {_spread(runs, c):.2%}" for c in COLUMNS]
        cells += [f"{_mean(runs, 'milliseconds'):.2f}", f"{_mean(runs, 'parameters') / 1e6:.2f} M"]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + f"\n\nMean ± standard deviation over {seeds} seeds.\n"


def recommendation(results: dict[str, list[dict[str, float]]]) -> str:
    """The cheapest fusion whose accuracy (mean of plain and masked titles) is within one deviation of the best."""
    fused = {name: runs for name, runs in results.items() if not name.endswith("alone")}

    def score(name: str) -> float:
        return (_mean(fused[name], "image+text") + _mean(fused[name], "masked image+text")) / 2

    best = max(fused, key=score)
    noise = (_spread(fused[best], "image+text") + _spread(fused[best], "masked image+text")) / 2
    near = [name for name in fused if score(name) >= score(best) - noise]
    chosen = min(near, key=lambda name: _mean(fused[name], "milliseconds"))
    return f"Recommended: {chosen}. Most accurate: {best} ({score(best):.2%}); within its spread: {', '.join(near)}.\n"


def _mean(runs: Sequence[dict[str, float]], column: str) -> float:
    return float(np.mean([run[column] for run in runs]))


def _spread(runs: Sequence[dict[str, float]], column: str) -> float:
    return float(np.std([run[column] for run in runs], ddof=1)) if len(runs) > 1 else 0.0
