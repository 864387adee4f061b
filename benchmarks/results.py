"""The accuracy table of docs/results.md, measured again.

    python benchmarks/results.py --data-root DIR [--model FOLDER] [--json FILE]

Each line is one `shelflens evaluate`, whose flags it names. `test` is only ever read here and by that command.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.arrays import Modalities
from catalog.model.checkpoint import load_model
from catalog.model.folder import shipped_model
from training.data.manifests import read_manifest
from training.evaluation.evaluate import Report, evaluate

Figure = tuple[str, str, float | None]  # name, path into the report, target


@dataclass(frozen=True)
class Line:
    """Figures of one evaluation."""

    data: str
    split: str
    modalities: Modalities
    figures: tuple[Figure, ...]
    masked: bool = False

    @property
    def command(self) -> str:
        masked = " --mask-labels" if self.masked else ""
        return f"--data {self.data}/products.jsonl --split {self.split} --modalities {self.modalities}{masked}"


LEAF, ERROR = "category.leaf_accuracy", "calibration.ece"
CALIBRATION: tuple[Figure, ...] = (
    ("calibration error", ERROR, 0.03),
    ("calibration error of perfectly calibrated scores, by chance", "calibration.ece_by_chance", None),
)


def attributes(targets: dict[str, float | None]) -> tuple[Figure, ...]:
    return tuple(
        figure
        for name, target in targets.items()
        for figure in (
            (name, f"attributes.{name}.accuracy", target),
            (f"{name}, macro F1", f"attributes.{name}.macro_f1", None),
        )
    )


ALONE = attributes({"gender": None, "colour": None, "season": None, "usage": None})
FUSED = attributes({"gender": 0.995, "colour": 0.93, "season": 0.87, "usage": 0.96})
RETRIEVAL = (
    ("title to image, R@1", "retrieval.r_at_1", 0.35),
    ("title to image, R@10", "retrieval.r_at_10", 0.80),
    ("image to title, R@1", "retrieval.picture_to_text.r_at_1", None),
    ("image to title, R@10", "retrieval.picture_to_text.r_at_10", None),
)
LINES = (
    Line("grocery", "test", "image", (("fine, 81", LEAF, 0.80), ("coarse, 43", "category.parent_accuracy", 0.88))),
    Line("clothing", "test", "image", (("classes, 17", LEAF, 0.80),)),
    Line(
        "fashion",
        "val",
        "image",
        (("types, 75", LEAF, 0.90), *ALONE, ("tags, mAP", "tags.mean_average_precision", None)),
    ),
    Line("fashion", "val", "text", (("types, 75", LEAF, None), *ALONE)),
    Line("fashion", "val", "both", (("types, 75", LEAF, 0.98), *FUSED, *RETRIEVAL, *CALIBRATION)),
    Line("fashion", "val", "text", (("types, 75", LEAF, None),), masked=True),
    Line("fashion", "val", "both", (("types, 75", LEAF, None),), masked=True),
    Line("grocery", "val", "image", (("fine, 81", LEAF, None), *CALIBRATION)),
    Line("clothing", "val", "image", (("classes, 17", LEAF, None), *CALIBRATION)),
    Line("eshop", "val", "both", (("classes, 8", LEAF, None), *CALIBRATION)),
    Line("grocery", "test", "image", (("calibration error", ERROR, None),)),
    Line("clothing", "test", "image", (("calibration error", ERROR, None),)),
)


def look_up(report: Report, keys: str) -> float:
    value: Any = report
    for key in keys.split("."):
        value = value[key]
    return float(value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=None)
    parser.add_argument("--json", type=Path, default=None)
    arguments = parser.parse_args()
    checkpoint = load_model(arguments.model or shipped_model())
    reports: dict[str, Report] = {}
    print(f"Model {checkpoint.version}.\n\n| `shelflens evaluate` … | figure | measured | target |\n|---|---|---|---|")
    for line in LINES:
        if line.command not in reports:
            rows = read_manifest(arguments.data_root / line.data / "products.jsonl", checkpoint.taxonomy)
            reports[line.command], _, _ = evaluate(checkpoint, rows, line.split, line.modalities, line.masked)
        for name, keys, target in line.figures:
            measured = look_up(reports[line.command], keys)
            wanted = "" if target is None else f"{'≤' if 'error' in name else '≥'} {target:g}"
            print(f"| `{line.command}` | {name} | {measured:.4f} | {wanted} |", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(reports, indent=1) + "\n")


if __name__ == "__main__":
    main()
