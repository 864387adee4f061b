"""A model's forward pass in PyTorch and in ONNX Runtime, and models that one would take instead, in the same run.

    python benchmarks/runtimes.py [--model FOLDER] [--int8 FOLDER] [--nano FOLDER] [--batches 1 8 32] [--cores 1 2]
                                  [--rounds 20] [--json FILE]

Products are made up: an image of noise and so many words as a title has. All take turns, so that all meet the same
neighbours on the machine. Figures are medians, in milliseconds a product. The others have random weights, as only their
speed is measured: what a user would write, a ViT-S/14 and a MiniLM in PyTorch, each on its own; OpenCLIP's ViT-B/32,
image and words; sentence-transformers with our text encoder. The last two only where they are installed
(`pip install -e '.[bench]'`).
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.timing import in_turns
from catalog.model.checkpoint import build_model
from catalog.model.config import ImageEncoderConfig
from catalog.model.encoders import ImageEncoder, TextEncoder
from catalog.model.folder import ModelFolder, open_model, shipped_model
from catalog.model.preprocess import Batch, Prepared, collate
from catalog.model.runtime import Runtime, set_thread_budget
from catalog.model.runtime.onnx import OnnxRuntime
from catalog.model.runtime.pytorch import TorchRuntime

WORDS = "Women's running shoe, light and breathable, navy blue, size {}"
KINDS = {"both": (1, WORDS), "picture": (1, ""), "words": (0, WORDS)}
OURS, EAGER = "ONNX Runtime", "PyTorch"
Ask = Callable[[Batch, list[str]], object]


def main() -> None:
    arguments = parsed()
    opened = open_model(arguments.model or shipped_model())
    rows = []
    for cores in arguments.cores:
        set_thread_budget(cores)
        torch.set_num_threads(cores)
        contenders = list(entered(opened, arguments.int8, arguments.nano))
        for kind in KINDS:
            for count in arguments.batches:
                asked = {
                    name: partial(asks[kind], *example_batch(reader, kind, count))
                    for name, reader, asks in contenders
                    if kind in asks
                }
                taken = in_turns(asked, arguments.rounds)
                found = {name: 1000 * seconds / count for name, seconds in taken.items()}
                rows.append({"cores": cores, "products": kind, "batch": count, "ms": found})
    print(markdown(rows))
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


def entered(
    opened: ModelFolder, int8: Path | None, nano: Path | None
) -> Iterator[tuple[str, ModelFolder, dict[str, Ask]]]:
    """Who takes part, the model whose batches it reads, and what it does with them."""

    def every(runtime: Runtime) -> dict[str, Ask]:
        return dict.fromkeys(KINDS, lambda batch, texts: runtime.run(batch, True))

    yield OURS, opened, every(OnnxRuntime(opened))
    for name, folder in (("int8", int8), ("nano", nano)):
        if folder:
            other = open_model(folder)
            yield name, other, every(OnnxRuntime(other))
    model = build_model(opened)
    yield EAGER, opened, every(TorchRuntime(model, familiarity=opened.familiarity))
    yield "ViT-S/14 + MiniLM", opened, pair(model.text_encoder)
    with suppress(ImportError):
        yield "OpenCLIP ViT-B/32", opened, open_clip()
    with suppress(ImportError):
        yield "sentence-transformers", opened, sentences(model.text_encoder)


def pair(text: TextEncoder) -> dict[str, Ask]:
    """Our text encoder has the size of MiniLM."""
    image = ImageEncoder(ImageEncoderConfig("vit_small_patch14_dinov2")).eval()

    @torch.inference_mode()
    def encode_images(batch: Batch, texts: list[str]) -> object:
        return image(torch.from_numpy(batch.pixels_NCHW))

    @torch.inference_mode()
    def encode_texts(batch: Batch, texts: list[str]) -> object:
        return [text(torch.from_numpy(ids_GT), torch.from_numpy(mask_GT)) for ids_GT, mask_GT in batch.encode_texts]

    return asks(encode_images, encode_texts)


def open_clip() -> dict[str, Ask]:
    import open_clip

    model = open_clip.create_model("ViT-B-32", pretrained=None).eval()
    tokenize = open_clip.get_tokenizer("ViT-B-32")

    @torch.inference_mode()
    def encode_images(batch: Batch, texts: list[str]) -> object:
        return model.encode_image(torch.from_numpy(batch.pixels_NCHW).float() / 255)

    @torch.inference_mode()
    def encode_texts(batch: Batch, texts: list[str]) -> object:
        return model.encode_text(tokenize(texts))

    return asks(encode_images, encode_texts)


def sentences(text: TextEncoder) -> dict[str, Ask]:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer

    with tempfile.TemporaryDirectory() as folder:
        text.bert.save_pretrained(folder)
        for name in ("tokenizer.json", "tokenizer_config.json"):
            Path(folder, name).write_bytes((shipped_model() / name).read_bytes())
        encoder = Transformer(folder, max_seq_length=text.config.max_tokens)
        model = SentenceTransformer(modules=[encoder, Pooling(text.width)], device="cpu")
    return {"words": lambda batch, texts: model.encode(texts, batch_size=len(texts), show_progress_bar=False)}


def asks(encode_images: Ask, encode_texts: Ask) -> dict[str, Ask]:
    return {
        "both": lambda batch, texts: (encode_images(batch, texts), encode_texts(batch, texts)),
        "picture": encode_images,
        "words": encode_texts,
    }


def example_batch(opened: ModelFolder, kind: str, count: int, seed: int = 0) -> tuple[Batch, list[str]]:
    random, size = np.random.default_rng(seed), opened.config.image.size
    images, encode_texts = KINDS[kind]
    products = [
        Prepared(str(n), random.integers(0, 256, (images, 3, size, size), dtype=np.uint8), encode_texts.format(n))
        for n in range(count)
    ]
    return collate(products, opened.tokenizer), [product.text for product in products]


def markdown(rows: list[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row["ms"]))
    lines = ["| ms a product | batch | cores | " + " | ".join(names) + " | wins |", "|---" * (4 + len(names)) + "|"]
    for row in rows:
        cells = [f"{row['ms'][name]:.1f}" if name in row["ms"] else "" for name in names]
        cells.append(min(row["ms"], key=row["ms"].__getitem__))
        lines.append(f"| {row['products']} | {row['batch']} | {row['cores']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="a folder with graphs; without it, the shipped model")
    parser.add_argument("--int8", type=Path, help="the same model in int8, as `shelflens export --int8` writes it")
    parser.add_argument("--nano", type=Path, help="a small model; the shipped one is called nano")
    parser.add_argument("--batches", type=int, nargs="+", default=(1, 8, 32))
    parser.add_argument("--cores", type=int, nargs="+", default=(torch.get_num_threads(),))
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
