"""A feed of a made-up shop whose categories are words of its titles, and a tiny model that tells its products apart."""

import json
import random
from pathlib import Path

from safetensors.numpy import load_file, save_file

from catalog.model.folder import TEXT_WEIGHTS, write_checksums
from tests.support.catalogue import draw_product
from tests.support.tiny import tiny_onnx_folder

KINDS = {"shirt": "Clothes > Shirts", "shoe": "Clothes > Shoes", "apple": "Food > Apples", "pear": "Food > Pears"}
FILLER = ("red", "green", "blue", "running", "striped", "plain", "men", "women", "fresh", "item", *"0123456789")
WORDS_TABLE = "text_encoder.bert.embeddings.word_embeddings.weight"
LOUDER = 20  # beside the places of words: the tiny model as it is finds any two titles nearly the same
WITH_IMAGE = 20  # every so many products


def write_word_shop(folder: Path, products: int) -> Path:
    """Write shop.jsonl, with a few images. -> the feed. A title has its kind's word among six others, in any order."""
    folder.mkdir(parents=True, exist_ok=True)
    draw, rows = random.Random(0), []
    for number in range(products):
        word = list(KINDS)[number % len(KINDS)]
        words = [word, *draw.sample(FILLER, 6)]
        draw.shuffle(words)
        row = {"id": f"p{number}", "title": " ".join(words), "shelf": KINDS[word]}
        if number % WITH_IMAGE == 0:
            draw_product(word.title(), "red").save(folder / f"{number}.png")
            row["image"] = f"{number}.png"
        rows.append(row)
    feed = folder / "shop.jsonl"
    feed.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return feed


def loud_folder(folder: Path) -> Path:
    """A tiny model folder that hears words."""
    tiny_onnx_folder(folder)
    weights = load_file(folder / TEXT_WEIGHTS)
    save_file(weights | {WORDS_TABLE: weights[WORDS_TABLE] * LOUDER}, folder / TEXT_WEIGHTS)
    write_checksums(folder)
    return folder
