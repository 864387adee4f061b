"""Fit the detector of unfamiliar products (see `catalog.model.familiarity`), without examples of them.

For images, each department in turn is left out of the sample and serves as the unfamiliar one. For text, the unfamiliar
examples are names of kinds of product that the tree lacks, read from files.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from catalog.arrays import Floats
from catalog.errors import FileNotReadable
from catalog.model.familiarity import Familiarity
from catalog.model.folder import ModelFolder
from catalog.model.runtime import Runtime
from catalog.taxonomy.tree import SEPARATOR
from training.data.manifests import LabelledProduct
from training.export.readings import read_images, read_text
from training.likeness import Images, every, fit_near, logistic, roots

SAMPLE = 2000  # images
NUMBERS = 64  # of an image
NAMES = 4000


def fit(
    runtime: Runtime,
    model: ModelFolder,
    train: Sequence[LabelledProduct],
    val: Sequence[LabelledProduct],
    image_ND: Floats,
    paths: Sequence[Sequence[str]],
) -> Familiarity | None:
    """Fit on `train` and `val`, each row of which has a category. None if there are too few images to leave a
    department out.

    image_ND: the pooled vectors of the images of `val`. paths: of kinds of product, known or not.
    """
    train = [row for row in train if row.node]
    sampled = every([row for row in train if row.image], SAMPLE)
    sample = Images(read_images(runtime, model, sampled), roots(sampled, model.taxonomy))
    shown = [n for n, row in enumerate(val) if row.image]
    known = Images(image_ND[shown], roots([val[n] for n in shown], model.taxonomy))
    near = fit_near(sample, known, NUMBERS)
    return Familiarity(*near, *fit_texts(runtime, model, train, paths)) if near else None


def fit_texts(
    runtime: Runtime, model: ModelFolder, train: Sequence[LabelledProduct], paths: Sequence[Sequence[str]]
) -> tuple[Floats, Floats]:
    """The direction of unfamiliar text, and slope and offset along it. Both are 0 without names of other kinds."""
    nodes = [model.taxonomy.resolve(path) for path in paths]
    others = [path for path, node in zip(paths, nodes, strict=True) if node is None]
    named = [path[-1] for path, node in zip(paths, nodes, strict=True) if node and node.parent is not None]
    titles = [row.title for row in train if row.title]
    labels = [name for node in model.taxonomy.nodes for name in (node.label, *node.synonyms) if SEPARATOR not in name]
    if not others or not titles:
        return np.zeros(model.config.text.bert["hidden_size"], np.float32), np.zeros(2, np.float32)
    known = [read_text(runtime, model, every(texts, NAMES)) for texts in (titles, labels, named) if texts]
    ends = [every([" ".join(reversed(path[-length:])) for path in others], NAMES) for length in (1, 2)]
    unknown = [read_text(runtime, model, texts) for texts in ends]
    slopes = logistic(known, unknown, 0.1)
    length = float(np.linalg.norm(slopes[:-1]))
    return slopes[:-1] / length, np.array([length, slopes[-1]], np.float32)


def read_paths(files: Sequence[Path]) -> list[list[str]]:
    """Read kinds of product, one per line: "Top > Kind", or "ID : Top > Kind" as in Shopify's taxonomy."""
    paths = []
    for file in files:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            raise FileNotReadable(f"The file of kinds {file.name!r} does not exist or is not UTF-8 text.") from None
        for line in lines:
            path = line.rpartition(" : ")[2]
            if path.strip() and not line.startswith("#"):
                paths.append([part.strip() for part in path.split(">")])
    return paths
