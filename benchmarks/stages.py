"""Where the time of one product goes, and what decoding at a reduced scale saves.

    python benchmarks/stages.py [--data FOLDER] [--pixels 1600] [--rounds 20] [--json FILE]

The stages are of one product with an image and a title, alone. Decoding is compared with what Pillow does when it is
asked plainly: open, decode every pixel, resize. Images are those of the folder, as they are, and enlarged so that
the longer side has `--pixels`, as a photographer delivers them.
"""

import argparse
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.service import read_products
from benchmarks.timing import in_turns
from benchmarks.traffic import DEMO
from catalog import Product, Understander
from catalog.model.folder import open_model, shipped_model
from catalog.model.preprocess import collate, prepare
from catalog.model.runtime.onnx import OnnxRuntime


def main() -> None:
    arguments = parsed()
    opened = open_model(shipped_model())
    runtime = OnnxRuntime(opened)
    model = Understander(opened, runtime)
    size = opened.config.image.size
    products = read_products(arguments.data, arguments.products)
    product = products[0]
    prepared = prepare(product, size)
    batch = collate([prepared], opened.tokenizer)
    image = collate([prepared._replace(text="")], opened.tokenizer)
    text = collate([prepare(Product(title=product.title), size)], opened.tokenizer)
    stages = in_turns(
        {
            "decode and resize": lambda: prepare(product, size),
            "tokens and batch": lambda: collate([prepared], opened.tokenizer),
            "model, the picture alone": lambda: runtime.run(image, False),
            "model, the words alone": lambda: runtime.run(text, False),
            "model, both, with evidence": lambda: runtime.run(batch, True),
            "all of it": lambda: model.understand([product]),
        },
        arguments.rounds,
    )
    print("| one product, alone | ms |\n|---|---|")
    for name, seconds in stages.items():
        print(f"| {name} | {1000 * seconds:.2f} |")
    print("\n| pictures | bytes | ours, ms | plain Pillow, ms | times as fast |\n|---|---|---|---|---|")
    decoding = {}
    sets = {"as they are": products, f"{arguments.pixels} pixels": enlarged(products, arguments.pixels)}
    for name, given in sets.items():
        taken = in_turns(
            {
                "ours": lambda given=given: [prepare(product, size) for product in given],
                "plain": lambda given=given: [plain(product.images[0], size) for product in given],
            },
            max(arguments.rounds // 4, 1),
        )
        found = {way: 1000 * seconds / len(given) for way, seconds in taken.items()}
        average = sum(len(product.images[0]) for product in given) // len(given)
        decoding[name] = {"bytes": average, **found, "ratio": found["plain"] / found["ours"]}
        print(f"| {name} | {average:,} | {found['ours']:.2f} | {found['plain']:.2f} | {decoding[name]['ratio']:.2f} |")
    if arguments.json:
        report = {"stages_ms": {name: 1000 * seconds for name, seconds in stages.items()}, "decoding": decoding}
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")


def plain(data: bytes, size: int) -> object:
    image = Image.open(io.BytesIO(data)).convert("RGB")
    return np.asarray(image.resize((size, size), Image.Resampling.BICUBIC)).transpose(2, 0, 1)


def enlarged(products: list[Product], pixels: int) -> list[Product]:
    return [Product(product.id, product.title, images=(enlarge(product.images[0], pixels),)) for product in products]


def enlarge(data: bytes, pixels: int) -> bytes:
    image = Image.open(io.BytesIO(data)).convert("RGB")
    scale = pixels / max(image.size)
    out = io.BytesIO()
    image.resize((round(image.width * scale), round(image.height * scale))).save(out, "JPEG", quality=90)
    return out.getvalue()


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DEMO, help="a folder with pictures, at any depth")
    parser.add_argument("--products", type=int, default=32)
    parser.add_argument("--pixels", type=int, default=1600)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
