"""Products a second: against the size of the batch, the number of cores, and the size of the images.

    python benchmarks/throughput.py [--int8 FOLDER] [--batches 1 4 16 64] [--cores 1 2] [--pixels 224 640 1280 2560]
                                    [--rounds 5] [--json FILE]

Of the shipped model, the nano model, and that in int8 if given, in turns. Batches are of made-up products that were
decoded before; images are the demo's, enlarged so that their longer side has so many pixels, decoded and read on all
cores, 32 products at a time.
"""

import argparse
import json
import os
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.runtimes import example_batch
from benchmarks.service import read_products
from benchmarks.stages import enlarged
from benchmarks.timing import in_turns
from benchmarks.traffic import DEMO
from catalog import Understander
from catalog.model.folder import open_model, shipped_model
from catalog.model.runtime import set_thread_budget
from catalog.model.runtime.onnx import OnnxRuntime

TOGETHER = 32


def main() -> None:
    arguments = parsed()
    folders = {"shipped": shipped_model(), "int8": arguments.int8, "nano": shipped_model("nano")}
    models = {name: open_model(folder) for name, folder in folders.items() if folder}
    runtimes = {name: OnnxRuntime(opened) for name, opened in models.items()}
    report: dict[str, list[dict[str, Any]]] = {"batches": [], "pictures": []}
    for cores in arguments.cores:
        set_thread_budget(cores)
        for count in arguments.batches:
            batches = {name: example_batch(opened, "both", count)[0] for name, opened in models.items()}
            asked = {name: partial(runtime.run, batches[name], False) for name, runtime in runtimes.items()}
            taken = in_turns(asked, arguments.rounds)
            rates = {name: count / seconds for name, seconds in taken.items()}
            report["batches"].append({"cores": cores, "batch": count, "a_second": rates})
    readers = {name: Understander(models[name], runtime) for name, runtime in runtimes.items()}
    for pixels in arguments.pixels:
        products = enlarged(read_products(DEMO, TOGETHER), pixels)
        taken = in_turns(
            {name: partial(reader.understand, products, evidence=False) for name, reader in readers.items()},
            arguments.rounds,
        )
        rates = {name: TOGETHER / seconds for name, seconds in taken.items()}
        report["pictures"].append({"pixels": pixels, "a_second": rates})
    print(table(report["batches"], {"cores": "products a second, decoded before: cores", "batch": "batch"}), end="\n\n")
    print(table(report["pictures"], {"pixels": "products a second, decoding included: pixels of the longer side"}))
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")


def table(rows: list[dict[str, Any]], heads: dict[str, str]) -> str:
    """heads: of the columns before the rates, by their keys in a row."""
    names = list(rows[0]["a_second"])
    lines = ["| " + " | ".join([*heads.values(), *names]) + " |", "|---" * (len(heads) + len(names)) + "|"]
    for row in rows:
        cells = [*(str(row[key]) for key in heads), *(f"{row['a_second'][name]:.1f}" for name in names)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--int8", type=Path, help="the shipped model in int8, as `shelflens export --int8` writes it")
    parser.add_argument("--batches", type=int, nargs="+", default=(1, 4, 16, 64))
    parser.add_argument("--cores", type=int, nargs="+", default=sorted({1, os.cpu_count() or 1}))
    parser.add_argument("--pixels", type=int, nargs="+", default=(224, 640, 1280, 2560))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
