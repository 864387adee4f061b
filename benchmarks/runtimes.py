"""A model's forward pass in PyTorch and in ONNX Runtime, in the same run.

    python benchmarks/runtimes.py [--model FOLDER] [--batches 1 8 32] [--rounds 20] [--json FILE]

Products are made up: a picture of noise and so many words as a title has. The two take turns, so that both meet the
same neighbours on the machine. Figures are medians, in milliseconds a product.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from tqdm import tqdm

from catalog.checkpoint import build_model
from catalog.model_folder import open_model, shipped_model
from catalog.preprocess import Prepared, collate
from catalog.runtime.onnx import OnnxRuntime
from catalog.runtime.pytorch import TorchRuntime

WORDS = "Women's running shoe, light and breathable, navy blue, size {}"
KINDS = {"both": (1, WORDS), "picture": (1, ""), "words": (0, WORDS)}


def main() -> None:
    arguments = parsed()
    opened = open_model(arguments.model or shipped_model())
    runtimes = {"PyTorch": TorchRuntime(build_model(opened)), "ONNX Runtime": OnnxRuntime(opened)}
    random, size = np.random.default_rng(0), opened.config.image.size
    rows = []
    print("| products | batch | PyTorch, ms | ONNX Runtime, ms | times as fast |\n|---|---|---|---|---|")
    for kind, (pictures, words) in KINDS.items():
        for count in arguments.batches:
            shape = (pictures, 3, size, size)
            products = [
                Prepared(str(n), random.integers(0, 256, shape, dtype=np.uint8), words.format(n)) for n in range(count)
            ]
            batch = collate(products, opened.tokenizer)
            asked = {
                name: lambda runtime=runtime, batch=batch: runtime.run(batch, True)
                for name, runtime in runtimes.items()
            }
            torch, onnx = (1000 * seconds / count for seconds in in_turns(asked, arguments.rounds).values())
            rows.append({"products": kind, "batch": count, "torch_ms": torch, "onnx_ms": onnx})
            print(f"| {kind} | {count} | {torch:.1f} | {onnx:.1f} | {torch / onnx:.2f} |")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


def in_turns(asked: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The median seconds of each, after one that does not count."""
    taken: dict[str, list[float]] = {name: [] for name in asked}
    for _ in tqdm(range(rounds + 1), leave=False):
        for name, run in asked.items():
            started = time.perf_counter()
            run()
            taken[name].append(time.perf_counter() - started)
    return {name: median(seconds[1:]) for name, seconds in taken.items()}


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="a folder with graphs; without it, the shipped model")
    parser.add_argument("--batches", type=int, nargs="+", default=(1, 8, 32))
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
