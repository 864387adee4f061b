"""`teach` beside encoders that are fine-tuned on the same rows: what they get right, and the time of each.

    python -m benchmarks.teaching_peers --data-root DATA [--vectors FOLDER] [--seeds 2] [--epochs 20]

The peers are what a user of transformers and timm writes: all-MiniLM-L6-v2 with a new linear head on the words, and
the same with EfficientNet-Lite2 beside it, whose pooled features join the words' before the head (late fusion). Every
weight is trained, by AdamW at 1e-4 with a tenth of warm-up. `teach`'s time holds the reading of its rows by the
shipped model, measured in this run. Needs the folder `weights` that `shelflens weights` writes.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import timm
import torch
from PIL import Image
from torch import Tensor, nn
from tqdm import tqdm
from transformers import AutoModel, AutoTokenizer

from benchmarks.teaching import TARGET, cut, drawn, read
from catalog.model.contract import Targets
from catalog.model.folder import shipped_model
from catalog.teaching.examples import Example, own_vectors
from catalog.teaching.learned import Names
from catalog.teaching.teach import teach
from catalog.understand import Understander

SET = "othershops/flipkart"
TASKS = ((1, 20), (2, 10))  # level of the path, labelled products a class
BATCH = 16
TOKENS = 64
PIXELS = 224


class Peer(nn.Module):
    """weights: the folder of the pretrained encoders. with_image: whether the image is read beside the words."""

    def __init__(self, weights: Path, classes: int, with_image: bool) -> None:
        super().__init__()
        self.words = AutoModel.from_pretrained(weights / "minilm")
        self.image: nn.Module | None = None
        width = self.words.config.hidden_size
        if with_image:
            network = timm.create_model("tf_efficientnet_lite2", checkpoint_path=str(weights / "lite2.safetensors"))
            network.reset_classifier(0)
            self.image = network
            width += network.num_features
        self.head = nn.Linear(width, classes)

    def forward(self, words: dict[str, Tensor], pixels_NCHW: Tensor) -> Tensor:
        hidden_NTF = self.words(**words).last_hidden_state
        mask_NT1 = words["attention_mask"][..., None]
        features = [(hidden_NTF * mask_NT1).sum(1) / mask_NT1.sum(1)]
        if self.image is not None:
            features.append(self.image(pixels_NCHW))
        return self.head(torch.cat(features, 1))


class Shop:
    """The words and pixels of its products, by id."""

    def __init__(self, folder: Path, weights: Path) -> None:
        lines = (folder / "products.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        self.texts = {str(row["id"]): f"{row['title']} {row['description'] or ''}" for row in rows}
        self.tokenizer = AutoTokenizer.from_pretrained(weights / "minilm")
        self.pixels = {str(row["id"]): pixels(folder / row["image"]) for row in rows}

    def batch(self, examples: Sequence[Example]) -> tuple[dict[str, Tensor], Tensor]:
        texts = [self.texts[one.id] for one in examples]
        words = self.tokenizer(texts, truncation=True, max_length=TOKENS, padding=True, return_tensors="pt")
        return dict(words), torch.stack([self.pixels[one.id] for one in examples])


def pixels(path: Path) -> Tensor:
    image = Image.open(path).convert("RGB").resize((PIXELS, PIXELS))
    return torch.from_numpy(np.asarray(image, np.float32) / 127.5 - 1).permute(2, 0, 1)


def fine_tuned(shop: Shop, taught: Sequence[Example], asked: Sequence[Example], peer: Peer, epochs: int) -> float:
    """The share of those asked that the peer gets right."""
    names = sorted({one.path for one in taught})
    steps = epochs * -(-len(taught) // BATCH)
    optimizer = torch.optim.AdamW(peer.parameters(), lr=1e-4, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-4, steps, pct_start=0.1, anneal_strategy="linear")
    peer.train()
    for _ in tqdm(range(epochs), "fine-tuning"):
        for batch in batches([taught[number] for number in torch.randperm(len(taught))]):
            truth_N = torch.tensor([names.index(one.path) for one in batch])
            optimizer.zero_grad()
            nn.functional.cross_entropy(peer(*shop.batch(batch)), truth_N).backward()
            nn.utils.clip_grad_norm_(peer.parameters(), 1)
            optimizer.step()
            schedule.step()
    peer.eval()
    with torch.inference_mode():
        said = [names[best] for batch in batches(asked) for best in peer(*shop.batch(batch)).argmax(1).tolist()]
    return float(np.mean([path == one.path for path, one in zip(said, asked, strict=True)]))


def batches(examples: Sequence[Example]) -> Iterator[Sequence[Example]]:
    return (examples[start : start + BATCH] for start in range(0, len(examples), BATCH))


def by_teach(taught: Sequence[Example], asked: Sequence[Example], reader: Understander) -> float:
    found = teach(taught, Names(reader.embed), reader.calibration, targets=Targets(TARGET))
    paths = [found.tree.path(leaf.id) for leaf in found.tree.leaves]
    best_N = found.head.logits(own_vectors(asked)).argmax(1)
    return float(np.mean([paths[best] == one.path for best, one in zip(best_N, asked, strict=True)]))


def seconds_a_row(folder: Path, reader: Understander, rows: int = 64) -> float:
    with tempfile.TemporaryDirectory() as unread:
        started = time.perf_counter()
        read(folder, reader, Path(unread), count=rows)
        return (time.perf_counter() - started) / rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--vectors", type=Path, default=Path())
    parser.add_argument("--weights", type=Path, default=Path("weights"))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=20)
    options = parser.parse_args()
    reader = Understander.load(shipped_model())
    examples = read(options.data_root / SET, reader, options.vectors).examples
    shop = Shop(options.data_root / SET, options.weights)
    reading = seconds_a_row(options.data_root / SET, reader)
    print("| level | a class | seed | teach | seconds | words, fine-tuned | seconds | both, fine-tuned | seconds |")
    print("|---|---|---|---|---|---|---|---|---|")
    for level, count in TASKS:
        for seed in range(options.seeds):
            taught, asked = drawn(cut(examples, level), count, seed)
            torch.manual_seed(seed)
            started = time.perf_counter()
            cells = [f"{by_teach(taught, asked, reader):.3f}"]
            cells.append(f"{time.perf_counter() - started + reading * len(taught):.0f}")
            for with_image in (False, True):
                started = time.perf_counter()
                peer = Peer(options.weights, len({one.path for one in taught}), with_image)
                cells.append(f"{fine_tuned(shop, taught, asked, peer, options.epochs):.3f}")
                cells.append(f"{time.perf_counter() - started:.0f}")
            print(f"| {level} | {count} | {seed} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
