"""Model folders that were taught from made-up examples."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from catalog import Understander
from catalog.model.contract import Targets
from catalog.teaching.examples import Example
from catalog.teaching.teach import teach, write_taught

KINDS = ("Clothes > Shirts", "Clothes > Shoes", "Food > Apples", "Food > Pears")


def taught_folder(base: Path, folder: Path, kinds: Sequence[str] = KINDS, each: int = 12) -> str:
    """-> the version of the model in the folder. Its kinds are far apart and have nothing to do with any words."""
    reader, draw = Understander.load(base), np.random.default_rng(1)
    centres = np.linalg.qr(draw.standard_normal((reader.config.embedding_width, len(kinds))))[0].T
    examples = []
    for kind, centre_E in zip(kinds, centres, strict=True):
        for number in range(each):
            vector_E = centre_E + 0.1 * draw.standard_normal(len(centre_E))
            vector_E = np.asarray(vector_E / np.linalg.norm(vector_E), np.float32)
            example = Example(
                f"{kind} {number}", f"product {number}", tuple(kind.split(" > ")), "text", {"text": vector_E}
            )
            examples.append(example)
    return write_taught(teach(examples, reader, targets=Targets(0.9)), base, folder)
