"""At which cosine two products are one product listed twice: what catalog/index/query.py folds when a search collapses.

    python benchmarks/near_duplicates.py --data-root DIR [--products 400] [--json FILE]

Each product of the fashion data's `val` is understood as it is, and again as another shop might list it: the image
smaller and compressed anew, or cropped by 4 % at each side; the title reordered or with a word more. Printed for each
threshold: the share of relistings at least so near their product, and the share of products with a different product
at least so near. Products of one group or one title are not different: the data lists some twice.
"""

import argparse
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from catalog import Product, Understander, Understanding

THRESHOLDS = (0.95, 0.96, 0.97, 0.975, 0.98, 0.985, 0.99, 0.995)


def as_jpeg(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def relistings(product: Product) -> dict[str, Product]:
    image = Image.open(io.BytesIO(product.images[0])).convert("RGB")
    width, height = image.size
    smaller = as_jpeg(image.resize((max(width * 4 // 5, 32), max(height * 4 // 5, 32))), 60)
    cropped = as_jpeg(image.crop((width // 25, height // 25, width - width // 25, height - height // 25)), 85)
    words = product.title.split()
    return {
        "compressed": replace(product, images=(smaller,)),
        "cropped": replace(product, images=(cropped,)),
        "reordered": replace(product, title=" ".join(words[1:] + words[:1])),
        "longer": replace(product, title=f"{product.title} (new)"),
        "all": replace(product, images=(smaller,), title=f"{' '.join(words[1:] + words[:1])} (new)"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--products", type=int, default=400)
    parser.add_argument("--json", type=Path, default=None)
    arguments = parser.parse_args()
    folder = arguments.data_root / "fashion"
    rows = [json.loads(line) for line in (folder / "products.jsonl").read_text().splitlines()]
    rows = [row for row in rows if row["split"] == "val"][: arguments.products]
    understander = Understander.load()
    originals, relisted = [], dict[str, list[float]]()
    for row in tqdm(rows, unit="product"):
        product = Product(id=row["id"], title=row["title"], images=((folder / row["image"]).read_bytes(),))
        variants = relistings(product)
        first, *others = understander.understand([product, *variants.values()], evidence=False)
        assert isinstance(first, Understanding)
        originals.append(first.embedding)
        for name, other in zip(variants, others, strict=True):
            assert isinstance(other, Understanding)
            relisted.setdefault(name, []).append(float(first.embedding @ other.embedding))
    embeddings_NE = np.stack(originals)
    cosines_NN = embeddings_NE @ embeddings_NE.T
    for name in ("group", "title"):
        values_N = np.array([row[name] for row in rows])
        cosines_NN[values_N[:, None] == values_N[None, :]] = -1
    nearest_N = cosines_NN.max(axis=1)
    print("| cosine ≥ | " + " | ".join(relisted) + " | a different product |\n|---|" + "---|" * (len(relisted) + 1))
    for threshold in THRESHOLDS:
        shares = [np.mean(np.array(values) >= threshold) for values in (*relisted.values(), nearest_N.tolist())]
        print(f"| {threshold} | " + " | ".join(f"{share:.3f}" for share in shares) + " |")
    if arguments.json:
        result = {"relisted": relisted, "nearest different product": nearest_N.tolist()}
        arguments.json.write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
