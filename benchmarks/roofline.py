"""How close the model comes to what the processor can do: operations counted, over the machine's matrix products.

    python benchmarks/roofline.py [--model FOLDER] [--batch 32] [--rounds 20] [--json FILE]

Operations are those of PyTorch's counter: two for each multiply-add of a convolution, matrix product or attention. The
limit is the best float32 matrix product of ONNX Runtime here, measured in turns with the model, so that both meet the
same machine. Bytes are the weights and what each part takes in and gives out; of what stays between, the caches decide.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from onnx import TensorProto, helper
from onnxruntime import InferenceSession
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.runtimes import example_batch
from benchmarks.timing import in_turns
from catalog.model.checkpoint import build_model
from catalog.model.folder import open_model, shipped_model
from catalog.model.network import CatalogModel, Inputs
from catalog.model.preprocess import Batch
from catalog.model.runtime.onnx import OnnxRuntime

SIZES = (512, 1024, 2048)
KINDS = ("both", "picture", "words")


def main() -> None:
    arguments = parsed()
    opened = open_model(arguments.model or shipped_model())
    model, runtime = build_model(opened), OnnxRuntime(opened)
    batches = {kind: example_batch(opened, kind, arguments.batch)[0] for kind in KINDS}
    asked: dict[str, Callable[[], object]] = {f"product {size}": matrix_product(size) for size in SIZES}
    asked |= {kind: lambda batch=batch: runtime.run(batch, False) for kind, batch in batches.items()}
    taken = in_turns(asked, arguments.rounds)
    limit = max(2 * size**3 / taken[f"product {size}"] for size in SIZES)
    rows = {
        kind: row(operations(model, batch), moved(model, kind, batch), taken[kind], limit, arguments.batch)
        for kind, batch in batches.items()
    }
    print(f"matrix product: {limit / 1e9:.0f} billion operations a second\n")
    print("| products | million operations | of them a second, billion | of the limit | operations a byte |")
    print("|---|---|---|---|---|")
    for kind, found in rows.items():
        print(
            f"| {kind} | {found['operations'] / 1e6:.0f} | {found['a_second'] / 1e9:.0f} "
            f"| {found['of_limit']:.2f} | {found['a_byte']:.0f} |"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps({"limit": limit, "batch": arguments.batch, "rows": rows}, indent=1) + "\n")


def row(operations: int, moved: int, seconds: float, limit: float, count: int) -> dict[str, float]:
    """Of one product, in a batch of `count`."""
    rate = operations / seconds
    return {
        "operations": operations / count,
        "a_second": rate,
        "of_limit": rate / limit,
        "a_byte": operations / moved,
    }


def matrix_product(size: int) -> Callable[[], object]:
    shape = [size, size]
    given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in "ab"]
    result = helper.make_tensor_value_info("c", TensorProto.FLOAT, shape)
    graph = helper.make_graph([helper.make_node("MatMul", ["a", "b"], ["c"])], "product", given, [result])
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    session = InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    matrices = {name: np.random.default_rng(0).random(shape, np.float32) for name in "ab"}
    return lambda: session.run(["c"], matrices)


def operations(model: CatalogModel, batch: Batch) -> int:
    counter = FlopCounterMode(display=False)
    with torch.inference_mode(), counter:
        model(Inputs.of(batch))
    return int(counter.get_total_flops())


def moved(model: CatalogModel, kind: str, batch: Batch) -> int:
    """Bytes: the weights that are read, once a batch, what goes in, and what each encoder gives out."""
    used = {"both": model, "picture": model.image_encoder, "words": model.text_encoder}[kind]
    with torch.inference_mode():
        encoded = model.encode(Inputs.of(batch))
    tokens = sum(each.tokens_BTD.nbytes for each in encoded)
    given = batch.pixels_NCHW.nbytes + sum(group.ids_GT.nbytes for group in batch.texts)
    return sum(weight.nbytes for weight in used.parameters()) + given + tokens


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="a folder with graphs; without it, the shipped model")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
