"""The shipped image encoder against ViT-S/14 at 224 px, both in torch, in one run.

    python benchmarks/image_encoders.py                                     speed: images a second, and their ratio
    python benchmarks/image_encoders.py --train-minutes 15 --data-root DIR  accuracy on `val` after equal training time

For the second, each encoder's configuration is trained for as many steps as fit the time, measured beforehand, so that
both run a whole learning-rate schedule. Needs the folder that `shelflens weights` writes.
"""

import argparse
import dataclasses
import json
import statistics
import time
from pathlib import Path

import timm
import torch

from catalog.model.checkpoint import load_model
from catalog.model.config import ImageEncoderConfig
from catalog.model.encoders import ImageEncoder
from catalog.model.folder import shipped_model

CONFIGS = {"hybrid": Path("configs/encoder.toml"), "vit_small_14": Path("configs/vit_small.toml")}


def speed(batch_size: int, rounds: int) -> dict[str, float]:
    """Median images a second of each encoder, in turns, so that the machine's noise meets both."""
    encoders = {
        "hybrid": load_model(shipped_model()).model.image_encoder,
        "vit_small_14": ImageEncoder(ImageEncoderConfig("vit_small_patch14_dinov2")),
    }
    pixels_NCHW = torch.randint(0, 256, (batch_size, 3, 224, 224), dtype=torch.uint8)
    seconds: dict[str, list[float]] = {name: [] for name in encoders}
    with torch.inference_mode():
        for _ in range(rounds + 1):
            for name, encoder in encoders.items():
                start = time.perf_counter()
                encoder.eval()(pixels_NCHW)
                seconds[name].append(time.perf_counter() - start)
    rates = {name: batch_size / statistics.median(times[1:]) for name, times in seconds.items()}
    return rates | {"ratio": rates["hybrid"] / rates["vit_small_14"]}


def equal_training_time(minutes: float, data: Path) -> dict[str, dict[str, float]]:
    """Validation scores of each encoder's configuration after `minutes` of training."""
    from training.config import read_config
    from training.train import train

    scores: dict[str, dict[str, float]] = {}
    for name, path in CONFIGS.items():
        config = dataclasses.replace(read_config(path), low_res_epochs=0, workers=1, checkpoint_seconds=600)
        trial = dataclasses.replace(config, output=f"runs/benchmark/{name}-trial")
        train(trial, data, stop_after_steps=5)
        start = time.perf_counter()
        train(trial, data, stop_after_steps=25)
        seconds_per_step = (time.perf_counter() - start) / 20
        steps = int(minutes * 60 / seconds_per_step)
        run = dataclasses.replace(config, output=f"runs/benchmark/{name}", max_steps=steps, epochs=1000)
        scores[name] = train(run, data) | {"steps": float(steps), "seconds_per_step": seconds_per_step}
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--train-minutes", type=float, default=0)
    parser.add_argument("--data-root", type=Path, default=Path())
    arguments = parser.parse_args()
    torch.manual_seed(0)
    result: dict[str, object] = {
        "torch": torch.__version__,
        "timm": timm.__version__,
        "threads": torch.get_num_threads(),
        "pictures_per_second": speed(arguments.batch_size, arguments.rounds),
    }
    if arguments.train_minutes:
        result["val"] = equal_training_time(arguments.train_minutes, arguments.data_root)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
