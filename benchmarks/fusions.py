"""What each fusion costs on top of the encoders, in PyTorch, at the shipped model's size; with random weights.

python benchmarks/fusions.py [--batches 1 32] [--rounds 20] [--json FILE]
"""

import argparse
import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from benchmarks.runtimes import example_batch
from benchmarks.timing import in_turns
from catalog.model.folder import open_model, shipped_model
from catalog.model.fusion import FUSIONS
from catalog.model.network import CatalogModel, Inputs


def main() -> None:
    arguments = parsed()
    opened = open_model(shipped_model())
    models = {kind: CatalogModel(replace(opened.config, fusion=kind), opened.taxonomy).eval() for kind in FUSIONS}
    rows = {}
    print("| fusion | parameters | " + " | ".join(f"batch {count}, ms a product" for count in arguments.batches) + " |")
    print("|---" * (2 + len(arguments.batches)) + "|")
    with torch.inference_mode():
        taken: dict[int, dict[str, float]] = {}
        for count in arguments.batches:
            image, text = models["late"].encode(Inputs.of(example_batch(opened, "both", count)[0]))
            taken[count] = in_turns(
                {kind: partial(model.answer, image, text) for kind, model in models.items()}, arguments.rounds
            )
    for kind, model in models.items():
        parameters = sum(each.numel() for each in model.fusion.parameters())
        found = {count: 1000 * seconds[kind] / count for count, seconds in taken.items()}
        rows[kind] = {"parameters": parameters, "ms": found}
        print(f"| {kind} | {parameters:,} | " + " | ".join(f"{ms:.3f}" for ms in found.values()) + " |")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, nargs="+", default=(1, 32))
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
