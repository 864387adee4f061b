"""Fit the detector of unfamiliar products (see `catalog.model.familiarity`), without examples of them.

For images, each department in turn is left out of the sample and serves as the unfamiliar one. For text, the unfamiliar
examples are names of kinds of product that the tree lacks, read from files.

How much of what examples taught holds for a text is told by titles of kinds with examples and of those without. Both
are made up of the tree's names (see `training.texts.corpus`), the former beside the titles of the training products.
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
from training.likeness import MADE, Images, every, fit_near, logistic, made_titles, roots, with_examples

SAMPLE = 2000  # images
NUMBERS = 64  # of an image
NAMES = 4000


def fit(
    runtime: Runtime,
    model: ModelFolder,
    train: Sequence[LabelledProduct],
    val: Sequence[LabelledProduct],
    paths: Sequence[Sequence[str]],
) -> Familiarity | None:
    """Fit on `train` and `val`, each row of which has a category. None if there are too few images to leave a
    department out.

    paths: of kinds of product, known or not.
    """
    train = [row for row in train if row.node]
    sample = images(runtime, model, every([row for row in train if row.image], SAMPLE))
    near = fit_near(sample, images(runtime, model, [row for row in val if row.image]), NUMBERS)
    if near is None:
        return None
    shown = None if model.config.examples_weighed else fit_shown(runtime, model, train)
    return Familiarity(*near, *fit_texts(runtime, model, train, paths), **shown or {})


def images(runtime: Runtime, model: ModelFolder, rows: Sequence[LabelledProduct]) -> Images:
    return Images(read_images(runtime, model, rows), roots(rows, model.taxonomy))


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
    return along(logistic(known, unknown, 0.1))


def fit_shown(runtime: Runtime, model: ModelFolder, train: Sequence[LabelledProduct]) -> dict[str, Floats] | None:
    """What `Familiarity.weigh` goes by; None for a tree that has examples everywhere or nowhere. train: each with a
    category.
    """
    tree = model.taxonomy
    taught_C, shown, others = with_examples(train, tree)
    titles = [row.title for row in train if row.title]
    if not titles or not others or not 0 < taught_C.sum() < len(taught_C):
        return None
    known = [read_text(runtime, model, texts) for texts in (every(titles, MADE), made_titles(tree, shown))]
    unknown = [read_text(runtime, model, made_titles(tree, others))]
    shown_D, shown_2 = along(logistic(known, unknown, 0.1))
    return {"taught_C": taught_C.astype(np.float32), "shown_D": shown_D, "shown_2": shown_2}


def along(slopes: Floats) -> tuple[Floats, Floats]:
    """The slopes of `logistic` as a direction of unit length, with slope and offset along it."""
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
