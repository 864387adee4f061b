"""Fit the detector of unfamiliar products (see `catalog.model.familiarity`), without examples of them.

For images, each department in turn is left out of the sample and serves as the unfamiliar one. For text, the unfamiliar
examples are names of kinds of product that the tree lacks, read from files.

How much of what examples taught holds for a text is told by titles of kinds with examples and of those without. Both
are made up of the tree's names (see `training.texts.corpus`), the former beside the titles of the training products.
"""

import random
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from catalog.arrays import Floats, unit
from catalog.errors import FileNotReadable
from catalog.model.familiarity import Familiarity, distance, projected
from catalog.model.folder import ModelFolder
from catalog.model.runtime import Runtime
from catalog.taxonomy.tree import SEPARATOR, Taxonomy
from training.data.manifests import LabelledProduct
from training.export.readings import read_images, read_text
from training.texts.corpus import tree_title

SAMPLE = 2000  # images
NUMBERS = 64  # of an image
NAMES = 4000
FEWEST = 100  # images of a department, for it to be left out; products, for it to be taught
MADE = 2500  # titles of kinds with examples, and as many of those without


def fit(
    runtime: Runtime,
    model: ModelFolder,
    train: Sequence[LabelledProduct],
    val: Sequence[LabelledProduct],
    paths: Sequence[Sequence[str]],
) -> Familiarity | None:
    """Fit on `train` and `val`, each row of which has a category. None if there are fewer than two departments of
    FEWEST images.

    paths: of kinds of product, known or not.
    """
    train = [row for row in train if row.node]
    with_image = every([row for row in train if row.image], SAMPLE)
    seen = [row for row in val if row.image]
    roots = np.array([root_of(row, model.taxonomy) for row in seen])
    if sum((roots == root).sum() >= FEWEST for root in set(roots.tolist())) < 2:
        return None
    image_SD = read_images(runtime, model, with_image)
    sample_roots = np.array([root_of(row, model.taxonomy) for row in with_image])
    projection_DP = principal(image_SD)
    sample_NP = projected(image_SD, projection_DP)
    image_2 = fit_images(read_images(runtime, model, seen), roots, sample_NP, sample_roots, projection_DP)
    direction_D, text_2 = fit_texts(runtime, model, train, paths)
    known = Familiarity(projection_DP, sample_NP, image_2, direction_D, text_2)
    return known if (shown := fit_shown(runtime, model, train)) is None else replace(known, **shown)


def root_of(row: LabelledProduct, taxonomy: Taxonomy) -> str:
    return taxonomy.ancestors(str(row.node))[0]


def principal(vectors_SD: Floats) -> Floats:
    """(D, P): the principal directions of the sample."""
    unit_SD = unit(vectors_SD)
    _, _, directions_DD = np.linalg.svd(unit_SD - unit_SD.mean(0), full_matrices=False)
    return np.ascontiguousarray(directions_DD[:NUMBERS].T)


def fit_images(
    image_ND: Floats, roots_N: NDArray[Any], sample_SP: Floats, roots_S: NDArray[Any], projection_DP: Floats
) -> Floats:
    """Slope and offset from distance to log odds, fitted on departments left out of the sample against the others."""
    known, unknown = [], []
    for root in sorted(set(roots_N.tolist())):
        if (roots_N == root).sum() >= FEWEST and (roots_S != root).any():
            distance_N = distance(image_ND, projection_DP, sample_SP[roots_S != root])
            known.append(distance_N[roots_N != root])
            unknown.append(distance_N[roots_N == root])
    return logistic([np.concatenate(known)[:, None]], [np.concatenate(unknown)[:, None]], 100.0)


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
    counts = Counter(root_of(row, tree) for row in train)
    taught_C = np.array([counts[tree.ancestors(leaf.id)[0]] >= FEWEST for leaf in tree.leaves], np.float32)
    titles = [row.title for row in train if row.title]
    shown = {str(row.node) for row in train}
    others = {leaf.id for leaf in tree.leaves if shown.isdisjoint(tree.ancestors(leaf.id))}
    if not titles or not others or not 0 < taught_C.sum() < len(taught_C):
        return None
    known = [read_text(runtime, model, texts) for texts in (every(titles, MADE), made_titles(tree, shown))]
    unknown = [read_text(runtime, model, made_titles(tree, others))]
    shown_D, shown_2 = along(logistic(known, unknown, 0.1))
    return {"taught_C": taught_C, "shown_D": shown_D, "shown_2": shown_2}


def made_titles(tree: Taxonomy, nodes: Collection[str]) -> list[str]:
    """MADE titles of products of these nodes, in English or Chinese; the same in every run."""
    draw = random.Random(0)
    within = [node for node in tree.nodes if node.id in nodes]
    made = [tree_title(tree, draw, draw.choice(within)) for _ in range(MADE)]
    return [draw.choice((text.english, *text.same)) for text in made]


def along(slopes: Floats) -> tuple[Floats, Floats]:
    """The slopes of `logistic` as a direction of unit length, with slope and offset along it."""
    length = float(np.linalg.norm(slopes[:-1]))
    return slopes[:-1] / length, np.array([length, slopes[-1]], np.float32)


def logistic(known: Sequence[Floats], unknown: Sequence[Floats], strength: float) -> Floats:
    """(D + 1): slopes and offset of the log odds of being unknown. Both classes weigh alike, as do their parts."""
    from sklearn.linear_model import LogisticRegression

    inputs_ND = np.concatenate([*known, *unknown])
    scale_D = inputs_ND.std(0) + 1e-6
    weights = [np.full(len(part), 1 / len(side) / len(part)) for side in (known, unknown) for part in side]
    truth_N = np.arange(len(inputs_ND)) >= sum(map(len, known))
    fitted = LogisticRegression(C=strength, max_iter=1000)
    fitted.fit(inputs_ND / scale_D, truth_N, sample_weight=np.concatenate(weights) * len(inputs_ND) / 2)
    return np.asarray([*(fitted.coef_[0] / scale_D), fitted.intercept_[0]], np.float32)


Item = TypeVar("Item")


def every(items: Sequence[Item], limit: int) -> list[Item]:
    """At most `limit` items, evenly spaced."""
    return list(items[:: -(-len(items) // limit)]) if len(items) > limit else list(items)


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
