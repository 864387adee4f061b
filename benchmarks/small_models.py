"""What smaller models lose and gain: accuracy on labelled products, size, and speed, each as it is served on this CPU.

    python benchmarks/small_models.py --data-root DATA [--split val] [--models nano INT8] [--rounds 10] [--json FILE]

Accuracy is of the category among all leaves. The first column is the shipped model; speed is of batches of 32 made-up
products with an image and words, in turns.
"""

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.ingest import SETS
from benchmarks.runtimes import example_batch
from benchmarks.timing import in_turns
from catalog.model.folder import open_model, shipped_model
from catalog.model.runtime.onnx import OnnxRuntime
from training.data.manifests import read_manifest
from training.export.folder import served

BATCH = 32


def main() -> None:
    arguments = parsed()
    folders = {"shipped": shipped_model(), **{path.name: path for path in arguments.models}}
    models = {name: open_model(folder) for name, folder in folders.items()}
    runtimes = {name: OnnxRuntime(opened) for name, opened in models.items()}
    found: dict[str, dict[str, Any]] = {name: {} for name in models}
    for name, opened in models.items():
        every: list[bool] = []
        for source in SETS:
            rows = read_manifest(arguments.data_root / source / "products.jsonl", opened.taxonomy, arguments.split)
            if not rows:
                continue
            reached = served(runtimes[name], opened, rows)
            for way, right in reached.right.items():
                every += right
                if right:
                    found[name][f"{source}, {way}"] = 100 * float(np.mean(right))
            if source == "fashion" and reached.right["both"]:
                found[name]["fashion, words that find their picture in ten"] = 100 * reached.found
        found[name]["all of these together"] = 100 * float(np.mean(every))
    batches = {name: example_batch(opened, "both", BATCH)[0] for name, opened in models.items()}
    taken = in_turns(
        {name: partial(runtime.run, batches[name], False) for name, runtime in runtimes.items()}, arguments.rounds
    )
    for name, seconds in taken.items():
        found[name]["ms a product"] = 1000 * seconds / BATCH
        found[name]["times as fast"] = taken["shipped"] / seconds
        found[name]["MB on disk"] = sum(path.stat().st_size for path in models[name].path.iterdir()) / 1e6
    print(f"| {arguments.split} | " + " | ".join(models) + " |\n|---" + "|---" * len(models) + "|")
    for figure in found["shipped"]:
        print(f"| {figure} | " + " | ".join(f"{each[figure]:.1f}" for each in found.values()) + " |")
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--split", choices=("val", "test"), default="val")
    parser.add_argument("--models", type=Path, nargs="+", default=(Path("nano"),), help="model folders, or nano")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
