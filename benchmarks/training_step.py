"""What a training step of the hybrid image encoder costs, by precision and by what stays frozen.

    python benchmarks/training_step.py

On a CPU the gradient of depthwise filters costs more than all other arithmetic together, most of all in bfloat16.
"""

import statistics
import time
from pathlib import Path

import torch

from catalog.model.encoders import ImageEncoder
from training.config import read_config
from training.initial_weights import hybrid_encoder
from training.run import set_training
from training.train import freeze

BATCH_SIZE, ROUNDS = 32, 3
STAGES = r"backbone\.(conv_stem|bn1|blocks\.[012])\b"
VARIANTS: dict[str, tuple[bool, tuple[str, ...]]] = {
    "all trained, float32": (False, ()),
    "all trained, bfloat16": (True, ()),
    "depthwise filters frozen, bfloat16": (True, ("conv_dw",)),
    "depthwise filters and three stages frozen, bfloat16": (True, ("conv_dw", STAGES)),
}


def milliseconds(encoder: ImageEncoder, low_precision: bool, frozen: tuple[str, ...]) -> float:
    """Median time an image, forward and backward."""
    freeze(encoder, frozen)
    set_training(encoder)
    pixels_NCHW = torch.randint(0, 256, (BATCH_SIZE, 3, 224, 224), dtype=torch.uint8)
    times = []
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=low_precision):
            _, pooled_ND = encoder(pixels_NCHW)
        pooled_ND.float().square().mean().backward()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:]) * 1000 / BATCH_SIZE


def main() -> None:
    config = read_config(Path("configs/encoder.toml"))
    print("| variant | ms a picture | of the first |\n|---|---|---|")
    first = 0.0
    for name, (low_precision, frozen) in VARIANTS.items():
        cost = milliseconds(hybrid_encoder(config), low_precision, frozen)
        first = first or cost
        print(f"| {name} | {cost:.1f} | {cost / first:.2f} |", flush=True)


if __name__ == "__main__":
    main()
