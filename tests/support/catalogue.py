"""A small labelled catalogue on disk and what a training run needs beside it. Colours, shapes and words are learnable.

data/shop/products.jsonl     images with titles, a few products of words alone, one category the tree lacks
data/market/products.jsonl   images alone, some labelled only by the upper node
taxonomy.json  start/        what a run starts from: a tiny model folder
"""

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from tests.support.tiny import tiny_folder, tiny_taxonomy
from training.config import TrainConfig, read_config

KINDS = {
    "Shirt": ["Clothes", "Shirt"],
    "Shoe": ["Clothes", "Shoe"],
    "Apple": ["Food", "Apple"],
    "Pear": ["Food", "Pear"],
}
COLOURS = {"red": (200, 40, 40), "green": (40, 160, 60), "blue": (40, 60, 200)}
COPIES = {"train": 2, "val": 1, "test": 1}


def write_catalogue(folder: Path) -> Path:
    """Write everything into `folder`. -> the data folder."""
    data = folder / "data"
    write_set(data / "shop", shop_rows())
    write_set(data / "market", market_rows())
    (folder / "taxonomy.json").write_text(tiny_taxonomy().to_json(), encoding="utf-8")
    tiny_folder(folder / "start")
    return data


def write_set(folder: Path, rows: Iterator[dict[str, Any]]) -> None:
    """The manifest, and the image of every row that names one."""
    (folder / "images").mkdir(parents=True)
    lines = []
    for row in rows:
        colour = row.pop("drawn", None)
        if row["image"]:
            draw_product(row["category"][-1], colour).save(folder / row["image"])
        lines.append(json.dumps(row) + "\n")
    (folder / "products.jsonl").write_text("".join(lines), encoding="utf-8")


def shop_rows() -> Iterator[dict[str, Any]]:
    for (split, copies), kind, colour in product(COPIES.items(), KINDS, COLOURS):
        for copy in range(copies):
            striped = "striped" if copy else "plain"
            identity = f"{split}-{kind}-{colour}-{copy}"
            title = f"{colour} {striped} {kind} {len(identity)}"
            attributes = {"colour": colour, "gender": "men" if copy else "women"}
            yield row(identity, split, KINDS[kind], title, f"images/{identity}.png", attributes) | {"drawn": colour}
    for split, kind in product(COPIES, KINDS):
        yield row(f"{split}-words-{kind}", split, KINDS[kind], f"fresh {kind}", None, {})
    yield row("unmapped", "test", ["Toys", "Robot"], "a robot", "images/unmapped.png", {}) | {"drawn": "red"}


def market_rows() -> Iterator[dict[str, Any]]:
    for split, kind, colour in product(COPIES, KINDS, COLOURS):
        identity = f"{split}-{kind}-{colour}"
        category = KINDS[kind][:1] if colour == "blue" else KINDS[kind]
        yield row(identity, split, category, "", f"images/{identity}.png", {}) | {"drawn": colour}


def row(
    identity: str, split: str, category: list[str], title: str, image: str | None, attributes: dict[str, str]
) -> dict[str, Any]:
    return {
        "id": identity,
        "title": title,
        "description": "",
        "category": category,
        "attributes": attributes,
        "image": image,
        "split": split,
        "group": identity,
    }


def draw_product(kind: str, colour: str) -> Image.Image:
    """40 by 40 pixels: a shirt is a T, a shoe an L, an apple a disc; anything else is tall and round."""
    image = Image.new("RGB", (40, 40), "white")
    draw, fill = ImageDraw.Draw(image), COLOURS[colour]
    if kind == "Shirt":
        draw.rectangle((4, 4, 36, 14), fill)
        draw.rectangle((12, 4, 28, 36), fill)
    elif kind == "Shoe":
        draw.rectangle((4, 4, 14, 36), fill)
        draw.rectangle((4, 26, 36, 36), fill)
    elif kind == "Apple":
        draw.ellipse((6, 6, 34, 34), fill)
    else:
        draw.ellipse((13, 2, 27, 38), fill)
    return image


def write_config(folder: Path, name: str = "run", **changes: Any) -> Path:
    """A TOML file for a short run over the catalogue in `folder`; `start` and `sets` may be given among the changes."""
    fields = {
        "output": str(folder / name),
        "taxonomy": str(folder / "taxonomy.json"),
        "width": 16,
        "heads": 2,
        "dropout": 0.1,
        "epochs": 3,
        "batch_size": 8,
        "learning_rate": 3e-3,
        "average_decay": 0.9,
        "workers": 0,
        "start": {"model": str(folder / "start")},
        "sets": [{"manifest": "shop/products.jsonl", "repeats": 2}, {"manifest": "market/products.jsonl"}],
        **changes,
    }
    path = folder / f"{name}.toml"
    path.write_text("".join(f"{key} = {toml(value)}\n" for key, value in fields.items()), encoding="utf-8")
    return path


def toml(value: Any) -> str:
    """A value as TOML writes it: like JSON, but for the signs between a table's names and values."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + "}"
    return "[" + ", ".join(map(toml, value)) + "]" if isinstance(value, list) else json.dumps(value)


def tiny_run(folder: Path, name: str = "run", **changes: Any) -> TrainConfig:
    return read_config(write_config(folder, name, **changes))
