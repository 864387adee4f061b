"""The model on a GPU: whether its answers are those of the CPU, and what is worth switching on.

    python benchmarks/gpu.py [--device cuda:0] [--model FOLDER] [--batches 1 8 32 128] [--rounds 20] [--json FILE]

First the answers: of made-up products, on the GPU against the CPU, how many have another category and how far
the embeddings are apart; above the bounds below it ends with status 1. Then milliseconds a product, in turns:
ONNX Runtime on the CPU, PyTorch in float32, in bfloat16, and with the image encoder compiled and recorded as CUDA
graphs (`compile_image_encoder`). Compiling takes minutes. With `--device cpu` the script itself can be tried.
"""

import argparse
import json
from functools import partial
from pathlib import Path

import torch

from benchmarks.runtimes import example_batch
from benchmarks.timing import in_turns
from catalog.errors import CatalogError
from catalog.model.folder import open_model, shipped_model
from catalog.model.runtime import Runtime, open_runtime
from catalog.model.runtime.outputs import compare_outputs
from catalog.model.runtime.pytorch import TorchRuntime

CHECKED = 256
CHANGED_CATEGORIES, EMBEDDING_TOLERANCE = 0.02, 0.05


def main() -> None:
    arguments = parsed()
    opened = open_model(arguments.model or shipped_model())
    exact = TorchRuntime.load(opened, arguments.device)
    exact.low_precision = False
    contenders: dict[str, Runtime] = {
        "CPU": open_runtime(opened),
        "float32": exact,
        "bfloat16": TorchRuntime.load(opened, arguments.device),
        "compiled": TorchRuntime.load(opened, arguments.device, compiled=True),
    }
    batches = [example_batch(opened, "both", 32, seed)[0] for seed in range(CHECKED // 32)]
    print("| answers against the CPU's | other categories | most that a number of an embedding moved |\n|---|---|---|")
    far = False
    for name in ("float32", "bfloat16", "compiled"):
        found = compare_outputs(contenders["CPU"], contenders[name], batches)
        print(f"| {name} | {found.changed} of {found.products} | {found.embedding:.4f} |")
        far |= found.changed > CHANGED_CATEGORIES * found.products or found.embedding > EMBEDDING_TOLERANCE
    rows = {}
    print("\n| ms a product | " + " | ".join(contenders) + " |\n|---" + "|---" * len(contenders) + "|")
    for count in arguments.batches:
        batch = example_batch(opened, "both", count)[0]
        asked = {name: partial(runtime.run, batch, True) for name, runtime in contenders.items()}
        taken = in_turns(asked, arguments.rounds)
        rows[count] = {name: 1000 * seconds / count for name, seconds in taken.items()}
        print(f"| batch {count} | " + " | ".join(f"{ms:.2f}" for ms in rows[count].values()) + " |")
    if arguments.json:
        arguments.json.write_text(json.dumps({"device": device_name(arguments.device), "ms": rows}, indent=1) + "\n")
    if far:
        raise SystemExit("The answers are further from the CPU's than they should be.")


def device_name(device: str) -> str:
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else "CPU"


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--model", type=Path, help="a folder; without it, the shipped model")
    parser.add_argument("--batches", type=int, nargs="+", default=(1, 8, 32, 128))
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except CatalogError as error:
        raise SystemExit(error.message) from None
