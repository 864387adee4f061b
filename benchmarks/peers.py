"""The service with 16 clients against infinity-emb, which serves a text encoder of as many operations, in the same run.

    python -m venv infinity && infinity/bin/pip install 'infinity-emb[torch,server]==0.0.78' 'transformers<5'
    python benchmarks/peers.py --infinity infinity/bin/infinity_emb [--rounds 3] [--seconds 15] [--json FILE]

infinity-emb wants older libraries than we do, so it has an environment of its own. Its model is a BERT as wide as our
text encoder, with so many layers that a text of two dozen tokens takes as many operations as one of our products, a
image and a title, does; its weights are random, as only speed is measured. Both services run all the time and are
asked in turns. Ours decodes an image for each request; nothing is kept of those that come again.
"""

import argparse
import asyncio
import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import BertConfig, BertModel

from benchmarks.load import closed_loop, done_a_second, service, until_ready
from benchmarks.roofline import operations
from benchmarks.traffic import Address, Ask, analyze_ask, free_port, images, request
from catalog import Product
from catalog.model.checkpoint import build_model
from catalog.model.folder import open_model, shipped_model
from catalog.model.preprocess import collate, prepare
from catalog.model.tokenizer import FILES

CLIENTS = 16
TOKENS = 24
WORDS = "red shoe " * ((TOKENS - 2) // 2)


def main() -> None:
    arguments = parsed()
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs, layers = equal_model(Path(folder, "bert"))
        asks = [analyze_ask(image) for image in images(32)]
        bodies = [{"input": [f"{WORDS}{number}"], "model": "bert"} for number in range(32)]
        texts = [Ask("embed", request("POST", "/embeddings", body)) for body in bodies]
        rates: dict[str, list[float]] = {"shelflens": [], "infinity-emb": []}
        with (
            service(None, Path(folder, "index")) as one,
            infinity(arguments.infinity, Path(folder, "bert")) as other,
        ):
            for _ in range(arguments.rounds + 1):
                for name, address, given in (("shelflens", one, asks), ("infinity-emb", other, texts)):
                    rates[name].append(asyncio.run(measured(address, given, arguments.seconds)))
    found = {name: median(each[1:]) for name, each in rates.items()}
    ratio = median(a / b for a, b in zip(*(each[1:] for each in rates.values()), strict=True))
    print("| 16 clients | million operations a request | requests a second |\n|---|---|---|")
    print(f"| shelflens, a picture and a title | {ours / 1e6:.0f} | {found['shelflens']:.1f} |")
    print(f"| infinity-emb, a BERT of {layers} layers | {theirs / 1e6:.0f} | {found['infinity-emb']:.1f} |")
    print(f"| ratio | | {ratio:.2f} |")
    if arguments.json:
        report = {"operations": {"shelflens": ours, "infinity-emb": theirs}, "a_second": rates, "ratio": ratio}
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")


def equal_model(folder: Path) -> tuple[int, int, int]:
    """Write the peer's model. -> operations of one of our requests, of one of its, and its layers."""
    opened = open_model(shipped_model())
    model = build_model(opened)
    product = prepare(Product(title="red shoe", images=(images(1)[0],)), opened.config.image.size)
    ours = operations(model, collate([product], opened.tokenizer))
    shape = model.text_encoder.bert.config.to_dict() | {"num_hidden_layers": 1}
    ids_BT = torch.zeros(1, TOKENS, dtype=torch.long)
    counter = FlopCounterMode(display=False)
    with torch.inference_mode(), counter:
        BertModel(BertConfig(**shape), add_pooling_layer=False)(input_ids=ids_BT)
    layers = round(ours / counter.get_total_flops())
    bert = BertModel(BertConfig(**shape | {"num_hidden_layers": layers}), add_pooling_layer=False)
    bert.save_pretrained(str(folder))
    for name in FILES:
        (folder / name).write_bytes((shipped_model() / name).read_bytes())
    return ours, layers * int(counter.get_total_flops()), layers


@contextmanager
def infinity(program: Path, model: Path) -> Iterator[Address]:
    address = Address("127.0.0.1", free_port())
    options = ["--model-id", str(model), "--served-model-name", "bert", "--engine", "torch", "--device", "cpu"]
    where = ["--host", address.host, "--port", str(address.port)]
    command = [str(program), "v2", *options, *where, "--no-bettertransformer"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        asyncio.run(until_ready(address, process, "/health"))
        yield address
    finally:
        process.terminate()
        process.wait(60)


async def measured(address: Address, given: list[Ask], seconds: float) -> float:
    """Good answers a second. Raises SystemExit when there are others."""
    outcomes = await closed_loop(address, given, CLIENTS, seconds)
    if not all(outcome.good for outcome in outcomes):
        raise SystemExit("Not every answer was a good one.")
    return done_a_second(outcomes)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--infinity", type=Path, required=True, help="the program infinity_emb")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
