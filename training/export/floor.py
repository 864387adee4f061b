"""Measure the bounds of the relevance floor on `val` (see `catalog.search.floor`).

The products serve as the catalogue. Text queries are the names of the nodes above them, and the products below a node
are relevant. Queries by image, or by image and text, are the products themselves, and products of equal label are
relevant.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np

from catalog.arrays import MODALITIES, Floats, Modalities
from catalog.model.calibration import Bounds, Calibration, leaf_roots
from catalog.model.folder import ModelFolder
from catalog.model.runtime import Runtime
from catalog.taxonomy.descent import Descent
from catalog.taxonomy.tree import SEPARATOR, Taxonomy
from training.data.manifests import LabelledProduct
from training.evaluation.metrics import Flags
from training.evaluation.predict import has_modalities
from training.export.readings import Reading, Readings, read_texts

LIMIT = 1500  # queries
FEWEST = 3  # relevant products of a query
SEEN = 24  # results, a page of them
LOST = 0.01  # maximum share of queries that lose all relevant products of their first page
FOREIGN = 0.9  # minimum share of queries that find nothing, of those without products of their department
COSINES = np.arange(0.1, 0.75, 0.05)
RATIOS = (0.0, 0.5, 0.6, 0.7, 0.8)
# Of the query's words, weighted by rarity. Precision is equal from 0.6 to 0.9.
SHARE = 0.7


@dataclass(frozen=True)
class Queries:
    """Q queries against N products. cosine_QN: -1 for the query itself. allowed_QN: not promised in another department.
    right_QN: relevant. near_QN: labelled with the query's department.
    """

    cosine_QN: Floats
    allowed_QN: Flags
    right_QN: Flags
    near_QN: Flags


def floor_bounds(
    runtime: Runtime, model: ModelFolder, rows: Sequence[LabelledProduct], readings: Readings, calibration: Calibration
) -> dict[Modalities, Bounds]:
    """The bounds by modality choice. rows: `val`, each with a category. readings: of the rows."""
    stored = readings.by_choice["both"]
    found: dict[Modalities, Bounds] = {}
    for choice in MODALITIES:
        nodes, asked, own = _asked(runtime, model, rows, readings, choice)
        if len(nodes):
            promised = _roots_promised(asked, calibration, choice, model.taxonomy)
            elsewhere = _roots_promised(stored, calibration, "both", model.taxonomy)
            cosine_QN = asked.embedding_NE @ stored.embedding_NE.T
            cosine_QN[own >= 0, own[own >= 0]] = -1
            queries = _queries(cosine_QN, nodes, [str(row.node) for row in rows], model.taxonomy, choice == "text")
            same_QN = (promised[:, None] == elsewhere) | (promised == "")[:, None] | (elsewhere == "")
            if (bounds := best_bounds(queries(same_QN))) is not None:
                found[choice] = bounds
    return found


def _asked(
    runtime: Runtime, model: ModelFolder, rows: Sequence[LabelledProduct], readings: Readings, choice: Modalities
) -> tuple[list[str], Reading, np.ndarray]:
    """The queries' nodes, their readings, and the position of the product that each one is, or -1."""
    if choice != "text":
        mine = [n for n, row in enumerate(rows) if has_modalities(row, choice)]
        mine = mine[:: max(1, -(-len(mine) // LIMIT))]
        return [str(rows[n].node) for n in mine], readings.by_choice[choice].only(mine), np.array(mine, int)
    named = {node for row in rows for node in model.taxonomy.ancestors(str(row.node))}
    names = [
        (node.id, name)
        for node in model.taxonomy.nodes
        if node.id in named
        for name in dict.fromkeys((node.label, *node.synonyms))
        if SEPARATOR not in name and name.isascii() and model.taxonomy.named(name) == node
    ]
    read = read_texts(runtime, model, [name for _, name in names])
    return [id for id, _ in names], read, np.full(len(names), -1)


def _roots_promised(read: Reading, calibration: Calibration, choice: Modalities, taxonomy: Taxonomy) -> np.ndarray:
    """The promised root of each product or query, or ""."""
    descent = Descent(taxonomy)
    score_NM = descent.scores(calibration.leaf_probability(read.leaf_NC, choice, leaf_roots(taxonomy)))
    found = descent.promised(score_NM, partial(calibration.promised, choice))
    return np.array([one.path_ids[0] if one else "" for one in found])


def _queries(
    cosine_QN: Floats, nodes: Sequence[str], labels: Sequence[str], taxonomy: Taxonomy, under: bool
) -> Callable[[Flags], Queries]:
    """The queries with their relevant products. under: whether products below a query's node are relevant, too."""
    above = {label: set(taxonomy.ancestors(label)) for label in set(labels)}
    right_QN = np.array([[node in above[label] if under else node == label for label in labels] for node in nodes])
    right_QN &= cosine_QN > -1
    roots = np.array([taxonomy.ancestors(label)[0] for label in labels])
    near_QN = np.array([taxonomy.ancestors(node)[0] for node in nodes])[:, None] == roots
    keep = right_QN.sum(1) >= FEWEST
    return lambda allowed_QN: Queries(cosine_QN[keep], allowed_QN[keep], right_QN[keep], near_QN[keep])


def best_bounds(queries: Queries) -> Bounds | None:
    """The bounds of best F1 that lose few queries. None if there are no queries."""
    if not len(queries.cosine_QN):
        return None
    least_found = hits(queries, queries.allowed_QN) - LOST  # of what the departments leave
    tried = []
    for cosine, ratio in product(COSINES, RATIOS):
        kept_QN = kept(queries, float(cosine), ratio)
        if hits(queries, kept_QN) >= least_found:
            tried.append((f1(queries, kept_QN), round(float(cosine), 2), ratio))
    _, least, ratio = max(tried, default=(0.0, 0.0, 0.0))
    foreign_Q = np.where(queries.near_QN, -1, queries.cosine_QN).max(1)
    unsure = round(float(np.quantile(foreign_Q, FOREIGN)), 2)
    return Bounds(least=least, unsure=max(least, unsure), ratio=ratio, share=SHARE)


def kept(queries: Queries, cosine: float, ratio: float) -> Flags:
    best_Q1 = queries.cosine_QN.max(1, keepdims=True)
    found: Flags = queries.allowed_QN & (queries.cosine_QN >= np.maximum(cosine, ratio * best_Q1))
    return found


def hits(queries: Queries, kept_QN: Flags) -> float:
    """The share of queries with a relevant product among the SEEN best."""
    ranked_QN = np.where(kept_QN, queries.cosine_QN, -2)
    seen = np.argpartition(-ranked_QN, min(SEEN, ranked_QN.shape[1]) - 1, axis=1)[:, :SEEN]
    return float(np.take_along_axis(queries.right_QN & kept_QN, seen, 1).any(1).mean())


def f1(queries: Queries, kept_QN: Flags) -> float:
    """F1, averaged over the queries."""
    both_Q = (queries.right_QN & kept_QN).sum(1)
    return float((2 * both_Q / (kept_QN.sum(1) + queries.right_QN.sum(1))).mean())
