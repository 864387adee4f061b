"""Model folders that were taught from made-up examples."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from catalog import Understander
from catalog.arrays import Floats
from catalog.model.contract import Targets
from catalog.teaching.examples import Example
from catalog.teaching.learned import Names
from catalog.teaching.teach import teach, write_taught

KINDS = ("Clothes > Shirts", "Clothes > Shoes", "Food > Apples", "Food > Pears")


def kind_vectors(kinds: Sequence[str], width: int) -> dict[str, Floats]:
    """Vectors that are as far apart as can be, the same for the same kinds in the same places."""
    vector_EE = np.linalg.qr(np.random.default_rng(1).standard_normal((width, width)))[0].T
    return dict(zip(kinds, np.asarray(vector_EE, np.float32), strict=False))


def taught_folder(base: Path, folder: Path, kinds: Sequence[str] = KINDS, each: int = 12) -> str:
    """-> the version of the model in the folder. Its kinds are far apart and have nothing to do with any words."""
    reader, draw = Understander.load(base), np.random.default_rng(1)
    examples = []
    for kind, centre_E in kind_vectors(kinds, reader.config.embedding_width).items():
        for number in range(each):
            vector_E = centre_E + 0.1 * draw.standard_normal(len(centre_E))
            vector_E = np.asarray(vector_E / np.linalg.norm(vector_E), np.float32)
            example = Example(
                f"{kind} {number}", f"product {number}", tuple(kind.split(" > ")), "text", {"text": vector_E}
            )
            examples.append(example)
    taught = teach(examples, Names(reader.embed), reader.calibration, targets=Targets(0.9))
    return write_taught(taught, base, folder)
