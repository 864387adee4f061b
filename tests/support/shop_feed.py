"""A feed of a made-up shop whose titles say what its images show, for the tiny model to be pretrained on."""

import json
import random
from pathlib import Path

from PIL import Image

from tests.support.catalogue import COLOURS, KINDS, draw_product

WEARERS = ("men", "women")


def write_shop(folder: Path, products: int = 240, shuffled: bool = False, typed: bool = True) -> Path:
    """Write products.jsonl and its images. -> the feed. shuffled: each product has another one's title.

    Colour, kind and the number in a title are all that tells products apart; the number is seen nowhere.
    """
    folder.mkdir(parents=True)
    draw = random.Random(0)
    rows = []
    for number in range(products):
        kind, colour = draw.choice(list(KINDS)), draw.choice(list(COLOURS))
        digits = " ".join(f"{number:03d}")
        shade(draw_product(kind, colour), number).save(folder / f"{number}.png")
        title = f"{colour} {kind.lower()} {digits}"
        kinds = {"product_type": " > ".join([*KINDS[kind], colour])} if typed else {}
        rows.append({"id": f"p{number}", "title": title, "image": f"{number}.png", **kinds})
    if shuffled:
        titles = [row["title"] for row in rows]
        draw.shuffle(titles)
        rows = [row | {"title": title} for row, title in zip(rows, titles, strict=True)]
    feed = folder / "products.jsonl"
    feed.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return feed


def shade(image: Image.Image, number: int) -> Image.Image:
    """The same image with one pixel of its own, so that no two files are equal."""
    image.putpixel((number % 40, 39), (number % 256, 255, 255 - number // 256))
    return image
